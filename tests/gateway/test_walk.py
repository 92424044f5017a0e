"""The whole walk of a position: in, guarded, planned for, out; and what the log says of it."""
from streams.core.commands import PlanStep, Step
from streams.core.values import Side, e8
from tests.gateway.stage import Stage, until

QUANTITY = e8("0.01")


async def test_an_entry_is_guarded_then_planned_for_then_closed(stage: Stage) -> None:
    record = await stage.entered()
    assert stage.resting() == ["guard.0 59000"]

    position = stage.position_id
    stop, target = stage.id_of(position, "stop"), stage.id_of(position, "target")
    await stage.plan(0, PlanStep(Step.PLACE_STOP, stop, QUANTITY, e8("59500")), PlanStep(Step.PLACE_TARGET, target, QUANTITY, e8("61000")))
    await until(lambda: stage.desk.plan is not None and stage.desk.plan.answered, "the plan answered")
    assert stage.resting() == ["guard.0 59000", "stop.0 59500", "target.0 61000"]

    await stage.close(1, intents=("i1",))
    await stage.closed()

    assert (stage.position, stage.resting(), stage.acknowledged) == ("0", [], ["i1", "plan 0", "close"])
    assert stage.requests() == ["entry.0 ok", "guard.0 ok", "stop.0 ok", "target.0 ok", "exit.0 ok"]
    assert await stage.fills() == ["BUY 0.01 entry.0", "SELL 0.01 exit.0"]
    assert await stage.statuses() == [
        "i1 WORKING 0", "i1 DONE 0.01", "i1 PROTECTED guard.0 59000", "plan 0 accepted stop.0+target.0", "guard.0 EXPIRED",
    ]
    assert record.guard_sent_at - record.filled_at <= 20         # ms from the first word of the fill to the guard's request


async def test_a_short_mirrors_a_long(stage: Stage) -> None:
    await stage.entered(side=Side.SELL, stop="61000")
    assert (stage.position, stage.resting()) == ("-0.01", ["guard.0 61000"])

    stage.price("61000.1")
    await stage.held("0")

    assert (stage.position, await stage.fills()) == ("0", ["SELL 0.01 entry.0", "BUY 0.01 guard.0"])


async def test_when_the_guard_fires_what_rests_beside_it_is_swept(stage: Stage) -> None:
    await stage.entered()
    await stage.plan(0, PlanStep(Step.PLACE_TARGET, stage.id_of(stage.position_id, "target"), QUANTITY, e8("61000")))
    await until(lambda: len(stage.resting()) == 2, "the target rests")

    stage.price("58999")
    await until(lambda: not stage.resting(), "nothing rests")

    assert (stage.position, await stage.fills()) == ("0", ["BUY 0.01 entry.0", "SELL 0.01 guard.0"])
    assert (await stage.statuses())[-4:] == ["i1 PROTECTED guard.0 59000", "plan 0 accepted target.0", "guard.0 TRIGGERED", "guard.0 FINISHED"]
