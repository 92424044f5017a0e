"""`PaperExchange`: the exchange behind its REST and WebSocket faces, fed by a source of prices, on loopback.

    async with PaperExchange(source=simulated([...], seed=1)) as exchange:
        exchange.rest_url, exchange.ws_url

The clock is the machine's, given as a function. Keys and secrets are given too; `paper` with the secret `paper` is there by default.
"""
import asyncio
import random
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from functools import partial
from types import TracebackType
from typing import Self

from aiohttp import web
from msgspec.structs import replace

from streams.core.values import E8
from streams.errors import PortTaken
from streams.paper import forced
from streams.paper.calls import Call, Calls, hang_up
from streams.paper.conditions import Conditions
from streams.paper.faults import Fault, Faults, Kind
from streams.paper.funding import Terms
from streams.paper.history import History
from streams.paper.instruments import ALL
from streams.paper.market import Quote
from streams.paper.matching import Exchange
from streams.paper.order_socket import OrderSocket
from streams.paper.orders import Account, Top
from streams.paper.panel import Panel
from streams.paper.record import Record
from streams.paper.sockets import Sockets
from streams.paper.usage import Usage
from streams.runtime import logs

BEAT_S = 0.2                          # how often it is looked for what is due without a price or a request
WALLETS = {"USDT": 10_000 * E8, "USDC": 10_000 * E8}
_log = logs.get(__name__)


def wall_ms() -> int:
    return time.time_ns() // 1_000_000


