"""Plans and closes: what is answered, what is stale, and what a venue's refusal leads to."""
import pytest

from streams.core.commands import PlanStep, Step, Withdraw
from streams.core.ledger import OrderState
from streams.core.values import Side, e8
from streams.venue.answers import Kind, Order
from streams.venue.life import LAGS_MS
from tests.gateway.stage import SYMBOL, Stage, until

QUANTITY = e8("0.01")


async def answered(stage: Stage, revision: int) -> None:
    def holds() -> bool:
        plan = stage.desk.plan
        return plan is not None and plan.revision == revision and plan.answered

    await until(holds, f"plan {revision} answered")


def place(stage: Stage, revision: int, trigger: str) -> PlanStep:
    return PlanStep(Step.PLACE_STOP, stage.id_of(stage.position_id, "stop", revision), QUANTITY, e8(trigger))


def drop(stage: Stage, revision: int) -> PlanStep:
    return PlanStep(Step.CANCEL, stage.id_of(stage.position_id, "stop", revision))


async def test_a_stop_is_replaced_without_a_gap(stage: Stage) -> None:
    await stage.entered()
    await stage.plan(0, place(stage, 0, "59400"))
    await answered(stage, 0)
    await stage.plan(1, place(stage, 1, "59500"), drop(stage, 0))
    await answered(stage, 1)

    assert stage.resting() == ["guard.0 59000", "stop.1 59500"]
    assert (await stage.statuses())[-2:] == ["plan 0 accepted stop.0", "plan 1 accepted stop.1 cancelled stop.0"]


async def test_an_end_that_nobody_told_is_not_believed_while_the_venue_refuses_to_say(stage: Stage) -> None:
    """The cancel comes too late, they say, and how the stop has ended they don't: it rests, and is cancelled at the next try."""
    await stage.entered()
    await stage.plan(0, place(stage, 0, "59400"))
    await answered(stage, 0)
    stage.fault("reject", path="algoOrder", method="DELETE", client_id="qs-stop.0", code=-2011)
    stage.fault("error_503_not_executed", path="algoOrder", method="GET", client_id="qs-stop.0")
    stage.fault("error_503_not_executed", path="openAlgoOrders", method="GET")
    await stage.plan(1, place(stage, 1, "59500"), drop(stage, 0))
    await answered(stage, 1)

    assert (stage.resting(), (await stage.statuses())[-1]) == (["guard.0 59000", "stop.1 59500"], "plan 1 accepted stop.1 cancelled stop.0")


async def test_an_order_that_was_thought_gone_and_is_listed_later_is_cancelled(stage: Stage) -> None:
    """The venue denies a stop that rests, twice. Its list is right, and is believed when it was asked for well after."""
    await stage.entered()
    await stage.plan(0, place(stage, 0, "59400"))
    await answered(stage, 0)
    stage.fault("reject", path="algoOrder", method="DELETE", client_id="qs-stop.0", code=-2011)
    stage.fault("reject", path="algoOrder", method="GET", client_id="qs-stop.0", code=-2013)
    stage.fault("reject", path="openAlgoOrders", method="GET", code=-2013)
    await stage.plan(1, place(stage, 1, "59500"), drop(stage, 0))
    await answered(stage, 1)
    assert stage.resting() == ["guard.0 59000", "stop.0 59400", "stop.1 59500"]

    await stage.gateway._reconcile()
    early = stage.desk.conditionals[stage.id_of(stage.position_id, "stop")]
    await until(lambda: stage.gateway.clock.now() > early.inferred_at + LAGS_MS, "the list cannot be older", 5.0)
    await stage.gateway._reconcile()
    await until(lambda: stage.resting() == ["guard.0 59000", "stop.1 59500"], "it is cancelled", 5.0)

    assert early.status == "EXPIRED"


async def test_the_old_stop_stays_when_the_new_one_is_refused(stage: Stage) -> None:
    await stage.entered()
    await stage.plan(0, place(stage, 0, "59400"))
    await answered(stage, 0)
    await stage.plan(1, place(stage, 1, "60500"), drop(stage, 0))
    await answered(stage, 1)

    assert stage.resting() == ["guard.0 59000", "stop.0 59400"]
    assert (await stage.statuses())[-1] == "plan 1 refused stop.1"


async def test_each_plan_has_one_answer_however_often_it_comes(stage: Stage) -> None:
    await stage.entered()
    await stage.plan(0, place(stage, 0, "59400"))
    await answered(stage, 0)
    await stage.plan(0, place(stage, 0, "59400"))
    await stage.plan(1, place(stage, 1, "59500"))
    await answered(stage, 1)
    await stage.plan(0, place(stage, 0, "59400"))
    await until(lambda: stage.acknowledged.count("plan 0") == 3, "acknowledged")

    assert (await stage.statuses())[-4:] == ["plan 0 accepted stop.0", "plan 0 accepted stop.0", "plan 1 accepted stop.1", "plan 0 stale"]
    assert [one for one in stage.requests() if one.startswith("stop")] == ["stop.0 ok", "stop.1 ok"]


async def test_a_plan_of_a_position_that_is_over_is_stale(stage: Stage) -> None:
    await stage.entered()
    position = stage.position_id
    await stage.close()
    await stage.closed()
    await stage.plan(5, PlanStep(Step.PLACE_STOP, stage.id_of(position, "stop"), QUANTITY, e8("59400")), position_id=position)
    await until(lambda: "plan 5" in stage.acknowledged, "acknowledged")

    assert ((await stage.statuses())[-1], stage.resting()) == ("plan 5 stale", [])


