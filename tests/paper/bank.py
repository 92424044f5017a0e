"""A client that signs as Binance asks, and nothing more: what it gets is what was sent."""
import hashlib
import hmac
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlencode

import aiohttp
from yarl import URL

from streams.core.values import e8
from streams.paper.conditions import Conditions
from streams.paper.server import PaperExchange

SECRET = "paper"


class Bank:
    """An exchange with a price for each symbol, and somebody who speaks to it over HTTP. BTCUSDT stands at 60000 / 60000.1."""

    def __init__(self, *, conditions: Conditions | None = None) -> None:
        self.exchange = PaperExchange(conditions=conditions)
        self.headers: dict[str, str] = {}

    async def __aenter__(self) -> Self:
        await self.exchange.__aenter__()
        self.session = aiohttp.ClientSession()
        for symbol, rules in self.exchange.engine.rules.items():
            self.exchange.set_price(symbol, rules.price, rules.price + rules.tick)
        self.price("60000")
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self.session.close()
        await self.exchange.__aexit__(kind, error, trace)

    def price(self, bid: str) -> None:
        self.exchange.set_price("BTCUSDT", e8(bid), e8(bid) + e8("0.1"))

    def signed(self, asked: Mapping[str, str | int], *, late_ms: int = 0, forged: str = "") -> str:
        said = urlencode({"timestamp": self.exchange.clock() - late_ms, **asked, "recvWindow": 5_000})
        return f"{said}&signature={forged or hmac.new(SECRET.encode(), said.encode(), hashlib.sha256).hexdigest()}"

    async def ask(self, method: str, path: str, **asked: str | int) -> tuple[int, Any]:
        """Status and body. `path` begins with the version, or with sapi."""
        return await self.send(method, path, self.signed(asked))

    async def send(self, method: str, path: str, said: str = "", key: str = "paper") -> tuple[int, Any]:
        """Exactly these words, in the query or in the body."""
        base = path.replace("sapi/", "sapi/v1/") if path.startswith("sapi/") else f"fapi/{path}"
        url, body = f"{self.exchange.rest_url}/{base}", None
        if method in ("GET", "DELETE"):
            url += f"?{said}" if said else ""
        else:
            body = said
        form = {"X-MBX-APIKEY": key, "Content-Type": "application/x-www-form-urlencoded"}
        async with self.session.request(method, URL(url, encoded=True), data=body, headers=form) as answer:
            self.headers = dict(answer.headers)
            return answer.status, await answer.json() if answer.content_type == "application/json" else await answer.text()

    async def body(self, method: str, path: str, **asked: str | int) -> Any:  # noqa: ANN401
        status, body = await self.ask(method, path, **asked)
        assert status == 200, body
        return body

    async def panel(self, method: str, path: str, asked: object = None) -> tuple[int, Any]:
        async with self.session.request(method, f"{self.exchange.rest_url}/{path}", json=asked) as answer:
            return answer.status, await answer.json()
