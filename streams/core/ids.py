"""The only maker of ids. Every id is a function of what it names, so a repeated event names the same thing again.

A client order id reads `qs-<leg>.<revision>-<16 characters>`: at most 31 of the venue's charset `[.A-Z:/a-z0-9_-]`, ASCII whatever the symbol is.
"""
import hashlib
import re

PREFIX = "qs-"
BASE32 = "abcdefghijklmnopqrstuvwxyz234567"
PAIRS = [first + second for first in BASE32 for second in BASE32]      # of each ten bits
_CLIENT_ID = re.compile(r"qs-([a-z]+)[0-9]*\.[0-9]+-[a-z2-7]{16}")


def digest(*parts: str) -> str:
    """80 bits of the parts as 16 characters of base 32. The parts are length-prefixed: ("ab", "c") is not ("a", "bc")."""
    text = "".join([f"{len(part)}:{part}" for part in parts])
    bits = int.from_bytes(hashlib.blake2b(text.encode(), digest_size=10).digest())
    return "".join([PAIRS[bits >> shift & 1_023] for shift in range(70, -1, -10)])


def client_order_id(account: str, symbol: str, owner: str, leg: str, revision: int = 0) -> str:
    """The order of `owner` (an intent id for the saga's legs, a position id for Exit Brain's) that plays `leg`, in its `revision`-th form."""
    return f"{PREFIX}{leg}.{revision}-{digest(account, symbol, owner, leg, str(revision))}"


def leg_of(client_id: str) -> str | None:
    """The leg that a client order id of ours names; None for a stranger's. `rung3` is told as `rung`."""
    match = _CLIENT_ID.fullmatch(client_id)
    return match.group(1) if match else None


def rung_of(client_id: str) -> str:
    """The leg with its number, `rung3`; the empty string where `leg_of` says None."""
    return client_id.removeprefix(PREFIX).partition(".")[0] if leg_of(client_id) else ""


def position_id(account: str, symbol: str, trade_id: str) -> str:
    """Of the position that this trade opened."""
    return "p-" + digest(account, symbol, trade_id)


def placed_id(topic: str, partition: int, offset: int) -> str:
    """Of a record that came without an id of its own: its first place in the log."""
    return f"{topic}-{partition}-{offset}"


def flatten_id(account: str, symbol: str, request_id: str) -> str:
    """The CLOSE intent that a request to flatten becomes in one symbol."""
    return "f-" + digest(account, symbol, request_id)


def account_id(account: str, intent_id: str) -> str:
    """An account's own of an intent that is for all accounts."""
    return "a-" + digest(account, intent_id)
