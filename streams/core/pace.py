"""How fast things go, and how badly: what was asked or ordered in the last minute, and losses in a row. All of it in the log's time.

What is remembered of a minute is bounded by the limit that asks for it: what the limit refuses is not remembered.
"""
import msgspec

from streams.core.events import PositionUpdated
from streams.core.settings import Limits

MINUTE_MS = 60_000


class Pace(msgspec.Struct, frozen=True):
    """Of an account."""

    orders: tuple[int, ...] = ()      # log_time of each order of the last minute
    losses: int = 0                   # positions in a row that ended with a loss
    cooling_since: int = 0            # log_time of the loss that made the row too long; 0: none has


def recent(times: tuple[int, ...], now: int) -> tuple[int, ...]:
    """Those of the last minute."""
    return tuple(time for time in times if now - time < MINUTE_MS)


def remembered(times: tuple[int, ...], now: int, most: int) -> tuple[int, ...]:
    """With one more; nothing where there is no limit that would ask for it."""
    return (*recent(times, now), now) if most else ()


def ordered(pace: Pace, now: int, limits: Limits) -> Pace:
    """After an order of the account."""
    return msgspec.structs.replace(pace, orders=remembered(pace.orders, now, limits.orders_per_minute))


def lost(realised_pnl: int, funding: int, fees: int) -> bool:
    """Whether a position that is flat has cost more than it earned."""
    return realised_pnl + funding < fees


def ended(pace: Pace, update: PositionUpdated, now: int, limits: Limits) -> Pace:
    """After a snapshot: of a position that has ended, one more loss or the end of the row. A full row begins anew when it starts to cool."""
    if not update.closed_at:
        return pace
    losses = pace.losses + 1 if lost(update.realised_pnl, update.funding, update.fees) else 0
    if limits.streak_max and losses >= limits.streak_max:
        return msgspec.structs.replace(pace, losses=0, cooling_since=now)
    return msgspec.structs.replace(pace, losses=losses)


def resumed(pace: Pace) -> Pace:
    """After a person's resume: nothing cools, and losses are counted from here."""
    return msgspec.structs.replace(pace, losses=0, cooling_since=0)


def cooling(since: int, now: int, length: int) -> int:
    """How long it still cools, in ms; 0 where nothing does."""
    return max(since + length - now, 0) if since else 0
