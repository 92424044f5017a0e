"""The WebSockets: public and market streams by subscription, the private one by its listen key.

A stream asked for under the wrong category is acknowledged and stays silent, as at Binance.
"""
import asyncio
import uuid
from collections import defaultdict
from collections.abc import Callable
from typing import Any

import msgspec
from aiohttp import WSMsgType, web

from streams.paper import frames
from streams.paper.faults import Faults, Kind
from streams.paper.instruments import Rules
from streams.paper.market import Quote
from streams.paper.orders import Top, VenueError

CATEGORY = {"bookTicker": "public", "trade": "public", "depth": "public"}
KEY_LIFE_MS = 3_600_000
MARK_EVERY_MS = 1_000
BACKLOG_MAX = 10_000                  # frames: who reads no faster is cut off
_encode = msgspec.json.Encoder().encode


class Subscription(msgspec.Struct):
    method: str
    params: list[str] = []
    id: int | str | None = None


class Sockets:
    def __init__(self, faults: Faults) -> None:
        self.faults = faults
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

    def expire(self, now: int) -> None:
        """Every key ends: each stream is told, and brings nothing more."""
        for key, (listen, _) in list(self._keys.items()):
            self.tell(key, {"e": "listenKeyExpired", "E": now, "listenKey": listen})
            self._private.pop(key, None)
        self._keys.clear()

    # ------------------------------------------------------------------------------------------------------------ what is sent

    def tell(self, key: str, event: dict[str, Any]) -> None:
        """An event of the user data stream, to every socket of the key."""
        frame = _encode(event)
        fault = self.faults.take_event()
        if fault is not None and fault.kind is Kind.MUTE:
            return
        if fault is not None and fault.kind is Kind.REORDER:
            self._held_back[key] = frame
            return
        frames = [frame, frame] if fault is not None and fault.kind is Kind.DUPLICATE else [frame]
        if late := self._held_back.pop(key, None):
            frames.append(late)
        for client in list(self._private.get(key, ())):
            for one in frames:
                client.send(one)

    @property
    def private_count(self) -> int:
        """How many listen to a user data stream."""
        return sum(len(clients) for clients in self._private.values())

    def due_marks(self) -> None:
        """The next quote of each symbol brings its mark, however little time has passed."""
        self._marked.clear()

    def quoted(self, quote: Quote, top: Top, rules: Rules, now: int) -> None:
        """A quote's frames for whoever asked for them."""
        name = quote.symbol.lower()
        self._number += 1
        number = self._number
        if quote.bid:
            self._stream(f"{name}@bookTicker", lambda: frames.book_ticker(rules, top, number, now))
        if quote.last:
            self._stream(f"{name}@trade", lambda: frames.trade(rules, quote.last, number, now))
            self._stream(f"{name}@aggTrade", lambda: frames.aggregate_trade(rules, quote.last, number, now))
            self._stream(f"{name}@miniTicker", lambda: frames.mini_ticker(rules, quote.last, now))
        if now - self._marked.get(name, 0) >= MARK_EVERY_MS:
            self._marked[name] = now
            for stream in (f"{name}@markPrice@1s", f"{name}@markPrice"):
                self._stream(stream, lambda: frames.mark(rules, top, now))

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
        client, category = _Client(socket), request.match_info["category"]
        async with client:
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
        client = _Client(socket)
        self._private[key].add(client)
        async with client:
            async for _ in socket:
                pass
        self._private[key].discard(client)
        return socket

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
            right = CATEGORY.get(kind, "market") == category
            if asked.method == "SUBSCRIBE" and right:
                self._public[stream].add(client)
            elif asked.method == "UNSUBSCRIBE":
                self._public[stream].discard(client)
        client.send(_encode({"result": None, "id": asked.id}))


class _Client:
    """A socket with a queue: a slow reader holds up nobody, and is cut off when it falls too far behind."""

    def __init__(self, socket: web.WebSocketResponse) -> None:
        self.socket = socket
        self._queue: asyncio.Queue[bytes] = asyncio.Queue(BACKLOG_MAX)
        self._sending: asyncio.Task[None] | None = None

    def send(self, frame: bytes) -> None:
        if self._queue.full():
            if self._sending is not None:
                self._sending.cancel()
            return
        self._queue.put_nowait(frame)

    async def __aenter__(self) -> None:
        self._sending = asyncio.create_task(self._send())

    async def __aexit__(self, *_: object) -> None:
        if self._sending is not None:
            self._sending.cancel()

    async def _send(self) -> None:
        try:
            while True:
                await self.socket.send_str((await self._queue.get()).decode())
        except ConnectionError:
            return
