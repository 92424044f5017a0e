"""An unmodified ccxt.pro binanceusdm trades here: nothing is changed in it but its addresses, and what its options leave out of load_markets.

ccxt was written for Binance and knows nothing of us: what it understands is Binance's contract, as far as it is used.
"""
import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import ccxt.pro
import pytest

from streams.core.values import e8
from tests.paper.bank import Bank

S = "BTC/USDT:USDT"
TRIGGER = {"trigger": True}


@pytest.fixture
async def client(bank: Bank) -> AsyncIterator[Any]:
    rest, ws = bank.exchange.rest_url, bank.exchange.ws_url
    apis = {
        "fapiPublic": "v1", "fapiPublicV2": "v2", "fapiPublicV3": "v3", "fapiPrivate": "v1", "fapiPrivateV2": "v2", "fapiPrivateV3": "v3",
    }
    client = ccxt.pro.binanceusdm({
        "apiKey": "paper", "secret": "paper", "timeout": 10_000, "enableRateLimit": False,
        "urls": {"api": {
            **{name: f"{rest}/fapi/{version}" for name, version in apis.items()},
            "ws": {"linear": f"{ws}/ws", "ws-api": {"linear": f"{ws}/ws-fapi/v1"}},
        }},
        "options": {"fetchCurrencies": False, "fetchMargins": False, "fetchOpenOrders": {"warnWithoutSymbol": False}},
    })
    await client.load_markets()
    yield client
    await client.close()


