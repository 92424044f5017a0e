"""What the gateway says, and the book after it. The position is a long of 1 at 100 with its guard at 98, a stop at 99 and a target at 103."""
from typing import Any

import msgspec
import pytest

from streams.core.book import Book, Entry, UnderWay
from streams.core.commands import Note, Plan, PlanStep, Step
from streams.core.entry import Cover
from streams.core.positions import Held
from streams.core.protected import Position, Resting, Target
from streams.core.reports import FILLS_WAIT_MS, REFUSED_WAIT_MS, entry_reported, exit_reported, plan_reported, unmoved
from streams.core.values import PPM, Side, e8
from streams.core.words import EntryState, Exit
from tests import make

NOW, ONE = 1_000, e8("1")
replace = msgspec.structs.replace


def name(leg: str, number: int = 0) -> str:
    return f"qs-{leg}.{number}-aaaaaaaaaaaaaaaa"


GUARD = Resting(name("guard"), "guard", e8("98"), 0, Exit.STOP)
STOP = Resting(name("stop"), "stop", e8("99"), ONE, Exit.TRAIL)
TARGET = Resting(name("target"), "target", e8("103"), ONE, Exit.TARGET)
HELD = Position(
    Held(ONE, e8("100"), "p-1"), "i1", stop_first=e8("98"), stop_price=e8("99"), risk=e8("2"), targets=(Target("target", e8("103"), PPM),),
    guard=GUARD, resting=(STOP, TARGET),
)
BOOK = Book("main", HELD)


def entry(**changes: Any) -> Entry:  # noqa: ANN401
    return replace(Entry(make.intent("i1", "BUY"), make.entry_id("i1"), Side.BUY, e8("98"), (), make.PLAIN), **changes)


# ------------------------------------------------------------------------------------------------ a resting order changed


def reported(state: str, which: str, price: str = "0", book: Book = BOOK) -> Book:
    return exit_reported(book, make.exit_report("p-1", which, state, price), NOW)


@pytest.mark.parametrize(("which", "price", "stop", "resting", "target"), [
    pytest.param(STOP, "99.5", "99.5", ("99.5", "103"), "103", id="a tighter stop is taken over"),
    pytest.param(STOP, "98.5", "99", ("98.5", "103"), "103", id="a looser one is not"),
    pytest.param(STOP, "99.00000001", "99.00000001", ("99.00000001", "103"), "103", id="tighter by the least"),
    pytest.param(STOP, "99", "99", ("99", "103"), "103", id="where it was"),
    pytest.param(STOP, "0", "99", ("99", "103"), "103", id="no price is none"),
    pytest.param(TARGET, "102", "99", ("99", "102"), "102", id="a target, and it stays there"),
])
def test_a_person_moves_an_order(which: Resting, price: str, stop: str, resting: tuple[str, str], target: str) -> None:
    after = reported("WORKING", which.client_order_id, price)
    moved = tuple(replace(order, price=e8(at)) for order, at in zip((STOP, TARGET), resting, strict=True))
    assert after == replace(BOOK, position=replace(HELD, stop_price=e8(stop), resting=moved, targets=(Target("target", e8(target), PPM),)))


def test_a_short_mirrors_it() -> None:
    short = replace(HELD, held=Held(-ONE, e8("100"), "p-1"), stop_price=e8("101"), resting=(replace(STOP, price=e8("101")),), targets=())
    for price, stop in (("100.5", "100.5"), ("101.5", "101")):
        after = reported("WORKING", STOP.client_order_id, price, replace(BOOK, position=short)).position
        assert after == replace(short, stop_price=e8(stop), resting=(replace(STOP, price=e8(price)),))


def test_a_moved_stop_of_a_position_that_wanted_none_is_its_stop() -> None:
    stranger = replace(HELD, intent_id="", stop_first=0, stop_price=0, targets=())
    for order, stop in ((STOP, "97"), (TARGET, "0")):
        after = reported("WORKING", order.client_order_id, "97", replace(BOOK, position=stranger)).position
        moved = tuple(replace(one, price=e8("97")) if one is order else one for one in (STOP, TARGET))
        assert after == replace(stranger, stop_price=e8(stop), resting=moved)


