"""The public streams, against a server that speaks as Binance does, hangs up, and refuses."""
import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any

import msgspec
import pytest
from aiohttp import WSMsgType, web
from aiohttp.test_utils import TestServer

from streams.core.values import e8
from streams.errors import NotReachable
from streams.paper.conditions import Conditions
from streams.paper.server import PaperExchange
from streams.venue.market_streams import frames, listed

BOOK = b'{"e":"bookTicker","s":"BTCUSDT","b":"1","a":"2"}'
MARK = b'{"e":"markPriceUpdate","s":"BTCUSDT","p":"1"}'


class Venue:
    """Answers each subscription, sends a frame (or a burst) a connection, and hangs up on the first `hang_ups` of them."""

    def __init__(self, hang_ups: int = 0) -> None:
        self.subscribed: list[tuple[str, dict[str, Any]]] = []
        self.hang_ups = hang_ups
        self.burst = 1
        app = web.Application()
        app.router.add_get("/{route}/ws", self._stream)
        app.router.add_get("/fapi/v1/exchangeInfo", self._listing)
        self.server = TestServer(app)

    async def _stream(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        message = await socket.receive_json()
        self.subscribed.append((request.match_info["route"], message))
        await socket.send_json({"result": None, "id": message["id"]})
        for _ in range(self.burst):
            await socket.send_str((BOOK if request.match_info["route"] == "public" else MARK).decode())
        if self.hang_ups:
            self.hang_ups -= 1
            await socket.close()
            return socket
        async for sent in socket:
            assert sent.type is WSMsgType.TEXT
        return socket

    async def _listing(self, _: web.Request) -> web.Response:
        return web.json_response({"symbols": [{"symbol": "BTCUSDT", "status": "TRADING"}, {"symbol": "MATICUSDT", "status": "SETTLING"}]})


@pytest.fixture
async def venue() -> AsyncIterator[Venue]:
    made = Venue()
    async with made.server:
        yield made


async def taken(venue: Venue, count: int, symbols: tuple[str, ...] = ("BTCUSDT",)) -> list[bytes]:
    async with aclosing(frames(str(venue.server.make_url("/")), symbols)) as stream, asyncio.timeout(10):
        return [(await anext(stream))[1] for _ in range(count)]


async def test_each_stream_is_asked_for_on_its_own_route_and_answers_are_no_frames(venue: Venue) -> None:
    assert sorted(await taken(venue, 2, ("BTCUSDT", "ETHUSDT"))) == [BOOK, MARK]
    assert sorted((route, message["method"], message["params"]) for route, message in venue.subscribed) == [
        ("market", "SUBSCRIBE", ["btcusdt@aggTrade", "btcusdt@markPrice@1s", "ethusdt@aggTrade", "ethusdt@markPrice@1s"]),
        ("public", "SUBSCRIBE", ["btcusdt@bookTicker", "ethusdt@bookTicker"]),
    ]


async def test_a_connection_that_is_lost_is_made_again(venue: Venue) -> None:
    venue.hang_ups = 4
    assert len(await taken(venue, 6)) == 6
    assert len(venue.subscribed) == 6


async def test_a_venue_that_ends_each_connection_after_its_day_is_heard_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streams.venue.market_streams.BACKOFF_FIRST_S", 0.02)
    async with PaperExchange(symbols=["BTCUSDT"], conditions=Conditions(connection_s=0.2)) as exchange:

        async def moving() -> None:
            for dollars in range(60_000, 99_000):
                exchange.set_price("BTCUSDT", e8(f"{dollars}"), e8(f"{dollars}.1"))
                await asyncio.sleep(0.01)

        prices, seen = asyncio.create_task(moving()), Counter[str]()
        async with aclosing(frames(exchange.ws_url, ["BTCUSDT"])) as stream, asyncio.timeout(20):
            begun = asyncio.get_running_loop().time()
            while asyncio.get_running_loop().time() < begun + 1.0:             # five days
                seen[msgspec.json.decode((await anext(stream))[1])["e"]] += 1
        prices.cancel()
    assert seen["bookTicker"] > 30 and seen["aggTrade"] > 30


async def test_a_connection_that_falls_silent_is_made_again(venue: Venue, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streams.venue.market_streams.SILENCE_S", 0.2)
    assert sorted(await taken(venue, 4)) == [BOOK, BOOK, MARK, MARK]


async def test_frames_that_nobody_takes_are_read_no_further_and_none_is_lost(venue: Venue, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streams.venue.market_streams.WAITING_MAX", 3)
    venue.burst = 50
    assert sorted(await taken(venue, 100)) == [BOOK] * 50 + [MARK] * 50


async def test_more_than_a_connection_may_carry_are_dealt_out(venue: Venue) -> None:
    await taken(venue, 4, tuple(f"COIN{number}USDT" for number in range(150)))
    dealt = sorted((route, len(message["params"])) for route, message in venue.subscribed)
    assert dealt == [("market", 100), ("market", 200), ("public", 50), ("public", 100)]


async def test_the_symbols_that_trade(venue: Venue) -> None:
    assert await listed(str(venue.server.make_url("/"))) == ["BTCUSDT"]


async def test_a_venue_that_is_not_there_is_named() -> None:
    with pytest.raises(NotReachable, match="does not list the venue's symbols"):
        await listed("http://127.0.0.1:1")
