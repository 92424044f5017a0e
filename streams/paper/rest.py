"""The REST routes that ccxt's binanceusdm calls, in Binance's words: signature, times and keys are looked at before anything else.

A GET or DELETE carries its parameters in the query, a POST or PUT in a form body; the signature is the HMAC of that very string, and comes last.
"""
import hashlib
import hmac
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from aiohttp import web

from streams.core.values import decimal
from streams.paper import instruments, rows
from streams.paper.orders import VenueError

if TYPE_CHECKING:
    from streams.paper.server import PaperExchange

Asked = dict[str, str]
Handler = Callable[["PaperExchange", str, Asked, int], Any]
RECV_WINDOW_MS, AHEAD_MS = 5_000, 1_000
NO_SIGNATURE = frozenset({("POST", "listenKey"), ("PUT", "listenKey"), ("DELETE", "listenKey")})
PUBLIC = frozenset({"ping", "time", "exchangeInfo", "premiumIndex", "ticker/bookTicker", "ticker/price"})


def authentic(exchange: "PaperExchange", request: web.Request, path: str, raw: str, asked: Asked, now: int) -> str:
    """The API key of the request. Raises VenueError."""
    key = request.headers.get("X-MBX-APIKEY", "")
    if path in PUBLIC:
        return key
    secret = exchange.secrets.get(key)
    if secret is None:
        raise VenueError(-2015, "Invalid API-key, IP, or permissions for action.", 401)
    if (request.method, path) in NO_SIGNATURE:
        return key
    signed, _, signature = raw.rpartition("&signature=")
    if not hmac.compare_digest(hmac.new(secret.encode(), signed.encode(), hashlib.sha256).hexdigest(), signature):
        raise VenueError(-1022, "Signature for this request is not valid.")
    stamp = asked.get("timestamp", "")
    if not stamp.isdigit():
        raise VenueError(-1102, "Mandatory parameter 'timestamp' was not sent, was empty/null, or malformed.")
    if not now - int(asked.get("recvWindow", RECV_WINDOW_MS)) <= int(stamp) < now + AHEAD_MS:
        raise VenueError(-1021, "Timestamp for this request is outside of the recvWindow.")
    return key


def _place(exchange: "PaperExchange", key: str, asked: Asked, now: int) -> Any:  # noqa: ANN401
    return rows.order(exchange.engine.place(key, asked, now))


def _place_algo(exchange: "PaperExchange", key: str, asked: Asked, now: int) -> Any:  # noqa: ANN401
    return rows.algo(exchange.engine.place_algo(key, asked, now))


def _cancel(exchange: "PaperExchange", key: str, asked: Asked, now: int) -> Any:  # noqa: ANN401
    return rows.order(exchange.engine.cancel(key, asked, now))


def _cancel_algo(exchange: "PaperExchange", key: str, asked: Asked, now: int) -> Any:  # noqa: ANN401
    """The code is a string here, at Binance too."""
    algo = exchange.engine.cancel_algo(key, asked, now)
    return {"algoId": algo.algo_id, "clientAlgoId": algo.client_id, "code": "200", "msg": "success"}


def _cancel_all(exchange: "PaperExchange", key: str, asked: Asked, now: int) -> Any:  # noqa: ANN401
    for order in [one for one in exchange.engine.accounts[key].working() if one.symbol == asked.get("symbol")]:
        exchange.engine.cancel(key, {"orderId": str(order.order_id)}, now)
    return {"code": 200, "msg": "The operation of cancel all open order is done."}


def _cancel_all_algos(exchange: "PaperExchange", key: str, asked: Asked, now: int) -> Any:  # noqa: ANN401
    for algo in [one for one in exchange.engine.accounts[key].waiting() if one.symbol == asked.get("symbol") and one.status == "NEW"]:
        exchange.engine.cancel_algo(key, {"algoId": str(algo.algo_id)}, now)
    return {"code": 200, "msg": "The operation of cancel all open order is done."}


def _order(exchange: "PaperExchange", key: str, asked: Asked, _now: int) -> Any:  # noqa: ANN401
    found = exchange.engine.find(key, asked)
    if found is None:
        raise VenueError(-2013, "Order does not exist.")
    return rows.order_found(found)


def _algo(exchange: "PaperExchange", key: str, asked: Asked, _now: int) -> Any:  # noqa: ANN401
    found = exchange.engine.find_algo(key, asked)
    if found is None:
        raise VenueError(-2013, "Order does not exist.")
    return rows.algo_found(found)


