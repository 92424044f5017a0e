"""Which position has no living stop, and for how long: a table of stories, each a list of what the log says and when."""
from typing import Any

import msgspec
import pytest

from streams.audit.coverage import Coverage
from streams.audit.rules import Audit, Place
from streams.core import ids
from streams.core.entry import Cover
from streams.core.events import EntryReported, ExitReported, Filled, PlanReported
from streams.core.ledger import EntryRecord, ExitRecord, OrderState
from streams.core.values import E8, Side
from streams.core.words import EntryState

ACCOUNT, SYMBOL = "main", "BTCUSDT"
P1, P2 = (ids.position_id(ACCOUNT, SYMBOL, trade) for trade in ("1", "3"))
GUARD, GUARD2, STOP, STOP2 = (ids.client_order_id(ACCOUNT, SYMBOL, "i1", *leg) for leg in (("guard", 0), ("guard", 1), ("stop", 0), ("stop", 1)))


def fill(trade: str, quantity: int, position: str) -> Filled:
    side = Side.BUY if quantity > 0 else Side.SELL
    return Filled(ACCOUNT, SYMBOL, side, abs(quantity) * E8, 100 * E8, 0, "USDT", 0, trade, "", "", position, is_maker=False, venue_time=0)


def entry(cover: Cover, guard: str = GUARD, position: str = P1) -> EntryRecord:
    return EntryRecord(ACCOUNT, SYMBOL, "i1", "entry", guard, cover=cover, position_id=position)


def protected(position: str = P1) -> EntryRecord:
    return entry(Cover.PROTECTED, GUARD, position)


def stop(name: str, quantity: int, state: OrderState = OrderState.WORKING, position: str = P1) -> ExitRecord:
    return ExitRecord(ACCOUNT, SYMBOL, position, name, "stop", Side.SELL, quantity * E8, 95 * E8, state)


def said(name: str, state: str) -> ExitReported:
    return ExitReported(ACCOUNT, SYMBOL, P1, name, state)


def told(*story: tuple[int, Any]) -> tuple[list[tuple[int, int]], float]:
    """The gaps that ended, and the seconds of the one that is open, at 10 s."""
    audit, coverage, ended = Audit(), Coverage(), list[tuple[int, int]]()
    for offset, (time, message) in enumerate(story):
        if isinstance(message, Filled):
            book = audit.book(ACCOUNT, SYMBOL)
            book.take(message, Place("order.fill", 0, offset, time))
            gap = coverage.filled(book, time, message.venue_time)
        else:
            gap = coverage.take(message, time)
        ended += [(gap.since, gap.until)] if gap else []
    assert max([until - since for since, until in ended], default=0) <= coverage.longest.get(SYMBOL, 0)
    return ended, coverage.seconds(10_000)[SYMBOL]


OPEN, CLOSE = fill("1", 2, P1), fill("2", -2, P1)


@pytest.mark.parametrize(("story", "expected"), [
    ([(1_000, OPEN)], ([], 9.0)),                                                                   # a refused guard: nothing ever covers it
    ([(1_000, OPEN), (1_200, entry(Cover.PROTECTED))], ([(1_000, 1_200)], 0.0)),
    ([(1_000, OPEN), (4_100, entry(Cover.CLOSED)), (4_200, CLOSE)], ([(1_000, 4_200)], 0.0)),      # closed at market: covered when it is flat
    ([(900, protected("")), (1_000, OPEN), (1_001, protected())], ([], 0.0)),                       # the guard's answer before the fill's news
    ([(1_000, OPEN), (1_000, protected()), (5_000, said(GUARD, "CANCELLED"))], ([(1_000, 1_000)], 5.0)),
    ([(1_000, OPEN), (1_000, protected()), (5_000, said(GUARD, "CANCELLED")), (6_000, entry(Cover.PROTECTED))],
     ([(1_000, 1_000)], 5.0)),                                                                      # a record that is told again revives nothing
    ([(1_000, OPEN), (1_000, protected()), (5_000, said(GUARD, "CANCELLED")), (6_000, entry(Cover.PROTECTED, GUARD2))],
     ([(1_000, 1_000), (5_000, 6_000)], 0.0)),
    ([(1_000, OPEN), (1_000, protected()), (5_000, said(GUARD, "TRIGGERED")), (5_300, CLOSE)], ([(1_000, 1_000), (5_000, 5_300)], 0.0)),
    ([(1_000, OPEN), (1_500, stop(STOP, 1))], ([], 9.0)),                                           # half of it
    ([(1_000, OPEN), (1_500, stop(STOP, 1)), (2_000, stop(STOP2, 1))], ([(1_000, 2_000)], 0.0)),
    ([(1_000, OPEN), (1_500, stop(STOP, 2, OrderState.UNKNOWN))], ([], 9.0)),                       # in doubt is not alive
    ([(1_000, OPEN), (1_500, stop(STOP, 2)), (3_000, stop(STOP, 2, OrderState.REJECTED))], ([(1_000, 1_500)], 7.0)),
    ([(1_000, OPEN), (1_500, stop(STOP, 2)), (3_000, PlanReported(ACCOUNT, SYMBOL, P1, 1, cancelled=(STOP,)))], ([(1_000, 1_500)], 7.0)),
    ([(1_000, OPEN), (1_100, protected()), (2_000, CLOSE), (3_000, fill("3", 1, P2))],
     ([(1_000, 1_100)], 7.0)),                                                                      # the guard of an earlier position covers nothing
    ([(1_000, OPEN), (1_100, entry(Cover.PROTECTED)), (2_000, fill("2", -3, P1))], ([(1_000, 1_100)], 8.0)),     # through zero: another position
    ([(5_000, said(GUARD, "CANCELLED")), (1_000, entry(Cover.PROTECTED)), (1_000, OPEN)], ([], 9.0)),   # topics are read in any order
    ([(1_000, OPEN), (1_100, protected()), (1_200, stop(STOP, 2, position=P2))], ([(1_000, 1_100)], 0.0)),
])
def test_gaps(story: list[tuple[int, Any]], expected: tuple[list[tuple[int, int]], float]) -> None:
    assert told(*story) == expected


@pytest.mark.parametrize(("end", "longest"), [
    (EntryReported(ACCOUNT, SYMBOL, "i1", EntryState.PROTECTED, guard_id=GUARD, venue_time=503_000), 3_000),
    (msgspec.structs.replace(CLOSE, venue_time=504_000), 4_000),
])
def test_a_fill_that_was_learned_of_late_was_unprotected_before(end: EntryReported | Filled, longest: int) -> None:
    """The venue's clock is held against itself alone; it stands elsewhere than the log's."""
    audit, coverage = Audit(), Coverage()
    for offset, fill in enumerate([msgspec.structs.replace(OPEN, venue_time=500_000), *([end] if isinstance(end, Filled) else [])]):
        book = audit.book(ACCOUNT, SYMBOL)
        book.take(fill, Place("order.fill", 0, offset, 1_000 + offset))
        coverage.filled(book, 1_000 + offset, fill.venue_time)
    if isinstance(end, EntryReported):
        coverage.take(end, 1_001)
        coverage.take(msgspec.structs.replace(end, venue_time=900_000), 60_000)                     # told again to whoever asks
    assert coverage.longest == {SYMBOL: longest}
