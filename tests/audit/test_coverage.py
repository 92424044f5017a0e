"""Which position has no living stop, and for how long: a table of stories, each a list of what the log says and when."""
from typing import Any

import pytest

from streams.audit.coverage import Coverage
from streams.audit.rules import Audit, Place
from streams.core import ids
from streams.core.entry import Cover
from streams.core.events import ExitReported, Filled, PlanReported
from streams.core.ledger import EntryRecord, ExitRecord, OrderState
from streams.core.values import E8, Side

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


def gaps(*story: tuple[int, Any]) -> tuple[list[tuple[int, int]], float]:
    """The gaps that ended, and the seconds of the one that is open, at 10 s."""
    audit, coverage, ended = Audit(), Coverage(), list[tuple[int, int]]()
    for offset, (time, message) in enumerate(story):
        if isinstance(message, Filled):
            book = audit.book(ACCOUNT, SYMBOL)
            book.take(message, Place("order.fill", 0, offset, time))
            gap = coverage.filled(book, time)
        else:
            gap = coverage.take(message, time)
        ended += [(gap.since, gap.until)] if gap else []
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
    assert gaps(*story) == expected
