"""The REST routes that ccxt's binanceusdm calls, each in Binance's words: what is asked, what is refused, what is answered.

Routes without a version are under /fapi/v1. Who asks, and whether the request is theirs, has been looked at before (`signed`).
"""
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from streams.core.values import decimal
from streams.paper import checks, events, instruments, rows
from streams.paper.orders import Top, VenueError
from streams.paper.trading import LEVERAGE_DEFAULT

if TYPE_CHECKING:
    from streams.paper.server import PaperExchange

Asked = dict[str, str]
Handler = Callable[["PaperExchange", str, Asked, int], object]
ROWS_MAX = 1_000
CANCELLED_ALL = {"code": 200, "msg": "The operation of cancel all open order is done."}

# ---------------------------------------------------------------------------------------------------------------- orders


def _place(exchange: "PaperExchange", key: str, asked: Asked, now: int) -> object:
    return rows.order(exchange.engine.place(key, asked, now))


def _tested(exchange: "PaperExchange", _key: str, asked: Asked, now: int) -> object:
    """Looked at as an order is, answered as one, and never placed."""
    symbol = _known(exchange, asked)
    if symbol not in exchange.engine.tops:
        raise VenueError(-4131, "The counterparty's best price does not meet the PERCENT_PRICE filter limit.")
    return rows.order(checks.order_asked(asked, exchange.engine.rules[symbol], exchange.engine.tops[symbol], 0, now))


def _order(exchange: "PaperExchange", key: str, asked: Asked, _now: int) -> object:
    found = exchange.engine.find(key, asked)
    if found is None:
        raise VenueError(-2013, "Order does not exist.")
    return rows.order_found(found)


def _cancel(exchange: "PaperExchange", key: str, asked: Asked, now: int) -> object:
    return rows.order(exchange.engine.cancel(key, asked, now))


def _cancel_all(exchange: "PaperExchange", key: str, asked: Asked, now: int) -> object:
    symbol = checks.needed(asked, "symbol")
    for order in [one for one in exchange.engine.accounts[key].working() if one.symbol == symbol]:
        exchange.engine.cancel(key, {"orderId": str(order.order_id)}, now)
    return CANCELLED_ALL


def _open_orders(exchange: "PaperExchange", key: str, asked: Asked, _now: int) -> object:
    return [rows.order_found(one) for one in exchange.engine.accounts[key].working() if _of_symbol(asked, one.symbol)]


def _all_orders(exchange: "PaperExchange", key: str, asked: Asked, _now: int) -> object:
    """The newest come, in the order of their making."""
    symbol, first = checks.needed(asked, "symbol"), checks.whole(asked, "orderId", 0)
    found = [one for one in exchange.engine.accounts[key].orders.values() if one.symbol == symbol and one.order_id >= first]
    return [rows.order_listed(one) for one in found[-_limit(asked):]]


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
    symbol = checks.needed(asked, "symbol")
    for algo in [one for one in exchange.engine.accounts[key].waiting() if one.symbol == symbol and one.status == "NEW"]:
        exchange.engine.cancel_algo(key, {"algoId": str(algo.algo_id)}, now)
    return CANCELLED_ALL


def _open_algos(exchange: "PaperExchange", key: str, asked: Asked, _now: int) -> object:
    return [rows.algo_listed(one) for one in exchange.engine.accounts[key].waiting() if one.status == "NEW" and _of_symbol(asked, one.symbol)]


def _all_algos(exchange: "PaperExchange", key: str, asked: Asked, _now: int) -> object:
    symbol = checks.needed(asked, "symbol")
    return [rows.algo_listed(one) for one in exchange.engine.accounts[key].algos.values() if one.symbol == symbol][-_limit(asked):]


# ---------------------------------------------------------------------------------------------------------------- the account


def _positions(exchange: "PaperExchange", key: str, asked: Asked, _now: int) -> object:
    """v3: only symbols with a position or open orders."""
    account = exchange.engine.accounts[key]
    busy = {one.symbol for one in account.working()} | {symbol for symbol, one in account.positions.items() if one.quantity}
    return [rows.position(account, symbol, exchange.engine.rules, exchange.engine.tops) for symbol in sorted(busy) if _of_symbol(asked, symbol)]


def _positions_v2(exchange: "PaperExchange", key: str, asked: Asked, _now: int) -> object:
    """Every symbol that has a price."""
    engine = exchange.engine
    return [rows.position_v2(engine.accounts[key], symbol, engine.rules, engine.tops) for symbol in engine.tops if _of_symbol(asked, symbol)]


