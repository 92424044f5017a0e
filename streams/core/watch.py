"""The watch band of a symbol: inside it a tick changes nothing but what is known of the price.

A tick between these prices and before this time opens no breaker, wakes no intent, closes nothing, moves no stop and reaches no target, whatever the
ticks before it in the band were. It is reckoned on the safe side: a tick outside may still cause nothing.

    prices   from the last one as far as no two within can be a jump; down to the tightest stop that rests, and to the profit below which patience
             ends; up to the profit at which a stop appears or moves by its least step, and to a target that does not rest
    time     the position's age, the breaker's cool-down, a price that stands still; and a second after the last tick, or five where nothing is held

So a reader may leave such ticks out, and owe the state only what they add up to: `Quiet`. `caught_up` pays it before the next event, and then state
and outputs are what they would have been, `seq` aside, which counts what was worked. A process that ends in between owes nothing: its state is the
one before those ticks, as if the feed had been silent for a moment. Its mark, and the price from which a jump is reckoned, are older by at most
that, and the next tick brings new ones; an intent that comes before that tick waits for it where the mark is too old; the best price may
lack a rise too small to move a stop. Nothing was decided by the ticks that are lost, or they would not have been quiet.
"""
import msgspec

from streams.core.book import Book
from streams.core.breakers import BreakerState
from streams.core.events import Instrument, Tick
from streams.core.exits import even, evening, seen_price, wanted
from streams.core.market import Market, ticked
from streams.core.planning import manageable
from streams.core.protected import STOPS, Position, rests_at, reward
from streams.core.protection import Where, change
from streams.core.settings import BreakerLimits, Settings
from streams.core.symbol_state import SymbolState
from streams.core.values import INT64_MAX, PPM, share, share_up

FOLD_MAX_MS = 1_000                   # a state is never older than its ticks by more
FLAT_MAX_MS = 5_000                   # the same where nothing is held, as of most symbols most of the time: each state put is a record
replace = msgspec.structs.replace


class Band(msgspec.Struct, frozen=True):
    """All exclusive. `lower` and `upper` are of last, high and low; `deadline` is a log_time."""

    lower: int
    upper: int
    mark_lower: int
    mark_upper: int
    deadline: int

    def holds(self, tick: Tick, log_time: int) -> bool:
        return (
            self.lower < tick.low <= tick.last <= tick.high < self.upper
            and self.mark_lower < tick.mark < self.mark_upper
            and tick.bid > 0 and tick.ask > 0 and log_time < self.deadline
        )


NOTHING = Band(0, 0, 0, 0, 0)         # every tick may cause something


def band(state: SymbolState, settings: Settings) -> Band:
    """Of a state as it is after an event that has been worked."""
    market = state.market
    if not market.believed or any(_restless(book, market, settings) for book in state.books.values()):
        return NOTHING
    held = any(book.position is not None for book in state.books.values())
    deadline = _market_deadline(market, settings.breaker, FOLD_MAX_MS if held else FLAT_MAX_MS)
    jump = settings.breaker.jump_max_ppm
    lower, upper = _without_jump(market.last, jump)
    mark_lower, mark_upper = _without_jump(market.mark, jump)
    for book in state.books.values():
        if book.position is None:
            continue
        below, above, until = of_position(book, book.position, market, settings, state.time)
        deadline = min(deadline, until)
        if book.position.policy.trigger == "MARK_PRICE":
            mark_lower, mark_upper = max(mark_lower, below), min(mark_upper, above)
        else:
            lower, upper = max(lower, below), min(upper, above)
    return Band(lower, upper, mark_lower, mark_upper, deadline) if state.time < deadline else NOTHING


def _restless(book: Book, market: Market, settings: Settings) -> bool:
    """Whether the next tick does something whatever it says: try an intent, go on counting, adopt, look at what has just been opened."""
    position = book.position
    if book.waiting or book.flip:
        return True
    if position is None:
        return False
    adopting = settings.adopt and not position.intent_id and not position.stop_first
    return bool(position.beyond_since) or adopting or market.instrument is None or position.opened_at >= market.mark_time


