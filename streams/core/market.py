"""What is known of a symbol's market, and whether its prices can be believed."""
import msgspec

from streams.core import breakers
from streams.core.breakers import SHUT, Breaker, BreakerState
from streams.core.events import Instrument, SymbolControlled, Tick
from streams.core.settings import BreakerLimits
from streams.core.values import PPM, share

TRADING = "TRADING"


class Market(msgspec.Struct, frozen=True):
    """Prices of the last good tick; `mark_time` is its log_time, 0 before the first."""

    instrument: Instrument | None = None
    last: int = 0
    bid: int = 0
    ask: int = 0
    mark: int = 0
    mark_time: int = 0
    moved_at: int = 0                 # log_time of the last tick that changed a price
    halted: str = ""                  # a person's reason
    breaker: Breaker = SHUT
    believed: bool = False            # the last tick was a price, and no jump: exits go by it
    mark_believed: int = 0            # the mark of the last tick that was: the account's equity goes by it

    @property
    def spread_ppm(self) -> int:
        """Of the mid; 0 where a side is missing."""
        return share(self.ask - self.bid, 2 * PPM, self.ask + self.bid) if self.ask and self.bid else 0


def ticked(market: Market, tick: Tick, now: int, limits: BreakerLimits) -> Market:
    """After a tick. A price of zero or below is no price: the breaker opens and the market stays as it was.

    A jump is a price, yet no exit is decided by it, and no profit or loss is told: the next tick confirms it, or was the better one.
    """
    if min(tick.last, tick.bid, tick.ask, tick.mark, tick.high, tick.low) <= 0:
        return msgspec.structs.replace(_broken(market, "PRICE_ZERO", now), believed=False)
    moved = (tick.last, tick.bid, tick.ask, tick.mark) != (market.last, market.bid, market.ask, market.mark)
    after = msgspec.structs.replace(
        market, last=tick.last, bid=tick.bid, ask=tick.ask, mark=tick.mark, mark_time=now,
        moved_at=now if moved or now - market.mark_time > limits.frozen_max // 10 else market.moved_at,     # silence is not standing still
        breaker=breakers.cooled(market.breaker, limits, now) if market.breaker is not SHUT else SHUT,
        believed=True, mark_believed=tick.mark,
    )
    if market.mark_time and _jumped(market, tick, limits.jump_max_ppm):
        return msgspec.structs.replace(_broken(after, "PRICE_JUMP", now), believed=False, mark_believed=market.mark_believed)
    if not moved and now - after.moved_at > limits.frozen_max:
        return _broken(after, "PRICE_FROZEN", now)
    return after


def _jumped(market: Market, tick: Tick, jump_max_ppm: int) -> bool:
    """Whether any price of the record is too far from the last one: a spike within it, too."""
    far = max(tick.high, tick.last) - market.last, market.last - min(tick.low, tick.last)
    return max(far) * PPM > market.last * jump_max_ppm or abs(tick.mark - market.mark) * PPM > market.mark * jump_max_ppm


def listed(market: Market, instrument: Instrument, now: int) -> Market:
    """After the venue's word on filters and status."""
    after = msgspec.structs.replace(market, instrument=instrument)
    return after if instrument.status == TRADING else _broken(after, "STATUS", now)


def controlled(market: Market, word: SymbolControlled) -> Market:
    """After a person's word: HALT, RESUME (which closes the breaker too), RESET_BREAKER."""
    halted = word.reason or "halted" if word.control == "HALT" else "" if word.control == "RESUME" else market.halted
    return msgspec.structs.replace(market, halted=halted, breaker=market.breaker if word.control == "HALT" else SHUT)


def _broken(market: Market, reason: str, now: int) -> Market:
    known = market.breaker.state is BreakerState.OPEN and market.breaker.reason == reason and now - market.breaker.opened_at < 1_000
    return market if known else msgspec.structs.replace(market, breaker=breakers.opened(market.breaker, reason, now))