def _of_symbol(asked: Asked, symbol: str) -> bool:
    return asked.get("symbol", symbol) == symbol


def _open_orders(exchange: "PaperExchange", key: str, asked: Asked, _now: int) -> Any:  # noqa: ANN401
    return [rows.order_found(one) for one in exchange.engine.accounts[key].working() if _of_symbol(asked, one.symbol)]


def _all_orders(exchange: "PaperExchange", key: str, asked: Asked, _now: int) -> Any:  # noqa: ANN401
    return [rows.order_found(one) for one in exchange.engine.accounts[key].orders.values() if _of_symbol(asked, one.symbol)][-int(asked.get("limit", 500)):]


def _open_algos(exchange: "PaperExchange", key: str, asked: Asked, _now: int) -> Any:  # noqa: ANN401
    return [rows.algo_found(one) for one in exchange.engine.accounts[key].waiting() if one.status == "NEW" and _of_symbol(asked, one.symbol)]


def _all_algos(exchange: "PaperExchange", key: str, asked: Asked, _now: int) -> Any:  # noqa: ANN401
    return [rows.algo_found(one) for one in exchange.engine.accounts[key].algos.values() if _of_symbol(asked, one.symbol)][-int(asked.get("limit", 500)):]


def _positions(exchange: "PaperExchange", key: str, asked: Asked, _now: int) -> Any:  # noqa: ANN401
    engine, account = exchange.engine, exchange.engine.accounts[key]
    busy = {one.symbol for one in (*account.working(), *account.waiting())}
    held = [symbol for symbol, one in account.positions.items() if one.quantity or symbol in busy]
    return [rows.position(account, symbol, engine.rules[symbol], engine.tops[symbol]) for symbol in held if _of_symbol(asked, symbol)]


def _account(exchange: "PaperExchange", key: str, _asked: Asked, now: int) -> Any:  # noqa: ANN401
    return rows.account_told(exchange.engine.accounts[key], exchange.engine.rules, exchange.engine.tops, now)


def _balance(exchange: "PaperExchange", key: str, asked: Asked, now: int) -> Any:  # noqa: ANN401
    told = _account(exchange, key, asked, now)["assets"]
    return [{"accountAlias": "paper", "balance": row["walletBalance"], **{name: row[name] for name in (
        "asset", "crossWalletBalance", "crossUnPnl", "availableBalance", "maxWithdrawAmount", "marginAvailable", "updateTime")}} for row in told]


def _trades(exchange: "PaperExchange", key: str, asked: Asked, _now: int) -> Any:  # noqa: ANN401
    """With only a limit, the oldest of the window come first, as at Binance."""
    first, since = int(asked.get("fromId", 0)), int(asked.get("startTime", 0))
    found = [one for one in exchange.engine.accounts[key].trades if one.symbol == asked.get("symbol") and one.trade_id >= first and one.time >= since]
    return [rows.trade(one) for one in found[: int(asked.get("limit", 500))]]


def _leverage(exchange: "PaperExchange", key: str, asked: Asked, _now: int) -> Any:  # noqa: ANN401
    wanted = asked.get("leverage", "")
    if not wanted.isdigit() or not 1 <= int(wanted) <= instruments.LEVERAGE_MAX:
        raise VenueError(-4028, f"Leverage {wanted} is not valid")
    exchange.engine.accounts[key].leverage[asked["symbol"]] = int(wanted)
    return {"leverage": int(wanted), "maxNotionalValue": "100000000", "symbol": asked["symbol"]}


def _margin_type(_exchange: "PaperExchange", _key: str, asked: Asked, _now: int) -> Any:  # noqa: ANN401
    if asked.get("marginType") == "CROSSED":
        raise VenueError(-4046, "No need to change margin type.")
    raise VenueError(-4047, "This exchange knows cross margin only.")


def _set_side(_exchange: "PaperExchange", _key: str, asked: Asked, _now: int) -> Any:  # noqa: ANN401
    if asked.get("dualSidePosition", "false") == "false":
        raise VenueError(-4059, "No need to change position side.")
    raise VenueError(-4068, "This exchange knows one-way mode only.")


def _top(exchange: "PaperExchange", asked: Asked) -> list[tuple[str, Any]]:
    """The markets that are asked for. Raises VenueError."""
    if asked.get("symbol", "") not in ("", *exchange.engine.rules):
        raise VenueError(-1121, "Invalid symbol.")
    return [(symbol, top) for symbol, top in exchange.engine.tops.items() if _of_symbol(asked, symbol)]