def _account(exchange: "PaperExchange", key: str, _asked: Asked, now: int) -> object:
    return rows.account(exchange.engine.accounts[key], exchange.engine.rules, exchange.engine.tops, now)


def _account_v2(exchange: "PaperExchange", key: str, _asked: Asked, now: int) -> object:
    return rows.account_v2(exchange.engine.accounts[key], exchange.engine.rules, exchange.engine.tops, now)


def _balance(exchange: "PaperExchange", key: str, _asked: Asked, now: int) -> object:
    return rows.balances(exchange.engine.accounts[key], exchange.engine.rules, exchange.engine.tops, now)


def _trades(exchange: "PaperExchange", key: str, asked: Asked, _now: int) -> object:
    """With only a limit, the oldest of the window come first, as at Binance."""
    symbol, first, since = checks.needed(asked, "symbol"), checks.whole(asked, "fromId", 0), checks.whole(asked, "startTime", 0)
    until, number = checks.whole(asked, "endTime", 1 << 62), checks.whole(asked, "orderId", 0)
    found = [
        one for one in exchange.engine.accounts[key].trades
        if one.symbol == symbol and one.trade_id >= first and since <= one.time <= until and number in (0, one.order_id)
    ]
    return [rows.trade(one) for one in found[: _limit(asked)]]


def _income(exchange: "PaperExchange", key: str, asked: Asked, _now: int) -> object:
    found = (row for one in exchange.engine.accounts[key].trades for row in rows.income(one) if _of_symbol(asked, one.symbol))
    return [row for row in found if row["incomeType"] == asked.get("incomeType", row["incomeType"])][: _limit(asked)]


def _leverage(exchange: "PaperExchange", key: str, asked: Asked, now: int) -> object:
    symbol, leverage = _known(exchange, asked), checks.whole(asked, "leverage", 0)
    if not 1 <= leverage <= instruments.LEVERAGE_MAX:
        raise VenueError(-4028, f"Leverage {leverage} is not valid")
    exchange.engine.accounts[key].leverage[symbol] = leverage
    exchange.engine.tell(key, events.leverage_update(symbol, leverage, now))
    return {"leverage": leverage, "maxNotionalValue": rows.NOTIONAL_MAX, "symbol": symbol}


def _margin_type(exchange: "PaperExchange", _key: str, asked: Asked, _now: int) -> object:
    _known(exchange, asked)
    if checks.needed(asked, "marginType") == "CROSSED":
        raise VenueError(-4046, "No need to change margin type.")
    raise VenueError(-4047, "Margin type cannot be changed: this exchange has cross margin alone.")


def _set_side(_exchange: "PaperExchange", _key: str, asked: Asked, _now: int) -> object:
    if checks.needed(asked, "dualSidePosition").lower() == "false":
        raise VenueError(-4059, "No need to change position side.")
    raise VenueError(-4068, "Position side cannot be changed: this exchange has one-way mode alone.")


def _restrictions(_exchange: "PaperExchange", _key: str, _asked: Asked, now: int) -> object:
    return rows.restrictions(now)


def _side(*_: object) -> object:
    return {"dualSidePosition": False}


def _multi_assets(*_: object) -> object:
    return {"multiAssetsMargin": False}


def _account_config(*_: object) -> object:
    return rows.account_config()


def _symbol_config(exchange: "PaperExchange", key: str, asked: Asked, _now: int) -> object:
    leverage = exchange.engine.accounts[key].leverage
    return [rows.symbol_config(symbol, leverage.get(symbol, LEVERAGE_DEFAULT)) for symbol in exchange.engine.rules if _of_symbol(asked, symbol)]


def _brackets(exchange: "PaperExchange", _key: str, asked: Asked, _now: int) -> object:
    return [instruments.brackets(symbol) for symbol in exchange.engine.rules if _of_symbol(asked, symbol)]


def _commission(exchange: "PaperExchange", _key: str, asked: Asked, _now: int) -> object:
    return rows.commission(_known(exchange, asked))


def _rates(exchange: "PaperExchange", _key: str, _asked: Asked, now: int) -> object:
    return instruments.exchange_info(exchange.engine.status, now)["rateLimits"][1:]


def _new_listen_key(exchange: "PaperExchange", key: str, _asked: Asked, now: int) -> object:
    return {"listenKey": exchange.sockets.key_for(key, now)}


