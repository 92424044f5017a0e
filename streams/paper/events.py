"""The user data stream's events, field by field as Binance documents them. Numbers are decimal strings."""
from typing import Any

from streams.core.values import E8, decimal, share
from streams.paper.instruments import Rules
from streams.paper.margin import cross_wallet, maintenance_of, profit_of
from streams.paper.orders import Account, Algo, Order, Top, Trade

Row = dict[str, Any]


def order_update(order: Order, execution: str, now: int, trade: Trade | None = None) -> Row:
    """ORDER_TRADE_UPDATE. `n` and `N` are there only with a trade, `AP` and `cr` only of a trailing stop."""
    average = share(order.cost, E8, order.filled) if order.filled else 0
    told: Row = {
        "s": order.symbol, "c": order.client_id, "S": order.side.value, "o": order.kind, "f": order.time_in_force, "q": decimal(order.quantity),
        "p": decimal(order.price), "ap": decimal(average), "sp": decimal(order.trigger), "x": execution, "X": order.status, "i": order.order_id,
        "l": "0", "z": decimal(order.filled), "L": "0", "T": now, "t": 0, "b": "0", "a": "0", "m": False, "R": order.reduce_only,
        "wt": order.working_type, "ot": order.origin, "ps": "BOTH", "cp": order.close_position, "rp": "0", "pP": order.price_protect, "si": 0,
        "ss": 0, "V": "EXPIRE_MAKER", "pm": order.price_match, "gtd": order.good_till, "er": str(order.expiry.value),
    }
    if order.callback_ppm:
        told |= {"AP": decimal(order.activation), "cr": decimal(order.callback_ppm * 10_000)}
    if trade is not None:
        told |= {
            "l": decimal(trade.quantity), "L": decimal(trade.price), "t": trade.trade_id, "m": trade.maker, "rp": decimal(trade.realised),
            "n": decimal(trade.fee), "N": trade.asset,
        }
    return {"e": "ORDER_TRADE_UPDATE", "E": now, "T": now, "o": told}


def trade_lite(order: Order, trade: Trade, now: int) -> Row:
    """TRADE_LITE comes before ORDER_TRADE_UPDATE, and knows of no fee and no profit."""
    return {
        "e": "TRADE_LITE", "E": now, "T": now, "s": order.symbol, "q": decimal(order.quantity), "p": decimal(order.price), "m": trade.maker,
        "c": order.client_id, "S": order.side.value, "L": decimal(trade.price), "l": decimal(trade.quantity), "t": trade.trade_id,
        "i": order.order_id,
    }


def algo_update(algo: Algo, now: int) -> Row:
    """ALGO_UPDATE. `ai` is a string, empty until the order was triggered."""
    return {
        "e": "ALGO_UPDATE", "T": now, "E": now,
        "o": {
            "caid": algo.client_id, "aid": algo.algo_id, "at": "CONDITIONAL", "o": algo.kind, "s": algo.symbol, "S": algo.side.value, "ps": "BOTH",
            "f": algo.time_in_force, "q": decimal(algo.quantity), "X": algo.status, "ai": str(algo.order_id) if algo.order_id else "",
            "ap": decimal(algo.average), "aq": decimal(algo.filled), "act": algo.became, "tp": decimal(algo.trigger),
            "p": decimal(algo.price), "V": "EXPIRE_MAKER", "wt": algo.working_type, "pm": "NONE", "cp": algo.close_position, "pP": algo.price_protect,
            "R": algo.reduce_only, "tt": algo.triggered, "gtd": algo.good_till, "rm": algo.reason, "ia": algo.activated,
        },
    }


def margin_call(account: Account, symbol: str, rules: dict[str, Rules], tops: dict[str, Top], now: int) -> Row:
    """MARGIN_CALL, of one position."""
    held = account.held(symbol)
    return {
        "e": "MARGIN_CALL", "E": now, "cw": decimal(cross_wallet(account, rules[symbol].quote, rules)),
        "p": [{
            "s": symbol, "ps": "BOTH", "pa": decimal(held.quantity), "mt": "ISOLATED" if symbol in account.isolated else "CROSSED",
            "iw": decimal(held.margin), "mp": decimal(tops[symbol].mark), "up": decimal(profit_of(account, symbol, tops)),
            "mm": decimal(maintenance_of(account, symbol, rules, tops)),
        }],
    }


def leverage_update(symbol: str, leverage: int, now: int) -> Row:
    """ACCOUNT_CONFIG_UPDATE."""
    return {"e": "ACCOUNT_CONFIG_UPDATE", "E": now, "T": now, "ac": {"s": symbol, "l": leverage}}


def balance(account: Account, asset: str, rules: dict[str, Rules], change: int) -> Row:
    """An asset as ACCOUNT_UPDATE tells it."""
    return {
        "a": asset, "wb": decimal(account.wallets.get(asset, 0)), "cw": decimal(cross_wallet(account, asset, rules)), "bc": decimal(change),
    }


def account_update(
    account: Account, reason: str, now: int, asset: str, rules: dict[str, Rules], tops: dict[str, Top], symbol: str = "", change: int = 0,
) -> Row:
    """ACCOUNT_UPDATE: only what changed. `change` is what neither profit nor fee explains."""
    told: Row = {"m": reason, "B": [balance(account, asset, rules, change)], "P": []}
    if symbol:
        held = account.held(symbol)
        told["P"] = [{
            "s": symbol, "pa": decimal(held.quantity), "ep": decimal(held.entry), "bep": decimal(held.entry), "cr": decimal(held.realised),
            "up": decimal(profit_of(account, symbol, tops)), "mt": "isolated" if symbol in account.isolated else "cross",
            "iw": decimal(held.margin), "ps": "BOTH", "ma": asset,
        }]
    return {"e": "ACCOUNT_UPDATE", "E": now, "T": now, "a": told}
