"""Everything that speaks to an exchange: the feed, and the gateway with its ledger. Shares no module with `paper`."""