def _one_or_all(asked: Asked, found: list[Any]) -> Any:  # noqa: ANN401
    return found[0] if asked.get("symbol") and found else found


def _premium(exchange: "PaperExchange", _key: str, asked: Asked, now: int) -> Any:  # noqa: ANN401
    return _one_or_all(asked, [rows.premium(symbol, top, now) for symbol, top in _top(exchange, asked)])


def _book_ticker(exchange: "PaperExchange", _key: str, asked: Asked, now: int) -> Any:  # noqa: ANN401
    return _one_or_all(asked, [
        {"symbol": symbol, "bidPrice": decimal(top.bid), "bidQty": "10", "askPrice": decimal(top.ask), "askQty": "10", "time": now}
        for symbol, top in _top(exchange, asked)
    ])


def _price(exchange: "PaperExchange", _key: str, asked: Asked, now: int) -> Any:  # noqa: ANN401
    return _one_or_all(asked, [{"symbol": symbol, "price": decimal(top.last), "time": now} for symbol, top in _top(exchange, asked)])


def _symbol_config(exchange: "PaperExchange", key: str, asked: Asked, _now: int) -> Any:  # noqa: ANN401
    leverage = exchange.engine.accounts[key].leverage
    return [
        {"symbol": symbol, "marginType": "CROSSED", "isAutoAddMargin": False, "leverage": leverage.get(symbol, 20), "maxNotionalValue": "100000000"}
        for symbol in exchange.engine.rules if _of_symbol(asked, symbol)
    ]


ROUTES: dict[tuple[str, str], Handler] = {
    ("GET", "ping"): lambda *_: {},
    ("GET", "time"): lambda _x, _k, _a, now: {"serverTime": now},
    ("GET", "exchangeInfo"): lambda exchange, _k, _a, now: instruments.exchange_info(exchange.engine.status, now),
    ("POST", "order"): _place, ("GET", "order"): _order, ("DELETE", "order"): _cancel,
    ("POST", "algoOrder"): _place_algo, ("GET", "algoOrder"): _algo, ("DELETE", "algoOrder"): _cancel_algo,
    ("GET", "openOrders"): _open_orders, ("GET", "allOrders"): _all_orders, ("DELETE", "allOpenOrders"): _cancel_all,
    ("GET", "openAlgoOrders"): _open_algos, ("GET", "allAlgoOrders"): _all_algos, ("DELETE", "algoOpenOrders"): _cancel_all_algos,
    ("GET", "positionRisk"): _positions, ("GET", "account"): _account, ("GET", "balance"): _balance, ("GET", "userTrades"): _trades,
    ("POST", "leverage"): _leverage, ("POST", "marginType"): _margin_type, ("POST", "positionSide/dual"): _set_side,
    ("GET", "positionSide/dual"): lambda *_: {"dualSidePosition": False},
    ("GET", "multiAssetsMargin"): lambda *_: {"multiAssetsMargin": False},
    ("GET", "leverageBracket"): lambda exchange, _k, asked, _n: _one_or_all(
        asked, [instruments.brackets(symbol) for symbol in exchange.engine.rules if _of_symbol(asked, symbol)]),
    ("GET", "commissionRate"): lambda _x, _k, asked, _n: rows.commission(asked["symbol"]),
    ("GET", "symbolConfig"): _symbol_config,
    ("GET", "accountConfig"): lambda *_: {
        "feeTier": 0, "canTrade": True, "canDeposit": True, "canWithdraw": False, "dualSidePosition": False, "updateTime": 0, "multiAssetsMargin": False,
        "tradeGroupId": -1},
    ("GET", "income"): lambda *_: [],
    ("GET", "rateLimit/order"): lambda exchange, _k, _a, now: instruments.exchange_info(exchange.engine.status, now)["rateLimits"][1:],
    ("GET", "premiumIndex"): _premium, ("GET", "ticker/bookTicker"): _book_ticker, ("GET", "ticker/price"): _price,
    ("POST", "listenKey"): lambda exchange, key, _a, now: {"listenKey": exchange.sockets.key_for(key, now)},
    ("PUT", "listenKey"): lambda exchange, key, _a, now: {"listenKey": exchange.sockets.keep(key, now)},
    ("DELETE", "listenKey"): lambda exchange, key, _a, _n: exchange.sockets.forget(key),
}
