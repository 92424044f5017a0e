"""Quiet ticks: left out of the table and the log, and owed to whatever comes next."""
import msgspec
import pytest

from streams.agents.turns import Turns
from streams.agents.watch import Watch
from streams.core.commands import Decided, Propose, SettingsSeen, Verdict
from streams.core.events import Beat
from streams.core.symbol import SymbolState, new, step
from streams.runtime.records import Output, Record
from streams.wire.codec import decode, encode
from streams.wire.topics import INSTRUMENT, PRICE_TICK, TRADE_INTENT
from tests import make

KEY = make.SYMBOL.encode()


class Worker:
    """One incarnation of positions, on a table that outlives it."""

    def __init__(self, table: SymbolState | None = None) -> None:
        turns = Turns("positions", make.SETTINGS, new, step)
        self.watch, self.table = Watch(turns, make.SETTINGS), table

    def sees(self, topic: str, body: object, offset: int, log_time: int) -> list[object] | None:
        """What follows, decoded; None where nothing was put."""
        place = topic, 0, offset
        record = Record(*place, log_time, None if isinstance(body, Beat) else KEY, encode(body), place, log_time)
        worked = self.watch.work(KEY, self.table, record)
        if worked is None:
            return None
        self.table, outputs = worked
        return [read(output) for output in outputs]

    def ticks(self, *prices: str, first: int, log_time: int) -> list[bool]:
        """One each 100 ms: which of them were worked."""
        return [self.sees(PRICE_TICK.name, make.tick(price), first + n, log_time + 100 * n) is not None for n, price in enumerate(prices)]


def read(output: Output) -> object:
    return decode(output.topic, output.value)


def listed() -> Worker:
    worker = Worker()
    worker.sees(INSTRUMENT.name, make.INSTRUMENT, 0, make.NOON)
    assert worker.ticks("100", "100.5", "99.5", first=0, log_time=make.NOON) == [True, False, False]
    return worker


def test_what_was_left_out_is_said_and_known_before_the_next_decision() -> None:
    worker = listed()
    *said, decision = worker.sees(TRADE_INTENT.name, make.intent("i1", "BUY"), 0, make.NOON + 300) or []
    caught_up, proposal = said
    assert isinstance(caught_up, Decided) and isinstance(proposal, Propose) and isinstance(decision, Decided)
    assert (caught_up.event, caught_up.verdict, caught_up.offset_first, caught_up.offset, caught_up.seq) == ("Tick", Verdict.STEPPED, 1, 2, 2)
    assert (decision.event, decision.seq) == ("Intent", 3)
    assert (proposal.entry_price, proposal.mark_time) == (make.tick("99.5").mark, make.NOON + 200)


def test_it_is_the_slow_path() -> None:
    worker, slow = listed(), new(make.SYMBOL)
    facts = [(make.INSTRUMENT, 0), (make.tick("100"), 0), (make.tick("100.5"), 100), (make.tick("99.5"), 200), (make.intent("i1", "BUY"), 300)]
    for body, after in facts:
        slow, _ = step(slow, make.seen(body, make.NOON + after), make.SETTINGS)
    worker.sees(TRADE_INTENT.name, make.intent("i1", "BUY", timestamp=0), 0, make.NOON + 300)
    assert worker.table is not None
    assert (worker.table.market, worker.table.time) == (slow.market, slow.time)


def test_the_settings_are_said_before_what_a_recovered_state_is_owed() -> None:
    worker = Worker(listed().table)
    worker.ticks("100.2", first=3, log_time=make.NOON + 300)
    said = worker.sees(TRADE_INTENT.name, make.intent("c1", "CLOSE"), 0, make.NOON + 400) or []
    assert [type(message) for message in said] == [SettingsSeen, Decided, Decided]


def test_a_flat_symbol_is_put_every_five_seconds() -> None:
    worker = listed()
    worked = worker.ticks(*["100"] * 100, first=3, log_time=make.NOON + 300)
    assert [300 + 100 * n for n, at_all in enumerate(worked) if at_all] == [5_100, 10_200]


def test_a_tick_that_comes_again_is_taken_in_once() -> None:
    worker = listed()
    assert worker.ticks("100.5", "99.5", "100", first=1, log_time=make.NOON + 100) == [False, False, False]
    caught_up, *_ = worker.sees(TRADE_INTENT.name, make.intent("c1", "CLOSE"), 0, make.NOON + 400) or []
    assert isinstance(caught_up, Decided) and (caught_up.offset_first, caught_up.offset) == (1, 3)


@pytest.mark.parametrize(("later", "follows"), [
    pytest.param(300, [Propose, Decided], id="the mark in the table is young enough"),
    pytest.param(5_101, [Decided], id="it is too old: the intent waits"),
])
def test_a_crash_loses_nothing_that_the_next_tick_does_not_heal(later: int, follows: list[type]) -> None:
    worker = Worker(listed().table)          # whose quiet ticks were committed, and nowhere else
    said = worker.sees(TRADE_INTENT.name, make.intent("i1", "BUY", timestamp=0), 0, make.NOON + later) or []
    assert [type(message) for message in said] == [SettingsSeen, *follows]
    healed = worker.sees(PRICE_TICK.name, make.tick("99.8"), 3, make.NOON + later + 100)
    assert worker.table is not None and worker.table.books["main"].entry is not None
    assert healed is None or [type(message) for message in healed] == [Propose, Decided]


def test_what_recovery_puts_in_the_place_of_a_state_is_owed_nothing() -> None:
    worker = listed()
    worker.table = msgspec.msgpack.decode(msgspec.msgpack.encode(worker.table), type=SymbolState)
    said = worker.sees(TRADE_INTENT.name, make.intent("c1", "CLOSE"), 0, make.NOON + 400) or []
    assert [type(message) for message in said] == [Decided]


def test_a_tick_with_a_spike_in_it_is_worked_at_once() -> None:
    worker = listed()
    assert worker.sees(PRICE_TICK.name, make.tick("99", low="80"), 3, make.NOON + 300) is not None
