"""REST answers, with Binance's fields and no others. Numbers are decimal strings, but for the few that Binance sends as numbers.

The answer to POST and DELETE order has neither avgPrice nor cumQuote (July 2026); GET has them. v3 of account and positionRisk names neither leverage
nor margin type; v2 does.
"""
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from streams.core.values import E8, PPM, decimal, share
from streams.paper.instruments import MAINTENANCE_PPM, Rules, top_quantity
from streams.paper.orders import Account, Algo, Order, Top, Trade
from streams.paper.trading import LEVERAGE_DEFAULT, MAKER_PPM, TAKER_PPM, available, liquidation_price, margins, open_profit, resting_margin

NOTIONAL_MAX = "100000000"
FUNDING_EVERY_MS = 8 * 3_600_000
Row = dict[str, Any]
Symbols = dict[str, Rules]
Tops = dict[str, Top]

# ---------------------------------------------------------------------------------------------------------------- orders


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


def order_listed(one: Order) -> Row:
    """As allOrders answers."""
    return {**order_found(one), "cumBase": decimal(one.filled), "pair": one.symbol}


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


def income(one: Trade) -> list[Row]:
    """What a trade earned and what it cost; a cost is negative here."""
    earned = [("REALIZED_PNL", one.realised)] if one.realised else []
    return [
        {
            "symbol": one.symbol, "incomeType": kind, "income": decimal(amount), "asset": one.asset, "info": str(one.trade_id), "time": one.time,
            "tranId": one.trade_id, "tradeId": str(one.trade_id),
        }
        for kind, amount in (*earned, ("COMMISSION", -one.fee))
    ]


# ---------------------------------------------------------------------------------------------------------------- the account


