"""What a person sees: the read API and the dashboard."""
