"""What an entry may ask for beside a market order, what its guard asks for by the policy, and filters that change while a gateway runs."""
from typing import Any

import msgspec
import pytest

from streams.core.entry import Cover
from streams.core.ledger import EntryRecord, OrderState
from streams.core.values import e8
from streams.core.words import Mode, TimeInForce
from streams.paper import rest
from streams.paper.server import PaperExchange
from streams.runtime.metrics import NOT_TRADING
from tests.gateway.stage import SYMBOL, Stage, until

replace = msgspec.structs.replace


async def entered(stage: Stage, intent: str = "i1", *, limit: str = "", **wish: Any) -> EntryRecord:  # noqa: ANN401
    await sent(stage, intent, limit=limit, **wish)
    return await stage.over(intent)


async def sent(stage: Stage, intent: str = "i1", *, limit: str = "", **wish: Any) -> None:  # noqa: ANN401
    await stage.send(replace(stage.enter_command(intent, limit=limit), **wish), intent)


# ---------------------------------------------------------------------------------------------------------------- time in force


@pytest.mark.parametrize(("time_in_force", "limit", "filled", "cover"), [
    (TimeInForce.IOC, "60000.1", "0.01", Cover.PROTECTED),
    (TimeInForce.IOC, "59990", "0", Cover.NONE),
    (TimeInForce.FOK, "60000.1", "0.01", Cover.PROTECTED),
    (TimeInForce.FOK, "59990", "0", Cover.NONE),
    (TimeInForce.GTX, "60000.1", "0", Cover.NONE),               # it would take: the venue refuses it, and that is an ordinary end
])
async def test_a_limit_that_does_not_rest_ends_with_what_it_filled(
    stage: Stage, time_in_force: TimeInForce, limit: str, filled: str, cover: Cover,
) -> None:
    record = await entered(stage, limit=limit, time_in_force=time_in_force)
    told = [status for status in await stage.statuses() if " DONE " in status]

    assert (record.state, record.quantity_filled, record.cover, stage.position) == (OrderState.DONE, e8(filled), cover, filled)
    assert told == [f"i1 DONE {filled}"]


async def test_a_post_only_entry_rests_and_is_guarded_when_it_fills(stage: Stage) -> None:
    await sent(stage, limit="59900", time_in_force=TimeInForce.GTX)
    await until(lambda: stage.requests() == ["entry.0 ok"], "it rests at the venue")
    stage.price("59890")
    record = await stage.over()

    assert (record.state, stage.position, stage.resting()) == (OrderState.DONE, "0.01", ["guard.0 59000"])


async def test_a_limit_that_has_had_its_time_is_cancelled(stage: Stage) -> None:
    await sent(stage, limit="59900", lives_ms=400)
    await until(lambda: stage.requests() == ["entry.0 ok"], "it rests at the venue")
    record = await stage.over()

    assert (record.state, record.quantity_filled, stage.moves()) == (OrderState.DONE, 0, ["POST entry.0", "DELETE entry.0"])
    assert stage.gateway.clock.now() - record.sent_at >= 400


async def test_a_restart_remembers_how_long_a_limit_may_work(stage: Stage) -> None:
    await sent(stage, limit="59900", lives_ms=60_000, time_in_force=TimeInForce.GTX)
    await until(lambda: (known := stage.record()) is not None and known.state is OrderState.WORKING, "it works")
    await stage.log("order.ledger")
    ledger = [one for one in await stage.log("order.ledger") if isinstance(one, EntryRecord)]

    assert [(one.lives_ms, one.time_in_force) for one in ledger[-1:]] == [(60_000, TimeInForce.GTX)]


@pytest.mark.parametrize("kind", ["reject", "hang"])
async def test_no_entry_rests_when_the_gateway_has_ended(stage: Stage, kind: str) -> None:
    """Its first cancel is not taken; or its request is under way, and nobody has told of it yet."""
    if kind == "hang":
        stage.fault("mute", count=9)
        stage.fault("hang", path="order", method="POST", seconds=0.5)
    stage.fault("reject", path="order", method="DELETE", code=-2011)
    await sent(stage, limit="59900")
    rests = stage.exchange.engine.accounts["paper"].working
    await until(rests, "it rests at the venue")
    await stage.end()

    assert [*rests()] == []


