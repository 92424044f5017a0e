"""The auditor on a real broker: what is injected into the topics is named by its place; a stop that the venue refuses is an alarm."""
import asyncio
import re
import threading
import time
import uuid
from collections.abc import Callable
from typing import Any, Self

import msgspec
import pytest
from prometheus_client import REGISTRY

from streams.audit.auditor import Auditor, Traded, against_venue, judged, once, replayed, unbooked, watched
from streams.audit.coverage import Gap
from streams.audit.rules import LEARNED_MS, Finding, Kind
from streams.core import ids
from streams.core.events import Filled, PositionUpdated
from streams.core.values import E8
from streams.wire import admin
from streams.wire.log import Record, publish
from streams.wire.topics import ORDER_FILL, partition_of
from tests.audit.test_coverage import OPEN, protected
from tests.audit.test_rules import written
from tests.gateway.stage import SYMBOL, Stage, until

MOVES = [(1, 100), (2, 100), (-1, 105), (-2, 110), (1, 100)]
replace = msgspec.structs.replace


@pytest.fixture(scope="session")
def topics(kafka: str) -> str:
    admin.apply(kafka)
    return kafka


def of_account(account: str, fills: list[Filled], told: list[PositionUpdated]) -> tuple[list[Filled], list[PositionUpdated]]:
    """The same story of an account of the test's own; position ids are of the account, too."""
    named = {ids.position_id("main", SYMBOL, str(n)): ids.position_id(account, SYMBOL, str(n)) for n in range(1, len(MOVES) + 1)}
    return (
        [replace(fill, account=account, position_id=named[fill.position_id]) for fill in fills],
        [replace(one, account=account, position_id=named[one.position_id]) for one in told],
    )


