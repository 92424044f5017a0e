"""The real paper exchange, without its sockets: REST and user stream as calls that take time, pass doors and can be lost.

Requests go through the exchange's own handler, faults and signature included, in no process's context: what has left arrives, whoever died meanwhile.
"""
import asyncio
import hashlib
import hmac
from collections.abc import AsyncIterator
from random import Random
from typing import Any, Self
from urllib.parse import urlencode

import aiohttp
import ccxt.async_support as ccxt
import msgspec

from streams.core.ids import leg_of
from streams.paper.server import PaperExchange
from streams.venue.binance import _Client
from tests.simulation.doors import Doors
from tests.simulation.loop import BEHIND_S, PROCESS, Loop, Process

KEY = "paper"
VERSIONS = {"fapiPublic": "v1", "fapiPrivate": "v1", "fapiPrivateV2": "v2", "fapiPrivateV3": "v3"}


class Connection:
    """What the server's handler may do to it."""

    aborted = False

    def abort(self) -> None:
        self.aborted = True

    def is_closing(self) -> bool:
        return self.aborted


class Asked(msgspec.Struct):
    """A request as aiohttp's server would show it, as far as the exchange looks."""

    method: str
    path: str
    match_info: dict[str, str]
    query_string: str
    headers: dict[str, str]
    transport: Connection

    async def text(self) -> str:
        return self.query_string


class Venue:
    """One exchange and the way to it."""

    def __init__(self, loop: Loop, exchange: PaperExchange, doors: Doors, dice: Random, pause_s: tuple[float, float]) -> None:
        self.loop, self.exchange, self.doors, self._dice, self._pause_s = loop, exchange, doors, dice, pause_s

    def pause(self) -> float:
        return self._dice.uniform(*self._pause_s)

    def drop_lines(self) -> None:
        for line in list(self.exchange.sockets._private[KEY]):
            if isinstance(line, Line):
                line.socket.drop()

    def arrives(self, asked: Asked, what: str, answered: "asyncio.Future[Any]") -> None:
        """Sends it on its way."""
        process = PROCESS.get()
        self.loop.after(self.pause(), lambda: self.loop.beside(self._work(asked, what, answered, process)))

    async def _work(self, asked: Asked, what: str, answered: "asyncio.Future[Any]", process: Process | None) -> None:
        answer = await self.exchange._rest(asked)        # type: ignore[arg-type]  # it is shown all that it looks at
        self.doors.passed_by(f"rest: {what} done", process)
        self.loop.after(self.pause(), lambda: None if answered.done() else answered.set_result(answer))


class Client:
    """In ccxt's place: the same call, the same signature, the same errors."""

    def __init__(self, venue: Venue, timeout_ms: int) -> None:
        self._venue, self._timeout_s = venue, timeout_ms / 1_000
        self.used: dict[str, str] = {}
        self.hidden: tuple[str, ...] = ()

    async def close(self) -> None:
        """It holds nothing."""

    async def request(self, path: str, api: list[str], method: str, params: dict[str, Any]) -> Any:  # noqa: ANN401
        what = label(method, path, params)
        await self._venue.doors.passed(f"rest: {what}")
        asked = _asked(path, api[0], method, params)
        answered: asyncio.Future[Any] = self._venue.loop.create_future()
        self._venue.arrives(asked, what, answered)
        try:
            async with asyncio.timeout(self._timeout_s):
                answer = await answered
        except TimeoutError:
            raise ccxt.RequestTimeout(path) from None
        await self._venue.doors.passed(f"rest: {what} answered")
        if asked.transport.aborted:
            raise ccxt.NetworkError(path)
        body = answer.text or ""
        said = msgspec.json.decode(body) if body else None
        _Client.handle_errors(self, answer.status, "", path, method, answer.headers, body, said, None, None)     # type: ignore[arg-type]
        return said


def _asked(path: str, api: str, method: str, params: dict[str, Any]) -> Asked:
    text = urlencode({name: str(value).lower() if isinstance(value, bool) else value for name, value in params.items()})
    if "timestamp" in params:
        text += "&signature=" + hmac.new(KEY.encode(), text.encode(), hashlib.sha256).hexdigest()
    where = {"version": VERSIONS[api], "path": path}
    return Asked(method, f"/fapi/{where['version']}/{path}", where, text, {"X-MBX-APIKEY": KEY}, Connection())


def label(method: str, path: str, params: dict[str, Any]) -> str:
    """Without what differs from run to run."""
    named = next((str(params[name]) for name in ("newClientOrderId", "clientAlgoId", "origClientOrderId") if name in params), "")
    return f"{method} {path} {told(named)}".strip()


def told(client_id: str) -> str:
    """`qs-guard.0-…` as `guard.0`."""
    return client_id.split("-")[1] if leg_of(client_id) else client_id


class Line:
    """The exchange's end of a user stream."""

    def __init__(self, socket: "Socket") -> None:
        self.socket = socket

    def send(self, frame: bytes, *, late_s: float = 0.0) -> None:
        self.socket.deliver(frame, late_s)


class Frame(msgspec.Struct, frozen=True):
    data: str
    type: aiohttp.WSMsgType = aiohttp.WSMsgType.TEXT


class Socket:
    """The gateway's end: frames in the order in which they were sent, each some time later."""

    def __init__(self, venue: Venue) -> None:
        self._venue, self._frames = venue, asyncio.Queue[Frame | None]()
        self._free_at = 0.0
        self.line = Line(self)
        if (process := PROCESS.get()) is not None:
            process.mourners.append(self._cut)

    def deliver(self, frame: bytes, late_s: float) -> None:
        self._put(Frame(frame.decode()), late_s)

    def _put(self, frame: Frame | None, late_s: float = 0.0) -> None:
        loop = self._venue.loop
        self._free_at = max(self._free_at + BEHIND_S, loop.now + self._venue.pause() + late_s)
        loop.after(self._free_at - loop.now, self._frames.put_nowait, frame)

    async def close(self) -> None:
        self.drop()

    def drop(self) -> None:
        self._cut()
        self._put(None)

    def _cut(self) -> None:
        self._venue.exchange.sockets._private[KEY].discard(self.line)

    async def __aenter__(self) -> Self:
        self._venue.exchange.sockets._private[KEY].add(self.line)         # type: ignore[arg-type]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._cut()

    async def __aiter__(self) -> AsyncIterator[Frame]:
        while (frame := await self._frames.get()) is not None:
            yield frame


class Session:
    """In the place of aiohttp's."""

    def __init__(self, venue: Venue) -> None:
        self._venue = venue

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        """It holds nothing."""

    def ws_connect(self, url: str, **_: object) -> Socket:
        listen = url.rpartition("listenKey=")[2]
        if self._venue.exchange.sockets._keys.get(KEY, ("", 0))[0] != listen:
            raise aiohttp.ClientConnectionError("no such key")
        return Socket(self._venue)


class Aiohttp:
    """The names that the user stream knows of aiohttp."""

    ClientError, WSMsgType, ClientWSTimeout = aiohttp.ClientError, aiohttp.WSMsgType, aiohttp.ClientWSTimeout
    ClientWebSocketResponse = Socket

    def __init__(self, venue: Venue) -> None:
        self._venue = venue

    def ClientSession(self) -> Session:  # noqa: N802  (its name there)
        return Session(self._venue)
