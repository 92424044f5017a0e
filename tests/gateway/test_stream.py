"""The user stream on a bad day. Fills are booked once each, whatever it loses, repeats or turns round."""
import asyncio
import uuid
from collections.abc import AsyncIterator

import msgspec
import pytest

from streams.core.commands import PlanStep, Step
from streams.core.events import BalanceSeen, GatewaySeen
from streams.core.ledger import OrderState
from streams.core.values import Side, decimal, e8
from streams.core.words import Mode
from streams.paper import rest, rest_account
from streams.paper.conditions import Conditions
from streams.paper.server import PaperExchange
from streams.venue import desks, gateway, userstream
from streams.venue.answers import Kind, Order
from tests.gateway.stage import SYMBOL, Stage, told, until

QUANTITY = e8("0.01")


async def booked(stage: Stage) -> tuple[str, int]:
    """The signed sum of the books, and how many different trades they have."""
    fills = await stage.log("order.fill")
    return decimal(sum(fill.signed for fill in fills)), len({fill.trade_id for fill in fills})


@pytest.mark.parametrize("kind", ["duplicate", "reorder", "mute"])
async def test_each_trade_is_booked_once(stage: Stage, kind: str) -> None:
    stage.fault(kind, count=12)
    await stage.entered()
    await stage.entered("i2")
    await stage.close()
    await stage.closed()
    fills = await stage.log("order.fill")

    assert (await booked(stage), len(fills)) == (("0", 3), 3)
    assert [fill.realised_pnl for fill in fills] == [0, 0, e8("-0.002")]       # bought at 60000.1, sold at 60000


@pytest.mark.parametrize("kind", ["ws_drop", "expire_key"])
async def test_a_stream_that_ends_is_opened_again_and_what_it_missed_is_found(stage: Stage, kind: str) -> None:
    await stage.entered()
    stage.fault("mute", count=9)
    stage.price("58999")
    stage.exchange.faults.armed.clear()
    assert (stage.position, stage.desk.book.held.quantity) == ("0", e8("0.01"))

    await stage.exchange.at_once(stage.exchange.faults.arm({"kind": kind}))
    await stage.held("0")
    assert await stage.fills() == ["BUY 0.01 entry.0", "SELL 0.01 guard.0"]

    await stage.entered("i2", stop="58000")                                    # and the new stream is heard
    assert stage.resting() == ["guard.0 58000"]


async def test_nothing_is_opened_while_the_stream_is_away(stage: Stage) -> None:
    """What would fill now is not seen. An exit goes out all the same, and with the stream the entries come back."""
    await stage.entered()
    stage.fault("reject", path="listenKey", method="POST", code=-1000, count=1_000)
    await stage.exchange.at_once(stage.exchange.faults.arm({"kind": "ws_drop"}))
    await until(lambda: stage.gateway.office.mode is Mode.REDUCING, "the gateway knows that it is deaf")
    refused = await stage.entered("i2", lives_ms=300)
    await stage.close()
    await stage.closed()
    stage.exchange.faults.armed.clear()
    await until(lambda: stage.gateway.office.mode is Mode.ACTIVE, "heard and reconciled again", 15.0)

    assert (refused.state, refused.reason, stage.position) == (OrderState.REFUSED, "MODE_REDUCING", "0")
    assert (await stage.entered("i3", stop="58000")).state is OrderState.DONE


