"""A connection ends after a day, whatever it is for and however much is said on it. Here a day is a third of a second."""
import asyncio
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from streams.paper.conditions import Conditions
from tests.paper.bank import Bank

DAY_S = 0.3
BUY: dict[str, str | int] = {"symbol": "BTCUSDT", "side": "BUY", "type": "MARKET", "quantity": "0.01"}


@pytest.fixture
async def hasty() -> AsyncIterator[Bank]:
    async with Bank(conditions=Conditions(connection_s=DAY_S)) as bank:
        yield bank


async def heard(
    bank: Bank, path: str, asked: dict[str, Any] | None = None, bought: dict[str, str | int] | None = None,
) -> tuple[list[dict[str, Any]], float, int | None]:
    """All that a connection brings until it is closed, how long that took, and the code of its end; the price moves meanwhile."""
    loop = asyncio.get_running_loop()
    begun, told = loop.time(), list[dict[str, Any]]()

    async def moving() -> None:
        for number in range(10_000):
            bank.price(f"{60_000 + number}")
            await asyncio.sleep(0.01)

    prices = asyncio.create_task(moving())
    async with asyncio.timeout(10), bank.session.ws_connect(f"{bank.exchange.ws_url}/{path}") as socket:
        if asked:
            await socket.send_json(asked)
        if bought:
            await bank.body("POST", "v1/order", **bought)
        async for message in socket:
            told.append(message.json())
    prices.cancel()
    return told, loop.time() - begun, socket.close_code


@pytest.mark.parametrize(("path", "asked"), [
    ("public/ws", {"method": "SUBSCRIBE", "params": ["btcusdt@bookTicker"], "id": 1}), ("ws-fapi/v1", {"id": 1, "method": "ping"}),
])
async def test_a_connection_ends_after_its_day(hasty: Bank, path: str, asked: dict[str, Any]) -> None:
    told, took, code = await heard(hasty, path, asked)
    assert (len(told) > 0, DAY_S <= took < DAY_S + 2.0, code) == (True, True, aiohttp.WSCloseCode.OK)


async def test_so_does_a_user_stream_and_its_key_lives_on(hasty: Bank) -> None:
    """What happens in between is told by no stream; the next connection hears again."""
    listen = (await hasty.body("POST", "v1/listenKey"))["listenKey"]
    path = f"private/ws?listenKey={listen}"
    told, took, _ = await heard(hasty, path)
    await hasty.body("POST", "v1/order", **BUY)
    again, _, _ = await heard(hasty, path, bought=BUY)
    trades = await hasty.body("GET", "v1/userTrades", symbol="BTCUSDT")

    filled = [event["o"]["t"] for event in again if event["e"] == "ORDER_TRADE_UPDATE" and event["o"]["x"] == "TRADE"]
    assert (told, DAY_S <= took < DAY_S + 2.0, len(trades), filled) == ([], True, 2, [trades[1]["id"]])


def test_a_day_is_a_day_unless_it_is_said_otherwise() -> None:
    assert Conditions().connection_s == 24 * 3_600
