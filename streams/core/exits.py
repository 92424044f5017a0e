"""Exit Brain: position and policy and price, and the protection that it should have now.

Three stops are made from what is known, and the tightest holds:

    STOP         the entry's own; the guard rests there from the first fill on
    BREAK_EVEN   once the best price has been so many R away: the entry price, with the fees of both ways
    TRAIL        once the best price has been so many R away: so far behind the best price

A stop never loosens. R is fixed at the first stop. A position also ends by time, and where the price lies beyond a resting stop for longer than the
venue can need to fill it. Resting and soft go together: what is wanted here is placed at the venue (`protection`), so it outlives this program.
"""
import msgspec

from streams.core.positions import FLAT, Held
from streams.core.settings import Ages, Policy
from streams.core.values import PPM, Side, nearer, share, side_of
from streams.core.words import Exit


class Resting(msgspec.Struct, frozen=True):
    """An exit order of ours that rests at the venue."""

    client_order_id: str
    leg: str                          # guard, stop or target
    price: int
    quantity: int                     # 0: all that is held (the guard)
    why: Exit


class Wanted(msgspec.Struct, frozen=True):
    """The protection that a position should have; 0: none of the kind."""

    stop_price: int
    why: Exit
    target_price: int


class Position(msgspec.Struct, frozen=True):
    """A position with what it is to be left by. Prices in 1e-8, times in log_time."""

    held: Held = FLAT
    intent_id: str = ""               # of the entry that opened it; empty: a stranger's
    opened_at: int = 0
    policy: Policy = Policy()
    stop_first: int = 0               # the entry's stop, 0 for a stranger's position
    target_price: int = 0
    best: int = 0                     # the most favourable price since it was opened
    realised: int = 0
    fees: int = 0
    source: str = ""
    model: str = ""
    stop_price: int = 0               # the tightest that was ever wanted
    stop_why: Exit = Exit.STOP
    guard: Resting | None = None
    resting: tuple[Resting, ...] = ()
    beyond_since: int = 0             # since when the price has been beyond a resting stop
    exit: Exit | None = None          # why it was reduced last

    @property
    def side(self) -> Side:
        return side_of(self.held.quantity)

    @property
    def risk(self) -> int:
        """R: what is lost per unit at the first stop; 0 where there was none."""
        return abs(self.held.price_average - self.stop_first) if self.stop_first else 0


def seen_price(position: Position, price: int) -> Position:
    """With the best price so far."""
    better = position.side.sign * (price - position.best) > 0
    return msgspec.structs.replace(position, best=price) if better or not position.best else position


def wanted(position: Position, tick_size: int, fee_ppm: int) -> Wanted:
    """What should rest now. The stop is on the grid, above zero, and no looser than any before it."""
    side, best = position.side, position.best or position.held.price_average
    stop, why = position.stop_price or position.stop_first, position.stop_why
    for candidate, reason in ((_break_even(position, best, fee_ppm), Exit.BREAK_EVEN), (_trail(position, best), Exit.TRAIL)):
        if candidate and (not stop or side.sign * (candidate - stop) > 0):
            stop, why = candidate, reason
    return Wanted(max(nearer(stop, tick_size, side), tick_size) if stop else 0, why, position.target_price)


def reward(position: Position, price: int) -> int:
    """How far a price is away from the entry in favour, in ppm of R; 0 without an R."""
    risk = position.risk
    return share(position.side.sign * (price - position.held.price_average), PPM, risk) if risk else 0


def _break_even(position: Position, best: int, fee_ppm: int) -> int:
    needed = position.policy.break_even_r_ppm
    if not needed or reward(position, best) < needed:
        return 0
    average = position.held.price_average
    return average + position.side.sign * share(average, 2 * fee_ppm, PPM)


def _trail(position: Position, best: int) -> int:
    trail = position.policy.trail
    if not trail.distance_ppm or reward(position, best) < trail.activation_r_ppm or not position.risk:
        return 0
    return best - position.side.sign * share(best, trail.distance_ppm, PPM)


def adopted(position: Position, policy: Policy, price: int) -> Position:
    """A stranger's position with the stop of a policy: behind its average or behind the price, whichever is worse, lest it be closed at once."""
    side = position.side
    base = side.sign * min(side.sign * position.held.price_average, side.sign * price)
    return msgspec.structs.replace(position, policy=policy, stop_first=base - side.sign * share(base, policy.stop_ppm, PPM))


def passed(position: Position, want: Wanted, price: int) -> Exit | None:
    """Why the position must be closed at market now: the price lies beyond a stop or a target that is wanted and does not rest.

    The venue would refuse an order there.
    """
    side, level = position.side, rests_at(position)
    tighter = want.stop_price and (not level or side.sign * (want.stop_price - level) > 0)
    if tighter and side.sign * (price - want.stop_price) <= 0:
        return want.why
    rests = any(order.leg == "target" for order in position.resting)
    return Exit.TARGET if want.target_price and not rests and side.sign * (price - want.target_price) >= 0 else None


def rests_at(position: Position) -> int:
    """The tightest stop that rests; 0 where none does."""
    prices = [order.price for order in (*position.resting, *([position.guard] if position.guard else [])) if order.leg in ("guard", "stop")]
    if not prices:
        return 0
    return max(prices) if position.side is Side.BUY else min(prices)


def watched(position: Position, price: int, now: int) -> Position:
    """With the moment since when the price has been beyond a resting stop."""
    level = rests_at(position)
    beyond = bool(level) and position.side.sign * (price - level) <= 0
    since = (position.beyond_since or now) if beyond else 0
    return position if since == position.beyond_since else msgspec.structs.replace(position, beyond_since=since)


def overdue(position: Position, ages: Ages, now: int) -> Exit | None:
    """Why the position must be closed at market now, if it must."""
    if position.policy.time_max_ms and now - position.opened_at >= position.policy.time_max_ms:
        return Exit.TIME
    if position.beyond_since and now - position.beyond_since >= ages.through_stop:
        return Exit.PRICE_THROUGH_STOP
    return None
