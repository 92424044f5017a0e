"""The WebSockets: public and market streams by subscription, the private one by its listen key. Each ends after a day.

A stream asked for under the wrong category is acknowledged and stays silent, as at Binance.
"""
import asyncio
import uuid
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import msgspec
from aiohttp import WSMsgType, web

from streams.paper import frames
from streams.paper.faults import Faults, Kind
from streams.paper.funding import Terms
from streams.paper.history import INTERVALS, History
from streams.paper.instruments import Rules
from streams.paper.market import Quote
from streams.paper.orders import Top, VenueError

CATEGORY = {"bookTicker": "public", "trade": "public", "depth": "public"}
DEPTHS = {f"depth{levels}{pace}": levels for levels in (5, 10, 20) for pace in ("", "@100ms", "@500ms")}
KEY_LIFE_MS = 3_600_000
MARK_EVERY_MS = 1_000
BACKLOG_MAX = 10_000                  # frames: who reads no faster is cut off
_encode = msgspec.json.Encoder().encode


class Subscription(msgspec.Struct):
    method: str
    params: list[str] = []
    id: int | str | None = None


class Sockets:
    def __init__(self, faults: Faults, delay: Callable[[], float], life_s: float) -> None:
        """`delay`: seconds that a frame takes, asked for each; `life_s`: seconds that a connection is kept."""
        self.faults, self._delay, self._life_s = faults, delay, life_s
        self._public: dict[str, set[_Client]] = defaultdict(set)          # stream name -> who asked for it
        self._private: dict[str, set[_Client]] = defaultdict(set)         # API key -> its sockets
        self._keys: dict[str, tuple[str, int]] = {}                       # API key -> listen key, expiry
        self._held_back: dict[str, bytes] = {}
        self._marked: dict[str, int] = {}
        self._number = 0

    # ------------------------------------------------------------------------------------------------------------ listen keys

    def key_for(self, key: str, now: int) -> str:
        """The living one, for another hour, or a new one."""
        known, expires = self._keys.get(key, ("", 0))
        listen = known if expires > now else uuid.uuid4().hex * 2
        self._keys[key] = listen, now + KEY_LIFE_MS
        return listen

    def keep(self, key: str, now: int) -> str:
        if self._keys.get(key, ("", 0))[1] <= now:
            raise VenueError(-1125, "This listenKey does not exist.")
        return self.key_for(key, now)

    def forget(self, key: str) -> dict[str, Any]:
        self._keys.pop(key, None)
        return {}

    def passed(self, now: int) -> None:
        """Keys that nobody kept alive for an hour end."""
        for key in [key for key, (_, expires) in self._keys.items() if expires <= now]:
            self._expire(key, now)

    def expire(self, now: int) -> None:
        """Every key, before its time."""
        for key in list(self._keys):
            self._expire(key, now)

    def _expire(self, key: str, now: int) -> None:
        """Told, and the stream brings nothing more."""
        self.tell(key, {"e": "listenKeyExpired", "E": now, "listenKey": self._keys.pop(key)[0]})
        self._private.pop(key, None)

    # ------------------------------------------------------------------------------------------------------------ what is sent

    def tell(self, key: str, event: dict[str, Any]) -> None:
        """An event of the user data stream, to every socket of the key."""
        frame, lite = _encode(event), event["e"] == "TRADE_LITE"
        if lite and self.faults.is_mute():
            return
        fault = None if lite else self.faults.take_event()
        if fault is not None and fault.kind is Kind.MUTE:
            return
        if fault is not None and fault.kind is Kind.REORDER and key not in self._held_back:
            self._held_back[key] = frame
            return
        frames = [frame, frame] if fault is not None and fault.kind is Kind.DUPLICATE else [frame]
        if held_back := self._held_back.pop(key, None):
            frames.append(held_back)
        late = {"late_s": fault.seconds} if fault is not None and fault.kind is Kind.LATE else {}
        for client in list(self._private.get(key, ())):
            for one in frames:
                client.send(one, **late)

    @property
    def private_count(self) -> int:
        """How many listen to a user data stream."""
        return sum(len(clients) for clients in self._private.values())

    def due_marks(self) -> None:
        """The next quote of each symbol brings its mark, however little time has passed."""
        self._marked.clear()

    def quoted(self, quote: Quote, top: Top, rules: Rules, terms: Terms, history: History, now: int) -> None:
        """A quote's frames for whoever asked for them."""
        name = quote.symbol.lower()
        self._number += 1
        number = self._number
        if quote.bid:
            self._stream(f"{name}@bookTicker", partial(frames.book_ticker, rules, top, number, now))
            for stream, levels in DEPTHS.items():
                self._stream(f"{name}@{stream}", partial(frames.depth, rules, top, levels, number, now))
        if quote.last:
            self._stream(f"{name}@trade", partial(frames.trade, rules, quote.last, number, now))
            self._stream(f"{name}@aggTrade", partial(frames.aggregate_trade, rules, quote.last, number, now))
            self._stream(f"{name}@miniTicker", partial(frames.mini_ticker, rules, history, now))
            self._stream(f"{name}@ticker", partial(frames.ticker, rules, history, now))
            for interval in INTERVALS:
                self._stream(f"{name}@kline_{interval}", partial(frames.kline, rules, history, interval, now))
        if now - self._marked.get(name, 0) >= MARK_EVERY_MS:
            self._marked[name] = now
            for stream in (f"{name}@markPrice@1s", f"{name}@markPrice"):
                self._stream(stream, partial(frames.mark, rules, top, terms, now))

    def _stream(self, stream: str, frame: Callable[[], dict[str, Any]]) -> None:
        clients = self._public.get(stream)
        if clients:
            told = _encode(frame())
            for client in list(clients):
                client.send(told)

    # ------------------------------------------------------------------------------------------------------------ connections

    async def public(self, request: web.Request) -> web.WebSocketResponse:
        """`/public/ws`, `/market/ws`, with or without a number behind it."""
        socket = web.WebSocketResponse(heartbeat=30)
        await socket.prepare(request)
        client, category = _Client(socket, self._delay), request.match_info["category"]
        async with client, ended_after(socket, self._life_s):
            async for message in socket:
                if message.type is WSMsgType.TEXT:
                    self._asked(client, category, message.data)
        for clients in self._public.values():
            clients.discard(client)
        return socket

    async def private(self, request: web.Request) -> web.WebSocketResponse:
        """`/private/ws?listenKey=…`."""
        listen = request.query.get("listenKey", "")
        key = next((key for key, (known, _) in self._keys.items() if known == listen), None)
        if key is None:
            raise web.HTTPForbidden(text="listenKey is not known")
        socket = web.WebSocketResponse(heartbeat=30)
        await socket.prepare(request)
        client = _Client(socket, self._delay)
        self._private[key].add(client)
        async with client, ended_after(socket, self._life_s):
            async for _ in socket:
                pass
        self._private[key].discard(client)
        return socket

    async def drop_public(self) -> None:
        for client in {client for clients in self._public.values() for client in clients}:
            await client.socket.close()

    async def drop_private(self) -> None:
        for clients in list(self._private.values()):
            for client in list(clients):
                await client.socket.close()

    def _asked(self, client: "_Client", category: str, text: str) -> None:
        try:
            asked = msgspec.json.decode(text, type=Subscription)
        except msgspec.DecodeError as reason:
            client.send(_encode({"error": {"code": 3, "msg": f"Invalid JSON: {reason}"}}))
            return
        for stream in asked.params:
            kind = stream.partition("@")[2].partition("@")[0]
            right = CATEGORY.get("depth" if kind.startswith("depth") else kind, "market") == category
            if asked.method == "SUBSCRIBE" and right:
                self._public[stream].add(client)
            elif asked.method == "UNSUBSCRIBE":
                self._public[stream].discard(client)
        client.send(_encode({"result": None, "id": asked.id}))


