"""The words of the house that are a choice of few: each is one enum, and the wire carries its name."""
from enum import StrEnum

ALL = "all"                           # instead of an account: every account of the settings


class Action(StrEnum):
    """What an intent wants. LONG and SHORT arrive as BUY and SELL."""

    BUY = "BUY"
    SELL = "SELL"
    CLOSE = "CLOSE"
    CANCEL = "CANCEL"


class OrderType(StrEnum):
    MARKET = "MARKET"
    LIMIT = "LIMIT"


class TimeInForce(StrEnum):
    """How long a LIMIT entry works at the venue, by the venue's names."""

    GTC = "GTC"                       # until it is filled or cancelled
    IOC = "IOC"                       # what does not fill at once is cancelled
    FOK = "FOK"                       # all at once, or nothing
    GTX = "GTX"                       # post-only: refused where it would take


class Mode(StrEnum):
    """Of an account, from free to closed. A comparison by `rank` says which is tighter."""

    rank: int

    def __init__(self, _: str) -> None:
        self.rank = len(type(self).__members__)

    ACTIVE = "ACTIVE"
    REDUCING = "REDUCING"
    HALTED = "HALTED"


class Exit(StrEnum):
    """Why a position was left."""

    STOP = "STOP"
    GUARD = "GUARD"
    TARGET = "TARGET"
    TRAIL = "TRAIL"
    BREAK_EVEN = "BREAK_EVEN"
    TIME = "TIME"
    CLOSE = "CLOSE"
    OPPOSITE = "OPPOSITE"
    FLATTEN = "FLATTEN"
    NO_GUARD = "NO_GUARD"
    PRICE_THROUGH_STOP = "PRICE_THROUGH_STOP"
    LIQUIDATION = "LIQUIDATION"
    STRANGER = "STRANGER"


class EntryState(StrEnum):
    """The life of an entry (`core/entry.py` has the table)."""

    PROPOSED = "PROPOSED"
    DENIED = "DENIED"
    COMMANDED = "COMMANDED"
    EXPIRED = "EXPIRED"
    REFUSED = "REFUSED"
    SENT = "SENT"
    REJECTED = "REJECTED"
    UNKNOWN = "UNKNOWN"
    WORKING = "WORKING"
    DONE = "DONE"
    PROTECTED = "PROTECTED"
    CLOSED = "CLOSED"