class PaperExchange:
    def __init__(
        self, source: AsyncIterator[Quote] | None = None, *, symbols: Sequence[str] = tuple(ALL), port: int = 0, host: str = "127.0.0.1",
        secrets: Mapping[str, str] | None = None, wallets: Mapping[str, int] | None = None, clock: Callable[[], int] = wall_ms,
        conditions: Conditions | None = None,
    ) -> None:
        self.conditions, self.secrets = conditions or Conditions(), dict(secrets or {"paper": "paper"})
        self.clock, self.skew_ms = clock, 0
        self.faults, self.record, self.usage = Faults(), Record(), Usage(self.conditions.limits)
        self._dice = random.Random(self.conditions.seed)  # noqa: S311  (a simulation)
        self.sockets, self.calls = Sockets(self.faults, self._on_the_line, self.conditions.connection_s), Calls(self)
        self.engine = self._founded(symbols, dict(wallets or WALLETS))
        self.histories = {symbol: History() for symbol in symbols}
        self.frozen: set[str] = set()
        self._marked: set[str] = set()                    # symbols of which the source tells marks
        self._source, self._address = source, (host, port)
        self._tasks: list[asyncio.Task[None]] = []
        self._runner: web.AppRunner | None = None

    def _founded(self, symbols: Sequence[str], wallets: dict[str, int]) -> Exchange:
        """With every account as it begins."""
        told = self.conditions
        rules = {symbol: replace(ALL[symbol], depth=told.depth or ALL[symbol].depth) for symbol in symbols}
        engine = Exchange(rules, tell=self.sockets.tell, born=self.clock())
        burns = "BNB" in wallets                          # who brings some pays fees with it
        engine.accounts = {key: Account(wallets=dict(wallets), fee_tier=told.fee_tier, burns=burns) for key in self.secrets}
        engine.funding, engine.stuck = Terms(told.funding_rate, told.funding_every_ms), self.faults.takes_trigger
        return engine

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_route("*", "/fapi/{version:v[123]}/{path:.+}", self._routed)
        app.router.add_route("*", "/{version:sapi}/v1/{path:.+}", self._routed)
        for path in ("/{category:public|market}/ws", "/{category:public|market}/ws/{number}"):
            app.router.add_get(path, self.sockets.public)
        app.router.add_get("/private/ws", self.sockets.private)
        app.router.add_get("/ws-fapi/v1", OrderSocket(self).opened)
        Panel(self).opened(app)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await self._runner.setup()
        host, port = self._address
        try:
            await web.TCPSite(self._runner, host, port).start()
        except OSError as reason:
            await self._runner.cleanup()
            raise PortTaken(f"{host}:{port} cannot be had: {reason.strerror}", "choose another with --port") from None
        self._address = host, int(self._runner.addresses[0][1])
        self._tasks.append(asyncio.create_task(self._beat()))
        if self._source is not None:
            self._tasks.append(asyncio.create_task(self._feed(self._source)))
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        for task in self._tasks:
            task.cancel()
        if self._runner is not None:
            await self._runner.cleanup()

    @property
    def rest_url(self) -> str:
        return f"http://{self._address[0]}:{self._address[1]}"

    @property
    def ws_url(self) -> str:
        return f"ws://{self._address[0]}:{self._address[1]}"

    # ------------------------------------------------------------------------------------------------------------ time and prices

    def now(self) -> int:
        """The exchange's own time, which need not be its machine's."""
        return self.clock() + self.skew_ms

    def passed(self) -> None:
        """What is due: orders good till now, countdowns, funding, listen keys."""
        now = self.now()
        self.engine.passed(now)
        self.sockets.passed(now)
        self.look_at_all(now)

    async def _beat(self) -> None:
        while True:
            self.passed()
            await asyncio.sleep(BEAT_S)

    def quote(self, quote: Quote) -> None:
        """A new price from the source, or from a test. Where the source tells no marks, the mark is the mid."""
        if quote.symbol in self.frozen or quote.symbol not in self.engine.rules:
            return
        now = self.now()
        self._marked |= {quote.symbol} if quote.mark else set()
        top = _top(quote, self.engine.tops.get(quote.symbol), keeps_mark=quote.symbol in self._marked)
        if not top.bid:
            return
        self.engine.priced(quote.symbol, top, now)
        if quote.last:
            self.histories[quote.symbol].seen(quote.last, now)
        for key, account in self.engine.accounts.items():
            if account.held(quote.symbol).quantity or (key, quote.symbol) in self.record.bare:
                self.record.look(key, quote.symbol, account, now)
        self.sockets.quoted(quote, top, self.engine.rules[quote.symbol], self.engine.funding, self.histories[quote.symbol], now)

    def set_price(self, symbol: str, bid: int, ask: int) -> None:
        """A test's hand: bid and ask in 1e-8; the last trade was at the bid."""
        self.quote(Quote(symbol, bid, ask, bid))

    async def _feed(self, source: AsyncIterator[Quote]) -> None:
        async for quote in source:
            self.quote(quote)
        _log.info("the source of prices has ended; the market stands still")

    def _on_the_line(self) -> float:
        """Seconds that a frame of a stream takes."""
        return (self.conditions.stream_ms + self._dice.random() * self.conditions.stream_jitter_ms) / 1_000

    async def travel(self) -> None:
        """Half the way of a request."""
        way_ms = self.conditions.rest_ms + self._dice.random() * self.conditions.rest_jitter_ms
        if way_ms:
            await asyncio.sleep(way_ms / 2_000)

    # ------------------------------------------------------------------------------------------------------------ REST

    async def _routed(self, request: web.Request) -> web.StreamResponse:
        """What was signed is the query as it was sent; aiohttp shows it decoded."""
        await self.travel()
        answer = await self._rest(request, request.rel_url.raw_query_string, request.remote or "")
        await self.travel()
        return answer

    async def _rest(self, request: web.Request, query: str = "", address: str = "") -> web.StreamResponse:
        raw = query or request.query_string if request.method in ("GET", "DELETE") else await request.text()
        told = request.match_info
        return await self.calls.answer(Call(
            request.method, told["version"], told["path"], raw, request.headers.get("X-MBX-APIKEY", ""), address, partial(hang_up, request),
        ))

    def look_at_all(self, now: int) -> None:
        """All that is held: a request need not name the symbol that it strips of its stop."""
        for key, account in self.engine.accounts.items():
            for symbol, held in account.positions.items():
                if held.quantity or (key, symbol) in self.record.bare:
                    self.record.look(key, symbol, account, now)

    # ------------------------------------------------------------------------------------------------------------ a bad day

    async def at_once(self, fault: Fault) -> None:
        """Does what a fault does that waits for no request; the others stay armed."""
        match fault.kind:
            case Kind.WS_DROP:
                await self.sockets.drop_private()
            case Kind.EXPIRE_KEY:
                self.sockets.expire(self.now())
            case Kind.FREEZE:
                (self.frozen.add if fault.count else self.frozen.discard)(fault.symbol)
            case Kind.MARKET_DROP:
                await self.sockets.drop_public()
            case Kind.DELIST:
                self.engine.status[fault.symbol] = "SETTLING"
                self.frozen.add(fault.symbol)
            case Kind.SETTLE:
                forced.settle(self.engine, fault.symbol, self.now())
                self.frozen.add(fault.symbol)
            case Kind.ADL:
                for key in self.engine.accounts:
                    forced.deleverage(self.engine, key, fault.symbol, self.now())
            case Kind.CLOCK_SKEW:
                self.skew_ms = int(fault.seconds * 1_000)
            case _:
                return
        self.faults.armed.remove(fault)
        self.look_at_all(self.now())


def _top(quote: Quote, known: Top | None, *, keeps_mark: bool) -> Top:
    """The market after a quote; what it does not say stays as it was, the last price within the spread."""
    if quote.bid:
        last = quote.last or (min(max(known.last, quote.bid), quote.ask) if known else quote.bid)
        middle = known.mark if known and keeps_mark else (quote.bid + quote.ask) // 2
        return Top(quote.bid, quote.ask, last, quote.mark or middle, quote.bid_quantity, quote.ask_quantity)
    if known is None:
        return Top(quote.last, quote.last, quote.last, quote.mark or quote.last)
    return replace(known, last=quote.last or known.last, mark=quote.mark or known.mark)
