"""Protection wanted against what rests. Each row is told for a long of 1 at 100 with its guard at 98; the test mirrors it into a short."""
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.core.commands import PlanStep, Step
from streams.core.exits import Wanted
from streams.core.positions import Held
from streams.core.protected import Position, Resting, Target, runner
from streams.core.protection import Where, change, sizes
from streams.core.settings import Policy
from streams.core.values import PPM, decimal, e8
from streams.core.words import Exit

STEP = e8("0.001")
HALVES = (Target("rung0", e8("102"), 500_000), Target("rung1", e8("104"), 500_000))
WHOLE = (Target("target", e8("103"), PPM),)


def across(price: int, sign: int) -> int:
    """A price of the long's world in the short's: mirrored at 100."""
    return price if sign > 0 or not price else e8("200") - price


def resting(leg: str, price: str, quantity: str, number: int = 0) -> Resting:
    return Resting(f"qs-{leg}.{number}-aaaaaaaaaaaaaaaa", leg, e8(price), e8(quantity), Exit.TRAIL if leg == "stop" else Exit.TARGET)


def position(sign: int, quantity: str, orders: tuple[Resting, ...], targets: tuple[Target, ...], *, guarded: bool) -> Position:
    guard = Resting("qs-guard.0-aaaaaaaaaaaaaaaa", "guard", across(e8("98"), sign), 0, Exit.STOP)
    return Position(
        Held(sign * e8(quantity), e8("100"), "p-1"), "i1", policy=Policy(), stop_first=across(e8("98"), sign), risk=e8("2"),
        targets=tuple(msgspec.structs.replace(target, price=across(target.price, sign)) for target in targets),
        guard=guard if guarded else None,
        resting=tuple(msgspec.structs.replace(order, price=across(order.price, sign)) for order in orders),
    )


def told(step: PlanStep, sign: int) -> str:
    name = step.client_order_id.split("-")[1]
    if step.step is Step.CANCEL:
        return f"cancel {name}"
    price = f" @{decimal(across(step.trigger_price, sign))}" if step.trigger_price else " at market"
    return f"{name} {decimal(step.quantity)}{price}"


