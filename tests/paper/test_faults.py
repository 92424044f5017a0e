"""The fault panel: what was done, and what its sender was told of it."""
import time
from pathlib import Path

import aiohttp
import pytest

from streams.paper.faults import Kind
from tests.paper.bank import Bank

BUY: dict[str, str | int] = {"symbol": "BTCUSDT", "side": "BUY", "type": "MARKET", "quantity": "0.01", "newClientOrderId": "qs-1"}


async def bought(bank: Bank) -> bool:
    return (await bank.ask("GET", "v1/order", symbol="BTCUSDT", origClientOrderId="qs-1"))[0] == 200


@pytest.mark.parametrize(
    ("fault", "status", "code", "done"),
    [
        ({"kind": "error_503_executed"}, 503, -1000, True),
        ({"kind": "error_503_not_executed"}, 503, -1008, False),
        ({"kind": "timeout_1007"}, 408, -1007, True),
        ({"kind": "internal_1001"}, 503, -1001, True),
        ({"kind": "throttled_1008"}, 503, -1008, False),
        ({"kind": "http_429", "seconds": 7}, 429, -1003, False),
        ({"kind": "http_418", "seconds": 7}, 418, -1003, False),
        ({"kind": "reject", "code": -2019}, 400, -2019, False),
        ({"kind": "hang", "seconds": 0.5}, 200, 0, True),
        ({"kind": "delay", "seconds": 0.5}, 200, 0, True),
    ],
)
async def test_an_answer_that_is_not_the_usual_one(bank: Bank, fault: dict[str, object], status: int, code: int, done: bool) -> None:  # noqa: FBT001
    await bank.panel("POST", "_faults", {**fault, "method": "POST", "path": "order"})
    started = time.monotonic()
    told, body = await bank.ask("POST", "v1/order", **BUY)
    took, wait = time.monotonic() - started, bank.headers.get("Retry-After", "")
    assert (told, body.get("code", 0), await bought(bank), wait) == (status, code, done, "7" if status in (429, 418) else "")
    assert (took >= 0.5) == (fault["kind"] in ("hang", "delay"))


async def test_what_only_reduces_is_not_throttled(bank: Bank) -> None:
    await bank.body("POST", "v1/order", **BUY)
    await bank.panel("POST", "_faults", {"kind": "throttled_1008", "path": "order", "count": 2})
    sold = await bank.ask("POST", "v1/order", **{**BUY, "side": "SELL", "reduceOnly": "true", "newClientOrderId": "out"})
    assert (sold[0], (await bank.ask("POST", "v1/order", **BUY))[1]["code"]) == (200, -1008)


@pytest.mark.parametrize(("kind", "done"), [("execute_then_drop", True), ("drop", False)])
async def test_a_connection_that_ends_without_an_answer(bank: Bank, kind: str, done: bool) -> None:  # noqa: FBT001
    await bank.panel("POST", "_faults", {"kind": kind, "path": "order", "method": "POST"})
    with pytest.raises(aiohttp.ClientError):
        await bank.ask("POST", "v1/order", **BUY)
    assert await bought(bank) == done


async def test_an_empty_answer(bank: Bank) -> None:
    await bank.panel("POST", "_faults", {"kind": "empty_202"})
    assert (await bank.ask("POST", "v1/order", **BUY), await bought(bank)) == ((202, ""), True)


@pytest.mark.parametrize(
    ("condition", "fits"),
    [
        ({}, True),
        ({"method": "DELETE"}, False),
        ({"path": "algoOrder"}, False),
        ({"symbol": "ETHUSDT"}, False),
        ({"client_id": "qs-"}, True),
        ({"client_id": "other-"}, False),
    ],
)
async def test_every_condition_that_is_named_must_hold(bank: Bank, condition: dict[str, str], fits: bool) -> None:  # noqa: FBT001
    await bank.panel("POST", "_faults", {"kind": "reject", "code": -2019, **condition})
    assert ((await bank.ask("POST", "v1/order", **BUY))[0] == 400) == fits


