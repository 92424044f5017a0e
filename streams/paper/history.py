"""What was traded: candles of a minute for the last day, from which all others and the 24-hour figures are made, and the last trades.

It begins with the exchange. A source tells prices and seldom sizes, so every tick counts as a trade of the smallest quantity.
"""
from collections import deque
from collections.abc import Iterator
from itertools import groupby

import msgspec

MINUTE_MS = 60_000
CANDLES_MAX, TRADES_MAX = 1_440, 1_000
INTERVALS = {                         # in minutes
    "1m": 1, "3m": 3, "5m": 5, "15m": 15, "30m": 30, "1h": 60, "2h": 120, "4h": 240, "6h": 360, "8h": 480, "12h": 720, "1d": 1_440,
}


class Candle(msgspec.Struct):
    """Prices in 1e-8, `opened` in epoch ms; `total` is the sum of the prices of all trades."""

    opened: int
    open: int
    high: int
    low: int
    close: int
    total: int
    trades: int
    first_id: int


class Print(msgspec.Struct, frozen=True):
    """One trade of the market."""

    number: int
    price: int
    time: int


class History:
    def __init__(self) -> None:
        self.minutes: deque[Candle] = deque(maxlen=CANDLES_MAX)
        self.prints: deque[Print] = deque(maxlen=TRADES_MAX)
        self._number = 0

    def seen(self, price: int, now: int) -> None:
        self._number += 1
        self.prints.append(Print(self._number, price, now))
        opened = now // MINUTE_MS * MINUTE_MS
        if not self.minutes or self.minutes[-1].opened < opened:
            self.minutes.append(Candle(opened, price, price, price, price, price, 1, self._number))
            return
        last = self.minutes[-1]
        last.high, last.low, last.close = max(last.high, price), min(last.low, price), price
        last.total, last.trades = last.total + price, last.trades + 1

    def candles(self, interval: str) -> Iterator[Candle]:
        """The oldest first. KeyError for an interval that is none."""
        length = INTERVALS[interval] * MINUTE_MS
        for number, part in groupby(self.minutes, lambda candle: candle.opened // length):
            yield _joined(number * length, list(part))

    def day(self) -> Candle:
        """All that is known of the last 24 hours; there must have been a trade."""
        return _joined(self.minutes[0].opened, list(self.minutes))


def _joined(opened: int, part: list[Candle]) -> Candle:
    return Candle(
        opened, part[0].open, max(one.high for one in part), min(one.low for one in part), part[-1].close, sum(one.total for one in part),
        sum(one.trades for one in part), part[0].first_id,
    )
