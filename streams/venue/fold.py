"""Frames of one symbol folded into ticks: its first frame at once, then at most one tick each 100 ms. No clock: the caller says what time it is.

The price of a symbol is its last trade while that is fresh (5 s), else the mid of the book: a trade stream that died must not keep a price alive.
The mark is the venue's own while fresh, else the mid, and the tick says so. Until a first book, bid and ask are the price; a mark alone is no market
yet. High and low are of the prices that came within the tick's frames, so that folding loses nothing that crossed anything; where none came they
are the price that still holds. Thus low <= last <= high always.
"""
from streams.core.events import Tick
from streams.venue.frames import Frame, Marked, Quote, Traded

INTERVAL_NS = 100_000_000
FRESH_NS = 5_000_000_000


class Fold:
    """What is known of one symbol, and the frames that no tick has told yet."""

    __slots__ = (
        "_ask", "_bid", "_frames", "_high", "_low", "_mark", "_mark_at", "_price", "_time_first", "_time_last", "_told_at", "_trade_at",
        "heard_at", "symbol",
    )

    def __init__(self, symbol: str) -> None:
        self.symbol = symbol
        self._price = self._bid = self._ask = self._mark = 0
        self._trade_at = self._mark_at = -FRESH_NS
        self._told_at = -INTERVAL_NS
        self.heard_at = 0
        self._restart()

    def _restart(self) -> None:
        self._frames = self._high = self._low = self._time_first = self._time_last = 0

    def add(self, frame: Frame, now: int) -> None:
        """Take in one frame of this symbol, received at `now` (ns). Its own time (ms) counts where it has one."""
        match frame:
            case Quote():
                self._bid, self._ask = frame.bid, frame.ask
                if now - self._trade_at > FRESH_NS:
                    self._reach((frame.bid + frame.ask) // 2)
            case Traded():
                self._trade_at = now
                self._reach(frame.price)
            case Marked():
                self._mark, self._mark_at = frame.price, now
        self.heard_at = now
        time = frame.time or now // 1_000_000
        self._time_first = min(self._time_first or time, time)
        self._time_last = max(self._time_last, time)
        self._frames += 1

    def _reach(self, price: int) -> None:
        self._price = price
        self._high = max(self._high, price)
        self._low = min(self._low or price, price)

    def waits(self) -> bool:
        """There is something that no tick has told, and a price to tell it by."""
        return bool(self._frames and self._price)

    def due(self, now: int) -> bool:
        return self.waits() and now - self._told_at >= INTERVAL_NS

    def take(self, now: int) -> Tick:
        """The tick of everything since the last one; to be asked for only while it `waits`."""
        bid, ask = self._bid or self._price, self._ask or self._price
        marked = now - self._mark_at <= FRESH_NS
        tick = Tick(
            symbol=self.symbol, last=self._price, bid=bid, ask=ask, mark=self._mark if marked else (bid + ask) // 2, mark_is_mid=not marked,
            high=self._high or self._price, low=self._low or self._price,
            first_time=self._time_first, last_time=self._time_last, frames=self._frames,
        )
        self._told_at = now
        self._restart()
        return tick