async def test_a_fault_is_used_up_and_the_panel_tells_what_is_armed(bank: Bank) -> None:
    await bank.panel("POST", "_faults", {"kind": "reject", "path": "order", "count": 2})
    await bank.ask("POST", "v1/order", **BUY)
    _, armed = await bank.panel("GET", "_faults")
    statuses = [(await bank.ask("POST", "v1/order", **BUY))[0] for _ in range(2)]
    assert ([(one["kind"], one["path"], one["count"]) for one in armed], statuses) == ([("reject", "order", 1)], [400, 200])
    await bank.panel("POST", "_faults", {"kind": "drop"})
    assert await bank.panel("DELETE", "_faults") == (200, [])


async def test_user_events_come_late_and_in_order(bank: Bank) -> None:
    listen = (await bank.body("POST", "v1/listenKey"))["listenKey"]
    async with bank.session.ws_connect(f"{bank.exchange.ws_url}/private/ws?listenKey={listen}") as socket:
        await bank.panel("POST", "_faults", {"kind": "late", "seconds": 1.0})
        started = time.monotonic()
        await bank.body("POST", "v1/order", **BUY)
        answered = time.monotonic() - started
        events = [await socket.receive_json(timeout=5) for _ in range(4)]
    assert [event["o"]["x"] if "o" in event else event["e"] for event in events] == ["NEW", "TRADE_LITE", "ACCOUNT_UPDATE", "TRADE"]
    assert answered < 1.0 <= time.monotonic() - started


async def test_a_stop_that_is_stuck_on_its_way(bank: Bank) -> None:
    """Told as TRIGGERING and never as more, in no list of open orders, and not to be cancelled; the position stands bare."""
    stop: dict[str, str | int] = {"symbol": "BTCUSDT", "algoType": "CONDITIONAL", "side": "SELL", "type": "STOP_MARKET", "triggerPrice": "59000"}
    await bank.body("POST", "v1/order", **BUY)
    await bank.body("POST", "v1/algoOrder", **stop, closePosition="true", clientAlgoId="stop")
    await bank.panel("POST", "_faults", {"kind": "stuck", "client_id": "stop"})
    bank.price("59000")
    bank.price("58000")
    found = await bank.body("GET", "v1/algoOrder", clientAlgoId="stop")
    cancelled = (await bank.ask("DELETE", "v1/algoOrder", clientAlgoId="stop"))[1]["code"]
    [position] = await bank.body("GET", "v3/positionRisk")
    assert (found["algoStatus"], await bank.body("GET", "v1/openAlgoOrders"), cancelled) == ("TRIGGERING", [], -2011)
    assert (position["positionAmt"], ("paper", "BTCUSDT") in bank.exchange.record.bare) == ("0.01", True)


async def test_a_position_is_deleveraged_or_settled_without_being_asked(bank: Bank) -> None:
    """Told as CALCULATED, under the exchange's own client ids; a settled contract takes no order any more."""
    heard = []
    listen = (await bank.body("POST", "v1/listenKey"))["listenKey"]
    async with bank.session.ws_connect(f"{bank.exchange.ws_url}/private/ws?listenKey={listen}") as socket:
        for kind in ("adl", "settle"):
            await bank.body("POST", "v1/order", **BUY)
            await bank.panel("POST", "_faults", {"kind": kind, "symbol": "BTCUSDT"})
            told = [await socket.receive_json(timeout=5) for _ in range(7)][-1]["o"]
            heard.append((told["c"].rstrip("0123456789"), told["x"], told["X"], told["z"], told["ap"]))
    assert heard == [(name, "CALCULATED", "FILLED", "0.01", "60000.05") for name in ("adl_autoclose", "settlement_autoclose-")]
    info = await bank.body("GET", "v1/exchangeInfo")
    assert (info["symbols"][0]["status"], (await bank.ask("POST", "v1/order", **BUY))[1]["code"]) == ("CLOSE", -4141)
    assert (await bank.body("GET", "v3/positionRisk"), bank.exchange.record.bare) == ([], {})


async def test_a_clock_that_is_ahead(bank: Bank) -> None:
    await bank.panel("POST", "_faults", {"kind": "clock_skew", "seconds": 10})
    ahead = (await bank.body("GET", "v1/time"))["serverTime"] - bank.exchange.clock()
    late = (await bank.ask("GET", "v3/account"))[1]["code"]
    await bank.panel("POST", "_faults", {"kind": "clock_skew", "seconds": 0})
    assert (9_000 < ahead <= 10_000, late, (await bank.ask("GET", "v3/account"))[0]) == (True, -1021, 200)


