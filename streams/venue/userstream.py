"""The user data stream: raw frames of one private WebSocket, kept alive, and opened again whenever it may have gone deaf.

Nothing fills the gap of a reconnect but a reconciliation, so `opened` is called after each. A key that has expired leaves the socket healthy and
silent: its event, the pings, and the reconciliation that finds a fill which the stream did not bring are the three ways to learn of it.
"""
import asyncio
from collections.abc import Callable
from typing import Any

import aiohttp
import msgspec

from streams.runtime import logs
from streams.venue.answers import Accepted
from streams.venue.binance import Binance

KEEP_S = 20 * 60.0                    # the key lives an hour
LIFE_S = 23 * 3_600.0                 # the venue ends a connection after 24 hours: we begin a new one at an hour of our own
PING_S = 10.0
AGAIN_S = (0.1, 0.5, 1.0, 2.0, 5.0)   # the venue bans an address that connects 300 times in five minutes
SETTLED_S = 10.0                      # a connection that lived so long was one
_log = logs.get(__name__)
_decode = msgspec.json.Decoder().decode


class UserStream:
    """`heard` takes every event, in order; `opened` is called when events flow (again), `closed` when they no longer do."""

    def __init__(
        self, venue: Binance, heard: Callable[[dict[str, Any]], None], opened: Callable[[], None], closed: Callable[[], None] = lambda: None,
    ) -> None:
        self._venue, self._heard, self._opened, self._closed = venue, heard, opened, closed
        self._socket: aiohttp.ClientWebSocketResponse | None = None
        self.is_open = False

    async def run(self) -> None:
        """For ever; a failure is a reason to begin again. So is a key that is refused, or a socket that ends at once: less and less often."""
        loop, failures = asyncio.get_running_loop(), 0
        async with aiohttp.ClientSession() as session:
            while True:
                begun = loop.time()
                try:
                    await self._live(session)
                except (aiohttp.ClientError, TimeoutError, OSError) as reason:
                    _log.warning("no user stream", reason=type(reason).__name__)
                failures = 0 if loop.time() - begun > SETTLED_S else failures + 1
                await asyncio.sleep(AGAIN_S[min(max(failures - 1, 0), len(AGAIN_S) - 1)])

    async def restart(self) -> None:
        """It may be deaf."""
        if self._socket is not None:
            await self._socket.close()

    async def _live(self, session: aiohttp.ClientSession) -> None:
        key = await self._venue.listen_key()
        if not isinstance(key, Accepted):
            _log.warning("no key for the user stream", answer=str(key))
            return
        url = f"{self._venue.addresses.ws}/private/ws?listenKey={key.body}"
        async with session.ws_connect(url, heartbeat=PING_S, timeout=aiohttp.ClientWSTimeout(ws_close=1.0)) as socket:
            self._socket, self.is_open = socket, True
            self._opened()
            keeping = asyncio.create_task(self._keep(key.body))
            try:
                async for frame in socket:
                    if frame.type is aiohttp.WSMsgType.TEXT and self._expired(frame.data):
                        return
            finally:
                keeping.cancel()
                self._socket, self.is_open = None, False
                self._closed()

    def _expired(self, text: str) -> bool:
        """Hands the event on; true when it is the stream's own end."""
        try:
            event = _decode(text)
        except msgspec.DecodeError:
            _log.error("a frame of the user stream that is no JSON: it is opened again")
            return True
        if not isinstance(event, dict) or "e" not in event:
            return False
        if event["e"] == "listenKeyExpired":
            _log.warning("the user stream's key has expired")
            return True
        self._heard(event)
        return False

    async def _keep(self, key: str) -> None:
        for _ in range(int(LIFE_S / KEEP_S)):
            await asyncio.sleep(KEEP_S)
            answer = await self._venue.listen_key(keep=key)
            if not isinstance(answer, Accepted):
                _log.warning("the user stream's key is not kept: a new one is asked for", answer=str(answer))
                await self.restart()
        await self.restart()
