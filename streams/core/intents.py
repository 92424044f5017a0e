"""The symbol's half of the ladder: may this intent become an entry, and on what terms.

The first reason that holds wins, so the order below is part of what it means: what makes every later question meaningless comes first. Prices that
the intent names are taken or refused; prices that a default makes are clipped, since nobody wished them.
"""
import msgspec

from streams.core.breakers import BreakerState
from streams.core.commands import Denial
from streams.core.events import Instrument, Intent
from streams.core.market import TRADING, Market
from streams.core.protected import Target
from streams.core.settings import Policy, Rung, Settings, Trail
from streams.core.values import PPM, Side, decimal, farther, nearer, share
from streams.core.words import Action, OrderType

ENTERING = (Action.BUY, Action.SELL)


class Terms(msgspec.Struct, frozen=True):
    """What an entry is asked for at, and how it will be left."""

    side: Side
    entry_price: int
    stop_price: int
    targets: tuple[Target, ...]
    policy: Policy


class No(msgspec.Struct, frozen=True):
    """A denial with its figures. `waits`: it may still become possible within the wait."""

    reason: Denial
    detail: str = ""
    waits: bool = False


def too_old(intent: Intent, log_time: int, settings: Settings) -> bool:
    """A flatten's CLOSE never is."""
    if intent.reason is not None:
        return False
    made = min(intent.timestamp or log_time, log_time)
    age_max = settings.ages.intent_max if intent.action in ENTERING else settings.ages.close_max
    return log_time > (intent.expires_at or made + age_max)


def expires_at(intent: Intent, log_time: int, settings: Settings) -> int:
    made = min(intent.timestamp or log_time, log_time)
    return min(intent.expires_at or made + settings.ages.intent_max, made + settings.ages.intent_max)


def too_weak(intent: Intent, settings: Settings) -> No | None:
    """An intent that gives no confidence is taken at the least that is asked for."""
    if not 0 <= intent.confidence_ppm < settings.confidence_min_ppm:
        return None
    return No(Denial.CONFIDENCE_TOO_LOW, f"{decimal(intent.confidence_ppm * 100)} is below {decimal(settings.confidence_min_ppm * 100)}")


def deny_symbol(market: Market, *, probed: bool) -> No | None:
    """What speaks against any entry of the symbol. `probed`: another account's entry is in flight, and a breaker lets one probe."""
    if market.instrument is not None and market.instrument.status != TRADING:
        return No(Denial.SYMBOL_NOT_TRADING, f"the venue's status is {market.instrument.status}")
    if market.halted:
        return No(Denial.SYMBOL_HALTED, market.halted)
    if market.breaker.state is BreakerState.OPEN:
        return No(Denial.BREAKER_OPEN, market.breaker.reason)
    if market.breaker.state is BreakerState.PROBING and probed:
        return No(Denial.BREAKER_OPEN, f"{market.breaker.reason}: another entry probes")
    return None


def judged(intent: Intent, market: Market, settings: Settings, now: int, *, stop_held: int = 0) -> Terms | No:
    """The rest of the ladder, once nothing of the book speaks against it. `stop_held`: what is added to a position is lost at its stop."""
    instrument = market.instrument
    if (weak := too_weak(intent, settings)) is not None:
        return weak
    if intent.policy and intent.policy not in settings.policies:           # another one would be another stop than was meant
        return No(Denial.POLICY_UNKNOWN, f"no policy {intent.policy}: it is one of {', '.join(sorted(settings.policies))}")
    if instrument is None:
        return No(Denial.SYMBOL_NOT_LISTED, "the venue's filters have not come", waits=True)
    if not market.mark_time:
        return No(Denial.MARK_MISSING, "no price has come", waits=True)
    if now - market.mark_time > settings.ages.mark_max:
        return No(Denial.MARK_STALE, f"the last price is {now - market.mark_time} ms old", waits=True)
    side = Side.BUY if intent.action is Action.BUY else Side.SELL
    policy = policy_of(intent, settings)
    price = _entry_price(intent, market, instrument, side)
    if abs(price - market.mark) * PPM > market.mark * settings.entry_deviation_max_ppm:
        return No(Denial.PRICE_OFF_MARK, f"{decimal(price)} is too far from the mark {decimal(market.mark)}")
    if intent.order_type is OrderType.LIMIT and (off := _off_band(price, market.mark, instrument, side)):
        return No(Denial.PRICE_OFF_MARK, f"{decimal(price)} is beyond {decimal(off)}, the venue's last price for this side")
    intent = msgspec.structs.replace(intent, stop_price=stop_held or intent.stop_price)
    stop = _stop(intent, policy, price, market.mark, instrument, side)
    if isinstance(stop, No):
        return stop
    terms = _with_targets(Terms(side, price, stop, (), policy), intent, market.mark, instrument)
    return terms if isinstance(terms, No) else _deny_reward(terms, instrument.taker_fee_ppm, settings.limits.reward_min_ppm) or terms


def policy_of(intent: Intent, settings: Settings) -> Policy:
    """The policy that the intent names, or its regime does, with the intent's own trail and deadline over it.

    Its trail is no nearer and no farther than a stop may be. A distance in ATR becomes one of the price.
    """
    policy = settings.policy(intent.policy, intent.regime)
    trail: Trail = policy.trail
    if intent.trail_ppm:
        own = min(max(intent.trail_ppm, policy.stop_distance_min_ppm), policy.stop_distance_max_ppm)
        trail = msgspec.structs.replace(trail, distance_ppm=own, distance_r_ppm=0)
    elif trail.distance_atr_ppm and intent.atr_ppm:
        by_atr = share(intent.atr_ppm, trail.distance_atr_ppm, PPM)
        trail = msgspec.structs.replace(trail, distance_ppm=min(by_atr, trail.distance_ppm or by_atr))
    return msgspec.structs.replace(policy, trail=trail, time_max_ms=intent.time_max_ms or policy.time_max_ms)


