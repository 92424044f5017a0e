"""What is not Binance's: the exchange's own record and state, prices and funding by hand, the fault panel. Under `/_…`, without a key."""
from typing import TYPE_CHECKING

import msgspec
from aiohttp import web

from streams.core.values import decimal, e8
from streams.errors import WrongUse
from streams.paper import funding
from streams.paper.record import state

if TYPE_CHECKING:
    from streams.paper.server import PaperExchange


class Panel:
    def __init__(self, exchange: "PaperExchange") -> None:
        self.exchange = exchange

    def opened(self, app: web.Application) -> None:
        app.router.add_get("/_record", self._told)
        app.router.add_get("/_state", self._state)
        app.router.add_post("/_price", self._priced)
        app.router.add_post("/_funding", self._paid)
        app.router.add_route("*", "/_faults", self._faults)

    async def _told(self, request: web.Request) -> web.Response:
        since = request.query.get("since", "0")
        return web.json_response(self.exchange.record.told(self.exchange.now(), int(since) if since.isdecimal() else 0))

    async def _state(self, _request: web.Request) -> web.Response:
        engine, record = self.exchange.engine, self.exchange.record
        return web.json_response({**state(engine.accounts), "created": dict(record.created), "status": engine.status})

    async def _priced(self, request: web.Request) -> web.Response:
        """`{"symbol": "BTCUSDT", "bid": "61800", "ask": "61800.1"}`."""
        try:
            asked = await request.json()
            self.exchange.set_price(asked["symbol"], e8(asked["bid"]), e8(asked["ask"]))
        except (KeyError, TypeError, ValueError) as reason:
            return web.json_response({"error": repr(reason)}, status=400)
        return web.json_response({})

    async def _paid(self, request: web.Request) -> web.Response:
        """`{"symbol": "BTCUSDT", "rate": "0.0003"}`: the symbol's rate from now on, and a payment at once."""
        terms, rules = self.exchange.engine.funding, self.exchange.engine.rules
        try:
            asked = await request.json()
            symbol, rate = rules[asked["symbol"]].symbol, e8(asked["rate"])
        except (KeyError, TypeError, ValueError) as reason:
            return web.json_response({"error": repr(reason)}, status=400)
        terms.rates[symbol] = rate
        funding.pay(self.exchange.engine, symbol, self.exchange.now())
        return web.json_response({"symbol": symbol, "rate": decimal(rate)})

    async def _faults(self, request: web.Request) -> web.Response:
        faults = self.exchange.faults
        if request.method == "DELETE":
            faults.armed.clear()
        if request.method == "POST":
            try:
                await self.exchange.at_once(faults.arm(await request.json(), self.exchange.engine.status))
            except (WrongUse, ValueError) as reason:
                return web.json_response({"error": str(reason)}, status=400)
        return web.json_response(msgspec.to_builtins(faults.armed))
