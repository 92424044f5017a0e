"""Where each venue speaks: the base of its REST (`/fapi/v1/…` under it) and of its WebSockets (`/public/ws`, `/market/ws`, `/private/ws`).

Source: Binance USDⓈ-M general information; `testnet` is what Binance calls demo trading.
"""
import msgspec

PAPER_PORT = 8180


class Addresses(msgspec.Struct, frozen=True):
    """`spot`: where an API key's permissions are told (`/sapi/v1/…` under it); empty where the venue tells them nowhere."""

    rest: str
    ws: str
    spot: str = ""


VENUES = {
    "paper": Addresses(f"http://127.0.0.1:{PAPER_PORT}", f"ws://127.0.0.1:{PAPER_PORT}", f"http://127.0.0.1:{PAPER_PORT}"),
    "testnet": Addresses("https://demo-fapi.binance.com", "wss://fstream.binancefuture.com"),
    "live": Addresses("https://fapi.binance.com", "wss://fstream.binance.com", "https://api.binance.com"),
}


def addresses(venue: str, rest: str = "", ws: str = "") -> Addresses:
    """Of a venue by its name; `custom` is what the two URLs say. KeyError for another name."""
    return Addresses(rest.rstrip("/"), ws.rstrip("/"), rest.rstrip("/")) if venue == "custom" else VENUES[venue]
