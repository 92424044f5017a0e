"""The WebSocket order API (`/ws-fapi/v1`): the same requests as REST's, one a frame, each signed over its parameters in alphabetical order.

What is not an order or an account's state is asked for by REST.
"""
import asyncio
from functools import partial
from typing import TYPE_CHECKING, Any

import msgspec
from aiohttp import WSMsgType, web

from streams.paper.calls import Call, hang_up
from streams.paper.instruments import rate_limits
from streams.paper.sockets import ended_after

if TYPE_CHECKING:
    from streams.paper.server import PaperExchange

METHODS = {                           # method -> REST method, version, path
    "ping": ("GET", "v1", "ping"), "time": ("GET", "v1", "time"),
    "order.place": ("POST", "v1", "order"), "order.modify": ("PUT", "v1", "order"), "order.cancel": ("DELETE", "v1", "order"),
    "order.status": ("GET", "v1", "order"), "algoOrder.place": ("POST", "v1", "algoOrder"), "algoOrder.cancel": ("DELETE", "v1", "algoOrder"),
    "account.status": ("GET", "v3", "account"), "v2/account.status": ("GET", "v3", "account"),
    "account.balance": ("GET", "v3", "balance"), "v2/account.balance": ("GET", "v3", "balance"),
    "account.position": ("GET", "v3", "positionRisk"), "v2/account.position": ("GET", "v3", "positionRisk"),
}
Value = str | int | float | bool


class Frame(msgspec.Struct):
    id: str | int | None
    method: str
    params: dict[str, Value | None] = {}


class OrderSocket:
    def __init__(self, exchange: "PaperExchange") -> None:
        self.exchange = exchange

    async def opened(self, request: web.Request) -> web.WebSocketResponse:
        """Requests of one connection are worked beside each other, as they are at Binance."""
        socket = web.WebSocketResponse(heartbeat=30)
        await socket.prepare(request)
        async with asyncio.TaskGroup() as working, ended_after(socket, self.exchange.conditions.connection_s):
            async for message in socket:
                if message.type is WSMsgType.TEXT:
                    working.create_task(self._asked(socket, request, message.data))
        return socket

    async def _asked(self, socket: web.WebSocketResponse, request: web.Request, text: str) -> None:
        try:
            frame = msgspec.json.decode(text, type=Frame)
            method, version, path = METHODS[frame.method]
        except (msgspec.DecodeError, KeyError) as reason:
            await socket.send_json({"id": None, "status": 400, "error": {"code": -5000, "msg": f"no request that is known: {reason}"}})
            return
        key, raw = str(frame.params.get("apiKey", "")), _signed(frame.params)
        call = Call(method, version, path, raw, key, request.remote or "", partial(hang_up, request))
        await self.exchange.travel()
        answer = await self.exchange.calls.answer(call)
        await self.exchange.travel()
        if not socket.closed:
            await socket.send_json(self._told(frame, answer))

    def _told(self, frame: Frame, answer: web.Response) -> dict[str, Any]:
        body = msgspec.json.decode(answer.text or "null")
        told = {"id": frame.id, "status": answer.status, "result" if answer.status < 300 else "error": body}
        return told if frame.params.get("returnRateLimits") is False else told | {"rateLimits": rate_limits(self.exchange.usage.limits)}


def _signed(params: dict[str, Value | None]) -> str:
    """As a query: what was signed, and the signature behind it."""
    given = {name: str(value).lower() if isinstance(value, bool) else str(value) for name, value in params.items() if value is not None}
    said = "&".join(f"{name}={given[name]}" for name in sorted(given) if name != "signature")
    return f"{said}&signature={given['signature']}" if "signature" in given else said
