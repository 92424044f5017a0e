"""`PaperExchange`: the exchange behind its REST and WebSocket faces, fed by a source of prices, on loopback.

    async with PaperExchange(source=simulated([...], seed=1)) as exchange:
        exchange.rest_url, exchange.ws_url

The clock is the machine's, given as a function. Keys and secrets are given too; `paper` with the secret `paper` is there by default.
"""
import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from types import TracebackType
from typing import Any, Self

import msgspec
from aiohttp import web

from streams.core.values import E8, e8
from streams.errors import PortTaken, WrongUse
from streams.paper import checks, rest, signed
from streams.paper.faults import Fault, Faults, Kind
from streams.paper.instruments import ALL
from streams.paper.market import Quote
from streams.paper.matching import Exchange
from streams.paper.orders import Account, Top, VenueError
from streams.paper.record import Record, Request, state
from streams.paper.sockets import Sockets
from streams.paper.usage import Usage
from streams.runtime import logs

WALLETS = {"USDT": 10_000 * E8, "USDC": 10_000 * E8}
NOT_DONE = {
    Kind.ERROR_503_NOT_EXECUTED: (503, -1008, "Service Unavailable."), Kind.HTTP_429: (429, -1003, "Too many requests."),
    Kind.HTTP_418: (418, -1003, "Way too many requests; IP banned."),
}
DONE_BUT = {
    Kind.ERROR_503_EXECUTED: (503, -1000, "Unknown error, please check your request or try again later."),
    Kind.TIMEOUT_1007: (408, -1007, "Timeout waiting for response from backend server. Send status unknown; execution status unknown."),
}
_log = logs.get(__name__)


def wall_ms() -> int:
    return time.time_ns() // 1_000_000


