"""Quiet ticks kept off `step`, off the table and off the log: nine of ten that come to a symbol say nothing but a price.

What lies inside the watch band (`core/watch.py`) of the state in the table is acknowledged at once, and added up in memory. The next record of the
symbol that is more than that (an intent, a fill, a beat of what is held, a tick outside; of a flat symbol the first after five seconds) is worked
on the state with all of them, and `decision.log` says first which offsets it caught up with. What is left out depends on the state in the table and
on the records alone, so who takes over leaves out the same ticks; and the state that is put next has them among the offsets that it has worked
(`runtime/flow.py`), so none comes a second time. A crash loses what was added up, never a decision: `core/watch.py` says why that is harmless.
"""
from collections.abc import Sequence

from streams.agents.turns import Turns
from streams.core.decided import decided
from streams.core.events import Seen, Tick
from streams.core.settings import Settings
from streams.core.symbol_state import SymbolState
from streams.core.watch import Band, Quiet, band, caught_up, folded
from streams.runtime.metrics import QUIET_TICKS
from streams.runtime.records import Output, Record


class Watch:
    """Between the flow and the turns of positions: `work` is what the flow calls."""

    def __init__(self, turns: Turns[SymbolState], settings: Settings) -> None:
        self._turns, self._settings = turns, settings
        self._watched: dict[bytes, _Watched] = {}

    def work(self, key: bytes, state: SymbolState | None, record: Record) -> tuple[SymbolState, Sequence[Output]] | None:
        """One event of one symbol; None for a quiet tick. Raises Unreadable as `Turns.work`."""
        fact, watched = self._turns.fact(record), self._watched.get(key)
        if state is not None and isinstance(fact, Tick):
            if watched is None or watched.state is not state:
                watched = self._watched[key] = _Watched(state, band(state, self._settings))
            if watched.leaves_out(record, fact):
                QUIET_TICKS.inc()
                return None
        if state is None or watched is None or watched.state is not state or watched.quiet is None:
            return self._turns.work(key, state, record)
        seen = watched.seen
        owed = decided(self._turns.group, state.symbol, state.seq, seen, (), self._turns.settings_hash, watched.first)
        return self._turns.work(key, caught_up(state, watched.quiet, self._settings), record, owed=(owed,))


class _Watched:
    """A state as it lies in the table, and the quiet ticks that came after it."""

    __slots__ = ("band", "first", "last", "quiet", "state")

    def __init__(self, state: SymbolState, band: Band) -> None:
        self.state, self.band = state, band
        self.quiet: Quiet | None = None
        self.first, self.last = 0, ("", 0, -1)

    def leaves_out(self, record: Record, tick: Tick) -> bool:
        """Takes a quiet one in. One that comes again, after a rebalance, was taken in already."""
        if record.offset <= self.last[2]:
            return True
        if not self.band.holds(tick, record.log_time):
            return False
        if self.quiet is None:
            self.first = record.offset if record.folded_from is None else record.folded_from
        self.quiet, self.last = folded(self.quiet, self.state, tick, record.log_time), record.place
        return True

    @property
    def seen(self) -> Seen[Tick]:
        """The last of them."""
        if self.quiet is None:
            raise AssertionError("no tick was left out")
        return Seen(*self.last, self.quiet.time, self.quiet.tick)