def told(order: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(order[name] for name in ("clientOrderId", "status", "side", "amount", "filled", "triggerPrice", "reduceOnly"))


async def test_the_markets(client: Any) -> None:  # noqa: ANN401
    market = client.market(S)
    assert len(client.markets) == 10
    assert [market[name] for name in ("swap", "linear", "active", "settle")] == [True, True, True, "USDT"]
    assert (market["precision"]["price"], market["precision"]["amount"], market["limits"]["cost"]["min"]) == (0.1, 0.001, 50.0)


async def test_a_position_from_entry_to_exit(client: Any, bank: Bank) -> None:  # noqa: ANN401
    """Leverage, a market entry, its closing stop, a target, and what each of the lists says of them."""
    leverage = await client.set_leverage(10, S)
    entry = await client.create_order(S, "market", "buy", 0.03, None, {"clientOrderId": "entry"})
    closes, reduces = {"closePosition": True, "clientOrderId": "stop"}, {"reduceOnly": True, "clientOrderId": "target"}
    stop = await client.create_order(S, "STOP_MARKET", "sell", 0.03, None, {"triggerPrice": 59000, **closes})
    target = await client.create_order(S, "TAKE_PROFIT_MARKET", "sell", 0.01, None, {"triggerPrice": 61000, **reduces})
    assert leverage["leverage"] == 10
    assert [told(order) for order in (entry, stop, target)] == [
        ("entry", "closed", "buy", 0.03, 0.03, None, False), ("stop", "open", "sell", None, 0.0, 59000.0, False),
        ("target", "open", "sell", 0.01, 0.0, 61000.0, True),
    ]
    waiting = await client.fetch_open_orders(S, None, None, TRIGGER)
    [position] = await client.fetch_positions([S])
    assert ([order["clientOrderId"] for order in waiting], await client.fetch_open_orders(S)) == (["stop", "target"], [])
    assert [position[name] for name in ("side", "contracts", "entryPrice")] == ["long", 0.03, 60000.1]
    bank.price("61000")
    bank.price("59000")
    filled = await client.fetch_order(None, S, {**TRIGGER, "clientOrderId": "target"})
    trades = await client.fetch_my_trades(S)
    assert (filled["status"], filled["info"]["actualQty"], await client.fetch_positions([S])) == ("closed", "0.01", [])
    assert [(trade["side"], trade["amount"], trade["price"], trade["fee"]["cost"]) for trade in trades] == [
        ("buy", 0.03, 60000.1, 0.9000015), ("sell", 0.01, 61000.0, 0.305), ("sell", 0.02, 59000.0, 0.59),
    ]
    assert (await client.fetch_balance())["USDT"]["total"] == 9988.2019985          # 10000 - 0.9000015 - 0.305 - 0.59 + 9.999 - 20.002


async def test_the_program_that_the_documentation_shows(bank: Bank) -> None:
    example = Path(__file__).parents[2] / "docs/examples/paper.py"
    address = bank.exchange.rest_url.removeprefix("http://")
    program = await asyncio.create_subprocess_exec(sys.executable, str(example), address, stdout=asyncio.subprocess.PIPE)
    told, _ = await program.communicate()
    assert (told.decode(), program.returncode) == ("closed long 0.01\n", 0)


async def test_orders_in_batches_and_amended(client: Any) -> None:  # noqa: ANN401
    placed = await client.create_orders([
        {"symbol": S, "type": "limit", "side": "buy", "amount": amount, "price": price, "params": {"clientOrderId": name}}
        for name, amount, price in (("a", 0.01, 59000), ("b", 0.01, 58500), ("c", 0.01, 58000))
    ])
    amended = await client.edit_order(placed[0]["id"], S, "limit", "buy", 0.02, 59100)
    cancelled = await client.cancel_orders([placed[0]["id"], placed[1]["id"]], S)
    left = await client.fetch_open_orders(S)
    assert [(order["clientOrderId"], order["status"]) for order in placed] == [("a", "open"), ("b", "open"), ("c", "open")]
    assert (amended["amount"], amended["price"], amended["status"]) == (0.02, 59100.0, "open")
    assert [order["status"] for order in cancelled] == ["canceled", "canceled"]
    assert [order["clientOrderId"] for order in left] == ["c"]


async def test_orders_over_the_websocket_api(client: Any) -> None:  # noqa: ANN401
    placed = await client.create_order_ws(S, "limit", "buy", 0.01, 59000, {"newClientOrderId": "a"})
    amended = await client.edit_order_ws(placed["id"], S, "limit", "buy", 0.01, 59100)
    cancelled = await client.cancel_order_ws(placed["id"], S)
    stop = await client.create_order_ws(S, "STOP_MARKET", "buy", 0.01, None, {"triggerPrice": 61000, "clientAlgoId": "s"})
    with pytest.raises(ccxt.pro.ExchangeError, match="-2011"):
        await client.cancel_order_ws(placed["id"], S)
    assert [(order["clientOrderId"], order["status"], order["price"]) for order in (placed, amended, cancelled)] == [
        ("a", "open", 59000.0), ("a", "open", 59100.0), ("a", "canceled", 59100.0)]
    assert [order["id"] for order in await client.fetch_open_orders(S, None, None, TRIGGER)] == [stop["id"]]


async def test_margin_mode_brackets_fees_funding_and_the_book(client: Any, bank: Bank) -> None:  # noqa: ANN401
    await client.set_margin_mode("isolated", S)
    await client.create_order(S, "market", "buy", 0.01)
    await bank.panel("POST", "_funding", {"symbol": "BTCUSDT", "rate": "0.0001"})
    [position] = await client.fetch_positions([S])
    [tier, *_] = (await client.fetch_leverage_tiers([S]))[S]
    [paid] = await client.fetch_funding_history(S)
    book, fee = await client.fetch_order_book(S, 5), await client.fetch_trading_fee(S)
    assert (position["marginMode"], position["initialMargin"], paid["amount"]) == ("isolated", 30.000025, -0.06000005)
    assert (tier["maxLeverage"], tier["maxNotional"], tier["maintenanceMarginRate"]) == (150.0, 300000.0, 0.004)
    assert (len(book["bids"]), book["asks"][0], fee["taker"]) == (5, [60000.1, 49.999], 0.0005)


async def test_limit_orders_and_cancels_in_both_stores(client: Any) -> None:  # noqa: ANN401
    await client.create_order(S, "limit", "buy", 0.01, 59000, {"clientOrderId": "a"})
    await client.create_order(S, "limit", "buy", 0.01, 58000, {"clientOrderId": "b"})
    await client.create_order(S, "STOP_MARKET", "buy", 0.01, None, {"triggerPrice": 61000, "clientOrderId": "c"})
    await client.create_order(S, "market", "buy", 0.01, None, {"trailingPercent": 1.0, "trailingTriggerPrice": 59500, "clientOrderId": "d"})
    cancelled = await client.cancel_order(None, S, {"clientOrderId": "a"})
    await client.cancel_order(None, S, {**TRIGGER, "clientOrderId": "c"})
    open_ids = [[order["clientOrderId"] for order in await client.fetch_open_orders(S, None, None, params)] for params in ({}, TRIGGER)]
    await client.cancel_all_orders(S)
    await client.cancel_all_orders(S, TRIGGER)
    assert (cancelled["status"], open_ids) == ("canceled", [["b"], ["d"]])
    assert [await client.fetch_open_orders(S, None, None, params) for params in ({}, TRIGGER)] == [[], []]


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda client: client.create_order(S, "market", "buy", 0.01, None, {"reduceOnly": True}), "-2022"),
        (lambda client: client.create_order(S, "market", "buy", 100), "-2019"),
        (lambda client: client.create_order(S, "STOP_MARKET", "sell", 0.01, None, {"triggerPrice": 61000, "closePosition": True}), "-2021"),
        (lambda client: client.cancel_order(None, S, {"clientOrderId": "nobody"}), "-2011"),
        (lambda client: client.fetch_order(None, S, {"clientOrderId": "nobody"}), "-2013"),
        (lambda client: client.set_margin_mode("cross", S), "-4046"),
        (lambda client: client.set_position_mode(hedged=False), "-4059"),
    ],
)
async def test_refusals_arrive_as_its_errors(client: Any, call: Callable[[Any], Awaitable[object]], error: str) -> None:  # noqa: ANN401
    with pytest.raises(ccxt.pro.ExchangeError, match=error):
        await call(client)


