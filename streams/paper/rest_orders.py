"""The REST routes about orders, in Binance's words: what is asked, what is refused, what is answered."""
from typing import TYPE_CHECKING, TypeVar

import msgspec

from streams.paper import rows
from streams.paper.checks import order_asked
from streams.paper.orders import VenueError
from streams.paper.parameters import named, needed, whole
from streams.paper.record import Request
from streams.paper.routing import Asked, Handler, known, limit, of_symbol

if TYPE_CHECKING:
    from streams.paper.server import PaperExchange

CANCELLED_ALL = {"code": 200, "msg": "The operation of cancel all open order is done."}
BATCH_MAX, CANCELS_MAX = 5, 10
T = TypeVar("T")


def _place(exchange: "PaperExchange", key: str, asked: Asked, now: int) -> object:
    return rows.order(exchange.engine.place(key, asked, now))


def _tested(exchange: "PaperExchange", _key: str, asked: Asked, now: int) -> object:
    """Looked at as an order is, answered as one, and never placed."""
    return rows.order(order_asked(asked, *exchange.engine.market(asked), 0, now))


def _order(exchange: "PaperExchange", key: str, asked: Asked, _now: int) -> object:
    found = exchange.engine.find(key, asked)
    if found is None:
        raise VenueError(-2013, "Order does not exist.")
    return rows.order_found(found)


def _cancel(exchange: "PaperExchange", key: str, asked: Asked, now: int) -> object:
    return rows.order(exchange.engine.cancel(key, asked, now))


def _amend(exchange: "PaperExchange", key: str, asked: Asked, now: int) -> object:
    return rows.order_changed(exchange.engine.amend(key, asked, now))


def _cancel_all(exchange: "PaperExchange", key: str, asked: Asked, now: int) -> object:
    exchange.engine.cancel_all(key, needed(asked, "symbol"), now)
    return CANCELLED_ALL


def _countdown(exchange: "PaperExchange", key: str, asked: Asked, now: int) -> object:
    """A dead man's switch for a symbol's ordinary orders; 0 takes it away. That Binance's reaches conditional orders is not told; this does not."""
    symbol, wait = known(exchange, asked), needed(asked, "countdownTime")
    countdowns = exchange.engine.accounts[key].countdowns
    countdowns.pop(symbol, None)
    if whole(asked, "countdownTime", 0):
        countdowns[symbol] = now + whole(asked, "countdownTime", 0)
    return {"symbol": symbol, "countdownTime": wait}


# ---------------------------------------------------------------------------------------------------------------- batches


def _place_batch(exchange: "PaperExchange", key: str, asked: Asked, now: int) -> object:
    return [_leg(exchange, key, "POST", leg, now) for leg in _legs(needed(asked, "batchOrders"))]


def _amend_batch(exchange: "PaperExchange", key: str, asked: Asked, now: int) -> object:
    return [_leg(exchange, key, "PUT", leg, now) for leg in _legs(needed(asked, "batchOrders"))]


def _cancel_batch(exchange: "PaperExchange", key: str, asked: Asked, now: int) -> object:
    """ccxt writes the names in small letters; Binance takes both."""
    plain = {name.lower(): value for name, value in asked.items()}
    named(plain, "orderidlist", "origclientorderidlist")
    name, listed = ("orderId", plain["orderidlist"]) if "orderidlist" in plain else ("origClientOrderId", plain["origclientorderidlist"])
    legs: list[Asked] = [{"symbol": needed(asked, "symbol"), name: str(one)} for one in _decoded(listed, list[int | str])]
    return [_leg(exchange, key, "DELETE", leg, now) for leg in _few(legs, CANCELS_MAX)]


def _leg(exchange: "PaperExchange", key: str, method: str, asked: Asked, now: int) -> object:
    """One order of a batch: its refusal stands in its place, and stops none of the others."""
    code, handler = 0, {"POST": _place, "PUT": _amend, "DELETE": _cancel}[method]
    try:
        body = handler(exchange, key, asked, now)
    except VenueError as refused:
        code, body = refused.code, {"code": refused.code, "msg": refused.text}
    name = next((asked[word] for word in ("newClientOrderId", "origClientOrderId") if word in asked), "")
    exchange.record.asked(Request(now, method, "order", asked.get("symbol", ""), name, code))
    return body