class PaperExchange:
    def __init__(
        self, source: AsyncIterator[Quote] | None = None, *, symbols: Sequence[str] = tuple(ALL), port: int = 0, host: str = "127.0.0.1",
        secrets: Mapping[str, str] | None = None, wallets: Mapping[str, int] | None = None, clock: Callable[[], int] = wall_ms,
    ) -> None:
        self.secrets = dict(secrets or {"paper": "paper"})
        self.clock, self.faults, self.record, self.usage = clock, Faults(), Record(), Usage()
        self.sockets = Sockets(self.faults)
        self.engine = Exchange({symbol: ALL[symbol] for symbol in symbols}, tell=self.sockets.tell, born=clock())
        self.engine.accounts = {key: Account(wallets=dict(wallets or WALLETS)) for key in self.secrets}
        self.frozen: set[str] = set()
        self._source, self._address = source, (host, port)
        self._feeding: asyncio.Task[None] | None = None
        self._runner: web.AppRunner | None = None

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_route("*", "/fapi/{version:v[123]}/{path:.+}", self._rest)
        app.router.add_route("*", "/{version:sapi}/v1/{path:.+}", self._rest)
        for path in ("/{category:public|market}/ws", "/{category:public|market}/ws/{number}"):
            app.router.add_get(path, self.sockets.public)
        app.router.add_get("/private/ws", self.sockets.private)
        app.router.add_get("/_record", self._told)
        app.router.add_get("/_state", self._state)
        app.router.add_post("/_price", self._priced)
        app.router.add_route("*", "/_faults", self._fault_panel)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await self._runner.setup()
        host, port = self._address
        try:
            await web.TCPSite(self._runner, host, port).start()
        except OSError as reason:
            await self._runner.cleanup()
            raise PortTaken(f"{host}:{port} cannot be had: {reason.strerror}", "choose another with --port") from None
        self._address = host, int(self._runner.addresses[0][1])
        if self._source is not None:
            self._feeding = asyncio.create_task(self._feed(self._source))
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._feeding is not None:
            self._feeding.cancel()
        if self._runner is not None:
            await self._runner.cleanup()

    @property
    def rest_url(self) -> str:
        return f"http://{self._address[0]}:{self._address[1]}"

    @property
    def ws_url(self) -> str:
        return f"ws://{self._address[0]}:{self._address[1]}"

    # ------------------------------------------------------------------------------------------------------------ prices

    def quote(self, quote: Quote) -> None:
        """A new price from the source, or from a test. Without a mark of its own the mark is the mid."""
        if quote.symbol in self.frozen or quote.symbol not in self.engine.rules:
            return
        now, known = self.clock(), self.engine.tops.get(quote.symbol)
        bid, ask = (quote.bid, quote.ask) if quote.bid else (known.bid, known.ask) if known else (quote.last, quote.last)
        if not bid:
            return
        last = quote.last or (min(max(known.last, bid), ask) if known else bid)
        top = Top(bid, ask, last, quote.mark or (bid + ask) // 2)
        self.engine.priced(quote.symbol, top, now)
        for key, account in self.engine.accounts.items():
            if account.held(quote.symbol).quantity or (key, quote.symbol) in self.record.bare:
                self.record.look(key, quote.symbol, account, now)
        self.sockets.quoted(quote, top, self.engine.rules[quote.symbol], now)

    def set_price(self, symbol: str, bid: int, ask: int) -> None:
        """A test's hand: bid and ask in 1e-8; the last trade was at the bid."""
        self.quote(Quote(symbol, bid, ask, bid))

    async def _feed(self, source: AsyncIterator[Quote]) -> None:
        async for quote in source:
            self.quote(quote)
        _log.info("the source of prices has ended; the market stands still")

    # ------------------------------------------------------------------------------------------------------------ REST

    async def _rest(self, request: web.Request) -> web.StreamResponse:
        arrived, path = self.clock(), request.match_info["path"]
        raw = request.query_string if request.method in ("GET", "DELETE") else await request.text()
        asked = checks.parsed(raw)
        client_id = next((asked[name] for name in ("newClientOrderId", "clientAlgoId", "origClientOrderId") if name in asked), "")
        fault = self.faults.take(request.method, path, asked.get("symbol", ""), client_id)
        if fault is not None and fault.kind is Kind.DELAY:
            await asyncio.sleep(fault.seconds)
        if fault is not None and (refused := self._not_done(fault)) is not None:
            return refused
        if fault is not None and fault.kind is Kind.DROP:
            return _dropped(request)
        status, body, code = self._worked(request, path, raw, asked)
        if request.method != "GET" and path in ("order", "algoOrder"):
            self.record.asked(Request(arrived, request.method, path, asked.get("symbol", ""), client_id, code))
        if fault is not None:
            return await self._after(fault, request, status, body)
        return self._answer(status, body)

    def _worked(self, request: web.Request, path: str, raw: str, asked: dict[str, str]) -> tuple[int, Any, int]:
        """Status, body and code of a request; the turn has no await, so requests never interleave."""
        now, version = self.clock(), request.match_info["version"]
        handler = rest.ROUTES.get((request.method, path if version == "v1" else f"{version}/{path}"))
        self.usage.count(request.method, path, asked, now)
        if handler is None:
            return 404, {"code": -5000, "msg": f"Path {request.path}, Method {request.method} is invalid"}, -5000
        try:
            key = signed.owner(self.secrets, request.headers.get("X-MBX-APIKEY", ""), path, raw, now)
            body = handler(self, key, asked, now)
        except VenueError as refused:
            return refused.status, {"code": refused.code, "msg": refused.text}, refused.code
        if request.method != "GET":
            self._look_at(key, now)
        return 200, body, 0

    def _look_at(self, key: str, now: int) -> None:
        """All that is held: a request need not name the symbol that it strips of its stop."""
        account = self.engine.accounts[key]
        for symbol, held in account.positions.items():
            if held.quantity or (key, symbol) in self.record.bare:
                self.record.look(key, symbol, account, now)

    def _not_done(self, fault: Fault) -> web.Response | None:
        if fault.kind is Kind.REJECT:
            return self._answer(400, {"code": fault.code, "msg": "rejected by the fault panel"})
        if fault.kind not in NOT_DONE:
            return None
        status, code, text = NOT_DONE[fault.kind]
        answer = self._answer(status, {"code": code, "msg": text})
        if status in (429, 418):
            answer.headers["Retry-After"] = str(int(fault.seconds))
        return answer

    async def _after(self, fault: Fault, request: web.Request, status: int, body: Any) -> web.StreamResponse:  # noqa: ANN401
        """The request was done; this is what its sender is told of it."""
        if fault.kind in DONE_BUT:
            told, code, text = DONE_BUT[fault.kind]
            return self._answer(told, {"code": code, "msg": text})
        if fault.kind is Kind.EXECUTE_THEN_DROP:
            return _dropped(request)
        if fault.kind is Kind.EMPTY_202:
            return web.Response(status=202)
        if fault.kind is Kind.HANG:
            await asyncio.sleep(fault.seconds)
        return self._answer(status, body)

    def _answer(self, status: int, body: Any) -> web.Response:  # noqa: ANN401
        return web.json_response(body, status=status, headers=self.usage.headers(self.clock()))

    # ------------------------------------------------------------------------------------------------------------ its own record

    async def _told(self, request: web.Request) -> web.Response:
        since = request.query.get("since", "0")
        return web.json_response(self.record.told(self.clock(), int(since) if since.isdecimal() else 0))

    async def _state(self, _request: web.Request) -> web.Response:
        return web.json_response({**state(self.engine.accounts), "created": dict(self.record.created), "status": self.engine.status})

    async def _priced(self, request: web.Request) -> web.Response:
        """By hand: `{"symbol": "BTCUSDT", "bid": "61800", "ask": "61800.1"}`."""
        try:
            asked = await request.json()
            self.set_price(asked["symbol"], e8(asked["bid"]), e8(asked["ask"]))
        except (KeyError, TypeError, ValueError) as reason:
            return web.json_response({"error": repr(reason)}, status=400)
        return web.json_response({})

    async def _fault_panel(self, request: web.Request) -> web.Response:
        if request.method == "DELETE":
            self.faults.armed.clear()
        if request.method == "POST":
            try:
                await self._at_once(self.faults.arm(await request.json(), self.engine.status))
            except (WrongUse, ValueError) as reason:
                return web.json_response({"error": str(reason)}, status=400)
        return web.json_response(msgspec.to_builtins(self.faults.armed))

    async def _at_once(self, fault: Fault) -> None:
        """Faults that wait for no request."""
        match fault.kind:
            case Kind.WS_DROP:
                await self.sockets.drop_private()
            case Kind.EXPIRE_KEY:
                self.sockets.expire(self.clock())
            case Kind.FREEZE:
                (self.frozen.add if fault.count else self.frozen.discard)(fault.symbol)
            case Kind.DELIST:
                self.engine.status[fault.symbol] = "SETTLING"
                self.frozen.add(fault.symbol)
            case _:
                return
        self.faults.armed.remove(fault)


def _dropped(request: web.Request) -> web.Response:
    """The connection ends without an answer."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response()
