"""A figure is measured beside its anchor in the same run: on another machine the ratio says more than the figure."""
import statistics
import time
from collections.abc import Callable

import msgspec


class Figure(msgspec.Struct, frozen=True):
    """One measurement."""

    name: str
    value: float
    unit: str                         # per second, ms …
    anchor: str = ""                  # what was measured beside it
    anchor_value: float = 0.0         # in the same unit; 0: none
    note: str = ""
    runs: int = 1                     # of which it is the median

    @property
    def ratio(self) -> float:
        """Of the anchor; 0 where there is none."""
        return self.value / self.anchor_value if self.anchor_value else 0.0


def rate(work: Callable[[], int], rounds: int) -> float:
    """Things a second of processor time: the median of so many rounds, after one that is not counted.

    `work` does one round, which never waits, and says how many it did. Processor time, since others may be at work on the machine.
    """
    work()
    rates = []
    for _ in range(rounds):
        began = time.process_time_ns()
        count = work()
        rates.append(count * 1e9 / (time.process_time_ns() - began))
    return statistics.median(rates)