@pytest.mark.parametrize(("inject", "kind", "at"), [
    (lambda fills: fills, None, 0),
    (lambda fills: [*fills[:1], *fills[2:]], Kind.LOST, 1),                                  # named by the next one
    (lambda fills: [*fills[:3], fills[1], *fills[3:]], Kind.DOUBLED, 3),
    (lambda fills: [fills[0], fills[2], fills[1], *fills[3:]], Kind.REORDERED, 2),
    (lambda fills: [*fills, *written([*MOVES, (1, 100)])[0][-1:]], Kind.UNWORKED, 5),        # positions never told of it
])
def test_what_is_injected_is_named_by_its_place(topics: str, inject: Callable[[list[Filled]], list[Filled]], kind: Kind | None, at: int) -> None:
    account, since = f"audit-{uuid.uuid4().hex[:8]}", time.time_ns() // 1_000_000
    fills, told = of_account(account, *written(MOVES))
    placed = publish(topics, [replace(one, account=account, position_id=fills[-1].position_id if one.account == "main" else one.position_id)
                              for one in inject(fills)])
    publish(topics, told)
    auditor = once(topics, since)
    auditor.judge(time.time_ns() // 1_000_000 + 60_000)
    found = [one for one in auditor.report().findings if one.account == account]
    expected = {(kind, f"{ORDER_FILL.name}-{placed[at].partition}@{placed[at].offset}")} if kind else set()
    assert {(one.kind, one.place) for one in found} >= expected
    assert bool(found) is bool(kind)
    assert placed[0].partition == partition_of(SYMBOL.encode())


def test_the_venue_has_the_last_word(topics: str) -> None:
    account, since = f"audit-{uuid.uuid4().hex[:8]}", time.time_ns() // 1_000_000
    fills, told = of_account(account, *written(MOVES))
    placed = publish(topics, fills)
    publish(topics, told)
    auditor = once(topics, since)
    assert against_venue(auditor, account, {SYMBOL: E8}) == []
    [found] = against_venue(auditor, account, {SYMBOL: 2 * E8})
    assert (found.kind, found.place) == (Kind.DIFFERENT, f"{ORDER_FILL.name}-{placed[-1].partition}@{placed[-1].offset}")
    assert found.said == "the venue holds 2, the fills up to here lead to 1"


def test_a_trade_of_the_venue_that_is_no_fill_is_named_by_the_fill_behind_it() -> None:
    fills, _ = written(MOVES)
    auditor = Auditor(0)
    for offset, fill in enumerate([*fills[:1], *fills[2:]]):
        auditor.take(Record("order.fill", 3, offset, offset, b"", fill, b""))
    traded = [Traded(SYMBOL, str(number), "BUY 2 at 100") for number in range(1, 7)]
    assert [(one.kind, one.place, one.said) for one in unbooked(auditor, "main", traded)] == [
        (Kind.LOST, "order.fill-3@1", "trade 2 of the venue (BUY 2 at 100) is no fill; it belongs before this one"),
        (Kind.LOST, "order.fill-3@3", "trade 6 of the venue (BUY 2 at 100) is no fill; it belongs after this one"),
    ]


class Watcher:
    """The watching reader in a thread of its own, as its process would run it."""

    def __init__(self, bootstrap: str, account: str, bound_ms: int) -> None:
        self.found: list[Finding | Gap] = []
        self.auditor = Auditor(time.time_ns() // 1_000_000, bound_ms)
        self._account, self._over = account, False
        self._thread = threading.Thread(target=self._run, args=(bootstrap,))

    def _run(self, bootstrap: str) -> None:
        for found in watched(bootstrap, self.auditor, time.time_ns() // 1_000_000, lambda: self._over):
            if found.account == self._account:
                self.found.append(found)

    async def __aenter__(self) -> Self:
        self._thread.start()
        await until(lambda: self.auditor.caught_up, "the watcher has read what there was")
        return self

    async def __aexit__(self, *_: object) -> None:
        self._over = True
        await asyncio.to_thread(self._thread.join)


def gauge() -> float:
    return REGISTRY.get_sample_value("streams_unprotected_seconds", {"symbol": SYMBOL}) or 0.0


async def test_a_refused_stop_is_an_alarm_and_a_guard_that_stands_is_none(topics: str) -> None:
    account = f"audit-{uuid.uuid4().hex[:8]}"
    async with Stage(topics, account) as stage, Watcher(topics, account, 500) as watcher:
        await stage.begin()
        await stage.entered()
        await stage.close(intents=("i1",))
        await stage.closed()
        await until(lambda: watcher.auditor.fills >= 2, "both fills read")
        assert watcher.found == []

        stage.fault("reject", path="algoOrder", method="POST", code=-1008, count=100)        # busy: asked again until the patience ends
        await stage.enter("i2")
        gap: Any = await until(lambda: next((one for one in watcher.found if isinstance(one, Gap)), None), "an alarm")
        assert (gap.symbol, gap.until) == (SYMBOL, 0)
        await stage.over("i2")                                                               # the gateway closes at market
        cell = watcher.auditor.coverage.cells[account, SYMBOL]
        await until(lambda: not cell.since and not cell.held.quantity, "covered again: flat")
        await stage.log("order.fill")
        after = await asyncio.to_thread(replayed, topics)
        longest = max(one.ms for one in after.bare if one.account == account)
        assert 500 < longest < 6_000
        assert [one for one in after.report.findings if one.account == account] == []


def alarms(records: list[Record | None], seconds: list[float]) -> list[str]:
    """The symbols that are told to have no stop. `seconds`: of the reader's clock, at its start and at each record."""
    clock = iter(seconds)
    return [one.symbol for one in judged(iter(records), Auditor(0), lambda: next(clock)) if isinstance(one, Gap)]


def of(topic: str, log_time: int, message: Any) -> Record:  # noqa: ANN401
    return Record(topic, 0, log_time, log_time, b"", message, b"")


def test_partitions_that_are_read_one_after_another_are_no_alarm() -> None:
    """A reader that had to wait finds ten seconds in one answer: all fills first, then what the ledger says of the guard."""
    opened, guarded = of("order.fill", 1_000, OPEN), of("order.ledger", 1_040, protected())
    later = of("order.fill", 11_000, replace(OPEN, symbol="ETHUSDT"))
    guard_of_later = of("order.ledger", 11_030, replace(protected(), symbol="ETHUSDT"))
    assert alarms([None, opened, later, guarded, guard_of_later, None], [0.0, 0.1, 10.1, 10.3, 10.5, 10.7, 10.9]) == []
    assert alarms([None, opened, later, guard_of_later, None], [0.0, 0.1, 10.1, 10.3, 10.5, 10.7]) == [SYMBOL]


def test_a_reader_that_never_comes_to_the_end_judges_all_the_same() -> None:
    records: list[Record | None] = [None, of("order.fill", 1_000, OPEN)]
    records += [of("order.ledger", 1_000 + 200 * number, replace(protected(), symbol="ETHUSDT")) for number in range(1, 40)]
    seconds = [0.0, 0.1, *(0.2 + 0.2 * number for number in range(40))]
    assert alarms(records, seconds) == [SYMBOL]


def test_a_fill_that_is_missing_is_no_fault_to_cry_while_it_may_be_booked_late() -> None:
    """Asked once, it is said; watched, it is cried when the trade list has been read and has not brought it."""
    fills, told = written([(2, 100), (1, 110), (-1, 120)])
    auditor = Auditor(0)
    for number, log_time in ((0, 1_000), (2, 3_000)):
        auditor.take(of("order.fill", log_time, replace(fills[number], venue_time=log_time)))
    for snapshot in (told[0], replace(told[0], seq=2, quantity=E8)):
        auditor.take(of("position.update", 1_000 * snapshot.seq, snapshot))
    assert [one.kind for one in auditor.report().faults] == [Kind.LOST]
    assert auditor.judge(3_000 + LEARNED_MS - 1) == []
    assert [one.kind for one in auditor.judge(3_000 + LEARNED_MS)] == [Kind.LOST]


def test_an_alarm_is_told_once_and_the_gauge_goes_on() -> None:
    auditor = Auditor(0, 1_000)
    auditor.take(Record("order.fill", 0, 0, 1_000, b"", OPEN, b""))
    assert (auditor.alarms(1_500), [gap.since for gap in auditor.alarms(2_500)], auditor.alarms(9_000)) == ([], [1_000], [])
    assert gauge() == 8.0
    assert re.fullmatch(r"p-[a-z2-7]{16}", auditor.coverage.gaps()[0].position_id)
