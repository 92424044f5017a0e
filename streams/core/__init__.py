"""The decisions, and nothing else: pure functions over frozen structs. Standard library and msgspec only."""
