"""Requests that nobody answers, or nobody can believe. An entry is never sent twice; what only reduces goes out again."""
import pytest

from streams.core.commands import PlanStep, Step
from streams.core.entry import Cover
from streams.core.ledger import OrderState, planned
from streams.core.values import Side, e8
from streams.runtime.metrics import UNKNOWN_ORDER_AGE, UNKNOWN_ORDERS
from streams.venue.answers import Kind, Order
from streams.venue.plans import PlanWork
from streams.venue.saga import ABSENT_AFTER_MS
from tests.gateway.stage import SYMBOL, Stage, told, until

QUANTITY = e8("0.01")


@pytest.mark.parametrize("kind", ["execute_then_drop", "error_503_executed", "timeout_1007", "empty_202"])
async def test_an_entry_that_was_done_unanswered_is_asked_for_and_guarded(stage: Stage, kind: str) -> None:
    stage.fault(kind, path="order", method="POST", client_id="qs-entry")
    record = await stage.entered()

    assert (record.state, record.cover, stage.resting()) == (OrderState.DONE, Cover.PROTECTED, ["guard.0 59000"])
    assert stage.requests() == ["entry.0 ok", "guard.0 ok"]


async def test_the_stream_may_know_before_the_answer_comes(stage: Stage) -> None:
    stage.fault("hang", path="order", method="POST", client_id="qs-entry", seconds=1.5)
    await stage.enter()
    await until(lambda: stage.resting() == ["guard.0 59000"], "guarded", 1.0)

    record = await stage.over()
    assert (record.state, stage.requests()) == (OrderState.DONE, ["entry.0 ok", "guard.0 ok"])


async def test_neither_answer_nor_stream_the_list_knows_the_fill(stage: Stage) -> None:
    stage.fault("mute", count=3)
    stage.fault("execute_then_drop", path="order", method="POST", client_id="qs-entry")
    record = await stage.entered()

    assert (record.state, record.quantity_filled, stage.resting()) == (OrderState.DONE, QUANTITY, ["guard.0 59000"])
    assert await stage.fills() == ["BUY 0.01 entry.0"]


@pytest.mark.parametrize("kind", ["drop", "delay"])
async def test_an_entry_that_the_venue_never_had_expires_and_is_not_sent_again(stage: Stage, kind: str) -> None:
    """A delay of three seconds is longer than recvWindow: the venue refuses what arrives late by its timestamp."""
    stage.fault(kind, path="order", method="POST", client_id="qs-entry", seconds=3.0)
    record = await stage.entered()

    assert (record.state, stage.position) == (OrderState.EXPIRED, "0")
    assert [request.split()[0] for request in stage.requests()].count("entry.0") <= 1
    assert (await stage.statuses())[-1] == "i1 EXPIRED 0"


async def test_absent_is_not_absent_for_good_while_the_request_may_still_arrive(stage: Stage) -> None:
    """It hangs on the way for longer than we wait, and not as long as recvWindow: asked at once, the venue knows nothing of it, and then fills it."""
    stage.fault("delay", path="order", method="POST", client_id="qs-entry", seconds=1.75)
    record = await stage.entered()

    assert (record.state, record.cover, stage.resting()) == (OrderState.DONE, Cover.PROTECTED, ["guard.0 59000"])
    assert (await stage.statuses())[0] == "i1 UNKNOWN 0"


async def test_a_refusal_for_certain_is_a_rejection(stage: Stage) -> None:
    stage.fault("reject", path="order", method="POST", client_id="qs-entry", code=-2019)
    record = await stage.entered()

    assert (record.state, record.venue_code, stage.requests()) == (OrderState.REJECTED, -2019, [])
    assert await stage.statuses() == ["i1 REJECTED 0"]


@pytest.mark.parametrize("kind", ["error_503_not_executed", "http_429"])
async def test_a_venue_that_is_busy_has_done_nothing_and_an_entry_is_not_sent_again(stage: Stage, kind: str) -> None:
    stage.fault(kind, path="order", method="POST", client_id="qs-entry", seconds=0)
    record = await stage.entered()

    assert (record.state, stage.position, stage.requests()) == (OrderState.REJECTED, "0", [])


