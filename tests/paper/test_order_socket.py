"""The WebSocket order API: REST's requests as frames, signed over their parameters in alphabetical order."""
import hashlib
import hmac
from typing import Any

import aiohttp
import pytest

from tests.paper.bank import SECRET, Bank

BUY: dict[str, Any] = {"symbol": "BTCUSDT", "side": "BUY", "type": "MARKET", "quantity": "0.01", "newClientOrderId": "e", "reduceOnly": False}


def signed(bank: Bank, secret: str = SECRET, **asked: Any) -> dict[str, Any]:  # noqa: ANN401
    params = {"apiKey": "paper", "timestamp": bank.exchange.clock(), **asked}
    said = "&".join(f"{name}={str(params[name]).lower() if isinstance(params[name], bool) else params[name]}" for name in sorted(params))
    return {**params, "signature": hmac.new(secret.encode(), said.encode(), hashlib.sha256).hexdigest()}


async def asked(bank: Bank, *frames: dict[str, Any]) -> list[dict[str, Any]]:
    async with bank.session.ws_connect(f"{bank.exchange.ws_url}/ws-fapi/v1") as socket:
        told = []
        for frame in frames:
            await socket.send_json(frame)
            told.append(await socket.receive_json(timeout=5))
    return told


async def test_an_order_from_placing_to_its_state(bank: Bank) -> None:
    placed, again, position = await asked(
        bank, {"id": "1", "method": "order.place", "params": signed(bank, **BUY)},
        {"id": 2, "method": "order.status", "params": signed(bank, symbol="BTCUSDT", origClientOrderId="e")},
        {"id": 3, "method": "v2/account.position", "params": signed(bank)},
    )
    assert [(one["id"], one["status"]) for one in (placed, again, position)] == [("1", 200), (2, 200), (3, 200)]
    assert (placed["result"]["status"], again["result"]["avgPrice"], position["result"][0]["positionAmt"]) == ("FILLED", "60000.1", "0.01")
    assert ([one["limit"] for one in placed["rateLimits"]], bank.exchange.record.created["e"]) == ([2400, 1200, 300], 1)


@pytest.mark.parametrize(
    ("method", "change", "status", "code"),
    [
        ("order.place", {"quantity": "0"}, 400, -4003),
        ("order.place", {"secret": "other"}, 400, -1022),
        ("order.place", {"apiKey": "stranger"}, 401, -2015),
        ("order.cancel", {"origClientOrderId": "nobody"}, 400, -2011),
        ("order.guess", {}, 400, -5000),
    ],
)
async def test_a_refusal(bank: Bank, method: str, change: dict[str, str], status: int, code: int) -> None:
    [told] = await asked(bank, {"id": 1, "method": method, "params": signed(bank, **{**BUY, **change})})
    assert (told["status"], told["error"]["code"]) == (status, code)


async def test_a_frame_that_is_none(bank: Bank) -> None:
    async with bank.session.ws_connect(f"{bank.exchange.ws_url}/ws-fapi/v1") as socket:
        await socket.send_str("{]")
        assert (await socket.receive_json(timeout=5))["status"] == 400


async def test_the_fault_panel_bends_these_answers_too(bank: Bank) -> None:
    await bank.panel("POST", "_faults", {"kind": "timeout_1007", "path": "order"})
    [told] = await asked(bank, {"id": 1, "method": "order.place", "params": signed(bank, **BUY)})
    await bank.panel("POST", "_faults", {"kind": "execute_then_drop", "path": "order"})
    async with bank.session.ws_connect(f"{bank.exchange.ws_url}/ws-fapi/v1") as socket:
        await socket.send_json({"id": 2, "method": "order.place", "params": signed(bank, **BUY)})
        ended = (await socket.receive(timeout=5)).type
    assert (told["status"], told["error"]["code"], ended in (aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.ERROR)) == (408, -1007, True)
    assert bank.exchange.record.created["e"] == 2
