"""What an answer of the venue means for us, as data: one row a code. Source: Binance USDⓈ-M error codes and the API's general information.

The class of an error is never taken from the client library: it depends on the host that answered.
"""
from enum import StrEnum

from streams.venue.answers import Accepted, Doubt, Refused


class Meaning(StrEnum):
    DONE = "DONE"                     # it is so already
    REFUSED = "REFUSED"               # not this order, and not by asking again
    BUSY = "BUSY"                     # not now: nothing was done, ask again after a silence
    LATE = "LATE"                     # nothing was done, our timestamp was too old: an entry has ended, an exit is asked anew
    GONE = "GONE"                     # the venue knows no such order
    DUPLICATE = "DUPLICATE"           # an open order has this id: ours, an earlier attempt has landed
    THROUGH = "THROUGH"               # the price is already beyond the trigger
    NOTHING_TO_REDUCE = "NOTHING_TO_REDUCE"  # no position of that direction, or other orders reduce all of it
    ONE_STANDS = "ONE_STANDS"         # a closePosition order of that direction is open
    EXITS_ONLY = "EXITS_ONLY"         # the symbol takes orders that reduce, and no others
    CLOSED = "CLOSED"                 # the symbol takes no orders at all
    THIN = "THIN"                     # the book cannot take a market order now
    ACCOUNT = "ACCOUNT"               # keys, permissions, mode, liquidation: nothing will work until a person acts
    DOUBT = "DOUBT"                   # it may have been done


_CODES: dict[Meaning, tuple[int, ...]] = {
    Meaning.DONE: (-4046, -4059, -5027),
    Meaning.BUSY: (-1003, -1008, -1015, -1016, -4117, -5041, 418, 429, 503),
    Meaning.LATE: (-1021, -5028),
    Meaning.GONE: (-2011, -2013),
    Meaning.DUPLICATE: (-4116,),
    Meaning.THROUGH: (-2021, -4142),
    Meaning.NOTHING_TO_REDUCE: (-2022, -4118),
    Meaning.ONE_STANDS: (-4130,),
    Meaning.EXITS_ONLY: (-4140, -4400),
    Meaning.CLOSED: (-1121, -1122, -4108, -4109, -4141),
    Meaning.THIN: (-2020, -4131),
    Meaning.ACCOUNT: (-1002, -1022, -1125, -2014, -2015, -2023, -4061, -4105, -4401, 401, 403),
    Meaning.DOUBT: (-1000, -1001, -1006, -1007),
}
MEANING: dict[int, Meaning] = {code: meaning for meaning, codes in _CODES.items() for code in codes}
NOT_ACCEPTED_503 = ("Service Unavailable", "API has FAILED")


def meaning(refused: Refused) -> Meaning:
    return MEANING.get(refused.code, Meaning.REFUSED)


def judged(status: int, code: int | None, message: str, wait_ms: int = 0) -> Refused | Doubt:
    """The answer behind an HTTP status that is no success, or a body with a negative code. Without a code of Binance's the status counts."""
    if code is None:
        certain = (400 <= status < 500 and status != 408) or (status == 503 and any(text in message for text in NOT_ACCEPTED_503))
        return Refused(status, message, wait_ms) if certain else Doubt(f"HTTP {status} {message[:120]}")
    if MEANING.get(code) is Meaning.DOUBT:
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