ROWS = [
    # held, wanted stop, what rests, targets, price, the legs' counts -> steps
    pytest.param("1", "98", (), (), "101", {}, "", id="the guard is enough"),
    pytest.param("1", "97", (), (), "101", {}, "", id="looser than the guard is nothing"),
    pytest.param("1", "99", (), (), "101", {}, "stop.0 1 @99", id="tighter than the guard"),
    pytest.param("1", "98.04", (), (), "101", {}, "", id="not by the least step of 0.05 %"),
    pytest.param("1", "98.06", (), (), "101", {}, "stop.0 1 @98.06", id="by a little more"),
    pytest.param("1", "100", (resting("stop", "99", "1"),), (), "102", {"stop": 1}, "stop.1 1 @100, cancel stop.0", id="tighter than the stop"),
    pytest.param("1", "99", (resting("stop", "99", "1"),), (), "102", {"stop": 1}, "", id="it rests there"),
    pytest.param("2", "99", (resting("stop", "99", "1"),), (), "102", {"stop": 1}, "stop.1 2 @99, cancel stop.0", id="the position grew"),
    pytest.param("0.5", "99", (resting("stop", "99", "1"),), (), "102", {"stop": 1}, "stop.1 0.5 @99, cancel stop.0", id="the position shrank"),
    pytest.param("1", "101", (resting("stop", "99", "1"), resting("stop", "100", "1", 1)), (), "102", {"stop": 2},
                 "stop.2 1 @101, cancel stop.0, cancel stop.1", id="two rest, both go"),
    pytest.param("1", "98", (), WHOLE, "101", {}, "target.0 1 @103", id="a target"),
    pytest.param("1", "98", (resting("target", "103", "1"),), WHOLE, "101", {"target": 1}, "", id="the target rests"),
    pytest.param("1", "98", (resting("target", "103", "0.4"),), WHOLE, "101", {"target": 1}, "target.1 1 @103, cancel target.0", id="another size"),
    pytest.param("1", "98", (resting("target", "102.5", "1"),), WHOLE, "101", {"target": 1}, "", id="where a person wants it"),
    pytest.param("1", "98", (resting("target", "103", "1"),), (), "101", {"target": 1}, "cancel target.0", id="a target that nobody wants"),
    pytest.param("1", "99", (), WHOLE, "101", {}, "stop.0 1 @99, target.0 1 @103", id="the stop goes first"),
    pytest.param("1", "98", (), HALVES, "101", {}, "rung0.0 0.5 @102, rung1.0 0.5 @104", id="two rungs"),
    pytest.param("1", "98", (), HALVES, "102", {}, "rung1.0 0.5 @104, rung0.0 0.5 at market", id="a rung that was reached"),
    pytest.param("1", "98", (), HALVES, "0", {}, "rung0.0 0.5 @102, rung1.0 0.5 @104", id="no price to judge by"),
    pytest.param("0.5", "98", (resting("rung1", "104", "0.5"),), HALVES[1:], "102", {"rung0": 1, "rung1": 1}, "", id="one has filled"),
    pytest.param("0.8", "98", (resting("rung0", "102", "0.3"), resting("rung1", "104", "0.5")), HALVES, "102", {}, "", id="one has filled in part"),
    pytest.param("0.4", "98", (resting("rung0", "102", "0.5"), resting("rung1", "104", "0.5")), HALVES, "101", {"rung0": 1, "rung1": 1},
                 "rung0.1 0.2 @102, rung1.1 0.2 @104, cancel rung0.0, cancel rung1.0", id="somebody sold a part"),
    pytest.param("1", "98", (resting("rung0", "102", "0.5"),), HALVES, "101", {"rung0": 1, "rung1": 1}, "rung1.1 0.5 @104", id="one went missing"),
    pytest.param("1", "99", (resting("stop", "98.5", "1"), resting("rung1", "104", "1")), HALVES[1:], "102", {"stop": 3},
                 "stop.3 1 @99, cancel stop.0", id="the rung that is left takes all; the stop moves"),
]


@pytest.mark.parametrize("sign", [1, -1], ids=["long", "short"])
@pytest.mark.parametrize(("held", "stop", "orders", "targets", "price", "legs", "steps"), ROWS)
def test_the_steps(sign: int, held: str, stop: str, orders: Any, targets: Any, price: str, legs: Any, steps: str) -> None:  # noqa: ANN401
    want = Wanted(across(e8(stop), sign), Exit.TRAIL)
    after = change(Where("main", "BTCUSDT", STEP, across(e8(price), sign)), position(sign, held, orders, targets, guarded=True), want, legs)
    assert ", ".join(told(step, sign) for step in after.steps) == steps
    placed = [step.client_order_id for step in after.steps if step.step in {Step.PLACE_STOP, Step.PLACE_TARGET}]
    sold = [step.client_order_id for step in after.steps if step.step is Step.REDUCE]
    assert ([order.client_order_id for order in after.placing], [order.client_order_id for order in after.selling]) == (placed, sold)


