"""REST answers about orders, trades and the market, with Binance's fields and no others. Numbers are decimal strings, but for the few that are not.

The answer to POST and DELETE order has neither avgPrice nor cumQuote (July 2026); GET has them.
"""
from itertools import islice
from typing import Any

from streams.core.values import E8, Side, decimal, share
from streams.paper import book
from streams.paper.funding import RATE, Paid, Terms
from streams.paper.history import INTERVALS, MINUTE_MS, Candle, History, Print
from streams.paper.instruments import Rules, top_quantity
from streams.paper.orders import Algo, Income, Order, Top, Trade

Row = dict[str, Any]

# ---------------------------------------------------------------------------------------------------------------- orders


def order(one: Order) -> Row:
    return {
        "clientOrderId": one.client_id, "cumQty": decimal(one.filled), "executedQty": decimal(one.filled), "orderId": one.order_id,
        "origQty": decimal(one.quantity), "price": decimal(one.price), "reduceOnly": one.reduce_only, "side": one.side.value, "positionSide": "BOTH",
        "status": one.status, "stopPrice": decimal(one.trigger), "closePosition": one.close_position, "symbol": one.symbol,
        "timeInForce": one.time_in_force, "type": one.kind, "origType": one.origin, "updateTime": one.updated,
        "workingType": one.working_type, "priceProtect": one.price_protect, "priceMatch": one.price_match,
        "selfTradePreventionMode": "EXPIRE_MAKER", "goodTillDate": one.good_till,
    }


def order_found(one: Order) -> Row:
    """As GET order and openOrders answer."""
    average = share(one.cost, E8, one.filled) if one.filled else 0
    followed = {"activatePrice": decimal(one.activation), "priceRate": decimal(one.callback_ppm * 10_000)} if one.callback_ppm else {}
    unfollowed = {"activatePrice": "", "priceRate": ""}
    return {**order(one), "avgPrice": decimal(average), "cumQuote": decimal(one.cost), "time": one.created, **(followed or unfollowed)}


def order_listed(one: Order) -> Row:
    """As allOrders answers."""
    return {**order_found(one), "cumBase": decimal(one.filled), "pair": one.symbol}


def order_changed(one: Order) -> Row:
    """As PUT order answers."""
    return {**order(one), "pair": one.symbol, "modifyId": one.changes}


def algo(one: Algo) -> Row:
    """As POST algoOrder answers: nothing in it says what was filled."""
    return {
        "algoId": one.algo_id, "clientAlgoId": one.client_id, "algoType": "CONDITIONAL", "orderType": one.kind, "symbol": one.symbol,
        "side": one.side.value, "positionSide": "BOTH", "timeInForce": one.time_in_force, "quantity": decimal(one.quantity), "algoStatus": one.status,
        "triggerPrice": decimal(one.trigger), "price": decimal(one.price), "icebergQuantity": None, "selfTradePreventionMode": "EXPIRE_MAKER",
        "workingType": one.working_type, "priceMatch": "NONE", "closePosition": one.close_position, "priceProtect": one.price_protect,
        "reduceOnly": one.reduce_only, "activatePrice": decimal(one.activation), "callbackRate": decimal(one.callback_ppm * 10_000),
        "createTime": one.created, "updateTime": one.updated, "triggerTime": one.triggered, "goodTillDate": one.good_till,
    }


def algo_found(one: Algo) -> Row:
    """As GET algoOrder answers."""
    return {
        **algo(one), "actualOrderId": str(one.order_id) if one.order_id else "", "actualPrice": decimal(one.average),
        "actualType": one.became, "actualQty": decimal(one.filled), "tpOrderType": "",
    }


def algo_listed(one: Algo) -> Row:
    """As openAlgoOrders and allAlgoOrders answer."""
    return {
        **algo(one), "actualOrderId": str(one.order_id) if one.order_id else "", "actualPrice": decimal(one.average),
        "tpTriggerPrice": "0", "tpPrice": "0", "slTriggerPrice": "0", "slPrice": "0", "tpOrderType": "",
    }


# ---------------------------------------------------------------------------------------------------------------- trades