def test_a_guard_set_anew_is_the_guard() -> None:
    after = reported("WORKING", name("guard", 1), "97", replace(BOOK, position=replace(HELD, guard=None)))
    assert after == replace(BOOK, position=replace(HELD, guard=Resting(name("guard", 1), "guard", e8("97"), 0, Exit.STOP)))


@pytest.mark.parametrize(("state", "which", "due"), [
    pytest.param("FINISHED", STOP, ONE, id="a stop did its work: its fills are awaited"),
    pytest.param("FINISHED", GUARD, ONE, id="the guard sells all that is held"),
    pytest.param("CANCELLED", STOP, 0, id="cancelled: nothing is awaited"),
    pytest.param("EXPIRED", GUARD, 0, id="the guard expired"),
    pytest.param("REJECTED", TARGET, 0, id="rejected"),
])
def test_an_order_that_is_gone(state: str, which: Resting, due: int) -> None:
    after = reported(state, which.client_order_id)
    position = replace(HELD, guard=None if which is GUARD else GUARD, resting=tuple(order for order in HELD.resting if order is not which))
    assert after == replace(BOOK, position=position, fills_due=due, fills_until=NOW + FILLS_WAIT_MS if due else 0)


def test_what_fills_are_awaited_is_of_that_order_alone() -> None:
    part = replace(BOOK, position=replace(HELD, resting=(replace(STOP, quantity=e8("0.25")), TARGET)))
    assert reported("FINISHED", STOP.client_order_id, book=part).fills_due == e8("0.25")
    assert reported("FINISHED", name("stop", 7), book=BOOK) == BOOK


@pytest.mark.parametrize("state", ["TRIGGERED", "NEW"])
def test_what_is_on_its_way_changes_nothing(state: str) -> None:
    assert reported(state, STOP.client_order_id) is BOOK


def test_a_guard_that_is_gone_is_no_longer_its_entrys() -> None:
    flat = Book("main", entry=entry(guard=GUARD))
    assert reported("FINISHED", GUARD.client_order_id, book=flat) == Book("main", entry=entry())
    assert reported("FINISHED", STOP.client_order_id, book=flat) == flat


# ------------------------------------------------------------------------------------------------ the answer to a plan


NEXT, RUNG = Resting(name("stop", 1), "stop", e8("99.5"), ONE, Exit.TRAIL), Resting(name("rung0"), "rung0", 0, e8("0.5"), Exit.TARGET)
PLAN = Plan("main", make.SYMBOL, "p-1", 4, Side.SELL, (
    PlanStep(Step.PLACE_STOP, NEXT.client_order_id, ONE, e8("99.5")), PlanStep(Step.REDUCE, RUNG.client_order_id, e8("0.5")),
    PlanStep(Step.CANCEL, STOP.client_order_id),
), Exit.TRAIL, NOW)
LADDER = replace(HELD, targets=(Target("rung0", e8("102"), 500_000), Target("rung1", e8("103"), 500_000)), resting=(STOP,))
ASKED = Book("main", LADDER, under_way=UnderWay(PLAN, (NEXT,), (RUNG,)), revision=5, plan_after=7)


def test_all_was_done() -> None:
    answer = make.answer("p-1", 4, accepted=(NEXT.client_order_id, RUNG.client_order_id), cancelled=(STOP.client_order_id,))
    assert plan_reported(ASKED, answer, NOW) == (replace(
        ASKED, under_way=None, plan_after=0, position=replace(LADDER, resting=(NEXT,), targets=LADDER.targets[1:]), fills_due=e8("0.5"),
        fills_until=NOW + FILLS_WAIT_MS,
    ), False)


def test_the_stop_was_refused_and_nothing_else_was_tried() -> None:
    answer = make.answer("p-1", 4, refused=(NEXT.client_order_id,))
    assert plan_reported(ASKED, answer, NOW) == (replace(ASKED, under_way=None, plan_after=NOW + REFUSED_WAIT_MS), True)


def test_a_rung_was_refused() -> None:
    answer = make.answer("p-1", 4, accepted=(NEXT.client_order_id,), refused=(RUNG.client_order_id,), cancelled=(STOP.client_order_id,))
    after, refused_stop = plan_reported(ASKED, answer, NOW)
    assert (after, refused_stop) == (replace(
        ASKED, under_way=None, plan_after=NOW + REFUSED_WAIT_MS, position=replace(LADDER, resting=(NEXT,)),
    ), False)


