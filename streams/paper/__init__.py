"""A Binance-compatible exchange of its own, held to the venue's published contract."""
