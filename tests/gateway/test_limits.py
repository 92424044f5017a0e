"""The venue's limits and its clock, against an exchange that insists on them. What protects or leaves a position is never held back."""
import pytest

from streams.core.commands import PlanStep, Step, Withdraw
from streams.core.entry import Cover
from streams.core.events import ModeWanted
from streams.core.ledger import OrderState
from streams.core.values import e8
from streams.core.words import Mode
from streams.venue.answers import Refused
from tests.gateway.stage import Stage, until

QUANTITY = e8("0.01")


async def told(stage: Stage, kind: str, seconds: float) -> None:
    """The venue answers one read with 429 or 418."""
    stage.fault(kind, path="positionRisk", method="GET", seconds=seconds)
    assert isinstance(await stage.gateway.venue.positions(), Refused)


async def test_after_429_entries_and_reads_are_silent_and_an_exit_is_not(stage: Stage) -> None:
    await stage.entered()
    await told(stage, "http_429", 60)
    record = await stage.entered("i2", stop="58000")
    read = await stage.gateway.venue.open_orders()
    await stage.close()
    await until(lambda: stage.position == "0", "flat at the venue", 2.0)

    assert (record.state, record.reason) == (OrderState.REFUSED, "VENUE_HOLDS too many requests (429)")
    assert isinstance(read, Refused) and read.wait_ms > 50_000
    assert stage.requests() == ["entry.0 ok", "guard.0 ok", "exit.0 ok"]


async def test_an_entry_that_lives_long_enough_waits_for_the_end_of_the_silence(stage: Stage) -> None:
    await told(stage, "http_429", 1)
    record = await stage.entered(lives_ms=5_000)

    assert (record.state, record.cover, record.sent_at - record.created_at >= 500) == (OrderState.DONE, Cover.PROTECTED, True)


async def test_a_ban_halts_the_account_and_an_exit_is_still_tried(stage: Stage) -> None:
    await stage.entered()
    await told(stage, "http_418", 120)
    await until(lambda: stage.gateway.office.mode is Mode.HALTED, "halted", 3.0)
    await stage.close()
    await until(lambda: stage.position == "0", "flat at the venue", 2.0)
    wanted = [one for one in await stage.log("account.event") if isinstance(one, ModeWanted)]
    words = [(one.mode, one.by, one.reason.partition(" until")[0]) for one in wanted]

    assert words == [(Mode.HALTED, "gateway", "the venue has banned this address")]


async def test_a_firewall_s_refusal_of_a_guard_or_a_close_is_no_end(stage: Stage) -> None:
    """It says nothing of the account: the request is made again, and nothing is halted."""
    stage.fault("http_403", path="algoOrder", method="POST", client_id="qs-guard")
    record = await stage.entered()
    stage.fault("http_403", path="order", method="POST", client_id="qs-exit")
    await stage.close()
    await stage.closed()

    assert (record.cover, stage.requests()) == (Cover.PROTECTED, ["entry.0 ok", "guard.1 ok", "exit.1 ok"])
    assert stage.gateway.office.mode is Mode.ACTIVE