def trade(one: Trade) -> Row:
    amount = share(one.quantity, one.price, E8)
    return {
        "buyer": one.side == "BUY", "commission": decimal(one.fee), "commissionAsset": one.asset, "id": one.trade_id, "maker": one.maker,
        "orderId": one.order_id, "price": decimal(one.price), "qty": decimal(one.quantity), "quoteQty": decimal(amount),
        "baseQty": decimal(one.quantity), "marginAsset": one.asset, "realizedPnl": decimal(one.realised), "side": one.side.value,
        "positionSide": "BOTH", "symbol": one.symbol, "pair": one.symbol, "time": one.time,
    }


def income(one: Income) -> Row:
    """A cost is negative here."""
    return {
        "symbol": one.symbol, "incomeType": one.kind, "income": decimal(one.amount), "asset": one.asset,
        "info": str(one.trade_id) if one.trade_id else one.kind, "time": one.time, "tranId": one.transaction_id,
        "tradeId": str(one.trade_id) if one.trade_id else "",
    }


# ---------------------------------------------------------------------------------------------------------------- the market


def premium(symbol: str, top: Top, terms: Terms, now: int) -> Row:
    mark = decimal(top.mark)
    return {
        "symbol": symbol, "markPrice": mark, "indexPrice": mark, "estimatedSettlePrice": mark, "lastFundingRate": decimal(terms.of(symbol)),
        "interestRate": decimal(RATE), "nextFundingTime": terms.next_at(now), "time": now,
    }


def funding_info(symbol: str, terms: Terms) -> Row:
    return {
        "symbol": symbol, "adjustedFundingRateCap": "0.02", "adjustedFundingRateFloor": "-0.02", "fundingIntervalHours": terms.every_ms // 3_600_000,
        "disclaimer": False,
    }


def candle(rules: Rules, one: Candle, interval: str) -> list[Any]:
    """As klines answers."""
    prices = [decimal(price) for price in (one.open, one.high, one.low, one.close)]
    closes = one.opened + INTERVALS[interval] * MINUTE_MS - 1
    volume, amount = decimal(one.trades * rules.step), decimal(share(one.total, rules.step, E8))
    return [one.opened, *prices, volume, closes, amount, one.trades, "0", "0", "0"]


def day(rules: Rules, history: History, now: int) -> Row:
    """As ticker/24hr answers."""
    whole = history.day()
    change = whole.close - whole.open
    return {
        "symbol": rules.symbol, "priceChange": decimal(change), "priceChangePercent": decimal(share(change, 100 * E8, whole.open)),
        "weightedAvgPrice": decimal(whole.total // whole.trades), "lastPrice": decimal(whole.close), "lastQty": decimal(rules.step),
        "openPrice": decimal(whole.open), "highPrice": decimal(whole.high), "lowPrice": decimal(whole.low),
        "volume": decimal(whole.trades * rules.step), "quoteVolume": decimal(share(whole.total, rules.step, E8)), "openTime": whole.opened,
        "closeTime": now, "firstId": whole.first_id, "lastId": whole.first_id + whole.trades - 1, "count": whole.trades,
    }


def aggregate_trade(rules: Rules, one: Print) -> Row:
    """As aggTrades answers."""
    return {
        "a": one.number, "p": decimal(one.price), "q": decimal(rules.step), "nq": decimal(rules.step), "f": one.number, "l": one.number,
        "T": one.time, "m": False,
    }


def funding_rate(paid: Paid) -> Row:
    return {"symbol": paid.symbol, "fundingRate": decimal(paid.rate), "fundingTime": paid.time, "markPrice": decimal(paid.mark)}


def depth(rules: Rules, top: Top, levels: int, now: int) -> Row:
    sides = {"bids": Side.SELL, "asks": Side.BUY}
    ladders = {name: islice(book.levels(rules, top, taker), levels) for name, taker in sides.items()}
    return {
        "lastUpdateId": now, "E": now, "T": now,
        **{name: [[decimal(price), decimal(quantity)] for price, quantity in ladder] for name, ladder in ladders.items()},
    }


def book_ticker(rules: Rules, top: Top, now: int) -> Row:
    return {
        "symbol": rules.symbol, "bidPrice": decimal(top.bid), "bidQty": decimal(top.bid_quantity or top_quantity(rules, top.bid)),
        "askPrice": decimal(top.ask), "askQty": decimal(top.ask_quantity or top_quantity(rules, top.ask)), "time": now,
    }
