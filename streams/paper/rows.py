"""REST answers, with Binance's fields and no others. Numbers are decimal strings, but for the few that Binance sends as numbers.

The answer to POST and DELETE order has neither avgPrice nor cumQuote (July 2026); GET has them.
"""
from decimal import Decimal
from typing import Any

from streams.core.values import E8, decimal, share
from streams.paper.instruments import Rules
from streams.paper.orders import Account, Algo, Order, Top, Trade
from streams.paper.trading import LEVERAGE_DEFAULT, MAKER_PPM, TAKER_PPM, available, margins, open_profit

Row = dict[str, Any]


def order(one: Order) -> Row:
    return {
        "clientOrderId": one.client_id, "cumQty": decimal(one.filled), "executedQty": decimal(one.filled), "orderId": one.order_id,
        "origQty": decimal(one.quantity), "price": decimal(one.price), "reduceOnly": one.reduce_only, "side": one.side.value, "positionSide": "BOTH",
        "status": one.status, "stopPrice": "0", "closePosition": one.close_position, "symbol": one.symbol, "timeInForce": one.time_in_force,
        "type": one.kind, "origType": one.origin, "updateTime": one.updated, "workingType": "CONTRACT_PRICE", "priceProtect": False,
        "priceMatch": "NONE", "selfTradePreventionMode": "EXPIRE_MAKER", "goodTillDate": 0,
    }


def order_found(one: Order) -> Row:
    """As GET order and openOrders answer."""
    average = share(one.cost, E8, one.filled) if one.filled else 0
    return {**order(one), "avgPrice": decimal(average), "cumQuote": decimal(one.cost), "time": one.created, "activatePrice": "", "priceRate": ""}


def algo(one: Algo) -> Row:
    """As POST algoOrder answers: nothing in it says what was filled."""
    return {
        "algoId": one.algo_id, "clientAlgoId": one.client_id, "algoType": "CONDITIONAL", "orderType": one.kind, "symbol": one.symbol,
        "side": one.side.value, "positionSide": "BOTH", "timeInForce": one.time_in_force, "quantity": decimal(one.quantity), "algoStatus": one.status,
        "triggerPrice": decimal(one.trigger), "price": decimal(one.price), "icebergQuantity": None, "selfTradePreventionMode": "EXPIRE_MAKER",
        "workingType": one.working_type, "priceMatch": "NONE", "closePosition": one.close_position, "priceProtect": one.price_protect,
        "reduceOnly": one.reduce_only, "activatePrice": decimal(one.activation), "callbackRate": decimal(one.callback_ppm * 10_000),
        "createTime": one.created, "updateTime": one.updated, "triggerTime": one.triggered, "goodTillDate": 0,
    }


def algo_found(one: Algo) -> Row:
    """As GET algoOrder and openAlgoOrders answer."""
    return {
        **algo(one), "actualOrderId": str(one.order_id) if one.order_id else "", "actualPrice": decimal(one.average),
        "actualType": "MARKET" if one.order_id else "", "actualQty": decimal(one.filled), "tpOrderType": "", "tpTriggerPrice": "0", "tpPrice": "0",
        "slTriggerPrice": "0", "slPrice": "0",
    }


def trade(one: Trade) -> Row:
    amount = share(one.quantity, one.price, E8)
    return {
        "buyer": one.side == "BUY", "commission": decimal(one.fee), "commissionAsset": one.asset, "id": one.trade_id, "maker": one.maker,
        "orderId": one.order_id, "price": decimal(one.price), "qty": decimal(one.quantity), "quoteQty": decimal(amount), "baseQty": decimal(one.quantity),
        "marginAsset": one.asset, "realizedPnl": decimal(one.realised), "side": one.side.value, "positionSide": "BOTH", "symbol": one.symbol,
        "pair": one.symbol, "time": one.time,
    }


