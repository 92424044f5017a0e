"""What the REST routes share: who asks for what, and the few ways in which all of them read a request."""
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from streams.paper.orders import Top, VenueError
from streams.paper.parameters import needed, whole

if TYPE_CHECKING:
    from streams.paper.server import PaperExchange

Asked = dict[str, str]
Handler = Callable[["PaperExchange", str, Asked, int], object]
ROWS_MAX = 1_000
DONE = {"code": 200, "msg": "success"}


def known(exchange: "PaperExchange", asked: Asked) -> str:
    symbol = needed(asked, "symbol")
    if symbol not in exchange.engine.rules:
        raise VenueError(-1121, "Invalid symbol.")
    return symbol


def of_symbol(asked: Asked, symbol: str) -> bool:
    return asked.get("symbol", symbol) == symbol


def limit(asked: Asked) -> int:
    return min(whole(asked, "limit", 500), ROWS_MAX)


def tops(exchange: "PaperExchange", asked: Asked) -> list[tuple[str, Top]]:
    if "symbol" in asked:
        known(exchange, asked)
    return [(symbol, top) for symbol, top in exchange.engine.tops.items() if of_symbol(asked, symbol)]


def one_or_all(asked: Asked, found: Iterable[dict[str, Any]]) -> object:
    every = list(found)
    return every[0] if "symbol" in asked and every else every