def test_the_old_stop_could_not_be_cancelled_and_rests_beside_the_new_one() -> None:
    answer = make.answer("p-1", 4, accepted=(NEXT.client_order_id, RUNG.client_order_id))
    after, _ = plan_reported(ASKED, answer, NOW)
    assert after.position is not None
    assert (after.position.resting, after.plan_after) == ((STOP, NEXT), NOW + REFUSED_WAIT_MS)


def test_a_stale_plan_did_nothing_and_refused_nothing() -> None:
    answer = make.answer("p-1", 4, refused=(NEXT.client_order_id,), stale=True)
    assert plan_reported(ASKED, answer, NOW) == (replace(ASKED, under_way=None, plan_after=NOW + REFUSED_WAIT_MS), False)


def test_it_is_flat_by_the_time_of_the_answer() -> None:
    flat = replace(ASKED, position=None)
    answer = make.answer("p-1", 4, refused=(NEXT.client_order_id,))
    assert plan_reported(flat, answer, NOW) == (replace(flat, under_way=None, plan_after=NOW + REFUSED_WAIT_MS), False)


@pytest.mark.parametrize(("position_id", "revision", "book"), [("p-1", 3, ASKED), ("p-0", 4, ASKED), ("p-1", 4, BOOK)])
def test_an_answer_to_another_plan_is_none(position_id: str, revision: int, book: Book) -> None:
    assert plan_reported(book, make.answer(position_id, revision, refused=(NEXT.client_order_id,)), NOW) == (book, False)


# ------------------------------------------------------------------------------------------------ an entry


def test_a_guard_covers_the_entry_and_what_it_opened() -> None:
    guard = Resting(make.guard_id("i1"), "guard", e8("98"), 0, Exit.STOP)
    bare = Book("main", replace(HELD, guard=None), entry=entry(state=EntryState.WORKING))
    told = make.entry("i1", "PROTECTED", guard_price="98")
    covered = replace(bare, position=replace(HELD, guard=guard), entry=entry(state=EntryState.WORKING, guard=guard, cover=Cover.PROTECTED))
    assert entry_reported(bare, told) == covered
    assert entry_reported(replace(bare, entry=None), told) == replace(covered, entry=None)
    assert entry_reported(replace(bare, position=BOOK.position), told).position == HELD             # one that is guarded keeps its guard
    other = replace(HELD, guard=None, intent_id="i0")
    assert entry_reported(replace(bare, position=other), told).position == other                    # another's is none of its


def test_what_done_named_first_holds() -> None:
    done = entry_reported(Book("main", entry=entry()), make.entry("i1", "DONE", filled="1"))
    assert done == Book("main", entry=entry(state=EntryState.DONE, quantity_done=ONE))
    assert entry_reported(done, make.entry("i1", "DONE", filled="2")) == done
    assert entry_reported(done, make.entry("i1", "EXPIRED")) == done


def test_a_close_ends_with_the_entry_that_it_was_for() -> None:
    ends = make.entry("i1", "REFUSED")
    alone = Book("main", entry=entry(), closing=Exit.CLOSE)
    assert entry_reported(alone, ends) == Book("main", ended=entry(state=EntryState.REFUSED))
    holding = replace(alone, position=HELD)
    assert entry_reported(holding, ends) == replace(holding, entry=None, ended=entry(state=EntryState.REFUSED))
    assert entry_reported(alone, make.entry("i1", "SENT")) == replace(alone, entry=entry(state=EntryState.SENT))


@pytest.mark.parametrize(("state", "told", "note"), [
    (EntryState.WORKING, "REFUSED", Note("STATE_IMPOSSIBLE", "REFUSED after WORKING")),
    (EntryState.WORKING, "SENT", Note("REPEATED", "the entry is WORKING already")),
    (EntryState.WORKING, "PROTECTED", Note("REPEATED", "the entry is WORKING already")),
])
def test_why_a_report_changed_nothing(state: EntryState, told: str, note: Note) -> None:
    assert unmoved(Book("main", entry=entry(state=state)), make.entry("i1", told)) == note
    unknown = Note("ENTRY_UNKNOWN", f"{told} of an entry that is not in flight")
    assert unmoved(Book("main", entry=entry(state=state)), make.entry("i2", told)) == unknown
    assert unmoved(Book("main"), make.entry("i1", told)) == unknown
