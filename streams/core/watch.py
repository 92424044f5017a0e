"""The watch band of a book: between these prices and before this time no tick can cause a decision.

It is reckoned on the safe side: a tick outside may still cause none. Down to the lower price nothing that rests is reached and no patience ends; up
to the upper one no profit is reached at which a stop appears or moves by its least step, and no target that does not rest. `explain` and the views
say by it what would happen next; a reader of ticks alone may skip what lies inside.
"""
import msgspec

from streams.core.book import Book
from streams.core.events import Tick
from streams.core.exits import wanted
from streams.core.market import Market
from streams.core.planning import manageable
from streams.core.protected import STOPS, Position, rests_at, reward
from streams.core.protection import Where, change
from streams.core.settings import Settings
from streams.core.values import INT64_MAX, PPM, share, share_up


class Band(msgspec.Struct, frozen=True):
    """Prices exclusive, `deadline` a log_time, exclusive too."""

    lower: int
    upper: int
    deadline: int


NOTHING = Band(0, 0, 0)               # every tick may cause a decision
ALL = Band(0, INT64_MAX, INT64_MAX)   # none can


def inside(band: Band, tick: Tick, log_time: int) -> bool:
    """Whether a record lies in the band with all its prices. One that no exit believes (a jump, a zero) is the market's business, not the band's."""
    return band.lower < min(tick.last, tick.low, tick.mark) and max(tick.last, tick.high, tick.mark) < band.upper and log_time < band.deadline


def band(book: Book, market: Market, settings: Settings, now: int) -> Band:
    """Of a book as it is after an event that has been worked."""
    position, instrument = book.position, market.instrument
    if book.waiting or book.flip:
        return NOTHING
    if position is None or book.closing:
        return ALL
    if position.beyond_since or instrument is None or not market.believed or (settings.adopt and not position.intent_id and not position.stop_first):
        return NOTHING
    limits = _falling(position)
    if manageable(book, max(now, book.fills_until), adopt=settings.adopt):
        want = wanted(position, instrument.tick_size, instrument.taker_fee_ppm)
        due = change(Where(book.account, instrument.symbol, instrument.quantity_step, 0), position, want, book.legs).steps
        if due:                       # held back by a price or a wait: the next tick may let it go
            return NOTHING
        limits += _rising(position, want.stop_price, instrument.tick_size)
    return _between(position, limits, _deadline(book, position, now))


def _between(position: Position, limits: list[int], deadline: int) -> Band:
    """Limits are signed by the side: what is below the best price closes the band on that side, what is above on the other."""
    sign, best = position.side.sign, position.best
    below = max((limit for limit in limits if limit <= sign * best), default=None)
    above = min((limit for limit in limits if limit > sign * best), default=None)
    if sign > 0:
        return Band(below or 0, INT64_MAX if above is None else above, deadline)
    return Band(0 if above is None else -above, INT64_MAX if below is None else -below, deadline)


def _falling(position: Position) -> list[int]:
    """The tightest stop that rests, and the profits without which patience ends."""
    level = rests_at(position)
    return [position.side.sign * level] if level else []


def _rising(position: Position, stop: int, tick_size: int) -> list[int]:
    """Where a stop would appear, move by its least step, or a target be reached that does not rest."""
    sign, policy, risk = position.side.sign, position.policy, position.risk
    earned, entry = reward(position, position.best), sign * position.held.price_average
    trails = [policy.trail.activation_r_ppm] if policy.trail.distance_ppm or policy.trail.distance_r_ppm else []
    trails += [point.r_ppm for point in policy.tighten]
    points = [*trails, policy.break_even_r_ppm]
    limits = [entry + share(risk, point, PPM) for point in points if risk and point > earned]
    limits += [sign * target.price for target in position.targets if all(order.leg != target.leg for order in position.resting)]
    stops = [order.price for order in position.resting if order.leg in STOPS] or ([position.guard.price] if position.guard else [])
    if stops and any(point <= earned for point in trails):
        level = stops[-1]
        gap = sign * (level - stop) + share_up(level, policy.trail.rearm_ppm, PPM)
        limits.append(sign * position.best + max((gap - tick_size) // 2, 1))       # a stop moves less than twice as far as the best price
    return limits


def _deadline(book: Book, position: Position, now: int) -> int:
    policy = position.policy
    times = [position.opened_at + policy.time_max_ms] if policy.time_max_ms else []
    times += [position.opened_at + row.age_ms for row in policy.patience]
    times += [time for time in (book.plan_after, book.fills_until) if time > now]
    if any(time <= now for time in times):
        return 0                      # of its age already: the profit decides
    return min(times, default=INT64_MAX)