def _keep_listen_key(exchange: "PaperExchange", key: str, _asked: Asked, now: int) -> object:
    return {"listenKey": exchange.sockets.keep(key, now)}


def _end_listen_key(exchange: "PaperExchange", key: str, _asked: Asked, _now: int) -> object:
    return exchange.sockets.forget(key)


# ---------------------------------------------------------------------------------------------------------------- the market


def _ping(*_: object) -> object:
    return {}


def _time(_exchange: "PaperExchange", _key: str, _asked: Asked, now: int) -> object:
    return {"serverTime": now}


def _info(exchange: "PaperExchange", _key: str, _asked: Asked, now: int) -> object:
    return instruments.exchange_info(exchange.engine.status, now)


def _premium(exchange: "PaperExchange", _key: str, asked: Asked, now: int) -> object:
    return _one_or_all(asked, (rows.premium(symbol, top, now) for symbol, top in _tops(exchange, asked)))


def _book_ticker(exchange: "PaperExchange", _key: str, asked: Asked, now: int) -> object:
    return _one_or_all(asked, (rows.book_ticker(exchange.engine.rules[symbol], top, now) for symbol, top in _tops(exchange, asked)))


def _price(exchange: "PaperExchange", _key: str, asked: Asked, now: int) -> object:
    return _one_or_all(asked, ({"symbol": symbol, "price": decimal(top.last), "time": now} for symbol, top in _tops(exchange, asked)))


# ---------------------------------------------------------------------------------------------------------------- what all of them need


def _known(exchange: "PaperExchange", asked: Asked) -> str:
    symbol = checks.needed(asked, "symbol")
    if symbol not in exchange.engine.rules:
        raise VenueError(-1121, "Invalid symbol.")
    return symbol


def _of_symbol(asked: Asked, symbol: str) -> bool:
    return asked.get("symbol", symbol) == symbol


def _limit(asked: Asked) -> int:
    return min(checks.whole(asked, "limit", 500), ROWS_MAX)


def _tops(exchange: "PaperExchange", asked: Asked) -> list[tuple[str, Top]]:
    if "symbol" in asked:
        _known(exchange, asked)
    return [(symbol, top) for symbol, top in exchange.engine.tops.items() if _of_symbol(asked, symbol)]


def _one_or_all(asked: Asked, found: Iterable[dict[str, Any]]) -> object:
    every = list(found)
    return every[0] if "symbol" in asked and every else every


ROUTES: dict[tuple[str, str], Handler] = {
    ("GET", "ping"): _ping, ("GET", "time"): _time, ("GET", "exchangeInfo"): _info,
    ("GET", "premiumIndex"): _premium, ("GET", "ticker/bookTicker"): _book_ticker,
    ("GET", "ticker/price"): _price, ("GET", "v2/ticker/price"): _price,
    ("POST", "order"): _place, ("POST", "order/test"): _tested, ("GET", "order"): _order, ("DELETE", "order"): _cancel,
    ("POST", "algoOrder"): _place_algo, ("GET", "algoOrder"): _algo, ("DELETE", "algoOrder"): _cancel_algo,
    ("GET", "openOrders"): _open_orders, ("GET", "allOrders"): _all_orders, ("DELETE", "allOpenOrders"): _cancel_all,
    ("GET", "openAlgoOrders"): _open_algos, ("GET", "allAlgoOrders"): _all_algos, ("DELETE", "algoOpenOrders"): _cancel_all_algos,
    ("GET", "v2/positionRisk"): _positions_v2, ("GET", "v2/account"): _account_v2, ("GET", "v2/balance"): _balance,
    ("GET", "v3/positionRisk"): _positions, ("GET", "v3/account"): _account, ("GET", "v3/balance"): _balance,
    ("GET", "userTrades"): _trades, ("GET", "income"): _income,
    ("POST", "leverage"): _leverage, ("POST", "marginType"): _margin_type, ("POST", "positionSide/dual"): _set_side,
    ("GET", "sapi/account/apiRestrictions"): _restrictions, ("GET", "positionSide/dual"): _side, ("GET", "multiAssetsMargin"): _multi_assets,
    ("GET", "leverageBracket"): _brackets, ("GET", "commissionRate"): _commission, ("GET", "rateLimit/order"): _rates,
    ("GET", "symbolConfig"): _symbol_config, ("GET", "accountConfig"): _account_config,
    ("POST", "listenKey"): _new_listen_key, ("PUT", "listenKey"): _keep_listen_key, ("DELETE", "listenKey"): _end_listen_key,
}