def position(account: Account, symbol: str, rules: Symbols, tops: Tops) -> Row:
    """As v3 positionRisk answers."""
    held, mark = account.held(symbol), tops[symbol].mark
    amount = share(held.quantity, mark, E8)
    initial = decimal(abs(amount) // account.leverage.get(symbol, LEVERAGE_DEFAULT))
    return {
        "symbol": symbol, "positionSide": "BOTH", "positionAmt": decimal(held.quantity), "entryPrice": decimal(held.entry),
        "breakEvenPrice": decimal(held.entry), "markPrice": decimal(mark), "unRealizedProfit": decimal(share(mark - held.entry, held.quantity, E8)),
        "liquidationPrice": decimal(liquidation_price(account, symbol, rules, tops)), "isolatedMargin": "0", "notional": decimal(amount),
        "marginAsset": rules[symbol].quote, "isolatedWallet": "0", "initialMargin": initial,
        "maintMargin": decimal(share(abs(amount), MAINTENANCE_PPM, PPM)), "positionInitialMargin": initial, "openOrderInitialMargin": "0", "adl": 0,
        "bidNotional": "0", "askNotional": "0", "updateTime": held.updated,
    }


def position_v2(account: Account, symbol: str, rules: Symbols, tops: Tops) -> Row:
    """As v2 positionRisk answers."""
    names = (
        "symbol", "positionSide", "positionAmt", "entryPrice", "breakEvenPrice", "markPrice", "unRealizedProfit", "liquidationPrice",
        "isolatedMargin", "notional", "isolatedWallet", "updateTime",
    )
    return _picked(position(account, symbol, rules, tops), names) | {
        "leverage": str(account.leverage.get(symbol, LEVERAGE_DEFAULT)), "maxNotionalValue": NOTIONAL_MAX, "marginType": "cross",
        "isAutoAddMargin": "false",
    }


def account(one: Account, rules: Symbols, tops: Tops, now: int) -> Row:
    """As v3 account answers."""
    assets = [_asset(one, asset, rules, tops, now) for asset in one.wallets]
    totals = (
        "initialMargin", "maintMargin", "walletBalance", "unrealizedProfit", "marginBalance", "positionInitialMargin", "openOrderInitialMargin",
        "crossWalletBalance", "crossUnPnl",
    )
    names = ("symbol", "positionSide", "positionAmt", "isolatedMargin", "notional", "isolatedWallet", "initialMargin", "maintMargin", "updateTime")
    held = [position(one, symbol, rules, tops) for symbol, kept in one.positions.items() if kept.quantity]
    return {
        **{f"total{name[0].upper()}{name[1:]}": _sum(assets, name) for name in totals},
        "availableBalance": _sum(assets, "availableBalance"), "maxWithdrawAmount": _sum(assets, "availableBalance"),
        "assets": assets, "positions": [{**_picked(row, names), "unrealizedProfit": row["unRealizedProfit"]} for row in held],
    }


def account_v2(one: Account, rules: Symbols, tops: Tops, now: int) -> Row:
    """As v2 account answers."""
    told = account(one, rules, tops, now)
    names = ("symbol", "initialMargin", "maintMargin", "positionInitialMargin", "openOrderInitialMargin", "entryPrice", "breakEvenPrice",
             "positionSide", "positionAmt", "notional", "isolatedWallet", "bidNotional", "askNotional", "updateTime")
    held = [position(one, symbol, rules, tops) for symbol in tops]
    return {
        "feeTier": 0, "canTrade": True, "canDeposit": True, "canWithdraw": False, "updateTime": 0, "multiAssetsMargin": False, "tradeGroupId": -1,
        **told, "assets": [{**row, "marginAvailable": True} for row in told["assets"]],
        "positions": [
            {
                **_picked(row, names), "unrealizedProfit": row["unRealizedProfit"], "isolated": False, "maxNotional": NOTIONAL_MAX,
                "leverage": str(one.leverage.get(row["symbol"], LEVERAGE_DEFAULT)),
            }
            for row in held
        ],
    }


def balances(one: Account, rules: Symbols, tops: Tops, now: int) -> list[Row]:
    names = ("asset", "crossWalletBalance", "crossUnPnl", "availableBalance", "maxWithdrawAmount", "updateTime")
    assets = (_asset(one, asset, rules, tops, now) for asset in one.wallets)
    return [{"accountAlias": "paper", "balance": row["walletBalance"], "marginAvailable": True, **_picked(row, names)} for row in assets]


def account_config() -> Row:
    return {
        "feeTier": 0, "canTrade": True, "canDeposit": True, "canWithdraw": False, "dualSidePosition": False, "updateTime": 0,
        "multiAssetsMargin": False, "tradeGroupId": -1,
    }


def restrictions(now: int) -> Row:
    """Of an API key, as the spot host tells them: it trades futures, and moves no money."""
    no = dict.fromkeys((
        "enableWithdrawals", "enableInternalTransfer", "permitsUniversalTransfer", "enableVanillaOptions", "enableMargin",
        "enableSpotAndMarginTrading", "enablePortfolioMarginTrading",
    ), False)
    return {"ipRestrict": True, "createTime": now, "enableReading": True, "enableFutures": True, **no}


def symbol_config(symbol: str, leverage: int) -> Row:
    return {"symbol": symbol, "marginType": "CROSSED", "isAutoAddMargin": False, "leverage": leverage, "maxNotionalValue": NOTIONAL_MAX}


def commission(symbol: str) -> Row:
    return {
        "symbol": symbol, "makerCommissionRate": decimal(MAKER_PPM * 100), "takerCommissionRate": decimal(TAKER_PPM * 100),
        "rpiCommissionRate": "0.00005",
    }


# ---------------------------------------------------------------------------------------------------------------- the market


def next_funding(now: int) -> int:
    return (now // FUNDING_EVERY_MS + 1) * FUNDING_EVERY_MS


def premium(symbol: str, top: Top, now: int) -> Row:
    mark = decimal(top.mark)
    return {
        "symbol": symbol, "markPrice": mark, "indexPrice": mark, "estimatedSettlePrice": mark, "lastFundingRate": "0.00010000",
        "interestRate": "0.00010000", "nextFundingTime": next_funding(now), "time": now,
    }


def book_ticker(rules: Rules, top: Top, now: int) -> Row:
    return {
        "symbol": rules.symbol, "bidPrice": decimal(top.bid), "bidQty": decimal(top_quantity(rules, top.bid)), "askPrice": decimal(top.ask),
        "askQty": decimal(top_quantity(rules, top.ask)), "time": now,
    }


def _asset(one: Account, asset: str, rules: Symbols, tops: Tops, now: int) -> Row:
    wallet, profit = one.wallets[asset], open_profit(one, asset, rules, tops)
    initial, maintenance = margins(one, asset, rules, tops)
    resting, free = resting_margin(one, asset, rules), decimal(available(one, asset, rules, tops))
    return {
        "asset": asset, "walletBalance": decimal(wallet), "unrealizedProfit": decimal(profit), "marginBalance": decimal(wallet + profit),
        "maintMargin": decimal(maintenance), "initialMargin": decimal(initial + resting), "positionInitialMargin": decimal(initial),
        "openOrderInitialMargin": decimal(resting), "crossWalletBalance": decimal(wallet), "crossUnPnl": decimal(profit), "availableBalance": free,
        "maxWithdrawAmount": free, "updateTime": now,
    }


def _sum(assets: list[Row], name: str) -> str:
    return f"{sum(Decimal(row[name]) for row in assets):f}"


def _picked(row: Mapping[str, Any], names: tuple[str, ...]) -> Row:
    return {name: row[name] for name in names}