async def test_orders_are_watched(client: Any, bank: Bank) -> None:  # noqa: ANN401
    """Through both stores: a stop that is triggered is told of as a conditional order and as the order that it became."""
    heard: list[tuple[str, str, str]] = []

    async def watch() -> None:
        while ("stop", "closed", "sell") not in heard:
            heard.extend((order["clientOrderId"], order["status"], order["side"]) for order in await client.watch_orders())

    watching = asyncio.create_task(watch())
    async with asyncio.timeout(10):
        while not bank.exchange.sockets.private_count:          # noqa: ASYNC110  (a socket opens; nobody here is told)
            await asyncio.sleep(0.01)
        await client.create_order(S, "market", "buy", 0.01, None, {"clientOrderId": "entry"})
        await client.create_order(S, "STOP_MARKET", "sell", 0.01, None, {"triggerPrice": 59000, "closePosition": True, "clientOrderId": "stop"})
        bank.price("59000")
        await watching
    assert heard[:2] == [("entry", "open", "buy"), ("entry", "closed", "buy")]
    assert ("stop", "open", "sell") in heard


async def test_the_market_is_read(client: Any, bank: Bank) -> None:  # noqa: ANN401
    bank.price("60500")
    ticker, candles, trades = await client.fetch_ticker(S), await client.fetch_ohlcv(S, "1m"), await client.fetch_trades(S)
    assert (ticker["last"], ticker["open"], candles[-1][4], trades[-1]["price"]) == (60500.0, 61800.0, 60500.0, 60500.0)
    assert ((await client.fetch_funding_rate(S))["fundingRate"], (await client.fetch_bids_asks([S]))[S]["bid"]) == (0.0001, 60500.0)


async def test_prices_are_watched(client: Any, bank: Bank) -> None:  # noqa: ANN401
    watching = asyncio.create_task(client.watch_bids_asks([S]))
    async with asyncio.timeout(10):
        while not watching.done():
            bank.exchange.set_price("BTCUSDT", e8("60500"), e8("60500.1"))
            await asyncio.sleep(0.05)
    ticker = watching.result()[S]
    assert (ticker["bid"], ticker["ask"]) == (60500.0, 60500.1)
