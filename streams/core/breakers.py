"""A symbol's breaker: it keeps entries out where something is wrong with the symbol, and lets one through to see whether it still is.

    CLOSED ── rejections in a row, a bad price, a refused stop ──► OPEN ── cool-down over, prices good ──► PROBING
       ▲                                                             ▲                                       │
       └───────────────────── the entry that probed is PROTECTED ────┼───────────────────────────────────────┤
                                                                     └───────── it fails, in whatever way ───┘

It concerns entries of this symbol alone: exits pass always, other symbols never notice.
"""
from enum import StrEnum

import msgspec

from streams.core.settings import BreakerLimits


class BreakerState(StrEnum):
    CLOSED = "CLOSED"
    OPEN = "OPEN"
    PROBING = "PROBING"


class Breaker(msgspec.Struct, frozen=True):
    state: BreakerState = BreakerState.CLOSED
    reason: str = ""
    opened_at: int = 0                # log_time
    rejections: int = 0               # in a row


SHUT = Breaker()


def opened(breaker: Breaker, reason: str, now: int) -> Breaker:
    """Open, whatever it was; while it is open the cool-down begins anew."""
    return Breaker(BreakerState.OPEN, reason, now, breaker.rejections)


def rejected(breaker: Breaker, limits: BreakerLimits, now: int) -> Breaker:
    """After the venue rejected an entry: open at the limit, and at once when it was a probe."""
    count = breaker.rejections + 1
    if breaker.state is BreakerState.PROBING or count >= limits.rejections_max:
        return Breaker(BreakerState.OPEN, "REJECTIONS", now, count)
    return msgspec.structs.replace(breaker, rejections=count)


def succeeded(breaker: Breaker) -> Breaker:
    """After an entry was filled and protected. One that was on its way when the breaker opened proves nothing about what opened it."""
    return breaker if breaker.state is BreakerState.OPEN else SHUT


def cooled(breaker: Breaker, limits: BreakerLimits, now: int) -> Breaker:
    """PROBING once the cool-down is over."""
    if breaker.state is BreakerState.OPEN and now - breaker.opened_at >= limits.cool_down:
        return msgspec.structs.replace(breaker, state=BreakerState.PROBING)
    return breaker
