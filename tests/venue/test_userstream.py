"""A user stream that does not come: it is asked for less and less often, since the venue bans an address that connects too often. No broker."""
import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest
from aiohttp import web

from streams.venue import userstream
from streams.venue.addresses import Addresses
from streams.venue.binance import Binance, Keys
from streams.venue.clock import Clock
from streams.venue.userstream import UserStream

PAUSES_S = (0.01, 0.02, 0.04, 0.08, 0.16)


class Venue:
    """Refuses the key, or gives one whose socket ends at once."""

    def __init__(self, *, gives: bool) -> None:
        self.gives = gives
        self.asked_at: list[float] = []
        self.enough = asyncio.Event()

    async def key(self, request: web.Request) -> web.Response:  # noqa: ARG002
        self.asked_at.append(asyncio.get_running_loop().time())
        if len(self.asked_at) > len(PAUSES_S):
            self.enough.set()
        return web.json_response({"listenKey": "k"}) if self.gives else web.json_response({"code": -1000, "msg": "unknown"}, status=400)

    async def socket(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.close()
        return socket


@pytest.fixture(params=[False, True], ids=["no key", "no socket"])
async def venue(request: pytest.FixtureRequest) -> AsyncIterator[tuple[Venue, Binance]]:
    venue, app = Venue(gives=request.param), web.Application()
    app.router.add_post("/fapi/v1/listenKey", venue.key)
    app.router.add_get("/private/ws", venue.socket)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host = f"127.0.0.1:{runner.addresses[0][1]}"
    binance = Binance(Addresses(f"http://{host}", f"ws://{host}"), Keys("a", "b"), Clock())
    yield venue, binance
    await binance.close()
    await runner.cleanup()


async def test_what_does_not_come_is_asked_for_less_and_less_often(venue: tuple[Venue, Binance], monkeypatch: pytest.MonkeyPatch) -> None:
    asked, binance = venue
    monkeypatch.setattr(userstream, "AGAIN_S", PAUSES_S)
    running = asyncio.create_task(UserStream(binance, lambda _: None, lambda: None).run())
    await asyncio.wait_for(asked.enough.wait(), 10.0)
    running.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await running
    assert asked.asked_at[len(PAUSES_S)] - asked.asked_at[0] >= sum(PAUSES_S)
