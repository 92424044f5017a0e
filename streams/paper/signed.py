"""Whose request it is: the key in the header, the HMAC over the very string that was sent, and the time at which it was signed.

A GET or DELETE carries its parameters in the query, a POST or PUT in a form body; the signature comes last in either.
"""
import hashlib
import hmac
from collections.abc import Mapping

from streams.paper.orders import VenueError
from streams.paper.parameters import needed, parsed, whole

RECV_WINDOW_MS, RECV_WINDOW_MAX_MS, AHEAD_MS = 5_000, 60_000, 1_000
PUBLIC = frozenset({
    "ping", "time", "exchangeInfo", "premiumIndex", "ticker/bookTicker", "ticker/price", "ticker/24hr", "depth", "klines", "aggTrades",
    "fundingRate", "fundingInfo",
})
KEY_ALONE = frozenset({"listenKey"})


def owner(secrets: Mapping[str, str], key: str, path: str, raw: str, now: int) -> str:
    """The API key whose account it is about, empty for a public route. `raw` is the query or the body. Raises VenueError."""
    if path in PUBLIC:
        return ""
    secret = secrets.get(key)
    if secret is None:
        raise VenueError(-2015, "Invalid API-key, IP, or permissions for action.", 401)
    if path not in KEY_ALONE:
        _signed(secret, raw)
        _in_time(parsed(raw), now)
    return key


def _signed(secret: str, raw: str) -> None:
    said, _, signature = raw.rpartition("&signature=")
    if not hmac.compare_digest(hmac.new(secret.encode(), said.encode(), hashlib.sha256).hexdigest().encode(), signature.encode()):
        raise VenueError(-1022, "Signature for this request is not valid.")


def _in_time(asked: Mapping[str, str], now: int) -> None:
    needed(asked, "timestamp")
    stamp, window = whole(asked, "timestamp", 0), whole(asked, "recvWindow", RECV_WINDOW_MS)
    if window > RECV_WINDOW_MAX_MS:
        raise VenueError(-1131, "recvWindow must be less than 60000.")
    if not now - window <= stamp < now + AHEAD_MS:
        raise VenueError(-1021, "Timestamp for this request is outside of the recvWindow.")