@asynccontextmanager
async def ended_after(socket: web.WebSocketResponse, seconds: float) -> AsyncIterator[None]:
    """Around the reading of a connection: closed after so long, as Binance closes each after 24 hours, without a word and without its last frames."""
    ending: list[asyncio.Task[bool]] = []
    timer = asyncio.get_running_loop().call_later(seconds, lambda: ending.append(asyncio.create_task(socket.close())))
    try:
        yield
    finally:
        timer.cancel()
        await asyncio.gather(*ending)


class _Client:
    """A socket with a queue: a slow reader holds up nobody, and is cut off when it falls too far behind. No frame overtakes another."""

    def __init__(self, socket: web.WebSocketResponse, delay: Callable[[], float]) -> None:
        self.socket, self._delay = socket, delay
        self._queue: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(BACKLOG_MAX)
        self._sending: asyncio.Task[None] | None = None
        self._ending: asyncio.Task[bool] | None = None

    def send(self, frame: bytes, late_s: float = 0.0) -> None:
        if self._queue.full():
            if self._sending is not None and self._ending is None:
                self._sending.cancel()                   # and closed: a socket that is open and silent looks healthy to its reader
                self._ending = asyncio.create_task(self.socket.close(drain=False))
            return
        self._queue.put_nowait((asyncio.get_running_loop().time() + self._delay() + late_s, frame))

    async def __aenter__(self) -> None:
        self._sending = asyncio.create_task(self._send())

    async def __aexit__(self, *_: object) -> None:
        if self._sending is not None:
            self._sending.cancel()

    async def _send(self) -> None:
        try:
            while True:
                due, frame = await self._queue.get()
                if (wait := due - asyncio.get_running_loop().time()) > 0:
                    await asyncio.sleep(wait)
                await self.socket.send_str(frame.decode())
        except ConnectionError:
            return