async def test_the_guard_triggers_by_the_policy_s_price(stage: Stage) -> None:
    await entered(stage, trigger="MARK_PRICE", price_protect=True)
    algo = stage.exchange.engine.accounts["paper"].waiting()[0]

    assert (algo.working_type, algo.price_protect, stage.resting()) == ("MARK_PRICE", True, ["guard.0 59000"])


# ---------------------------------------------------------------------------------------------------------------- before and beside it


async def test_the_leverage_is_set_before_the_first_order(stage: Stage) -> None:
    await stage.entered()
    assert stage.exchange.engine.accounts["paper"].leverage[SYMBOL] == 5


@pytest.mark.parametrize(("path", "code", "reason"), [
    ("leverage", -4028, "leverage 5: -4028"), ("marginType", -4168, "margin type: -4168"), ("marginType", -2015, "margin type: -2015"),
])
async def test_an_entry_does_not_leave_where_it_cannot_be_set(stage: Stage, path: str, code: int, reason: str) -> None:
    stage.gateway.office.preparation.margin_type_told(SYMBOL)
    stage.fault("reject", path=path, method="POST", code=code)
    record = await stage.entered()
    assert (record.state, record.reason.startswith(reason), stage.requests()) == (OrderState.REJECTED, True, [])
    assert stage.gateway.office.mode is (Mode.HALTED if code == -2015 else Mode.ACTIVE)


@pytest.mark.parametrize("code", [-4046, -4047, -4048])
async def test_a_margin_type_that_is_so_already_or_stays_as_it_is_hinders_nothing(stage: Stage, code: int) -> None:
    stage.gateway.office.preparation.margin_type_told(SYMBOL)
    stage.fault("reject", path="marginType", method="POST", code=code)
    assert (await stage.entered()).state is OrderState.DONE


async def test_what_is_so_already_is_not_asked_to_be_set(stage: Stage) -> None:
    stage.fault("reject", path="marginType", method="POST", code=-4168)
    assert (await stage.entered()).state is OrderState.DONE


async def test_what_changed_while_the_stream_was_away_is_set(stage: Stage) -> None:
    """The account has the symbol isolated meanwhile, and nobody told us."""
    stage.exchange.engine.accounts["paper"].isolated.add(SYMBOL)
    before = stage.gateway._gaps
    await stage.exchange.at_once(stage.exchange.faults.arm({"kind": "ws_drop"}))
    await until(lambda: stage.gateway._gaps == before + 2 and stage.gateway.office.reconciled, "away, back, and reconciled again")
    await stage.entered()

    assert stage.exchange.engine.accounts["paper"].isolated == set()


async def test_a_close_of_more_than_one_order_may_have_goes_out_in_parts(stage: Stage) -> None:
    await stage.entered()
    stage.gateway.venue.instruments[SYMBOL] = replace(stage.gateway.venue.instruments[SYMBOL], quantity_max=e8("0.004"))
    await stage.close()
    await stage.closed()

    assert await stage.fills() == ["BUY 0.01 entry.0", "SELL 0.004 exit.0", "SELL 0.004 exit.1", "SELL 0.002 exit.2"]


async def test_what_a_person_sets_at_the_venue_is_set_again_before_the_next_entry(stage: Stage) -> None:
    await stage.entered()
    office = stage.gateway.office
    await stage.gateway.venue.set_leverage(SYMBOL, 20)
    await until(lambda: office.preparation._leverage[SYMBOL] == 20, "the stream has told it")
    await stage.entered("i2", stop="58000")

    assert stage.exchange.engine.accounts["paper"].leverage[SYMBOL] == 5


# ---------------------------------------------------------------------------------------------------------------- filters and status