def position(account: Account, symbol: str, rules: Rules, top: Top) -> Row:
    """As positionRisk answers; v3 names neither leverage nor margin type."""
    held = account.held(symbol)
    amount = share(held.quantity, top.mark, E8)
    initial = abs(amount) // account.leverage.get(symbol, LEVERAGE_DEFAULT)
    return {
        "symbol": symbol, "positionSide": "BOTH", "positionAmt": decimal(held.quantity), "entryPrice": decimal(held.entry),
        "breakEvenPrice": decimal(held.entry), "markPrice": decimal(top.mark), "unRealizedProfit": decimal(share(top.mark - held.entry, held.quantity, E8)),
        "liquidationPrice": "0", "isolatedMargin": "0", "notional": decimal(amount), "marginAsset": rules.quote, "isolatedWallet": "0",
        "initialMargin": decimal(initial), "maintMargin": decimal(abs(amount) // 200), "positionInitialMargin": decimal(initial),
        "openOrderInitialMargin": "0", "adl": 0, "bidNotional": "0", "askNotional": "0", "updateTime": held.updated,
    }


def account_told(account: Account, rules: dict[str, Rules], tops: dict[str, Top], now: int) -> Row:
    """As account answers (v2 and v3)."""
    assets = [_asset(account, asset, rules, tops, now) for asset in account.wallets]
    totals = ("initialMargin", "maintMargin", "walletBalance", "unrealizedProfit", "marginBalance", "positionInitialMargin", "crossWalletBalance", "crossUnPnl")
    total = {f"total{name[0].upper()}{name[1:]}": _sum(assets, name) for name in totals}
    held = [symbol for symbol, one in account.positions.items() if one.quantity]
    return {
        "feeTier": 0, "canTrade": True, "canDeposit": True, "canWithdraw": False, "updateTime": 0, "multiAssetsMargin": False, **total,
        "totalOpenOrderInitialMargin": "0", "availableBalance": _sum(assets, "availableBalance"), "maxWithdrawAmount": _sum(assets, "availableBalance"),
        "assets": assets,
        "positions": [
            {**{name: row[name] for name in ("symbol", "positionSide", "positionAmt", "isolatedMargin", "notional", "isolatedWallet", "initialMargin",
             "maintMargin", "updateTime")}, "unrealizedProfit": row["unRealizedProfit"], "entryPrice": row["entryPrice"],
             "leverage": str(account.leverage.get(row["symbol"], LEVERAGE_DEFAULT)), "isolated": False}
            for row in (position(account, symbol, rules[symbol], tops[symbol]) for symbol in held)
        ],
    }


def _sum(assets: list[Row], name: str) -> str:
    return f"{sum(Decimal(row[name]) for row in assets):f}"


def _asset(account: Account, asset: str, rules: dict[str, Rules], tops: dict[str, Top], now: int) -> Row:
    wallet, profit = account.wallets[asset], open_profit(account, asset, rules, tops)
    initial, maintenance = margins(account, asset, rules, tops)
    free = decimal(available(account, asset, rules, tops))
    return {
        "asset": asset, "walletBalance": decimal(wallet), "unrealizedProfit": decimal(profit), "marginBalance": decimal(wallet + profit),
        "maintMargin": decimal(maintenance), "initialMargin": decimal(initial), "positionInitialMargin": decimal(initial), "openOrderInitialMargin": "0",
        "crossWalletBalance": decimal(wallet), "crossUnPnl": decimal(profit), "availableBalance": free, "maxWithdrawAmount": free, "marginAvailable": True,
        "updateTime": now,
    }


def commission(symbol: str) -> Row:
    return {
        "symbol": symbol, "makerCommissionRate": decimal(MAKER_PPM * 100), "takerCommissionRate": decimal(TAKER_PPM * 100), "rpiCommissionRate": "0.00005",
    }


def premium(symbol: str, top: Top, now: int) -> Row:
    hours = 8 * 3_600_000
    return {
        "symbol": symbol, "markPrice": decimal(top.mark), "indexPrice": decimal(top.mark), "estimatedSettlePrice": decimal(top.mark),
        "lastFundingRate": "0.00010000", "interestRate": "0.00010000", "nextFundingTime": (now // hours + 1) * hours, "time": now,
    }