def _legs(text: str) -> list[Asked]:
    legs = _few(_decoded(text, list[dict[str, str | bool | int | float]]), BATCH_MAX)
    return [{name: str(value).lower() if isinstance(value, bool) else str(value) for name, value in leg.items()} for leg in legs]


def _few(legs: list[T], most: int) -> list[T]:
    if not 0 < len(legs) <= most:
        raise VenueError(-4082, "Invalid number of batch place orders.")
    return legs


def _decoded(text: str, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(text, type=kind)
    except msgspec.DecodeError:
        raise VenueError(-1130, "Data sent for parameter 'batchOrders' is not valid.") from None


# ---------------------------------------------------------------------------------------------------------------- lists


def _open_orders(exchange: "PaperExchange", key: str, asked: Asked, _now: int) -> object:
    return [rows.order_found(one) for one in exchange.engine.accounts[key].working() if of_symbol(asked, one.symbol)]


def _all_orders(exchange: "PaperExchange", key: str, asked: Asked, _now: int) -> object:
    """The newest come, in the order of their making."""
    symbol, first = needed(asked, "symbol"), whole(asked, "orderId", 0)
    found = [one for one in exchange.engine.accounts[key].orders.values() if one.symbol == symbol and one.order_id >= first]
    return [rows.order_listed(one) for one in found[-limit(asked):]]


def _place_algo(exchange: "PaperExchange", key: str, asked: Asked, now: int) -> object:
    return rows.algo(exchange.engine.place_algo(key, asked, now))


def _algo(exchange: "PaperExchange", key: str, asked: Asked, _now: int) -> object:
    found = exchange.engine.find_algo(key, asked)
    if found is None:
        raise VenueError(-2013, "Order does not exist.")
    return rows.algo_found(found)


def _cancel_algo(exchange: "PaperExchange", key: str, asked: Asked, now: int) -> object:
    """The code is a string here, at Binance too."""
    algo = exchange.engine.cancel_algo(key, asked, now)
    return {"algoId": algo.algo_id, "clientAlgoId": algo.client_id, "code": "200", "msg": "success"}


def _cancel_all_algos(exchange: "PaperExchange", key: str, asked: Asked, now: int) -> object:
    exchange.engine.cancel_all_algos(key, needed(asked, "symbol"), now)
    return CANCELLED_ALL


def _open_algos(exchange: "PaperExchange", key: str, asked: Asked, _now: int) -> object:
    return [rows.algo_listed(one) for one in exchange.engine.accounts[key].waiting() if one.status == "NEW" and of_symbol(asked, one.symbol)]


def _all_algos(exchange: "PaperExchange", key: str, asked: Asked, _now: int) -> object:
    symbol = needed(asked, "symbol")
    return [rows.algo_listed(one) for one in exchange.engine.accounts[key].algos.values() if one.symbol == symbol][-limit(asked):]


ROUTES: dict[tuple[str, str], Handler] = {
    ("POST", "order"): _place, ("POST", "order/test"): _tested, ("GET", "order"): _order, ("PUT", "order"): _amend, ("DELETE", "order"): _cancel,
    ("POST", "batchOrders"): _place_batch, ("PUT", "batchOrders"): _amend_batch, ("DELETE", "batchOrders"): _cancel_batch,
    ("POST", "algoOrder"): _place_algo, ("GET", "algoOrder"): _algo, ("DELETE", "algoOrder"): _cancel_algo,
    ("GET", "openOrders"): _open_orders, ("GET", "allOrders"): _all_orders, ("DELETE", "allOpenOrders"): _cancel_all,
    ("GET", "openAlgoOrders"): _open_algos, ("GET", "allAlgoOrders"): _all_algos, ("DELETE", "algoOpenOrders"): _cancel_all_algos,
    ("POST", "countdownCancelAll"): _countdown,
}
