"""The REST routes that ccxt's binanceusdm calls, and what is answered about the market.

Routes without a version are under /fapi/v1. Who asks, and whether the request is theirs, has been looked at before (`signed`).
"""
from typing import TYPE_CHECKING

from streams.core.values import decimal
from streams.paper import instruments, rest_account, rest_orders, rows
from streams.paper.history import INTERVALS
from streams.paper.orders import VenueError
from streams.paper.parameters import one_of, whole
from streams.paper.routing import Asked, Handler, known, of_symbol, one_or_all, tops

if TYPE_CHECKING:
    from streams.paper.server import PaperExchange


def _ping(*_: object) -> object:
    return {}


def _time(_exchange: "PaperExchange", _key: str, _asked: Asked, now: int) -> object:
    return {"serverTime": now}


def _info(exchange: "PaperExchange", _key: str, _asked: Asked, now: int) -> object:
    return instruments.exchange_info(exchange.engine.rules, exchange.engine.status, exchange.usage.limits, now)


def _premium(exchange: "PaperExchange", _key: str, asked: Asked, now: int) -> object:
    terms = exchange.engine.funding
    return one_or_all(asked, (rows.premium(symbol, top, terms, now) for symbol, top in tops(exchange, asked)))


def _funding_info(exchange: "PaperExchange", _key: str, _asked: Asked, _now: int) -> object:
    return [rows.funding_info(symbol, exchange.engine.funding) for symbol in exchange.engine.rules]


def _funding_rates(exchange: "PaperExchange", _key: str, asked: Asked, _now: int) -> object:
    """What was paid since this exchange began."""
    paid = [one for one in exchange.engine.funding.paid if of_symbol(asked, one.symbol)]
    return [rows.funding_rate(one) for one in paid[-min(whole(asked, "limit", 100), 1_000):]]


def _depth(exchange: "PaperExchange", _key: str, asked: Asked, now: int) -> object:
    rules, top = exchange.engine.market(asked)
    return rows.depth(rules, top, min(whole(asked, "limit", 500), 500), now)


def _book_ticker(exchange: "PaperExchange", _key: str, asked: Asked, now: int) -> object:
    return one_or_all(asked, (rows.book_ticker(exchange.engine.rules[symbol], top, now) for symbol, top in tops(exchange, asked)))


def _price(exchange: "PaperExchange", _key: str, asked: Asked, now: int) -> object:
    return one_or_all(asked, ({"symbol": symbol, "price": decimal(top.last), "time": now} for symbol, top in tops(exchange, asked)))


def _klines(exchange: "PaperExchange", _key: str, asked: Asked, _now: int) -> object:
    symbol, since, until = known(exchange, asked), whole(asked, "startTime", 0), whole(asked, "endTime", 1 << 62)
    interval = one_of(asked, "interval", tuple(INTERVALS), VenueError(-1120, "Invalid interval."))
    found = [one for one in exchange.histories[symbol].candles(interval) if since <= one.opened <= until]
    most = min(whole(asked, "limit", 500), 1_500)
    return [rows.candle(exchange.engine.rules[symbol], one, interval) for one in (found[:most] if since else found[-most:])]


def _day(exchange: "PaperExchange", _key: str, asked: Asked, now: int) -> object:
    traded = [symbol for symbol, _ in tops(exchange, asked) if exchange.histories[symbol].minutes]
    return one_or_all(asked, (rows.day(exchange.engine.rules[symbol], exchange.histories[symbol], now) for symbol in traded))


def _prints(exchange: "PaperExchange", _key: str, asked: Asked, _now: int) -> object:
    symbol = known(exchange, asked)
    found = [rows.aggregate_trade(exchange.engine.rules[symbol], one) for one in exchange.histories[symbol].prints]
    return found[-min(whole(asked, "limit", 500), 1_000):]


ROUTES: dict[tuple[str, str], Handler] = {
    ("GET", "ping"): _ping, ("GET", "time"): _time, ("GET", "exchangeInfo"): _info, ("GET", "depth"): _depth,
    ("GET", "premiumIndex"): _premium, ("GET", "fundingRate"): _funding_rates, ("GET", "fundingInfo"): _funding_info,
    ("GET", "ticker/bookTicker"): _book_ticker, ("GET", "ticker/price"): _price, ("GET", "v2/ticker/price"): _price,
    ("GET", "ticker/24hr"): _day, ("GET", "klines"): _klines, ("GET", "aggTrades"): _prints,
    **rest_orders.ROUTES, **rest_account.ROUTES,
}