async def test_a_guard_in_doubt_that_landed_counts(stage: Stage) -> None:
    stage.fault("hang", path="algoOrder", method="POST", client_id="qs-guard", seconds=3.0)
    stage.fault("mute", count=6)
    record = await stage.entered()

    assert (record.cover, stage.resting()) == (Cover.PROTECTED, ["guard.0 59000"])


async def test_a_guard_in_doubt_for_a_second_goes_out_as_the_next_revision(stage: Stage) -> None:
    stage.fault("drop", path="algoOrder", method="POST", client_id="qs-guard")
    record = await stage.entered()

    assert (record.cover, stage.resting(), stage.requests()) == (Cover.PROTECTED, ["guard.1 59000"], ["entry.0 ok", "guard.1 ok"])
    assert stage.unprotected_ms() in range(1_000, 1_500)


async def test_a_close_in_doubt_goes_out_revision_by_revision_until_the_venue_is_flat(stage: Stage) -> None:
    await stage.entered()
    stage.fault("drop", path="order", method="POST", client_id="qs-exit", count=2)
    await stage.close()
    await stage.closed()

    assert (stage.position, stage.resting(), stage.requests()[2:]) == ("0", [], ["exit.2 ok"])


async def test_a_close_that_was_done_unanswered_is_not_a_reverse(stage: Stage) -> None:
    await stage.entered()
    stage.fault("execute_then_drop", path="order", method="POST", client_id="qs-exit")
    stage.fault("mute", count=4)
    await stage.close()
    await stage.closed()

    assert (stage.position, await stage.fills()) == ("0", ["BUY 0.01 entry.0", "SELL 0.01 exit.0"])


async def test_a_stop_in_doubt_is_answered_as_refused_and_cancelled_when_it_shows_up(stage: Stage) -> None:
    await stage.entered()
    stop = stage.id_of(stage.position_id, "stop")
    stage.fault("delay", path="algoOrder", method="POST", client_id="qs-stop", seconds=1.6)
    stage.fault("mute", count=0)
    await stage.plan(0, PlanStep(Step.PLACE_STOP, stop, QUANTITY, e8("59500")), PlanStep(Step.CANCEL, stage.id_of("i1", "guard")))
    await until(lambda: stage.desk.plan is not None and stage.desk.plan.answered, "the plan answered")
    await until(lambda: "stop.0 ok" in stage.requests(), "it landed late")
    await until(lambda: stage.resting() == ["guard.0 59000"], "the surplus is cancelled, the guard is not")

    assert "plan 0 refused stop.0" in await stage.statuses()


async def test_a_part_in_doubt_is_asked_for_and_never_sent_again(stage: Stage) -> None:
    await stage.entered()
    part = stage.id_of(stage.position_id, "exit")
    stage.fault("execute_then_drop", path="order", method="POST", client_id="qs-exit")
    await stage.plan(0, PlanStep(Step.REDUCE, part, e8("0.004")))
    await stage.held("0.006")
    await until(lambda: stage.desk.plan is not None and stage.desk.plan.answered, "the plan answered")

    assert (stage.position, stage.requests()[2:]) == ("0.006", ["exit.0 ok"])
    assert "plan 0 accepted exit.0" in await stage.statuses()


@pytest.mark.parametrize(("kind", "code"), [("http_429", 0), ("error_503_not_executed", 0), ("reject", -9999)])
async def test_a_part_in_doubt_is_not_absent_because_the_venue_refuses_to_say(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, kind: str, code: int,
) -> None:
    monkeypatch.setattr("streams.venue.plans.ABSENT_AFTER_MS", 0)
    await stage.entered()
    stage.fault("mute", count=9)
    stage.fault("execute_then_drop", path="order", method="POST", client_id="qs-exit")
    stage.fault(kind, path="order", method="GET", client_id="qs-exit", code=code, seconds=1, count=1 if kind == "http_429" else 2)
    await stage.plan(0, PlanStep(Step.REDUCE, stage.id_of(stage.position_id, "exit"), e8("0.004")))
    await until(lambda: stage.desk.plan is not None and stage.desk.plan.answered, "the plan answered")

    assert (stage.position, (await stage.statuses())[-1]) == ("0.006", "plan 0 accepted exit.0")


