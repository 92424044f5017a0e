"""One request from its arrival to its answer, however it came: faults, rates, signature, the handler, the record."""
import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

import msgspec
from aiohttp import web

from streams.paper import rest, signed
from streams.paper.faults import Fault, Kind
from streams.paper.orders import VenueError
from streams.paper.parameters import parsed
from streams.paper.record import Request

if TYPE_CHECKING:
    from streams.paper.server import PaperExchange

NOT_DONE = {
    Kind.ERROR_503_NOT_EXECUTED: (503, -1008, "Service Unavailable."), Kind.HTTP_429: (429, -1003, "Too many requests."),
    Kind.THROTTLED_1008: (
        503, -1008, "Request throttled by system-level protection. Reduce-only/close-position orders are exempt. Please try again.",
    ),
    Kind.HTTP_418: (418, -1003, "Way too many requests; IP banned."),
}
DONE_BUT = {
    Kind.ERROR_503_EXECUTED: (503, -1000, "Unknown error, please check your request or try again later."),
    Kind.INTERNAL_1001: (503, -1001, "Internal error; unable to process your request. Please try again."),
    Kind.TIMEOUT_1007: (408, -1007, "Timeout waiting for response from backend server. Send status unknown; execution status unknown."),
}


class Call(msgspec.Struct, frozen=True):
    """A request. `version` is v1, v2, v3 or sapi; `raw` the query or body as it was signed; `hang_up` ends the connection that it came by."""

    method: str
    version: str
    path: str
    raw: str
    key: str
    address: str
    hang_up: Callable[[], None]


class Calls:
    def __init__(self, exchange: "PaperExchange") -> None:
        self.exchange = exchange

    async def answer(self, call: Call) -> web.Response:
        """Status, body and headers, as a fault may have bent them."""
        arrived, asked = self.exchange.now(), parsed(call.raw)
        client_id = next((asked[name] for name in ("newClientOrderId", "clientAlgoId", "origClientOrderId") if name in asked), "")
        fault = self.exchange.faults.take(call.method, call.path, asked.get("symbol", ""), client_id)
        if fault is not None and fault.kind is Kind.DELAY:
            await asyncio.sleep(fault.seconds)
        if fault is not None and (refused := _not_done(fault, asked)) is not None:
            return refused
        if fault is not None and fault.kind is Kind.DROP:
            call.hang_up()
            return web.Response()
        answer, code = self._worked(call, asked)
        if call.method != "GET" and call.path in ("order", "algoOrder"):
            self.exchange.record.asked(Request(arrived, call.method, call.path, asked.get("symbol", ""), client_id, code))
        return answer if fault is None else await _after(fault, call, answer)

    def _worked(self, call: Call, asked: dict[str, str]) -> tuple[web.Response, int]:
        """The answer, and the code of a refusal; the turn has no await, so requests never interleave."""
        now, usage = self.exchange.now(), self.exchange.usage
        handler = rest.ROUTES.get((call.method, call.path if call.version == "v1" else f"{call.version}/{call.path}"), _nowhere)
        code, headers, status = 0, dict[str, str](), 200
        try:
            usage.count(call.method, call.path, asked, call.key, call.address, now)
            owner = "" if handler is _nowhere else signed.owner(self.exchange.secrets, call.key, call.path, call.raw, now)
            body = handler(self.exchange, owner, asked, now)
        except VenueError as refused:
            status, code, body = refused.status, refused.code, {"code": refused.code, "msg": refused.text}
            headers = {"Retry-After": str(refused.retry_after)} if refused.retry_after else headers
        if call.method != "GET":
            self.exchange.look_at_all(now)
        headers |= usage.headers(call.method, call.path, call.key, call.address, now)
        return web.json_response(body, status=status, headers=headers), code


async def _after(fault: Fault, call: Call, answer: web.Response) -> web.Response:
    """The request was done; this is what its sender is told of it."""
    if fault.kind in DONE_BUT:
        told, code, text = DONE_BUT[fault.kind]
        return web.json_response({"code": code, "msg": text}, status=told)
    if fault.kind is Kind.EXECUTE_THEN_DROP:
        call.hang_up()
        return web.Response()
    if fault.kind is Kind.EMPTY_202:
        return web.Response(status=202)
    if fault.kind is Kind.HANG:
        await asyncio.sleep(fault.seconds)
    return answer


def _not_done(fault: Fault, asked: dict[str, str]) -> web.Response | None:
    if fault.kind is Kind.THROTTLED_1008 and "true" in (asked.get("reduceOnly"), asked.get("closePosition")):
        return None
    if fault.kind is Kind.REJECT:
        return web.json_response({"code": fault.code, "msg": "rejected by the fault panel"}, status=400)
    if fault.kind is Kind.HTTP_403:
        return web.Response(status=403, text="<html><body>Request blocked.</body></html>", content_type="text/html")
    if fault.kind not in NOT_DONE:
        return None
    status, code, text = NOT_DONE[fault.kind]
    headers = {"Retry-After": str(int(fault.seconds))} if status in (429, 418) else {}
    return web.json_response({"code": code, "msg": text}, status=status, headers=headers)


def _nowhere(*_: object) -> object:
    raise VenueError(-5000, "Path or method is invalid", 404)


def hang_up(request: web.Request) -> None:
    """The connection ends without an answer."""
    if request.transport is not None:
        request.transport.abort()
