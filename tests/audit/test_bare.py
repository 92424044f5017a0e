"""For how long a position had no living stop, when it is over: recorded stories, in the order in which the log told them, and what the venue saw."""
from typing import Any

import msgspec
import pytest

from streams.audit.auditor import replay
from streams.core import ids
from streams.core.entry import Cover
from streams.core.events import EntryReported, ExitReported, Filled, PlanReported
from streams.core.ledger import EntryRecord, ExitRecord, OrderState
from streams.core.values import E8, Side
from streams.core.words import EntryState
from streams.wire.log import Record
from streams.wire.topics import TOPIC_OF
from tests.audit.test_coverage import ACCOUNT, GUARD, GUARD2, P1, P2, STOP, STOP2, SYMBOL, entry, fill, stop

VENUE = 500_000                       # how far the venue's clock is ahead of the log's
at = msgspec.structs.replace
Story = list[tuple[int, Any]]         # log_time, message


def told(guard: str, venue_time: int) -> EntryReported:
    return EntryReported(ACCOUNT, SYMBOL, "i1", EntryState.PROTECTED, guard_id=guard, venue_time=VENUE + venue_time)


def traded(trade: str, quantity: int, position: str, venue_time: int) -> Filled:
    return at(fill(trade, quantity, position), venue_time=VENUE + venue_time)


def stands(name: str, quantity: int, answered_at: int, state: OrderState = OrderState.WORKING) -> ExitRecord:
    return at(stop(name, quantity, state), answered_at=VENUE + answered_at)


def changed(name: str, state: str, venue_time: int) -> ExitReported:
    return ExitReported(ACCOUNT, SYMBOL, P1, name, state, venue_time=VENUE + venue_time)


def plan(cancelled: str, venue_time: int) -> PlanReported:
    return PlanReported(ACCOUNT, SYMBOL, P1, 1, cancelled=(cancelled,), venue_time=VENUE + venue_time)


def spans(story: Story) -> list[tuple[str, int, int]]:
    """Position, start and end, by the venue's clock less what it is ahead; topic by topic as a reader finds them."""
    records = [
        Record(TOPIC_OF[type(message)].name, 0, offset, time, b"", message, b"") for offset, (time, message) in enumerate(story)
    ]
    found = replay(sorted(records, key=lambda record: record.topic)).bare
    return sorted((one.position_id, one.start - VENUE, one.end - VENUE) for one in found)


protected = entry(Cover.PROTECTED)
OPENED = traded("1", 2, P1, 1_000)
CLOSED = traded("2", -2, P1, 11_400)
GUARDED: Story = [(1_005, OPENED), (1_040, protected), (1_040, told(GUARD, 1_038))]


@pytest.mark.parametrize(("story", "expected"), [
    # recorded in a demo under load: the guard's answer is told before the fill; its ten seconds of life are not time without a stop
    ([(1_040, protected), (1_041, told(GUARD, 1_038)), (1_052, OPENED), (11_402, CLOSED)], [(P1, 1_000, 1_038)]),
    ([(1_041, told(GUARD, 1_038)), (1_052, OPENED), (1_052, protected), (11_402, CLOSED)], [(P1, 1_000, 1_038)]),
    ([*GUARDED, (11_402, CLOSED)], [(P1, 1_000, 1_038)]),
    # and told again to whoever asks: of an entry that is long over, and of this one
    ([*GUARDED, (60_000, told(GUARD, 59_999)), (61_402, at(CLOSED, venue_time=VENUE + 61_400))], [(P1, 1_000, 1_038)]),
    # the broker was away between the fill and the word of its guard
    ([(1_005, OPENED), (9_000, protected), (9_000, told(GUARD, 1_038)), (11_402, CLOSED)], [(P1, 1_000, 1_038)]),
    # the stop was triggered and all was sold; the stream lost the fill, and the trade list brought it ten seconds later
    ([*GUARDED, (11_400, changed(GUARD, "TRIGGERED", 11_399)), (21_800, CLOSED)], [(P1, 1_000, 1_038), (P1, 11_399, 11_400)]),
    # the fill was learned of late, and had no stop until then
    ([(9_000, OPENED), (9_040, protected), (9_040, told(GUARD, 9_038)), (11_402, CLOSED)], [(P1, 1_000, 9_038)]),
    # closed at market, with no guard at all
    ([(1_005, OPENED), (11_402, CLOSED)], [(P1, 1_000, 11_400)]),
    # a stop replaced: the new one stands before the old one goes, however the topics are read
    ([*GUARDED, (5_000, stands(STOP, 2, 4_990)), (5_020, plan(GUARD, 5_015)), (11_402, CLOSED)], [(P1, 1_000, 1_038)]),
    ([*GUARDED, (5_020, plan(GUARD, 5_015)), (5_021, stands(STOP, 2, 4_990)), (11_402, CLOSED)], [(P1, 1_000, 1_038)]),
    # and the wrong way round
    ([*GUARDED, (5_020, plan(GUARD, 5_015)), (5_200, stands(STOP, 2, 5_190)), (11_402, CLOSED)], [(P1, 1_000, 1_038), (P1, 5_015, 5_190)]),
    # the replacement covers half of it, then all
    ([*GUARDED, (5_000, stands(STOP, 1, 4_990)), (5_020, plan(GUARD, 5_015)), (5_300, stands(STOP2, 1, 5_290)), (11_402, CLOSED)],
     [(P1, 1_000, 1_038), (P1, 5_015, 5_290)]),
    # cancelled by somebody, and set again by the watch: its record has no time of the venue's, its place in the log has
    ([*GUARDED, (6_000, changed(GUARD, "CANCELLED", 5_990)), (9_002, entry(Cover.PROTECTED, GUARD2)), (11_402, CLOSED)],
     [(P1, 1_000, 1_038), (P1, 5_990, 9_000)]),
    # the guard of the position before covers nothing of the next; one that is still bare when the log ends counts up to there
    ([*GUARDED, (2_002, at(CLOSED, venue_time=VENUE + 2_000)), (3_005, traded("3", 1, P2, 3_000)), (7_002, changed(GUARD, "CANCELLED", 7_000))],
     [(P1, 1_000, 1_038), (P2, 3_000, 7_000)]),
])
def test_the_time_without_a_stop(story: Story, expected: list[tuple[str, int, int]]) -> None:
    assert spans(story) == sorted(expected)


def test_the_longest_comes_first_and_accounts_have_clocks_of_their_own() -> None:
    other = [ids.position_id("second", SYMBOL, "1"), ids.client_order_id("second", SYMBOL, "i1", "guard", 0)]
    record = EntryRecord("second", SYMBOL, "i1", "entry", other[1], cover=Cover.PROTECTED, position_id=other[0])
    story: Story = [
        *GUARDED, (11_402, CLOSED),
        (1_000, at(fill("1", 1, other[0]), account="second", side=Side.BUY, quantity=E8, venue_time=70_000)), (3_000, record),
    ]
    records = [Record(TOPIC_OF[type(message)].name, 0, offset, time, b"", message, b"") for offset, (time, message) in enumerate(story)]
    assert [(one.account, one.ms) for one in replay(records).bare][:2] == [("second", 2_000), (ACCOUNT, 38)]