async def test_a_firewall_that_refuses_for_long_halts_the_account(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streams.venue.limits.WALLED_MS", 100)
    stage.fault("http_403", count=999)
    began = stage.gateway.clock.now()
    while stage.gateway.clock.now() < began + 200:
        assert isinstance(await stage.gateway.venue.positions(), Refused)
    await until(lambda: stage.gateway.office.mode is Mode.HALTED, "halted", 3.0)


@pytest.mark.parametrize(("kind", "most"), [("http_429", 1), ("error_503_not_executed", 2)])
async def test_an_order_that_nobody_waits_for_is_cancelled_less_and_less_often_and_not_in_a_silence(stage: Stage, kind: str, most: int) -> None:
    """Four requests a second would turn a 429 into a ban, and a banned address sets no guard."""
    await stage.entered()
    stop = stage.id_of(stage.position_id, "stop")
    await stage.plan(0, PlanStep(Step.PLACE_STOP, stop, QUANTITY, e8("59500")))
    await until(lambda: stage.desk.plan is not None and stage.desk.plan.answered, "the plan answered")
    stage.fault(kind, path="algoOrder", method="DELETE", count=99, seconds=30)
    stage.desk.surplus.add(stop)
    await until(lambda: stage.desk.cancels, "the first try")
    began = stage.gateway.clock.now()
    await until(lambda: stage.gateway.clock.now() > began + 1_700, "seven looks of the watch")
    tries, _ = stage.desk.cancels[stop]
    assert (tries <= most, stage.resting()) == (True, ["guard.0 59000", "stop.0 59500"])

    stage.exchange.faults.armed.clear()
    stage.gateway.venue.limits.held_until = 0
    await until(lambda: stage.resting() == ["guard.0 59000"], "the surplus is cancelled", 5.0)


async def test_an_entry_is_taken_back_after_the_silence(stage: Stage) -> None:
    await stage.enter(limit="59900")
    await until(lambda: (known := stage.record()) is not None and known.state is OrderState.WORKING, "it works")
    await told(stage, "http_429", 2)
    await stage.send(Withdraw(stage.account, "BTCUSDT", "i1", 0))
    await stage.over()

    assert (stage.moves(), stage.gateway.venue.limits.silent_ms(stage.gateway.clock.now())) == (["POST entry.0", "DELETE entry.0"], 0)


async def test_the_venue_s_own_figures_hold(stage: Stage) -> None:
    """It tells them with its filters; entries may use seven tenths of them."""
    limits = stage.gateway.venue.limits
    orders = next(rate for rate in limits.rates if rate.name == "orders_10s")
    await stage.entered()
    used = limits.used(orders, stage.gateway.clock.now())

    assert (orders.limit, used in (0, 2)) == (300, True)         # 0: the ten seconds have just ended


# ---------------------------------------------------------------------------------------------------------------- the clock


async def test_an_entry_that_the_venue_finds_late_has_ended_and_sets_the_clock(stage: Stage) -> None:
    stage.fault("reject", path="order", method="POST", client_id="qs-entry", code=-1021)
    record = await stage.entered()

    assert (record.state, record.venue_code, stage.requests()) == (OrderState.EXPIRED, -1021, [])


async def test_a_guard_that_the_venue_finds_late_goes_out_again_at_once(stage: Stage) -> None:
    stage.fault("reject", path="algoOrder", method="POST", client_id="qs-guard", code=-1021)
    record = await stage.entered()

    assert (record.cover, stage.requests()) == (Cover.PROTECTED, ["entry.0 ok", "guard.1 ok"])
    assert stage.unprotected_ms() < 500


async def test_a_close_and_a_stop_that_the_venue_finds_late_go_out_again(stage: Stage) -> None:
    await stage.entered()
    stage.fault("reject", path="algoOrder", method="POST", client_id="qs-stop", code=-1021)
    await stage.plan(0, PlanStep(Step.PLACE_STOP, stage.id_of(stage.position_id, "stop"), QUANTITY, e8("59500")))
    await until(lambda: stage.desk.plan is not None and stage.desk.plan.answered, "the plan answered")
    resting = stage.resting()
    stage.fault("reject", path="order", method="POST", client_id="qs-exit", code=-5028)
    await stage.close(1)
    await stage.closed()

    assert resting == ["guard.0 59000", "stop.0 59500"]
    assert stage.requests() == ["entry.0 ok", "guard.0 ok", "stop.0 ok", "exit.1 ok"]


# ---------------------------------------------------------------------------------------------------------------- refusals of a guard


@pytest.mark.parametrize("code", [-9999, -4045, -1102])
async def test_a_guard_that_is_refused_for_good_is_tried_once_in_its_other_form(stage: Stage, code: int) -> None:
    """Also where nobody knows what the code says: reduce-only with its quantity instead of closePosition, and never a third time."""
    stage.fault("reject", path="algoOrder", method="POST", client_id="qs-guard", code=code)
    record = await stage.entered()
    algo = stage.exchange.engine.accounts["paper"].waiting()[0]

    assert (record.cover, stage.requests(), algo.close_position) == (Cover.PROTECTED, ["entry.0 ok", "guard.1 ok"], False)


async def test_a_trigger_that_the_venue_finds_too_far_is_not_moved(stage: Stage) -> None:
    """It may come into the band within three seconds; a stop where nobody wished one is no protection."""
    stage.fault("reject", path="algoOrder", method="POST", client_id="qs-guard", code=-4211, count=99)
    record = await stage.entered()

    assert (record.cover, stage.position, stage.requests()) == (Cover.CLOSED, "0", ["entry.0 ok", "flat.0 ok"])
    assert stage.unprotected_ms() in range(2_700, 3_600)


async def test_a_guard_that_is_refused_in_both_forms_ends_the_position_at_once(stage: Stage) -> None:
    stage.fault("reject", path="algoOrder", method="POST", client_id="qs-guard", code=-9999, count=9)
    record = await stage.entered()

    assert (record.cover, stage.position, stage.requests()) == (Cover.CLOSED, "0", ["entry.0 ok", "flat.0 ok"])
    assert stage.unprotected_ms() < 500