async def test_the_market_streams_are_closed(bank: Bank) -> None:
    async with bank.session.ws_connect(f"{bank.exchange.ws_url}/public/ws") as socket:
        await socket.send_json({"method": "SUBSCRIBE", "params": ["btcusdt@bookTicker"], "id": 1})
        await socket.receive_json(timeout=5)
        await bank.panel("POST", "_faults", {"kind": "market_drop"})
        assert (await socket.receive(timeout=5)).type in (aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED)


@pytest.mark.parametrize("asked", [{"kind": "rain"}, {"kind": "hang", "second": 3}, {"kind": "delist", "symbol": "MATICUSDT"}, {"kind": "adl"}, {}])
async def test_a_fault_that_is_none_is_refused(bank: Bank, asked: dict[str, str]) -> None:
    status, _ = await bank.panel("POST", "_faults", asked)
    assert (status, (await bank.panel("GET", "_faults"))[1]) == (400, [])


def test_every_kind_is_in_the_documentation() -> None:
    page = (Path(__file__).parents[2] / "docs/paper.md").read_text()
    assert [kind.value for kind in Kind if f"`{kind.value}`" not in page] == []


async def test_a_frozen_price_and_a_symbol_that_is_taken_away(bank: Bank) -> None:
    await bank.panel("POST", "_faults", {"kind": "freeze", "symbol": "BTCUSDT"})
    bank.price("61000")
    frozen = (await bank.body("GET", "v1/ticker/price", symbol="BTCUSDT"))["price"]
    await bank.panel("POST", "_faults", {"kind": "freeze", "symbol": "BTCUSDT", "count": 0})
    bank.price("61000")
    assert (frozen, (await bank.body("GET", "v1/ticker/price", symbol="BTCUSDT"))["price"]) == ("60000", "61000")
    await bank.panel("POST", "_faults", {"kind": "delist", "symbol": "BTCUSDT"})
    info = await bank.body("GET", "v1/exchangeInfo")
    assert (info["symbols"][0]["status"], (await bank.ask("POST", "v1/order", **BUY))[1]["code"]) == ("SETTLING", -4141)


@pytest.mark.parametrize(
    ("kind", "heard"),
    [
        ("duplicate", ["NEW", "NEW", "TRADE_LITE", "ACCOUNT_UPDATE", "TRADE"]),
        ("reorder", ["TRADE_LITE", "NEW", "ACCOUNT_UPDATE", "TRADE"]),
        ("mute", ["TRADE_LITE", "ACCOUNT_UPDATE", "TRADE"]),
    ],
)
async def test_user_events_come_twice_late_or_not_at_all(bank: Bank, kind: str, heard: list[str]) -> None:
    listen = (await bank.body("POST", "v1/listenKey"))["listenKey"]
    async with bank.session.ws_connect(f"{bank.exchange.ws_url}/private/ws?listenKey={listen}") as socket:
        await bank.panel("POST", "_faults", {"kind": kind})
        await bank.body("POST", "v1/order", **BUY)
        events = [await socket.receive_json(timeout=5) for _ in heard]
    assert [event["o"]["x"] if "o" in event else event["e"] for event in events] == heard


async def test_the_user_stream_is_closed_or_its_key_ends(bank: Bank) -> None:
    listen = (await bank.body("POST", "v1/listenKey"))["listenKey"]
    async with bank.session.ws_connect(f"{bank.exchange.ws_url}/private/ws?listenKey={listen}") as socket:
        await bank.panel("POST", "_faults", {"kind": "expire_key"})
        assert (await socket.receive_json(timeout=5))["e"] == "listenKeyExpired"
        assert (await bank.ask("PUT", "v1/listenKey"))[1]["code"] == -1125
    listen = (await bank.body("POST", "v1/listenKey"))["listenKey"]
    async with bank.session.ws_connect(f"{bank.exchange.ws_url}/private/ws?listenKey={listen}") as socket:
        await bank.panel("POST", "_faults", {"kind": "ws_drop"})
        assert (await socket.receive(timeout=5)).type in (aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED)
