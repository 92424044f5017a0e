"""CLOSE and CANCEL. First how much of a position a CLOSE of a part is: held is 1, the venue takes no less than 0.01 and no less than 5 quote."""
from typing import Any

import msgspec
import pytest

from streams.core.book import Book, Entry, UnderWay, Waiting
from streams.core.commands import Close, Denial, Deny, Plan, PlanStep, Step, Withdraw
from streams.core.events import Intent
from streams.core.ids import client_order_id
from streams.core.leaving import ATTEMPTS, cancelling, closed, closing
from streams.core.market import Market
from streams.core.positions import Held
from streams.core.protected import Position, Resting
from streams.core.symbol import new, step
from streams.core.values import Side, decimal, e8, ppm
from streams.core.words import Exit
from tests import make

COARSE: dict[str, Any] = {"quantity_min": e8("0.01"), "quantity_step": e8("0.001")}


@pytest.mark.parametrize(
    ("part", "price", "answer"),
    [
        pytest.param("0", "100", "close", id="no part is all"),
        pytest.param("1", "100", "close", id="so is the whole"),
        pytest.param("0.5", "100", "0.5", id="a half"),
        pytest.param("0.3337", "100", "0.333", id="down to the step"),
        pytest.param("0.01", "100", "0.01", id="the least that the venue takes"),
        pytest.param("0.0099", "100", "QUANTITY_BELOW_MINIMUM", id="less than that"),
        pytest.param("0.0009", "100", "QUANTITY_BELOW_STEP", id="less than a step"),
        pytest.param("0.000001", "100", "QUANTITY_BELOW_STEP", id="the least part is none, and not all"),
        pytest.param("0.95", "100", "0.95", id="5 quote are left"),
        pytest.param("0.951", "100", "close", id="less would be left than the venue takes"),
        pytest.param("0.9899", "1000", "0.989", id="0.011 are left, worth 11"),
        pytest.param("0.99", "1000", "0.99", id="the least is left that the venue takes"),
        pytest.param("0.991", "1000", "close", id="0.009 would be left"),
    ],
)
def test_a_part(part: str, price: str, answer: str) -> None:
    state = new(make.SYMBOL)
    for body in (msgspec.structs.replace(make.INSTRUMENT, **COARSE), make.tick(price), make.fill("buy", "1", "100", "web_1", "t1")):
        state, _ = step(state, make.seen(body), make.SETTINGS)
    _, (said,) = step(state, make.seen(make.intent("c1", "CLOSE", partial_ppm=ppm(part))), make.SETTINGS)
    match said:
        case Plan():
            assert [decimal(one.quantity) for one in said.steps] == [answer]
        case Deny():
            assert said.reason.value == answer
        case _:
            assert isinstance(said, Close)
            assert answer == "close"


def test_no_part_is_sold_without_filters() -> None:
    state, _ = step(new(make.SYMBOL), make.seen(make.fill("buy", "1", "100", "web_1", "t1")), make.SETTINGS)
    _, outputs = step(state, make.seen(make.intent("c1", "CLOSE", partial_ppm=ppm("0.5"))), make.SETTINGS)
    assert [output.reason for output in outputs if isinstance(output, Deny)] == ["SYMBOL_NOT_LISTED"]
    _, outputs = step(state, make.seen(make.intent("c1", "CLOSE")), make.SETTINGS)
    assert [type(output) for output in outputs] == [Close]


# ------------------------------------------------------------------------------------------------ whole outputs


NOW = 90_000
MARKET = Market(make.INSTRUMENT, last=e8("100"), bid=e8("100"), ask=e8("100"), mark=e8("100"), mark_time=NOW, believed=True)
HELD = Position(Held(e8("1"), e8("100"), "p-1"), "i1", stop_first=e8("98"), risk=e8("2"))
ENTRY = Entry(make.intent("i2", "BUY"), "x", Side.BUY, e8("98"), (), make.PLAIN)
UNDER_WAY = UnderWay(Plan("main", make.SYMBOL, "p-1", 6, Side.SELL, (), Exit.TRAIL, NOW))
BOOK = Book("main", HELD, revision=7, legs={"exit": 2}, under_way=UNDER_WAY)
CLOSE, CANCEL = make.intent("c1", "CLOSE"), make.intent("c1", "CANCEL")
HALF = make.intent("c1", "CLOSE", partial_ppm=500_000)
WAITS = Waiting(make.intent("i3", "BUY"), NOW - 1)
replace = msgspec.structs.replace


def exit_id(owner: str, revision: int) -> str:
    return client_order_id("main", make.SYMBOL, owner, "exit", revision)


