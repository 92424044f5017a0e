"""What an answer of the venue means for us, and what follows from it, as data: one row a code.

A code that is in no row is refused, reported and not asked for again by anybody who does not look first: nobody here knows what it says.

Sources: Binance USDⓈ-M error codes and the API's general information. The class of an error is never taken from the client library: it depends on the
host that answered.
"""
from enum import StrEnum
from typing import TypeGuard

from streams.venue.answers import Accepted, Doubt, Refused

UNSOUND, HELD = -1, -2                # codes of our own: an order that must not leave, a request that the limits hold back


class Act(StrEnum):
    """What follows from an answer that is no success."""

    DONE = "DONE"                     # it is as we want it
    REFUSED = "REFUSED"               # it is over; told, and not asked for again as it was
    RETRY = "RETRY"                   # after a silence, where it still matters
    ASK = "ASK"                       # the venue is asked how things stand
    RESYNC = "RESYNC"                 # the clock is set; reads and protection are asked for again, an entry has ended
    STOP = "STOP"                     # the account takes no entries until a person has acted


class Meaning(StrEnum):
    DONE = "DONE"                     # it is so already
    REFUSED = "REFUSED"               # not this order, and not by asking again
    FILTER = "FILTER"                 # off the symbol's grid or beyond its bounds: they may have changed, and are asked for
    FAULTY = "FAULTY"                 # wrong in itself: ours to mend
    FULL = "FULL"                     # so many orders may rest and no more
    NOT_TAKEN = "NOT_TAKEN"           # fill-or-kill and post-only: the order's own condition did not hold
    BUSY = "BUSY"                     # not now: nothing was done, ask again after a silence
    LATE = "LATE"                     # nothing was done, our timestamp was too old
    GONE = "GONE"                     # the venue knows no such order, or no such key of a stream
    DUPLICATE = "DUPLICATE"           # an open order has this id: ours, an earlier attempt has landed
    THROUGH = "THROUGH"               # the price is already beyond the trigger
    NOTHING_TO_REDUCE = "NOTHING_TO_REDUCE"  # no position of that direction, or other orders reduce all of it
    ONE_STANDS = "ONE_STANDS"         # a closePosition order of that direction is open
    EXITS_ONLY = "EXITS_ONLY"         # the symbol takes orders that reduce, and no others
    CLOSED = "CLOSED"                 # the symbol takes no orders at all
    THIN = "THIN"                     # the book cannot take a market order now
    ACCOUNT = "ACCOUNT"               # keys, permissions, mode, liquidation, a ban: nothing will work until a person acts
    DOUBT = "DOUBT"                   # it may have been done
    UNLISTED = "UNLISTED"             # a code that stands in no row


_ROWS: dict[Meaning, tuple[Act, tuple[int, ...]]] = {
    Meaning.DONE: (Act.DONE, (-4046, -4059, -5027)),
    Meaning.REFUSED: (Act.REFUSED, (
        -2010, -2018, -2019, -2024, -2027, -2028, -4028, -4047, -4048, -4067, -4068, -4161, -4165, -4168, -4171, -4202, -4531, -5024, -5025, -5026,
        -5047, 400, 404, 405, 413,
    )),
    Meaning.FILTER: (Act.REFUSED, (
        -1013, -1111, -4003, -4004, -4005, -4013, -4014, -4016, -4023, -4024, -4164, -4183, -4184, -4210, -4211,
    )),
    Meaning.FAULTY: (Act.REFUSED, (
        UNSOUND, -1102, -1104, -1106, -1116, -1130, -2026, -4006, -4007, -4015, -4062, -4120, -4135, -4136, -4137, -4138, -5000,
    )),
    Meaning.FULL: (Act.REFUSED, (-2025, -4045)),
    Meaning.NOT_TAKEN: (Act.REFUSED, (-5021, -5022)),
    Meaning.BUSY: (Act.RETRY, (HELD, -1003, -1008, -1015, -1016, -5041, 403, 429, 503)),
    Meaning.LATE: (Act.RESYNC, (-1021, -5028)),
    Meaning.GONE: (Act.ASK, (-1125, -2011, -2013)),
    Meaning.DUPLICATE: (Act.ASK, (-4116,)),
    Meaning.THROUGH: (Act.REFUSED, (-2021, -4142)),
    Meaning.NOTHING_TO_REDUCE: (Act.ASK, (-2022, -4117, -4118)),
    Meaning.ONE_STANDS: (Act.ASK, (-4130,)),
    Meaning.EXITS_ONLY: (Act.REFUSED, (-4140,)),
    Meaning.CLOSED: (Act.REFUSED, (-1121, -1122, -4105, -4108, -4109, -4141)),
    Meaning.THIN: (Act.RETRY, (-2020, -4131)),
    Meaning.ACCOUNT: (Act.STOP, (-1002, -1022, -2014, -2015, -2023, -4061, -4192, -4400, -4401, 401, 418)),
    Meaning.DOUBT: (Act.ASK, (-1000, -1001, -1006, -1007)),
    Meaning.UNLISTED: (Act.REFUSED, ()),
}
MEANING: dict[int, Meaning] = {code: meaning for meaning, (_, codes) in _ROWS.items() for code in codes}
ACT: dict[Meaning, Act] = {meaning: act for meaning, (act, _) in _ROWS.items()}
NOT_ACCEPTED_503 = ("Service Unavailable", "API has FAILED")


def meaning(refused: Refused) -> Meaning:
    return MEANING.get(refused.code, Meaning.UNLISTED)


def gone(answer: object) -> TypeGuard[Refused]:
    """Whether the venue says that it knows no such order. Any other refusal is about our question, and says nothing of the order."""
    return isinstance(answer, Refused) and meaning(answer) is Meaning.GONE


def act(refused: Refused) -> Act:
    return ACT[meaning(refused)]


def doubts_filters(code: int) -> bool:
    """Whether a refusal of an order may mean that filters or status of its symbol have changed: they are asked for anew."""
    known = MEANING.get(code, Meaning.UNLISTED)
    return known in (Meaning.FILTER, Meaning.EXITS_ONLY, Meaning.CLOSED) or (-5_000 < code <= -4_000 and known in (Meaning.REFUSED, Meaning.UNLISTED))


def judged(status: int, code: int | None, message: str, wait_ms: int = 0) -> Refused | Doubt:
    """The answer behind an HTTP status that is no success, or a body with a negative code. Without a code of Binance's the status counts.

    429 and 418 speak by their status: their code says the same of both. 403 without a code is the firewall in front of Binance,
    which lets go again. A code that no row knows is a refusal only where the status says so.
    """
    if code is None or status in (418, 429):
        certain = (400 <= status < 500 and status != 408) or (status == 503 and any(text in message for text in NOT_ACCEPTED_503))
        return Refused(status, message, wait_ms) if certain else Doubt(f"HTTP {status} {message[:120]}")
    if MEANING.get(code) is Meaning.DOUBT or (status >= 500 and code not in MEANING):
        return Doubt(f"{code} {message}")
    return Refused(code, message, wait_ms)


def reason_of(answer: Accepted[object] | Refused | Doubt) -> tuple[str, int]:
    """A word and a code, for a record."""
    match answer:
        case Refused():
            return f"{meaning(answer)} {answer.message}"[:200], answer.code
        case Doubt():
            return f"UNKNOWN {answer.reason}"[:200], 0
        case _:
            return "", 0
