"""The whole pipeline on one machine: its processes, a signal source to feed it, the live view, and the summary."""
