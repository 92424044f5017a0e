"""The venue lets one order have less than is held: the maximum has shrunk, at first without our knowing."""
import uuid
from collections.abc import AsyncIterator

import pytest
from msgspec.structs import replace

from streams.core.commands import PlanStep, Step
from streams.core.ledger import OrderState
from streams.core.values import decimal, e8
from tests.gateway.stage import SYMBOL, Stage, until


@pytest.fixture
async def adopted(topics: str) -> AsyncIterator[Stage]:
    """An account that holds 0.01 by hand, and no guard."""
    async with Stage(topics, f"a-{uuid.uuid4().hex[:8]}") as stage:
        asked = {"symbol": SYMBOL, "side": "BUY", "type": "MARKET", "quantity": "0.01", "newClientOrderId": "web-1"}
        stage.exchange.engine.place("paper", asked, stage.exchange.clock() - 60_000)
        yield await stage.begin()


def shrunk(stage: Stage, most: str = "0.004") -> None:
    rules = stage.exchange.engine.rules
    rules[SYMBOL] = replace(rules[SYMBOL], market_quantity_max=e8(most))


async def known(stage: Stage, most: str = "0.004") -> None:
    await until(lambda: stage.gateway.venue.instruments[SYMBOL].quantity_max == e8(most), "the gateway knows the maximum", 8.0)


def place(stage: Stage, leg: str, revision: int, quantity: str, trigger: str) -> PlanStep:
    step = Step.PLACE_STOP if leg == "stop" else Step.PLACE_TARGET
    return PlanStep(step, stage.id_of(stage.position_id, leg, revision), e8(quantity), e8(trigger))


async def worked(stage: Stage, revision: int, *steps: PlanStep) -> None:
    await stage.plan(revision, *steps)
    await until(lambda: stage.desk.plan is not None and (stage.desk.plan.revision, stage.desk.plan.answered) == (revision, True), "answered")


def covers(stage: Stage) -> list[str]:
    """What rests at the venue, with how much each order may close."""
    waiting = stage.exchange.engine.accounts["paper"].waiting()
    return sorted(f"{decimal(algo.trigger)} {'all' if algo.close_position else decimal(algo.quantity)}" for algo in waiting if algo.status == "NEW")


async def test_a_stop_by_older_filters_is_left_to_the_next_plan_and_what_it_was_to_replace_stays(stage: Stage) -> None:
    await stage.entered()
    await worked(stage, 0, place(stage, "stop", 0, "0.01", "59400"))
    shrunk(stage)
    await worked(stage, 1, place(stage, "stop", 1, "0.01", "59500"), PlanStep(Step.CANCEL, stage.id_of(stage.position_id, "stop")))
    await known(stage)
    before = covers(stage)
    parts = (place(stage, "stop", 2, "0.004", "59500"), place(stage, "stop", 3, "0.004", "59500"), place(stage, "stop", 4, "0.002", "59500"))
    await worked(stage, 2, *parts, PlanStep(Step.CANCEL, stage.id_of(stage.position_id, "stop")))

    assert (before, covers(stage)) == (["59000 all", "59400 0.01"], ["59000 all", "59500 0.002", "59500 0.004", "59500 0.004"])
    assert (await stage.statuses())[-2:] == ["plan 1", "plan 2 accepted stop.2+stop.3+stop.4 cancelled stop.0"]
    assert stage.desk.exits[stage.id_of(stage.position_id, "stop", 1)].state is OrderState.REJECTED

    stage.price("59499")
    await stage.held("0")
    assert (await stage.fills())[1:] == ["SELL 0.004 stop.2", "SELL 0.004 stop.3", "SELL 0.002 stop.4"]


async def test_what_is_known_to_be_too_much_is_not_sent(stage: Stage) -> None:
    await stage.entered()
    shrunk(stage)
    stage.gateway.venue.filters_doubted.set()
    await known(stage)
    asked = stage.requests()
    await worked(stage, 0, place(stage, "target", 0, "0.01", "61000"), place(stage, "stop", 0, "0.004", "59500"))

    assert stage.requests() == [*asked, "stop.0 ok"]
    report = (await stage.log("order.status"))[-1]
    assert (report.accepted, report.refused, report.venue_code) == ((stage.id_of(stage.position_id, "stop"),), (), -4005)


async def test_a_refusal_that_the_filters_do_not_explain_is_one(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streams.venue.plans.FILTERS_S", 0.1)
    await stage.entered()
    stage.fault("reject", path="algoOrder", method="POST", client_id="qs-stop", code=-4005)
    await worked(stage, 0, place(stage, "stop", 0, "0.01", "59400"))

    assert ((await stage.statuses())[-1], covers(stage)) == ("plan 0 refused stop.0", ["59000 all"])


async def test_a_stop_that_is_too_large_sizes_itself_where_nothing_else_covers(adopted: Stage) -> None:
    """Under the same id: the first request never became an order."""
    shrunk(adopted)
    await worked(adopted, 0, place(adopted, "stop", 0, "0.01", "59400"))
    assert (covers(adopted), (await adopted.statuses())[-1]) == (["59400 all"], "plan 0 accepted stop.0")
    assert adopted.desk.covered and adopted.desk.exits[adopted.id_of(adopted.position_id, "stop")].quantity == 0

    adopted.price("59399")
    await adopted.held("0")
    assert (await adopted.fills())[1:] == ["SELL 0.01 stop.0"]


async def test_a_close_goes_out_in_parts_also_where_the_maximum_has_just_shrunk(stage: Stage) -> None:
    await stage.entered()
    shrunk(stage)
    await stage.close()
    await stage.closed()

    assert stage.requests()[2:] == ["exit.0 -4005", "exit.1 ok", "exit.2 ok", "exit.3 ok"]
    assert (await stage.fills())[1:] == ["SELL 0.004 exit.1", "SELL 0.004 exit.2", "SELL 0.002 exit.3"]
    assert (stage.position, stage.resting()) == ("0", [])


async def test_an_emergency_close_goes_out_in_parts(stage: Stage) -> None:
    """No guard is accepted, in either form."""
    stage.fault("reject", path="algoOrder", method="POST", client_id="qs-guard", code=-9999, count=9)
    await stage.enter(limit="59900")
    await until(lambda: stage.requests() == ["entry.0 ok"], "it rests at the venue")
    shrunk(stage)
    stage.gateway.venue.filters_doubted.set()
    await known(stage)
    stage.price("59899")
    await stage.over()

    assert (stage.position, stage.requests()) == ("0", ["entry.0 ok", "flat.0 ok", "flat.1 ok", "flat.2 ok"])
