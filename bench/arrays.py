"""A recording's ticks as columns of int64, and where the first of them leaves a band."""
from typing import Any, NamedTuple

import numpy as np

from bench.stories import NOON, PRICE
from streams.core.watch import Band

Column = Any                          # numpy's array of int64
BLOCK = 65_536                        # ticks looked at in one go: they stay in the processor's cache


class Ticks(NamedTuple):
    """One symbol's ticks, in the order of the log. Of each: the lowest and the highest price in it, the mark, the log_time."""

    low: Column
    high: Column
    mark: Column
    time: Column


def drawn(number: int) -> Ticks:
    """A walk near the price, a tick each millisecond of no time at all: nothing leaves the band."""
    draw = np.random.default_rng(1)
    last = PRICE + draw.integers(-(10**9), 10**9, number, dtype=np.int64)
    return Ticks(last, last + 1, last, np.full(number, NOON, dtype=np.int64))


def crossing(ticks: Ticks, band: Band, start: int = 0) -> int:
    """The index of the first tick from `start` on that the band does not hold; how many there are where it holds all."""
    length = len(ticks.time)
    for begin in range(start, length, BLOCK):
        low, high, mark, time = (column[begin : begin + BLOCK] for column in ticks)
        if (
            low.min() > band.lower and high.max() < band.upper and mark.min() > band.mark_lower and mark.max() < band.mark_upper
            and time.max() < band.deadline
        ):
            continue
        out = (low <= band.lower) | (high >= band.upper) | (mark <= band.mark_lower) | (mark >= band.mark_upper) | (time >= band.deadline)
        return begin + int(out.argmax())
    return length


def searched(ticks: Ticks, band: Band) -> int:
    """A whole search through ticks that the band holds: how many it passed."""
    return crossing(ticks, band)


def summed(ticks: Ticks) -> int:
    """The anchor: each number of one column is touched once."""
    int(ticks.low.sum())
    return len(ticks.time)