async def test_a_gateway_that_starts_deaf_opens_nothing_until_it_hears(topics: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """On every venue, the live one too."""
    monkeypatch.setattr(gateway, "STREAM_S", 0.2)
    async with Stage(topics, f"a-{uuid.uuid4().hex[:8]}") as stage:
        stage.fault("reject", path="listenKey", method="POST", code=-1000, count=1_000)
        await stage.begin()
        refused = await stage.entered(lives_ms=300)
        stage.exchange.faults.armed.clear()
        await until(lambda: stage.gateway.office.mode is Mode.ACTIVE, "heard and reconciled", 15.0)

        assert (refused.state, refused.reason, stage.requests()) == (OrderState.REFUSED, "MODE_REDUCING", [])


async def test_a_key_is_kept_and_a_connection_begun_anew_before_the_venue_ends_it(
    topics: str, monkeypatch: pytest.MonkeyPatch,
) -> None:
    kept: list[str] = []

    def keep(exchange: PaperExchange, key: str, asked: dict[str, str], now: int) -> object:
        kept.append(key)
        return {"listenKey": exchange.sockets.keep(key, now)}

    monkeypatch.setitem(rest.ROUTES, ("PUT", "listenKey"), keep)
    monkeypatch.setattr(userstream, "KEEP_S", 0.2)
    monkeypatch.setattr(userstream, "LIFE_S", 0.7)
    async with Stage(topics, f"a-{uuid.uuid4().hex[:8]}") as stage:
        await stage.begin()
        opened = stage.gateway._gaps
        await until(lambda: len(kept) >= 3 and stage.gateway._gaps >= opened + 2, "kept three times, then closed and opened")
        await until(lambda: stage.gateway.office.mode is Mode.ACTIVE, "reconciled again")
        assert (await stage.entered()).state is OrderState.DONE


async def test_a_venue_that_ends_each_connection_after_its_day_costs_no_fill(topics: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A day is two seconds, and the guard fires in each night: between one connection and the next."""
    monkeypatch.setattr(userstream, "SETTLED_S", 1.0)
    async with Stage(topics, f"a-{uuid.uuid4().hex[:8]}", Conditions(connection_s=2.0)) as stage:
        await stage.begin()
        for day in range(3):
            record = await stage.entered(f"i{day}", lives_ms=10_000)
            assert (record.state, stage.position) == (OrderState.DONE, "0.01")
            await until(lambda: not stage.exchange.sockets.private_count, "the venue ends the connection")
            stage.price("58999")
            assert stage.position == "0"
            await stage.held("0")
            stage.price("60000")
            await until(lambda: stage.gateway.office.mode is Mode.ACTIVE, "heard and reconciled again", 15.0)

        assert await stage.fills() == 3 * ["BUY 0.01 entry.0", "SELL 0.01 guard.0"]


async def test_what_was_missed_is_booked_in_the_order_in_which_it_was_traded(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """A close before its opening would be a moment of a position that nobody ever held."""
    listed = rest_account.ROUTES["GET", "userTrades"]

    def newest_first(exchange: PaperExchange, key: str, asked: dict[str, str], now: int) -> object:
        rows = listed(exchange, key, asked, now)
        assert isinstance(rows, list)
        return rows[::-1]

    monkeypatch.setitem(rest.ROUTES, ("GET", "userTrades"), newest_first)
    await stage.entered()
    await stage.end()
    for side, name in (("SELL", "web-1"), ("BUY", "web-2"), ("SELL", "web-3")):
        asked = {"symbol": SYMBOL, "side": side, "type": "MARKET", "quantity": "0.01", "newClientOrderId": name}
        stage.exchange.engine.place("paper", asked, stage.exchange.clock())
    await stage.begin()

    assert [told(fill.client_order_id) for fill in await stage.log("order.fill")] == ["entry.0", "web-1", "web-2", "web-3"]


async def test_an_order_that_was_told_a_moment_ago_is_not_gone(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """The venue lists it not yet, and does not know it when it is asked: the next reconciliation may say so again."""
    await stage.enter(limit="59900")
    await until(lambda: (known := stage.record()) is not None and known.state is OrderState.WORKING, "it works")
    monkeypatch.setitem(rest.ROUTES, ("GET", "openOrders"), lambda *_: [])
    stage.fault("reject", path="order", method="GET", code=-2013, count=9)
    assert await stage.gateway._reconcile() == 0

    known = stage.record()
    assert known is not None
    assert (known.state, len(stage.exchange.engine.accounts["paper"].working())) == (OrderState.WORKING, 1)


async def test_a_liquidation_is_a_fill_like_any_other(stage: Stage) -> None:
    """Its event carries no trade to book: the venue's list is asked, and knows whose order it was."""
    stage.exchange.engine.accounts["paper"].wallets["USDT"] = e8("125")
    await stage.entered()
    await stage.gateway.venue.cancel(SYMBOL, stage.id_of("i1", "guard"), conditional=True)
    stage.price("47000")
    await stage.held("0")
    last = (await stage.log("order.fill"))[-1]

    assert (last.side, last.quantity, last.client_order_id.split("-")[0]) == (Side.SELL, e8("0.01"), "autoclose")


async def test_a_balance_is_told_with_each_trade(stage: Stage) -> None:
    await stage.entered()
    async with asyncio.timeout(10):                      # the balance is told after the fill, when it is explained
        while len(seen := [one for one in await stage.log("account.event") if isinstance(one, BalanceSeen) and one.asset == "USDT"]) < 2:
            pass

    assert [(one.reason, one.wallet) for one in seen] == [("RECONCILED", e8("10000")), ("ORDER", e8("10000") - e8("0.3000005"))]
    assert seen[1].available == e8("10000")


# ---------------------------------------------------------------------------------------------------------------- what is not ours


@pytest.fixture
async def occupied(topics: str) -> AsyncIterator[Stage]:
    """An account in which somebody has traded by hand, before any gateway of ours."""
    async with Stage(topics, "by-hand") as stage:
        stage.account = f"a-{id(stage):x}"
        now = stage.exchange.clock()
        asked = {"symbol": SYMBOL, "side": "BUY", "type": "MARKET", "quantity": "0.02", "newClientOrderId": "web-1"}
        stage.exchange.engine.place("paper", asked, now - 60_000)
        asked |= {"side": "SELL", "type": "LIMIT", "timeInForce": "GTC", "price": "62000", "newClientOrderId": "web-2"}
        stage.exchange.engine.place("paper", asked, now)
        yield await stage.begin()


async def test_a_position_at_first_sight_is_one_fill_and_is_left_alone(occupied: Stage) -> None:
    fills = await occupied.log("order.fill")
    seen = [one for one in await occupied.log("account.event") if isinstance(one, GatewaySeen)]

    assert [(fill.side, fill.quantity, fill.price, fill.trade_id[:8]) for fill in fills] == [(Side.BUY, e8("0.02"), e8("60000.1"), "opening-")]
    assert (occupied.resting(), [(one.positions, one.orders, one.strangers) for one in seen]) == ([], [(1, 1, 2)])


async def test_what_a_stranger_trades_is_in_the_books_too(occupied: Stage) -> None:
    venue = occupied.gateway.venue
    await venue.place(Order(SYMBOL, Side.SELL, Kind.MARKET, "web-3", e8("0.005")), venue.clock.now())
    await occupied.held("0.015")

    assert [told(fill.client_order_id) for fill in await occupied.log("order.fill")][1:] == ["web-3"]


async def test_a_stop_for_more_than_one_order_may_have_sizes_itself_where_no_guard_stands(occupied: Stage) -> None:
    known = occupied.gateway.venue.instruments
    known[SYMBOL] = msgspec.structs.replace(known[SYMBOL], quantity_max=QUANTITY)
    stop = occupied.id_of(occupied.position_id, "stop")
    await occupied.plan(0, PlanStep(Step.PLACE_STOP, stop, 2 * QUANTITY, e8("59000")))
    await until(lambda: occupied.desk.plan is not None and occupied.desk.plan.answered, "the plan answered")
    assert [(order.client_order_id, order.close_position, order.reduce_only) for order in occupied.desk.stops()] == [(stop, True, False)]

    occupied.price("58999")
    await occupied.held("0")
    assert [told(fill.client_order_id) for fill in await occupied.log("order.fill")][1:] == ["stop.0"]


async def test_what_ended_long_ago_is_forgotten_and_what_a_position_needs_is_not(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    await stage.entered()
    await stage.close()
    await stage.closed()
    await stage.entered("i2")
    monkeypatch.setattr(desks, "KNOWN_MS", -1_000)                             # everything is long ago
    stage.gateway.desks.forget()
    await stage.end()
    await stage.begin()

    assert [record.key for record in stage.desk.records()] == [stage.id_of("i2", "entry")]
    assert stage.desk.book.held.quantity == QUANTITY


async def test_a_restart_reads_its_books_from_the_log_and_asks_for_the_rest(stage: Stage) -> None:
    await stage.entered()
    await stage.end()
    stage.price("58999")                                                       # the guard fires while nobody is there
    await stage.begin()
    await until(lambda: stage.desk.book.held.quantity == 0, "the missed fill is booked")

    assert await stage.fills() == ["BUY 0.01 entry.0", "SELL 0.01 guard.0"]
    assert (await booked(stage), stage.requests()) == (("0", 2), ["entry.0 ok", "guard.0 ok"])
