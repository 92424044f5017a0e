"""What leaves the process: bytes, topics, dead letters. `core` knows none of it."""
