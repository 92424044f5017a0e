"""When a plan is made, by which price, and what it carries."""
from typing import Any

import msgspec
import pytest

from streams.core.book import Book, UnderWay
from streams.core.commands import Plan, PlanStep, Step
from streams.core.exits import Wanted
from streams.core.ids import client_order_id
from streams.core.market import Market
from streams.core.planning import manageable, planned, price_believed, price_of, wish
from streams.core.positions import Held
from streams.core.protected import Position, Resting
from streams.core.settings import Policy
from streams.core.values import Side, e8
from streams.core.words import Exit
from tests import make

replace = msgspec.structs.replace
ONE, NOW = e8("1"), 90_000
GUARD = Resting("g", "guard", e8("98"), 0, Exit.STOP)
HELD = Position(Held(ONE, e8("100"), "p-1"), "i1", policy=Policy(), stop_first=e8("98"), stop_price=e8("98"), risk=e8("2"), guard=GUARD)
BOOK = Book("main", HELD, revision=4, legs={"stop": 2})
MARKET = Market(make.INSTRUMENT, e8("102"), e8("101.99"), e8("102.01"), e8("101.5"), mark_time=NOW - 5_000, believed=True)
WANT = Wanted(e8("101"), Exit.TRAIL)
OTHER = Plan("main", make.SYMBOL, "p-1", 3, Side.SELL, (), Exit.TRAIL, 0)


@pytest.mark.parametrize(("trigger", "price"), [("CONTRACT_PRICE", "102"), ("MARK_PRICE", "101.5")])
def test_a_trigger_goes_by_its_price(trigger: str, price: str) -> None:
    position = replace(HELD, policy=Policy(trigger=trigger))
    assert price_of(MARKET, position) == e8(price)
    assert price_believed(MARKET, position, NOW, 5_000) == e8(price)
    assert price_believed(MARKET, position, NOW + 1, 5_000) == 0                          # too old by a millisecond
    assert price_believed(replace(MARKET, believed=False), position, NOW, 5_000) == 0


@pytest.mark.parametrize(("change", "may"), [
    pytest.param({}, True, id="ours and guarded"),
    pytest.param({"position": None}, False, id="nothing is held"),
    pytest.param({"closing": Exit.CLOSE}, False, id="it is being closed"),
    pytest.param({"under_way": UnderWay(OTHER)}, False, id="a plan is under way"),
    pytest.param({"fills_due": 1, "fills_until": NOW + 1}, False, id="fills are on their way"),
    pytest.param({"fills_due": 1, "fills_until": NOW}, True, id="they have not come in time"),
    pytest.param({"position": replace(HELD, guard=None)}, False, id="ours, without a guard"),
    pytest.param({"position": replace(HELD, intent_id="", guard=None)}, False, id="a stranger's"),
])
def test_when_it_may_be_planned(change: dict[str, Any], may: bool) -> None:  # noqa: FBT001  (a row)
    book = replace(BOOK, **change)
    assert manageable(book, NOW, adopt=False) == may
    assert wish(book, MARKET, NOW, adopt=False) == (Wanted(e8("98"), Exit.STOP) if may else None)
    assert wish(book, replace(MARKET, instrument=None), NOW, adopt=False) is None


def test_a_strangers_where_it_is_adopted() -> None:
    book = replace(BOOK, position=replace(HELD, intent_id="", guard=None))
    assert (manageable(book, NOW, adopt=True), wish(book, MARKET, NOW, adopt=True)) == (True, Wanted(e8("98"), Exit.STOP))


def test_what_a_plan_carries_and_leaves_in_the_book() -> None:
    name = client_order_id("main", make.SYMBOL, "p-1", "stop", 2)
    plan = Plan(
        "main", make.SYMBOL, "p-1", 4, Side.SELL, (PlanStep(Step.PLACE_STOP, name, ONE, e8("101"), "CONTRACT_PRICE"),), Exit.TRAIL, NOW, NOW - 7,
    )
    under_way = UnderWay(plan, (Resting(name, "stop", e8("101"), ONE, Exit.TRAIL),))
    position = replace(HELD, stop_price=e8("101"), stop_why=Exit.TRAIL)
    assert planned(BOOK, WANT, e8("102"), make.INSTRUMENT, NOW, NOW - 7) == (
        replace(BOOK, position=position, under_way=under_way, revision=5, legs={"stop": 3}), plan,
    )


@pytest.mark.parametrize(("book", "want", "price", "known"), [
    pytest.param(BOOK, None, "102", True, id="nothing may be placed"),
    pytest.param(replace(BOOK, plan_after=NOW + 1), WANT, "102", True, id="the last was refused a moment ago"),
    pytest.param(BOOK, WANT, "102", False, id="no filters"),
    pytest.param(replace(BOOK, position=None), WANT, "102", True, id="nothing is held"),
    pytest.param(BOOK, Wanted(e8("98"), Exit.STOP), "102", True, id="what is wanted rests"),
    pytest.param(BOOK, WANT, "0", True, id="no price can be believed: nothing is tightened"),
])
def test_no_plan(book: Book, want: Wanted | None, price: str, known: bool) -> None:  # noqa: FBT001  (a row)
    assert planned(book, want, e8(price), make.INSTRUMENT if known else None, NOW, 0) == (book, None)


def test_without_a_price_what_rests_still_follows_the_quantity() -> None:
    resting = Resting("s", "stop", e8("99"), e8("0.5"), Exit.TRAIL)
    book = replace(BOOK, position=replace(HELD, resting=(resting,), stop_price=e8("100.5"), stop_why=Exit.BREAK_EVEN))
    after, plan = planned(book, WANT, 0, make.INSTRUMENT, NOW, 0)
    assert plan is not None
    assert [(step.step, step.quantity, step.trigger_price) for step in plan.steps] == [(Step.PLACE_STOP, ONE, e8("99")), (Step.CANCEL, 0, 0)]
    assert after.position is not None
    assert (after.position.stop_price, after.position.stop_why) == (e8("100.5"), Exit.BREAK_EVEN)      # what was wanted is not forgotten
