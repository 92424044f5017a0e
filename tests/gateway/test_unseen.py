"""What nobody tells in time: the stream is away, a question about one order has no answer or a wrong one, a list cannot be had."""
import asyncio

import msgspec
import pytest

from streams.core.commands import Close, PlanStep, Step
from streams.core.entry import Cover
from streams.core.ledger import OrderState, planned
from streams.core.values import e8
from streams.core.words import Exit
from streams.venue import plans
from streams.venue.limits import Lane
from tests.gateway.stage import SYMBOL, Stage, until

replace = msgspec.structs.replace


async def deaf(stage: Stage) -> None:
    stage.fault("reject", path="listenKey", method="POST", code=-1000, count=1_000)
    await stage.exchange.at_once(stage.exchange.faults.arm({"kind": "ws_drop"}))
    await until(lambda: not stage.gateway.office.reconciled, "the gateway knows that it is deaf")


@pytest.mark.parametrize("code", [-1001, -1008, -1003])
async def test_a_trade_is_not_booked_before_it_is_known_whose_it_is(stage: Stage, code: int) -> None:
    """Booked as a stranger's, it would be missing from its entry for ever, and counted twice."""
    stage.fault("mute", count=9)
    stage.fault("reject", path="order", method="GET", code=code, count=1_000)
    stage.fault("execute_then_drop", path="order", method="POST", client_id="qs-entry")
    await stage.enter()
    await until(lambda: stage.position == "0.01", "it fills")
    await stage.gateway._reconcile()
    booked = stage.desk.book.held.quantity
    stage.gateway.venue.limits.held_until = 0
    stage.exchange.faults.armed.clear()
    record = await stage.over()

    assert (booked, record.state, record.quantity_filled, record.cover) == (0, OrderState.DONE, e8("0.01"), Cover.PROTECTED)
    assert await stage.fills() == ["BUY 0.01 entry.0"]


async def test_an_entry_that_fills_while_the_stream_is_away_is_guarded_in_seconds(stage: Stage) -> None:
    await stage.enter(limit="59900")
    await until(lambda: (record := stage.record()) and record.state is OrderState.WORKING, "it rests")
    await deaf(stage)
    stage.price("59800")

    await until(lambda: stage.resting() == ["guard.0 59000"], "guarded", 5.0)


async def test_a_guard_that_goes_while_the_stream_is_away_is_missed_in_seconds(stage: Stage) -> None:
    await stage.entered()
    await deaf(stage)
    [algo] = stage.exchange.engine.accounts["paper"].waiting()
    await stage.gateway.venue._clients[Lane.READS].request("algoOrder", ["fapiPrivate"], "DELETE", {"clientAlgoId": algo.client_id})     # by a person
    await stage.gateway._deaf()

    await until(lambda: stage.resting() == ["guard.1 59000"], "guarded again", 5.0)


async def test_no_answer_about_one_order_outweighs_the_list_of_all(stage: Stage) -> None:
    """What answers the question may lag behind what trades."""
    stage.fault("mute", count=9)
    stage.fault("reject", path="order", method="GET", code=-2013, count=1_000)
    stage.fault("execute_then_drop", path="order", method="POST", client_id="qs-entry")
    await stage.enter(limit="59900")

    await until(lambda: (record := stage.record()) and record.state is OrderState.WORKING, "found among what rests", 10.0)
    assert stage.requests() == ["entry.0 ok"]


async def test_an_order_whose_record_has_ended_does_not_live_on(stage: Stage) -> None:
    await stage.enter(limit="59900")
    record = await until(lambda: (record := stage.record()) and record.state is OrderState.WORKING and record, "it rests")
    stage.desk.put(replace(record, state=OrderState.REJECTED, reason="thought to be"))

    await until(lambda: not stage.exchange.engine.accounts["paper"].working(), "cancelled at the venue")


async def test_a_starting_gateway_protects_before_it_knows_all_else(stage: Stage) -> None:
    await stage.entered()
    await stage.end()
    for algo in stage.exchange.engine.accounts["paper"].waiting():
        algo.status = "CANCELED"
    stage.fault("reject", path="account", method="GET", code=-1001, count=1_000)
    beginning = asyncio.create_task(stage.begin())
    await until(lambda: stage.resting() == ["guard.1 59000"], "guarded", 10.0)
    ready = beginning.done()
    stage.exchange.faults.armed.clear()
    await beginning

    assert not ready


async def test_a_close_waits_for_no_limit_of_reads(stage: Stage) -> None:
    await stage.entered()
    stage.fault("mute", count=9)
    stage.gateway.venue.limits.held_until = stage.gateway.clock.now() + 60_000
    await stage.close()
    await stage.held("0", 5.0)

    assert await stage.fills() == ["BUY 0.01 entry.0", "SELL 0.01 exit.0"]


async def test_a_plan_that_a_crash_left_beside_a_close_blocks_no_entry_for_ever(stage: Stage) -> None:
    await stage.entered()
    stop = PlanStep(Step.PLACE_STOP, stage.id_of(stage.position_id, "stop", 1), e8("0.01"), e8("59500"))
    await stage.desk.put(planned(stage.plan_command(1, stop), stage.gateway.clock.now()))
    close = Close(stage.account, SYMBOL, stage.position_id, 2, (), stage.id_of(stage.position_id, "exit"), Exit.CLOSE, 0)
    await plans.wish(stage.desk, close)
    await stage.end()
    await stage.begin()
    await until(lambda: stage.position == "0" and stage.desk.close and stage.desk.close.flat, "flat")

    assert (await stage.entered("i2")).state is OrderState.DONE