def _entry_price(intent: Intent, market: Market, instrument: Instrument, side: Side) -> int:
    """What the intent reckoned with, else the mark; a limit is on the grid, and no worse than that."""
    price = intent.entry_price or market.mark
    return farther(price, instrument.tick_size, side) if intent.order_type is OrderType.LIMIT else price


def _off_band(price: int, mark: int, instrument: Instrument, side: Side) -> int:
    """PERCENT_PRICE, one-sided: a buy no higher than the mark times so much, a sell no lower. The bound that is passed, or 0."""
    bound = share(mark, instrument.price_up_ppm if side is Side.BUY else instrument.price_down_ppm, PPM)
    return bound if bound and side.sign * (price - bound) > 0 else 0


def _stop(intent: Intent, policy: Policy, price: int, mark: int, instrument: Instrument, side: Side) -> int | No:
    """On the grid, above zero, on the right side of entry and mark, no nearer than the policy allows.

    Distances are from the nearer of entry and mark: a limit that the market has passed already fills at the mark.
    """
    base = min(price, mark) if side is Side.BUY else max(price, mark)
    nearest, farthest = (base - side.sign * share(base, distance, PPM) for distance in (policy.stop_distance_min_ppm, policy.stop_distance_max_ppm))
    wished = intent.stop_price or (price - side.sign * share(price, intent.stop_ppm, PPM) if intent.stop_ppm else 0)
    if wished:
        if side.sign * (base - wished) <= 0:
            where = "below" if side is Side.BUY else "above"
            return No(Denial.STOP_WRONG_SIDE, f"stop {decimal(wished)} does not lie {where} entry {decimal(price)} and mark {decimal(mark)}")
        if side.sign * (farthest - wished) > 0:
            return No(Denial.STOP_TOO_FAR, f"stop {decimal(wished)} lies beyond {decimal(farthest)}")
    else:
        distance = share(intent.atr_ppm, policy.stop_atr_ppm, PPM) if intent.atr_ppm else policy.stop_ppm
        wished = base - side.sign * share(base, min(distance, policy.stop_distance_max_ppm), PPM)
    stop = nearer(wished, instrument.tick_size, side)
    if side.sign * (nearest - stop) < 0:
        stop = farther(nearest, instrument.tick_size, side)
    if not _takes(instrument, stop):
        return No(Denial.STOP_WRONG_SIDE, f"no stop {'below' if side is Side.BUY else 'above'} {decimal(base)} is a price on the venue's grid")
    return stop


def _takes(instrument: Instrument, price: int) -> bool:
    """Whether an order may rest there; a highest price of 0 bounds nothing."""
    return max(instrument.price_min, instrument.tick_size) <= price <= (instrument.price_max or price)


def _with_targets(terms: Terms, intent: Intent, mark: int, instrument: Instrument) -> Terms | No:
    """The intent's one target, else the policy's rungs, else its one; on the grid, and beyond the entry, at market also beyond the mark.

    One where the venue takes no order is none: that part runs on behind the stop.
    """
    sign, price = terms.side.sign, terms.entry_price
    wished = intent.target_price or (price + sign * share(price, intent.target_ppm, PPM) if intent.target_ppm else 0)
    if intent.order_type is OrderType.MARKET:
        price = max(price, mark) if sign > 0 else min(price, mark)
        terms = msgspec.structs.replace(terms, entry_price=price)
    if wished and sign * (wished - price) <= 0:
        where = "above" if sign > 0 else "below"
        return No(Denial.TARGET_WRONG_SIDE, f"target {decimal(wished)} does not lie {where} the entry {decimal(price)}")
    if wished:
        targets = [Target("target", wished, PPM)]
    elif terms.policy.targets:
        targets = [Target(f"rung{number}", _rung_price(rung, terms), rung.part_ppm) for number, rung in enumerate(terms.policy.targets)]
    elif terms.policy.target_r_ppm:
        targets = [Target("target", price + share(price - terms.stop_price, terms.policy.target_r_ppm, PPM), PPM)]
    else:
        targets = []
    targets = [msgspec.structs.replace(target, price=nearer(target.price, instrument.tick_size, terms.side)) for target in targets]
    taken = tuple(target for target in targets if _takes(instrument, target.price) and sign * (target.price - price) > 0)
    return msgspec.structs.replace(terms, targets=taken)


def reward_ppm(terms: Terms, fee_ppm: int) -> int:
    """What the targets earn, each by its part, for what the stop loses, in ppm: the taker's fee of both ways off the one and on the other."""
    price, parts = terms.entry_price, sum(target.part_ppm for target in terms.targets)
    earned = sum((abs(target.price - price) - share(target.price + price, fee_ppm, PPM)) * target.part_ppm for target in terms.targets)
    return share(earned, PPM, parts * (abs(price - terms.stop_price) + share(terms.stop_price + price, fee_ppm, PPM)))


def _deny_reward(terms: Terms, fee_ppm: int, least_ppm: int) -> No | None:
    """An entry without a target runs as far as it runs: of that nothing is known."""
    if not least_ppm or not terms.targets or (found := reward_ppm(terms, fee_ppm)) >= least_ppm:
        return None
    return No(Denial.REWARD_TOO_SMALL, f"the targets earn {decimal(found * 100)} of what the stop loses, {decimal(least_ppm * 100)} at least")


def _rung_price(rung: Rung, terms: Terms) -> int:
    price = terms.entry_price
    return price + (share(price - terms.stop_price, rung.r_ppm, PPM) if rung.r_ppm else terms.side.sign * share(price, rung.distance_ppm, PPM))
