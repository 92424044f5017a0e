"""Exit Brain: position and policy and price, and the protection that it should have now.

Three stops are made from what is known, and the tightest holds:

    STOP         the entry's own; the guard rests there from the first fill on
    BREAK_EVEN   once the best price has been so many R away, or so many rungs have filled: the entry price, with the fees of both ways, once the
                 best price has been beyond that
    TRAIL        once the best price has been so many R away: so far behind the best price, and nearer the more was earned

A stop never loosens, and by a price that is old or not believed it is not tightened. R is fixed at the first stop. Targets are parts of the
position at prices fixed when it was opened. A position also ends by time, sooner where it earns too little for its age, and where the price lies
beyond a resting stop for longer than the venue can need to fill it.
Resting and soft go together: what is wanted here is placed at the venue (`protection`), so it outlives this program; and where the price is past
what could not be placed yet, the position is closed at market.
"""
import msgspec

from streams.core.events import Tick
from streams.core.protected import STOPS, Position, rests_at, reward
from streams.core.settings import Ages, Policy
from streams.core.values import PPM, nearer, share
from streams.core.words import Exit


class Wanted(msgspec.Struct, frozen=True):
    """The stop that a position should have; 0: none. Its targets are its own."""

    stop_price: int
    why: Exit


def peak_of(position: Position, tick: Tick, before: int) -> int:
    """The most favourable price of a record: its extreme where it holds nothing older than the position, else its last one.

    `before` is the log_time of the record before it. The adverse extreme moves nothing here: what rests has filled at the venue, and what does not
    rest yet goes by the last price.
    """
    if position.policy.trigger == "MARK_PRICE":
        return tick.mark
    if position.opened_at >= before:
        return tick.last
    return tick.high if position.sign > 0 else tick.low


def seen_price(position: Position, price: int) -> Position:
    """With the best price so far."""
    better = position.sign * (price - position.best) > 0
    return msgspec.structs.replace(position, best=price) if better or not position.best else position


def wanted(position: Position, tick_size: int, fee_ppm: int) -> Wanted:
    """What should rest now. The stop is on the grid, above zero, and no looser than any before it."""
    sign, best = position.sign, position.best or position.held.price_average
    stop, why, earned = position.stop_price or position.stop_first, position.stop_why, reward(position, best)
    for candidate, reason in ((_break_even(position, best, earned, fee_ppm), Exit.BREAK_EVEN), (_trail(position, best, earned), Exit.TRAIL)):
        if candidate and (not stop or sign * (candidate - stop) > 0):
            stop, why = candidate, reason
    return Wanted(max(nearer(stop, tick_size, position.side), tick_size) if stop else 0, why)


def untightened(position: Position, want: Wanted, tick_size: int) -> Wanted:
    """What is wanted while no price can be believed: no tighter than what rests already, or than the first stop."""
    level, sign = rests_at(position), position.side.sign
    if not level:
        return want
    first = nearer(position.stop_first, tick_size, position.side)
    still = first if first and sign * (first - level) > 0 else level
    return want if sign * (want.stop_price - still) <= 0 else Wanted(still, position.stop_why)


def _break_even(position: Position, best: int, earned: int, fee_ppm: int) -> int:
    """Once a price has left it behind: a small profit may be less than the fees, and rungs may fill before the prices are told that filled them."""
    level = even(position, fee_ppm)
    due = evening(position, earned) and position.sign * (best - level) > 0
    return level if due else 0


def evening(position: Position, earned: int) -> bool:
    """Whether its stop is to go to the entry: it has earned so many R (in ppm), or so many rungs have filled."""
    needed = position.policy.break_even_r_ppm
    return (needed > 0 and earned >= needed) or sold(position)


def even(position: Position, fee_ppm: int) -> int:
    """The price that pays for the fees of both ways."""
    average = position.held.price_average
    return average + position.sign * share(average, 2 * fee_ppm, PPM)


def sold(position: Position) -> bool:
    """Whether the first rungs have filled, so many as the policy asks for. The one target of an intent is no rung."""
    if not position.policy.break_even_rung:
        return False
    asked = {f"rung{number}" for number in range(position.policy.break_even_rung)}
    return bool(position.policy.targets) and all(target.leg not in {*asked, "target"} for target in position.targets)


def _trail(position: Position, best: int, earned: int) -> int:
    trail, tighten = position.policy.trail, position.policy.tighten
    active = earned >= trail.activation_r_ppm
    if not position.risk or not (active or tighten):
        return 0
    distances = [share(best, trail.distance_ppm, PPM), share(position.risk, trail.distance_r_ppm, PPM)] if active else []
    distances += [share(position.risk, point.distance_r_ppm, PPM) for point in tighten if earned >= point.r_ppm]
    nearest = min((distance for distance in distances if distance), default=0)
    return best - position.sign * nearest if nearest else 0


def adopted(position: Position, policy: Policy, price: int) -> Position:
    """A stranger's position with the stop of a policy: behind its average or behind the price, whichever is worse, lest it be closed at once."""
    side = position.side
    base = side.sign * min(side.sign * position.held.price_average, side.sign * price)
    stop = base - side.sign * share(base, policy.stop_ppm, PPM)
    return msgspec.structs.replace(position, policy=policy, stop_first=stop, risk=abs(position.held.price_average - stop))


def worth_moving(position: Position, stop_price: int, level: int) -> bool:
    """Whether a stop is tighter than what rests at `level` by the least step, or the first one at all. Less counts as resting there already."""
    tighter = position.sign * (stop_price - level) if level else stop_price
    return tighter > 0 and tighter * PPM >= level * position.policy.trail.rearm_ppm


def passed(position: Position, want: Wanted, price: int) -> Exit | None:
    """Why the position must be closed at market now: the price lies beyond a stop, or the one target, that is wanted and does not rest.

    The venue would refuse an order there. A rung that was passed is a step of a plan instead (`protection`).
    """
    sign = position.sign
    if sign * (price - want.stop_price) <= 0 and worth_moving(position, want.stop_price, rests_at(position)):
        return want.why
    for target in position.targets:
        if target.leg == "target" and sign * (price - target.price) >= 0 and all(order.leg in STOPS for order in position.resting):
            return Exit.TARGET
    return None


def watched(position: Position, price: int, now: int) -> Position:
    """With the moment since when the price has been beyond a resting stop."""
    level = rests_at(position)
    beyond = bool(level) and position.sign * (price - level) <= 0
    since = (position.beyond_since or now) if beyond else 0
    return position if since == position.beyond_since else msgspec.structs.replace(position, beyond_since=since)


def overdue(position: Position, ages: Ages, price: int, now: int) -> Exit | None:
    """Why the position must be closed at market now, if it must. `price` is 0 where none can be believed."""
    age, policy = now - position.opened_at, position.policy
    if policy.time_max_ms and age >= policy.time_max_ms:
        return Exit.TIME
    if position.beyond_since and now - position.beyond_since >= ages.through_stop:
        return Exit.PRICE_THROUGH_STOP
    if price and position.risk and policy.patience:
        earned = reward(position, price)
        if any(age >= row.age_ms and earned < row.r_ppm for row in policy.patience):
            return Exit.TIME
    return None