@pytest.mark.parametrize(("change", "position_id", "intents", "owner"), [
    pytest.param({}, "p-1", (), "p-1", id="what is held"),
    pytest.param({"entry": ENTRY}, "p-1", ("i2",), "p-1", id="and what is in flight"),
    pytest.param({"entry": ENTRY, "position": None}, "", ("i2",), "i2", id="nothing but an entry"),
])
def test_a_close_is_a_standing_wish_that_ends_all_planning(change: dict[str, Any], position_id: str, intents: tuple[str, ...], owner: str) -> None:
    book = replace(BOOK, **change)
    close = Close("main", make.SYMBOL, position_id, 7, intents, exit_id(owner, 2), Exit.TIME, NOW, 5)
    assert closed(book, make.SYMBOL, Exit.TIME, NOW, 5) == (
        replace(book, closing=Exit.TIME, under_way=None, revision=8, legs={"exit": 2 + ATTEMPTS}), close,
    )
    by_intent = replace(close, reason=Exit.CLOSE, tick_time=0)
    assert closing(book, CLOSE, make.SYMBOL, MARKET, NOW)[1] == (by_intent,)
    assert closing(book, replace(CLOSE, reason=Exit.FLATTEN), make.SYMBOL, MARKET, NOW)[1] == (replace(by_intent, reason=Exit.FLATTEN),)


def test_a_part_is_a_step_of_a_plan() -> None:
    book = replace(BOOK, under_way=None)
    name = exit_id("p-1", 2)
    plan = Plan("main", make.SYMBOL, "p-1", 7, Side.SELL, (PlanStep(Step.REDUCE, name, e8("0.5")),), Exit.CLOSE, NOW)
    under_way = UnderWay(plan, selling=(Resting(name, "exit", 0, e8("0.5"), Exit.CLOSE),))
    assert closing(book, HALF, make.SYMBOL, MARKET, NOW) == (replace(book, under_way=under_way, revision=8, legs={"exit": 3}), (plan,))


@pytest.mark.parametrize("change", [{}, {"under_way": None, "fills_due": 1, "fills_until": NOW + 1}])
def test_a_part_waits_for_what_is_under_way(change: dict[str, Any]) -> None:
    book = replace(BOOK, **change)
    assert closing(book, HALF, make.SYMBOL, MARKET, NOW) == (replace(book, waiting=Waiting(HALF, NOW)), ())


def no(intent_id: str, reason: Denial, detail: str) -> Deny:
    return Deny("main", make.SYMBOL, intent_id, reason, detail)


@pytest.mark.parametrize(("book", "intent", "said"), [
    pytest.param(replace(BOOK, closing=Exit.CLOSE), HALF, [no("c1", Denial.POSITION_MISSING, "all of it is being closed already")], id="a part"),
    pytest.param(replace(BOOK, waiting=WAITS), HALF, [no("c1", Denial.ENTRY_IN_FLIGHT, "i3 waits to be worked first")], id="a part, after another"),
    pytest.param(Book("main"), CLOSE, [no("c1", Denial.POSITION_MISSING, "nothing is held or in flight")], id="a close of nothing"),
    pytest.param(Book("main"), CANCEL, [no("c1", Denial.ENTRY_MISSING, "no entry is working")], id="a cancel of nothing"),
])
def test_what_cannot_be_left(book: Book, intent: Intent, said: list[Deny]) -> None:
    acted = cancelling(book, intent, make.SYMBOL, NOW) if intent is CANCEL else closing(book, intent, make.SYMBOL, MARKET, NOW)
    assert acted == (book, tuple(said))


@pytest.mark.parametrize(("part_ppm", "least", "said"), [
    pytest.param(900, "0.001", no("c1", Denial.QUANTITY_BELOW_STEP, "that part of 1 is less than a step of 0.001"), id="no step"),
    pytest.param(5_000, "0.01", no("c1", Denial.QUANTITY_BELOW_MINIMUM, "0.005 is less than 0.01"), id="less than the venue takes"),
    pytest.param(5_000, "", no("c1", Denial.SYMBOL_NOT_LISTED, "the venue's filters have not come"), id="no filters"),
])
def test_why_a_part_cannot_be_sold(part_ppm: int, least: str, said: Deny) -> None:
    market = replace(MARKET, instrument=replace(make.INSTRUMENT, quantity_min=e8(least)) if least else None)
    assert closing(BOOK, make.intent("c1", "CLOSE", partial_ppm=part_ppm), make.SYMBOL, market, NOW) == (BOOK, (said,))


def test_what_waits_is_taken_back() -> None:
    waiting = Book("main", waiting=WAITS, flip=Waiting(make.intent("i4", "SELL"), NOW))
    taken = tuple(no(name, Denial.INTENT_WITHDRAWN, "taken back by CANCEL c1") for name in ("i3", "i4"))
    assert cancelling(waiting, CANCEL, make.SYMBOL, NOW) == (Book("main"), taken)
    taken = tuple(no(name, Denial.INTENT_WITHDRAWN, "taken back by CLOSE c1") for name in ("i3", "i4"))
    nothing = no("c1", Denial.POSITION_MISSING, "nothing is held or in flight")
    assert closing(waiting, CLOSE, make.SYMBOL, MARKET, NOW) == (Book("main"), (*taken, nothing))


def test_what_works_is_withdrawn() -> None:
    book = Book("main", entry=ENTRY)
    assert cancelling(book, CANCEL, make.SYMBOL, NOW) == (book, (Withdraw("main", make.SYMBOL, "i2", NOW),))
