"""A fill in the book, by whole values. Held is a long of 1 at 100 of the intent i1; its stop rests at 98.5 behind the guard, a target at 103."""
from typing import Any

import msgspec
import pytest

from streams.core.book import TRADES_KEPT, Book, Entry, UnderWay, snapshot
from streams.core.commands import Plan, PlanStep, Step
from streams.core.events import Filled
from streams.core.fills import booked
from streams.core.ids import position_id
from streams.core.market import Market
from streams.core.positions import Held
from streams.core.protected import Position, Resting, Target
from streams.core.values import PPM, Side, e8
from streams.core.words import Exit
from tests import make

NOW, SEQ, ONE = 90_000, 12, e8("1")
MARKET = Market(make.INSTRUMENT, mark_believed=e8("101"))
replace = msgspec.structs.replace


def name(leg: str, number: int = 0) -> str:
    return f"qs-{leg}.{number}-aaaaaaaaaaaaaaaa"


STOP = Resting(name("stop"), "stop", e8("98.5"), ONE, Exit.BREAK_EVEN)
TARGET = Resting(name("target"), "target", e8("103"), ONE, Exit.TARGET)
GUARD = Resting(name("guard"), "guard", e8("98"), 0, Exit.STOP)
HELD = Position(
    Held(ONE, e8("100"), "p-1"), "i1", opened_at=5, policy=make.PLAIN, stop_first=e8("98"), risk=e8("2"), stop_price=e8("98.5"), stop_why=Exit.TRAIL,
    targets=(Target("target", e8("103"), PPM),), guard=GUARD, resting=(STOP, TARGET), best=e8("100"),
)
BOOK = Book("main", HELD, trades=("t0",))
ENTRY = Entry(make.intent("i1", "BUY", source="bot", model="m"), make.entry_id("i1"), Side.BUY, e8("98"), HELD.targets, make.PLAIN)


def fill(side: str, quantity: str, price: str, which: str, trade: str = "t1") -> Filled:
    return make.fill(side, quantity, price, which, trade)


def after(book: Book, one: Filled) -> Book:
    changed, told = booked(book, one, MARKET, SEQ, NOW)
    position = changed.position
    if position is not None:
        assert told[-1] == snapshot(changed, make.SYMBOL, SEQ, MARKET)
    return changed


def test_a_known_trade_changes_nothing() -> None:
    assert booked(BOOK, fill("sell", "1", "98", name("guard"), "t0"), MARKET, SEQ, NOW) == (BOOK, ())


@pytest.mark.parametrize(("which", "resting", "targets", "why"), [
    pytest.param(name("stop"), (replace(STOP, quantity=e8("0.6")), TARGET), HELD.targets, Exit.BREAK_EVEN, id="a stop, and why it was placed"),
    pytest.param(name("target"), (STOP, replace(TARGET, quantity=e8("0.6"))), HELD.targets, Exit.TARGET, id="a target, in part"),
    pytest.param(name("stop", 7), (STOP, TARGET), HELD.targets, Exit.TRAIL, id="a stop of long ago: why the last was wanted"),
    pytest.param(name("exit"), (STOP, TARGET), HELD.targets, Exit.CLOSE, id="a part"),
    pytest.param(name("guard"), (STOP, TARGET), HELD.targets, Exit.GUARD, id="the guard, although a stop rested before it"),
    pytest.param(name("target", 7), (STOP, TARGET), HELD.targets, Exit.TARGET, id="an older target, while one rests"),
    pytest.param("web_1", (STOP, TARGET), HELD.targets, Exit.STRANGER, id="somebody else"),
    pytest.param("adl_autoclose", (STOP, TARGET), HELD.targets, Exit.LIQUIDATION, id="the venue"),
])
def test_what_is_left_after_a_part(which: str, resting: Any, targets: Any, why: Exit) -> None:  # noqa: ANN401
    position = replace(HELD, held=Held(e8("0.6"), e8("100"), "p-1"), realised=e8("0.4"), resting=resting, targets=targets, exit=why)
    assert after(BOOK, fill("sell", "0.4", "101", which)) == replace(BOOK, position=position, trades=("t0", "t1"))


def test_the_last_of_an_order_rests_no_more_and_its_target_is_done() -> None:
    doubled = replace(HELD, held=Held(2 * ONE, e8("100"), "p-1"))
    told = after(replace(BOOK, position=doubled), fill("sell", "1", "103", name("target"))).position
    assert told == replace(doubled, held=Held(ONE, e8("100"), "p-1"), realised=e8("3"), resting=(STOP,), targets=(), exit=Exit.TARGET)
    least = replace(HELD, resting=(replace(STOP, quantity=e8("0.4") + 1), TARGET))
    left = after(replace(BOOK, position=least), fill("sell", "0.4", "101", name("stop"))).position
    assert left is not None
    assert left.resting == (replace(STOP, quantity=1), TARGET)


PLAN = Plan("main", make.SYMBOL, "p-1", 4, Side.SELL, (PlanStep(Step.PLACE_STOP, name("stop", 1), ONE),), Exit.TRAIL, NOW)
NEXT, SOLD = Resting(name("stop", 1), "stop", e8("99"), ONE, Exit.STOP), Resting(name("rung0"), "rung0", 0, e8("0.5"), Exit.TARGET)