def _market_deadline(market: Market, limits: BreakerLimits, longest_ms: int) -> int:
    """Before the breaker cools down, before a price stands still for too long, and before silence would count as a move."""
    silent = market.mark_time + min(longest_ms, limits.frozen_max // 10) + 1
    frozen = market.moved_at + limits.frozen_max + 1
    cooled = market.breaker.opened_at + limits.cool_down if market.breaker.state is BreakerState.OPEN else INT64_MAX
    return min(silent, frozen, cooled)


def _without_jump(price: int, jump_max_ppm: int) -> tuple[int, int]:
    """No two prices between these are so far apart that the second is a jump from the first."""
    far = share(price, jump_max_ppm, 2 * PPM + jump_max_ppm)
    return price - far - 1, price + far + 1


def of_position(book: Book, position: Position, market: Market, settings: Settings, now: int) -> tuple[int, int, int]:
    """Lower, upper and deadline of what one book holds."""
    sign, best = position.side.sign, position.side.sign * position.best
    falling, rising = _falling(position, now), list[int]()
    if market.instrument is not None and not book.closing and (position.intent_id or settings.adopt):
        want = wanted(position, market.instrument.tick_size, market.instrument.taker_fee_ppm)
        if manageable(book, max(now, book.fills_until), adopt=settings.adopt):
            where = Where(book.account, market.instrument.symbol, market.instrument.quantity_step, 0, market.instrument.quantity_max)
            if change(where, position, want, book.legs).steps:      # held back by the price or for a while: the next tick may let it go
                return 0, 0, 0
        rising = _rising(position, want.stop_price, market.instrument)      # also while a plan is under way: what it reaches counts after the answer
    below = max((*falling, *(limit for limit in rising if limit <= best)), default=None)
    above = min((limit for limit in rising if limit > best), default=None)
    deadline = _deadline(book, position, now)
    if sign > 0:
        return below or 0, INT64_MAX if above is None else above, deadline
    return 0 if above is None else -above, INT64_MAX if below is None else -below, deadline


def _falling(position: Position, now: int) -> list[int]:
    """The tightest stop that rests, and the profits without which patience ends; signed by the side, as `_rising`."""
    sign, level = position.side.sign, rests_at(position)
    due = [row.r_ppm for row in position.policy.patience if position.opened_at + row.age_ms <= now] if position.risk else []
    patience = [sign * position.held.price_average + share(position.risk, least, PPM) + 1 for least in due]
    return [sign * level, *patience] if level else patience


def _rising(position: Position, stop: int, instrument: Instrument) -> list[int]:
    """Where a stop would appear, move by its least step, or a target be reached that does not rest."""
    sign, policy, risk = position.side.sign, position.policy, position.risk
    earned, entry = reward(position, position.best), sign * position.held.price_average
    trails = [policy.trail.activation_r_ppm] if policy.trail.distance_ppm or policy.trail.distance_r_ppm else []
    trails += [point.r_ppm for point in policy.tighten]
    points = [*trails, policy.break_even_r_ppm]
    limits = [entry + share(risk, point, PPM) for point in points if risk and point > earned]
    limits += [sign * target.price for target in position.targets if all(order.leg != target.leg for order in position.resting)]
    paid = sign * even(position, instrument.taker_fee_ppm) + 1        # at it nothing follows, beyond it the stop goes there
    limits += [paid] if evening(position, earned) and paid > sign * position.best else []
    stops = [order.price for order in position.resting if order.leg in STOPS] or ([position.guard.price] if position.guard else [])
    if stops and any(point <= earned for point in trails):
        level = stops[-1]
        gap = sign * (level - stop) + share_up(level, policy.trail.rearm_ppm, PPM)
        limits.append(sign * position.best + max((gap - instrument.tick_size) // 2, 1))       # a stop moves less than twice as far as the best price
    return limits


def _deadline(book: Book, position: Position, now: int) -> int:
    policy = position.policy
    times = [position.opened_at + policy.time_max_ms] if policy.time_max_ms and not book.closing else []
    times += [position.opened_at + row.age_ms for row in policy.patience if position.opened_at + row.age_ms > now]
    return min(times, default=INT64_MAX)


# ---------------------------------------------------------------------------------------------------------------- what is left out


class Quiet(msgspec.Struct, frozen=True):
    """What ticks of one band add up to."""

    tick: Tick                        # the last
    time: int                         # the highest log_time
    moved_at: int                     # log_time of the last that changed a price
    high: int
    low: int
    mark_high: int
    mark_low: int


def folded(quiet: Quiet | None, state: SymbolState, tick: Tick, log_time: int) -> Quiet:
    """With one more tick. `state`: the one that has seen none of them."""
    if quiet is None:
        time, market = max(state.time, log_time), state.market
        moved = (tick.last, tick.bid, tick.ask, tick.mark) != (market.last, market.bid, market.ask, market.mark)
        return Quiet(tick, time, time if moved else market.moved_at, tick.high, tick.low, tick.mark, tick.mark)
    before, time = quiet.tick, max(quiet.time, log_time)
    moved = (tick.last, tick.bid, tick.ask, tick.mark) != (before.last, before.bid, before.ask, before.mark)
    return Quiet(
        tick, time, time if moved else quiet.moved_at, max(quiet.high, tick.high), min(quiet.low, tick.low),
        max(quiet.mark_high, tick.mark), min(quiet.mark_low, tick.mark),
    )


def caught_up(state: SymbolState, quiet: Quiet, settings: Settings) -> SymbolState:
    """The state as if those ticks had been worked."""
    market = replace(ticked(state.market, quiet.tick, quiet.time, settings.breaker), moved_at=quiet.moved_at)
    books = {
        account: replace(book, position=seen_price(book.position, _peak(book.position, quiet))) if book.position else book
        for account, book in state.books.items()
    }
    return replace(state, time=quiet.time, market=market, books=books)


def _peak(position: Position, quiet: Quiet) -> int:
    """`exits.peak_of` of all of them."""
    high, low = (quiet.mark_high, quiet.mark_low) if position.policy.trigger == "MARK_PRICE" else (quiet.high, quiet.low)
    return high if position.side.sign > 0 else low
