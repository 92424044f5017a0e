"""The log read again: verify, backfill, what-if."""