async def test_what_was_bought_on_a_finer_grid_is_closed_on_the_grid_of_today(stage: Stage) -> None:
    """The order asks for a little more than is held, and the venue cuts it."""
    await stage.entered()
    rules = stage.exchange.engine.rules
    rules[SYMBOL] = replace(rules[SYMBOL], step=e8("0.004"))
    stage.gateway.venue.filters_doubted.set()
    await until(lambda: stage.gateway.venue.instruments[SYMBOL].quantity_step == e8("0.004"), "the new step is known", 8.0)
    await stage.close()
    await stage.closed()

    assert (stage.position, await stage.fills()) == ("0", ["BUY 0.01 entry.0", "SELL 0.01 exit.0"])


def relisted(stage: Stage, status: str) -> None:
    stage.exchange.engine.status[SYMBOL] = status


async def renewed(stage: Stage, status: str) -> None:
    await until(lambda: stage.gateway.venue.instruments[SYMBOL].status == status, f"the gateway knows {status}", 8.0)


@pytest.mark.parametrize("code", [-1111, -1013, -4014, -4164])
async def test_a_refusal_that_doubts_the_filters_renews_them(stage: Stage, code: int) -> None:
    rules = stage.exchange.engine.rules
    rules[SYMBOL] = replace(rules[SYMBOL], tick=e8("0.5"))
    stage.fault("reject", path="order", method="POST", client_id="qs-entry", code=code)
    record = await stage.entered()
    await until(lambda: stage.gateway.venue.instruments[SYMBOL].tick_size == e8("0.5"), "the new tick is known", 3.0)

    assert (record.state, record.venue_code, stage.requests()) == (OrderState.REJECTED, code, [])


async def test_a_symbol_that_stops_trading_is_closed_to_entries_at_once(stage: Stage) -> None:
    """The first one is refused by the venue; from the status that it then tells, no further one leaves."""
    await stage.entered()
    relisted(stage, "PRE_SETTLE")
    first = await stage.entered("i2")
    await renewed(stage, "PRE_SETTLE")
    asked = stage.requests()
    second = await stage.entered("i3")

    assert (first.state, second.state, second.reason, stage.requests()) == (OrderState.REJECTED, OrderState.REFUSED, "SYMBOL_NOT_TRADING", asked)
    await until(lambda: NOT_TRADING.labels(SYMBOL)._value.get() == 1, "the position is shown", 3.0)

    relisted(stage, "TRADING")
    stage.gateway.venue.filters_doubted.set()
    await until(lambda: NOT_TRADING.labels(SYMBOL)._value.get() == 0, "and is shown no more", 8.0)


async def test_a_symbol_that_is_listed_no_more_is_closed_to_entries(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    listed = rest.ROUTES["GET", "exchangeInfo"]

    def without(exchange: PaperExchange, key: str, asked: dict[str, str], now: int) -> object:
        info = listed(exchange, key, asked, now)
        assert isinstance(info, dict)
        return info | {"symbols": [row for row in info["symbols"] if row["symbol"] != SYMBOL]}

    monkeypatch.setitem(rest.ROUTES, ("GET", "exchangeInfo"), without)
    stage.gateway.venue.filters_doubted.set()
    await renewed(stage, "CLOSE")

    assert (await stage.entered()).reason == "SYMBOL_NOT_TRADING"


async def test_a_close_that_the_symbol_does_not_take_goes_out_when_its_instrument_changes(stage: Stage) -> None:
    """Without the change it would be tried again half a minute later; the guard stays."""
    await stage.entered()
    stage.fault("reject", path="order", method="POST", client_id="qs-exit", code=-4141)
    relisted(stage, "TRADING_HALT")
    await stage.close()
    await renewed(stage, "TRADING_HALT")
    assert (stage.position, stage.resting()) == ("0.01", ["guard.0 59000"])

    relisted(stage, "TRADING")
    stage.gateway.venue.filters_doubted.set()
    await stage.closed(8.0)
    assert stage.position == "0"


async def test_no_entry_leaves_while_the_venue_has_no_room_for_its_guard(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streams.venue.desk.CONDITIONALS_MAX", 1)
    await stage.entered()
    record = await stage.entered("i2")

    assert (record.state, record.reason, stage.position) == (OrderState.REFUSED, "CONDITIONALS_FULL", "0.01")