async def test_a_part_that_the_venue_never_had_is_refused_when_the_venue_says_so(stage: Stage) -> None:
    await stage.entered()
    stage.fault("drop", path="order", method="POST", client_id="qs-exit")
    await stage.plan(0, PlanStep(Step.REDUCE, stage.id_of(stage.position_id, "exit"), e8("0.004")))
    await until(lambda: stage.desk.plan is not None and stage.desk.plan.answered, "the plan answered")

    assert (stage.position, (await stage.statuses())[-1]) == ("0.01", "plan 0 refused exit.0")


@pytest.mark.parametrize(("rests", "requests"), [(True, ["stop.0 ok"]), (False, [])])
async def test_a_stop_of_a_predecessor_s_plan_is_not_sent_again_while_nobody_says_that_it_is_not_there(
    stage: Stage, rests: bool, requests: list[str],  # noqa: FBT001
) -> None:
    """The question is refused, or nobody answers it: within a second it is known, or answered as refused and in doubt."""
    await stage.entered()
    stop = stage.id_of(stage.position_id, "stop")
    plan = planned(stage.plan_command(0, PlanStep(Step.PLACE_STOP, stop, QUANTITY, e8("59500"))), stage.gateway.clock.now())
    if rests:
        stage.fault("mute")
        order = Order(SYMBOL, Side.SELL, Kind.STOP_MARKET, stop, QUANTITY, trigger_price=e8("59500"), reduce_only=True)
        await stage.gateway.venue.place(order, stage.gateway.clock.now())
    stage.fault("drop", path="algoOrder", method="GET", count=2 if rests else 9)
    await PlanWork(stage.desk, plan).run(fresh=False)

    assert stage.requests()[2:] == requests
    assert (await stage.statuses())[-1] == f"plan 0 {'accepted' if rests else 'refused'} stop.0"
    assert stage.desk.exits[stop].state is (OrderState.WORKING if rests else OrderState.UNKNOWN)


async def test_a_stop_in_doubt_that_never_landed_is_known_to_be_absent_soon(stage: Stage) -> None:
    """Not before the request could no longer arrive, and not only when the account is reconciled."""
    await stage.entered()
    stop = stage.id_of(stage.position_id, "stop")
    stage.fault("drop", path="algoOrder", method="POST", client_id="qs-stop")
    await stage.plan(0, PlanStep(Step.PLACE_STOP, stop, QUANTITY, e8("59500")))
    await until(lambda: (known := stage.desk.exits.get(stop)) and known.state is OrderState.UNKNOWN, "in doubt")
    await until(lambda: stage.desk.exits[stop].state is OrderState.EXPIRED, "known to be absent")

    assert stage.gateway.clock.now() - stage.desk.exits[stop].sent_at > ABSENT_AFTER_MS


async def test_an_order_in_doubt_is_shown_with_its_age(stage: Stage) -> None:
    stage.fault("drop", path="order", method="POST", client_id="qs-entry")
    await stage.enter()
    await until(lambda: UNKNOWN_ORDERS._value.get() == 1 and UNKNOWN_ORDER_AGE._value.get() > 0.5, "one order in doubt", 5.0)
    await stage.over()
    await until(lambda: (UNKNOWN_ORDERS._value.get(), UNKNOWN_ORDER_AGE._value.get()) == (0, 0), "none in doubt", 3.0)


async def test_a_guard_that_was_given_up_in_doubt_and_lands_beside_another_is_cancelled(stage: Stage) -> None:
    """Both rest reduce-only: the venue lets them. The one that counts stays."""
    stage.fault("reject", path="algoOrder", method="POST", client_id="qs-guard.0", code=-9999)
    stage.fault("delay", path="algoOrder", method="POST", client_id="qs-guard.1", seconds=1.3)
    record = await stage.entered()
    await until(lambda: "guard.1 ok" in stage.requests(), "it landed late", 5.0)
    await until(lambda: stage.resting() == ["guard.2 59000"], "the surplus is cancelled", 5.0)

    assert (record.cover, told(record.guard_id)) == (Cover.PROTECTED, "guard.2")
