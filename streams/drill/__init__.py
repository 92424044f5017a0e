"""A pipeline on paper, struck every few seconds while it trades, and judged by what the exchange and the log say of it."""
