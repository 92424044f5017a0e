"""Independent of the agents: the books and the protection, checked from the log alone."""