async def test_a_part_leaves_the_rest_guarded(stage: Stage) -> None:
    await stage.entered()
    await stage.plan(0, PlanStep(Step.REDUCE, stage.id_of(stage.position_id, "exit"), e8("0.004")))
    await answered(stage, 0)
    await stage.held("0.006")

    assert (stage.position, stage.resting()) == ("0.006", ["guard.0 59000"])
    assert (await stage.fills())[-1] == "SELL 0.004 exit.0"


@pytest.mark.parametrize("code", [-2022, -4118])
async def test_a_close_that_is_told_there_is_nothing_asks_and_tries_again(stage: Stage, code: int) -> None:
    await stage.entered()
    await stage.plan(0, place(stage, 0, "59400"))
    await answered(stage, 0)
    stage.fault("reject", path="order", method="POST", client_id="qs-exit", code=code)
    await stage.close(1)
    await stage.closed()

    assert (stage.position, stage.resting()) == ("0", [])
    assert stage.moves() == ["POST entry.0", "POST guard.0", "POST stop.0", "DELETE stop.0", "POST exit.1"]     # the guard stays to the end


async def test_a_close_of_what_the_stop_has_closed_meanwhile_ends_in_peace(stage: Stage) -> None:
    await stage.entered()
    stage.fault("mute", count=9)
    stage.price("58999")
    assert stage.position == "0"
    await stage.close()
    await stage.closed()

    assert await stage.fills() == ["BUY 0.01 entry.0", "SELL 0.01 guard.0"]


async def test_a_close_ends_when_the_venue_is_flat_not_when_the_books_are(stage: Stage) -> None:
    """Somebody has added by hand, and the stream did not say so."""
    await stage.entered()
    stage.fault("mute", count=3)
    venue = stage.gateway.venue
    await venue.place(Order(SYMBOL, Side.BUY, Kind.MARKET, "by-hand", e8("0.005")), venue.clock.now())
    await stage.close()
    await stage.closed()

    assert (stage.position, stage.resting()) == ("0", [])
    assert await stage.fills() == ["BUY 0.01 entry.0", "SELL 0.01 exit.0", "BUY 0.005 by-hand", "SELL 0.005 exit.1"]


async def test_a_close_refuses_the_intents_that_it_names_before_their_command_comes(stage: Stage) -> None:
    await stage.close(intents=("i1",), position_id="")
    await stage.closed()
    await stage.enter()
    await until(lambda: "i1" in stage.acknowledged, "acknowledged")

    assert (stage.requests(), await stage.statuses()) == ([], ["i1 REFUSED 0", "i1 REFUSED 0"])


async def test_a_close_leaves_a_position_alone_that_it_does_not_name(stage: Stage) -> None:
    """It was about a position that the stop has closed meanwhile; what is held now came after."""
    await stage.entered()
    old = stage.position_id
    stage.price("58999")
    await stage.held("0")
    await stage.entered("i2", stop="58000")
    await stage.close(1, intents=("i1",), position_id=old)
    await stage.closed()

    assert (stage.position, stage.resting()) == ("0.01", ["guard.0 58000"])


async def test_a_close_takes_what_its_intent_has_opened_since(stage: Stage) -> None:
    await stage.entered()
    old = stage.position_id
    stage.price("58999")
    await stage.held("0")
    await stage.entered("i2", stop="58000")
    await stage.close(1, intents=("i2",), position_id=old)
    await stage.closed()

    assert (stage.position, stage.resting()) == ("0", [])


async def test_a_withdrawal_may_come_before_the_command(stage: Stage) -> None:
    await stage.send(Withdraw(stage.account, "BTCUSDT", "i1", 0))
    await stage.enter()
    await until(lambda: "i1" in stage.acknowledged, "acknowledged")

    assert (stage.requests(), await stage.statuses()) == ([], ["i1 REFUSED 0", "i1 REFUSED 0"])


async def test_a_close_cancels_the_entry_that_works_and_closes_what_it_filled(stage: Stage) -> None:
    await stage.enter(limit="59900", quantity="0.02")
    await until(lambda: stage.requests() == ["entry.0 ok"], "it rests at the venue")
    await stage.close(intents=("i1",), position_id="")
    await stage.closed()
    record = await stage.over()

    assert (record.state, stage.position, stage.exchange.engine.accounts["paper"].working()) == (OrderState.DONE, "0", [])


@pytest.mark.parametrize("kind", ["drop", "reject"])
async def test_a_close_cancels_an_entry_until_it_has_ended(stage: Stage, kind: str) -> None:
    """The first cancel is lost, or comes before the entry has."""
    await stage.enter(limit="59900")
    await until(lambda: (known := stage.record()) is not None and known.state is OrderState.WORKING, "it works")
    stage.fault(kind, path="order", method="DELETE", code=-2011)
    await stage.close(intents=("i1",), position_id="")
    await stage.closed()

    assert (await stage.over()).quantity_filled == 0
    assert not stage.exchange.engine.accounts["paper"].working()


async def test_a_close_stands_while_an_entry_in_doubt_may_still_fill(stage: Stage) -> None:
    stage.fault("execute_then_drop", path="order", method="POST", client_id="qs-entry")
    stage.fault("mute", count=9)
    await stage.enter()
    await until(stage.requests, "the venue has it")
    await stage.close(intents=("i1",), position_id="")
    await stage.closed()

    assert (stage.position, stage.resting()) == ("0", [])
    assert (await stage.fills())[0] == "BUY 0.01 entry.0"


async def test_a_working_entry_is_withdrawn(stage: Stage) -> None:
    await stage.enter(limit="59900")
    await until(lambda: stage.requests() == ["entry.0 ok"], "it rests at the venue")
    await stage.send(Withdraw(stage.account, "BTCUSDT", "i1", 0))
    record = await stage.over()

    assert (record.state, record.quantity_filled, (await stage.statuses())[-1]) == (OrderState.DONE, 0, "i1 DONE 0")