def test_what_is_under_way_may_fill_before_its_answer() -> None:
    asked = replace(BOOK, under_way=UnderWay(PLAN, (NEXT,), (SOLD,)))
    by_stop = after(asked, fill("sell", "0.4", "99", name("stop", 1)))
    assert by_stop.under_way == UnderWay(PLAN, (replace(NEXT, quantity=e8("0.6")),), (SOLD,))
    assert by_stop.position is not None
    assert by_stop.position.exit is Exit.STOP                       # as it was placed, not as the last one was
    ladder = replace(asked, position=replace(HELD, targets=(Target("rung0", e8("102"), PPM),)))
    by_rung = after(ladder, fill("sell", "0.4", "102", name("rung0")))
    assert by_rung.under_way == UnderWay(PLAN, (NEXT,), (replace(SOLD, quantity=e8("0.1")),))
    assert by_rung.position is not None
    assert by_rung.position.targets == (Target("rung0", e8("102"), PPM),)      # a tenth of it is still being sold


@pytest.mark.parametrize(("which", "due", "left"), [
    (name("stop"), "1", "0.6"), (name("target"), "0.4", "0"), (name("guard"), "0.3", "0"), (name("exit"), "0", "0"), ("web_1", "1", "1"),
    (make.entry_id("i9"), "1", "1"),
])
def test_fills_that_were_awaited_are_awaited_no_more(which: str, due: str, left: str) -> None:
    assert after(replace(BOOK, fills_due=e8(due), fills_until=NOW + 1), fill("sell", "0.4", "99", which)).fills_due == e8(left)


def test_the_last_trades_are_known() -> None:
    book = BOOK
    for number in range(1, TRADES_KEPT + 3):
        book = after(book, fill("buy", "0.001", "100", "web_1", f"t{number}"))
    assert book.trades == tuple(f"t{number}" for number in range(3, TRADES_KEPT + 3))


# ------------------------------------------------------------------------------------------------ what opens and what grows


def opened(**changes: Any) -> Position:  # noqa: ANN401
    mine = Position(
        Held(ONE, e8("99"), position_id("main", make.SYMBOL, "t1")), "i1", opened_at=NOW, policy=make.PLAIN, stop_first=e8("98"), risk=e8("1"),
        targets=ENTRY.targets, best=e8("99"), source="bot", model="m", stop_price=e8("98"),
    )
    return replace(mine, **changes)


def test_an_entry_opens_a_position_with_what_it_brings() -> None:
    working = Book("main", entry=ENTRY)
    one = fill("buy", "1", "99", ENTRY.client_order_id)
    assert after(working, one) == Book("main", opened(), entry=replace(ENTRY, filled=ONE), trades=("t1",))
    guarded = replace(ENTRY, guard=GUARD)
    assert after(replace(working, entry=guarded), one).position == opened(guard=GUARD)
    over = Book("main", ended=replace(ENTRY, filled=5))
    assert after(over, one) == Book("main", opened(), ended=replace(ENTRY, filled=ONE + 5), trades=("t1",))


def test_a_stranger_opens_a_position_with_nothing() -> None:
    nobodys = Position(Held(ONE, e8("99"), position_id("main", make.SYMBOL, "t1")), opened_at=NOW, best=e8("99"))
    assert after(Book("main"), fill("buy", "1", "99", "web_1")) == Book("main", nobodys, trades=("t1",))


@pytest.mark.parametrize(("stop", "price"), [("0", "98"), ("97", "98"), ("98", "98"), ("98.00000001", "98.00000001"), ("99", "99")])
def test_what_a_stranger_opened_becomes_ours_at_the_tighter_stop(stop: str, price: str) -> None:
    theirs = Position(Held(ONE, e8("101"), "p-9"), opened_at=5, stop_first=e8(stop), stop_price=e8(stop), best=e8("101"))
    position = after(Book("main", theirs, entry=ENTRY), fill("buy", "1", "99", ENTRY.client_order_id)).position
    assert position == opened(held=Held(2 * ONE, e8("100"), "p-9"), opened_at=5, stop_price=e8(price), risk=e8("2"), best=e8("101"))


def test_r_follows_the_first_entry_alone() -> None:
    first = replace(BOOK, entry=ENTRY)
    grown = after(first, fill("buy", "1", "102", ENTRY.client_order_id)).position
    assert grown == replace(HELD, held=Held(2 * ONE, e8("101"), "p-1"), risk=e8("3"))
    added = replace(ENTRY, intent=make.intent("i2", "BUY"), client_order_id=make.entry_id("i2"))
    assert after(replace(BOOK, entry=added), fill("buy", "1", "102", make.entry_id("i2"))).position == replace(HELD, held=grown.held)


def test_a_fill_through_zero_opens_another_position() -> None:
    book = replace(BOOK, under_way=UnderWay(PLAN), plan_after=7, fills_due=3, legs={"stop": 2}, closing=Exit.CLOSE)
    changed, (ended, begun) = booked(book, fill("sell", "3", "101", "web_1"), MARKET, SEQ, NOW)
    theirs = Position(Held(-2 * ONE, e8("101"), position_id("main", make.SYMBOL, "t1")), opened_at=NOW, best=e8("101"))
    assert changed == Book("main", theirs, trades=("t0", "t1"), left=changed.left)
    assert (ended.position_id, ended.exit, ended.realised_pnl, ended.closed_at) == ("p-1", Exit.STRANGER, e8("1"), NOW)
    assert begun == snapshot(changed, make.SYMBOL, SEQ, MARKET)
    assert begun.symbol == make.SYMBOL