MORE = [
    # guarded, wanted stop, what rests, targets, price, the most that one order may have -> steps
    pytest.param(True, "99", (), (), "101", "0.4", "stop.0 0.4 @99, stop.1 0.4 @99, stop.2 0.2 @99", id="a stop in parts"),
    pytest.param(True, "99", (resting("stop", "99", "0.4"), resting("stop", "99", "0.6", 1)), (), "101", "0.4", "", id="its parts rest"),
    pytest.param(True, "99", (resting("stop", "99", "0.4"),), (), "101", "0.5", "stop.0 0.5 @99, stop.1 0.5 @99, cancel stop.0",
                 id="a part is missing"),
    pytest.param(True, "100", (resting("stop", "99", "0.5"), resting("stop", "99", "0.5", 1)), (), "101", "0.9",
                 "stop.0 0.9 @100, stop.1 0.1 @100, cancel stop.0, cancel stop.1", id="all parts move"),
    pytest.param(True, "99", (), (), "101", "0.1", ", ".join(f"stop.{number} 0.1 @99" for number in range(10)), id="ten parts"),
    pytest.param(True, "99", (), (), "101", "0.099", "", id="eleven would be too many: the guard stands"),
    pytest.param(False, "99", (), (), "101", "0.099", "stop.0 1 @99", id="nothing stands: one, which is to size itself"),
    pytest.param(False, "100", (resting("stop", "99", "1"),), (), "101", "0.099", "", id="it stands, and cannot move"),
    pytest.param(True, "98", (), WHOLE, "101", "0.6", "target.0 0.6 @103, target.1 0.4 @103", id="a target in parts"),
    pytest.param(True, "98", (resting("target", "103", "0.6"), resting("target", "103", "0.4", 1)), WHOLE, "101", "0.6", "", id="and they rest"),
    pytest.param(True, "98", (), WHOLE, "101", "0.099", "", id="a target of too many parts waits for its price"),
    pytest.param(True, "98", (), HALVES, "102", "0.3",
                 "rung1.0 0.3 @104, rung1.1 0.2 @104, rung0.0 0.3 at market, rung0.1 0.2 at market", id="rungs"),
    pytest.param(True, "98", (), HALVES, "102", "0.02", ", ".join(f"rung0.{number} 0.02 at market" for number in range(10)), id="ten at once"),
    pytest.param(True, "99", (), (), "101", "0.4567", "stop.0 0.456 @99, stop.1 0.456 @99, stop.2 0.088 @99", id="on the step"),
    pytest.param(True, "99", (), (), "101", "0", "", id="a maximum that is none"),
]


@pytest.mark.parametrize("sign", [1, -1], ids=["long", "short"])
@pytest.mark.parametrize(("guarded", "stop", "orders", "targets", "price", "most", "steps"), MORE)
def test_more_than_one_order_may_have(
    sign: int, guarded: bool, stop: str, orders: Any, targets: Any, price: str, most: str, steps: str,  # noqa: ANN401, FBT001
) -> None:
    where, want = Where("main", "BTCUSDT", STEP, across(e8(price), sign), e8(most)), Wanted(across(e8(stop), sign), Exit.TRAIL)
    after = change(where, position(sign, "1", orders, targets, guarded=guarded), want, {})
    assert ", ".join(told(step, sign) for step in after.steps) == steps
    assert [order.quantity for order in (*after.placing, *after.selling)] == [step.quantity for step in after.steps if step.step is not Step.CANCEL]


def test_triggers_and_their_protection_are_the_policys() -> None:
    mine = msgspec.structs.replace(position(1, "1", (), WHOLE, guarded=True), policy=Policy(trigger="MARK_PRICE", price_protect=True))
    steps = change(Where("main", "BTCUSDT", STEP, 0), mine, Wanted(e8("99"), Exit.TRAIL), {}).steps
    assert {(step.trigger, step.price_protect) for step in steps} == {("MARK_PRICE", True)}


def test_an_adopted_position_has_no_guard_to_be_tighter_than() -> None:
    mine = position(1, "1", (), (), guarded=False)
    steps = change(Where("main", "BTCUSDT", STEP, 0), mine, Wanted(e8("98"), Exit.STOP), {}).steps
    assert [told(step, 1) for step in steps] == ["stop.0 1 @98"]


@given(st.integers(1, 10_000), st.lists(st.integers(1, 250_000), min_size=1, max_size=4))
def test_parts_are_on_the_step_and_no_more_than_the_whole(steps: int, parts: list[int]) -> None:
    targets = tuple(Target(f"rung{number}", 1, part) for number, part in enumerate(parts))
    all_of_it = sizes(steps * STEP, targets, 0, STEP)
    with_runner = sizes(steps * STEP, targets, runner(targets), STEP)
    assert sum(all_of_it.values()) == steps * STEP
    assert sum(with_runner.values()) <= steps * STEP
    assert all(quantity > 0 and quantity % STEP == 0 for quantity in (*all_of_it.values(), *with_runner.values()))
