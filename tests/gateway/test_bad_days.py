"""What the venue does to a position on a bad day without being asked: a stop that gets no further, deleveraging, a contract's end, throttling."""
from typing import Any

import pytest

from streams.core.entry import Cover
from streams.core.ledger import OrderState
from tests.gateway.stage import SYMBOL, Stage, until


async def at_once(stage: Stage, kind: str, **on: Any) -> None:  # noqa: ANN401
    await stage.exchange.at_once(stage.exchange.faults.arm({"kind": kind, **on}, (SYMBOL,)))


async def test_a_guard_that_is_triggered_and_gets_no_further_is_no_guard(stage: Stage) -> None:
    """It stays TRIGGERING for ever. The price is through the next one already, so the position is closed at market."""
    await stage.entered()
    stage.fault("stuck")
    stage.price("58999")
    await stage.held("0")
    fills = await stage.fills()

    assert (stage.position, fills) == ("0", ["BUY 0.01 entry.0", "SELL 0.01 flat.0"])
    assert stage.requests()[2:] == ["guard.1 -2021", "flat.0 ok"]
    assert stage.unprotected_ms() in range(2_900, 4_000)


@pytest.mark.parametrize(("kind", "by"), [("adl", "adl_autoclose"), ("settle", "settlement_autoclose")])
async def test_a_position_that_the_venue_has_closed_is_closed_in_the_books(stage: Stage, kind: str, by: str) -> None:
    await stage.entered()
    await at_once(stage, kind, symbol=SYMBOL)
    await stage.held("0")
    await until(lambda: not stage.resting() and not stage.desk.resting(), "nothing rests")
    last = (await stage.log("order.fill"))[-1]

    assert (last.client_order_id.partition("-")[0], last.signed) == (by, -1_000_000)
    assert stage.requests() == ["entry.0 ok", "guard.0 ok"]


async def test_an_overload_refuses_an_entry_and_no_guard(stage: Stage) -> None:
    stage.fault("throttled_1008", path="order", method="POST")
    refused = await stage.entered()
    stage.fault("throttled_1008", path="algoOrder", method="POST")
    taken = await stage.entered("i2")

    assert (refused.state, refused.venue_code, taken.cover) == (OrderState.REJECTED, -1008, Cover.PROTECTED)
    assert stage.requests() == ["entry.0 ok", "guard.0 ok"]


async def test_a_clock_that_jumps_costs_an_entry_and_nothing_that_is_held(stage: Stage) -> None:
    await stage.entered()
    await at_once(stage, "clock_skew", seconds=5)
    late = await stage.entered("i2")
    await stage.close()
    await stage.closed()

    assert (late.state, late.venue_code, stage.position) == (OrderState.EXPIRED, -1021, "0")
    assert abs(stage.gateway.clock.now() - stage.exchange.now()) < 500
