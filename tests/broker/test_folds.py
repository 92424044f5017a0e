"""Kill −9 of the positions worker in the midst of a backlog of ticks, which fold on their way in: no extreme is lost that a state must see.

A decision names the range of ticks that it stands for: worked, folded, or left out as quiet and caught up with. No tick is in two of them. One that
is in none was quiet, and added up by a process that was killed: at most a second of the log's time, and nothing that would have moved a stop.
"""
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

import pytest

from streams.core.events import Tick
from streams.core.values import e8
from streams.core.watch import FLAT_MAX_MS, FOLD_MAX_MS
from streams.runtime.broker import EmbeddedBroker
from tests.broker.harness import until
from tests.broker.positions import Positions, close, instrument, tick
from tests.broker.processes import Worker, processes

HELD = [f"HELD{number}USDT" for number in range(4)]
FLAT = [f"FLAT{number}USDT" for number in range(4)]
SYMBOLS = HELD + FLAT
TICKS, KILLS, SPIKE = 600_000, 3, "102.5"             # between two commits, half a second apart, a worker folds a hundred thousand and more


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_killed_in_a_backlog_of_ticks(own_broker: EmbeddedBroker, tmp_path: Path) -> None:
    positions = Positions(own_broker, tmp_path)
    with processes(tmp_path, ["streams.cli", "worker", "positions"], positions.environment) as start:
        worker = start()
        positions.publish(*map(instrument, FLAT))
        positions.opened(*HELD)
        until(lambda: positions.best().keys() == set(HELD), "every position held")
        assert worker.stopped() == 0
        positions.backlog(_ticks())
        for _ in range(KILLS):
            _kill_at_work(positions, start())
        start()
        until(lambda: positions.behind() < 100, "the backlog worked, beats aside", 60)
        closes = [close(symbol) for symbol in SYMBOLS]
        positions.publish(*closes)                       # after which nothing is owed any more
        until(lambda: positions.decided(closes), "every close decided")
    found = {symbol: _told(ticks, positions.ranges()[symbol]) for symbol, ticks in positions.ticks().items()}
    print(found)  # noqa: T201
    longest = dict.fromkeys(FLAT, FLAT_MAX_MS) | dict.fromkeys(HELD, FOLD_MAX_MS)
    assert {symbol: (told.twice, told.gaps <= KILLS, told.longest_ms <= longest[symbol]) for symbol, told in found.items()} == dict.fromkeys(
        SYMBOLS, (0, True, True),
    )
    assert positions.best() == dict.fromkeys(HELD, e8(SPIKE))


class Told(NamedTuple):
    """How the ranges of ticks that the decisions name cover a symbol's ticks."""

    ticks: int
    ranges: int
    twice: int                        # in more than one range
    untold: int                       # in none: quiet ones that a process had added up when it was killed
    gaps: int                         # runs of such
    longest_ms: int                   # of a gap, by the log's time


def _told(ticks: dict[int, int], ranges: set[tuple[int, int]]) -> Told:
    counts = {offset: sum(first <= offset <= last for first, last in ranges) for offset in sorted(ticks)}
    gaps = [[ticks[offset] for offset in run] for untold, run in groupby(counts, key=lambda offset: not counts[offset]) if untold]
    twice = sum(max(count - 1, 0) for count in counts.values())
    return Told(len(ticks), len(ranges), twice, sum(map(len, gaps)), len(gaps), max((times[-1] - times[0] for times in gaps), default=0))


def _kill_at_work(positions: Positions, worker: Worker) -> None:
    left = positions.behind()
    until(lambda: positions.behind() < left - 2_000, "the worker at work")
    worker.killed()
    assert positions.behind() > 2_000


def _ticks() -> Iterator[Tick]:
    """A price that stands, and each held symbol's one spike, somewhere else in the backlog."""
    spikes = {TICKS * (number + 1) // (len(HELD) + 1): symbol for number, symbol in enumerate(HELD)}
    for number in range(TICKS):
        symbol = SYMBOLS[number % len(SYMBOLS)]
        if number in spikes:
            yield tick(spikes[number], "100", high=SPIKE)
        yield tick(symbol, "100.01" if number // len(SYMBOLS) % 2 else "100")
