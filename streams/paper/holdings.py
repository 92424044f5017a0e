"""REST answers about an account: positions, balances, settings. v3 of account and positionRisk names neither leverage nor margin type; v2 does."""
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from streams.core.values import E8, decimal, share
from streams.paper import brackets
from streams.paper.margin import (
    Symbols,
    Tops,
    available,
    cross_wallet,
    leverage_of,
    liquidation_price,
    maintenance_of,
    margins,
    notional_of,
    open_profit,
    profit_of,
    resting_margin,
)
from streams.paper.orders import Account
from streams.paper.trading import fee_ppm

Row = dict[str, Any]


def position(account: Account, symbol: str, rules: Symbols, tops: Tops) -> Row:
    """As v3 positionRisk answers."""
    held, mark = account.held(symbol), tops[symbol].mark
    profit, amount = profit_of(account, symbol, tops), notional_of(account, symbol, tops)
    isolated = symbol in account.isolated and bool(held.quantity)
    initial, resting = amount // leverage_of(account, symbol), resting_margin(account, rules[symbol].quote, rules, symbol)
    return {
        "symbol": symbol, "positionSide": "BOTH", "positionAmt": decimal(held.quantity), "entryPrice": decimal(held.entry),
        "breakEvenPrice": decimal(held.entry), "markPrice": decimal(mark), "unRealizedProfit": decimal(profit),
        "liquidationPrice": decimal(liquidation_price(account, symbol, rules, tops)),
        "isolatedMargin": decimal(held.margin + profit if isolated else 0),
        "notional": decimal(share(held.quantity, mark, E8)), "marginAsset": rules[symbol].quote, "isolatedWallet": decimal(held.margin),
        "initialMargin": decimal(initial + resting), "maintMargin": decimal(maintenance_of(account, symbol, rules, tops)),
        "positionInitialMargin": decimal(initial), "openOrderInitialMargin": decimal(resting), "adl": _quantile(account, symbol, tops),
        "bidNotional": "0", "askNotional": "0", "updateTime": held.updated,
    }


def _quantile(account: Account, symbol: str, tops: Tops) -> int:
    """0 to 4: how soon this position would be deleveraged; the more it has won for its margin, the sooner."""
    amount = notional_of(account, symbol, tops)
    won = max(profit_of(account, symbol, tops), 0) * leverage_of(account, symbol)
    return min(4, 4 * won // amount) if amount else 0


def position_v2(account: Account, symbol: str, rules: Symbols, tops: Tops) -> Row:
    """As v2 positionRisk answers."""
    names = (
        "symbol", "positionSide", "positionAmt", "entryPrice", "breakEvenPrice", "markPrice", "unRealizedProfit", "liquidationPrice",
        "isolatedMargin", "notional", "isolatedWallet", "updateTime",
    )
    return _picked(position(account, symbol, rules, tops), names) | {
        "leverage": str(leverage_of(account, symbol)), "maxNotionalValue": notional_max(account, symbol, rules),
        "marginType": "isolated" if symbol in account.isolated else "cross", "isAutoAddMargin": "false",
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
        **account_config(one), **told, "assets": [{**row, "marginAvailable": True} for row in told["assets"]],
        "positions": [
            {
                **_picked(row, names), "unrealizedProfit": row["unRealizedProfit"], "isolated": row["symbol"] in one.isolated,
                "maxNotional": notional_max(one, row["symbol"], rules), "leverage": str(leverage_of(one, row["symbol"])),
            }
            for row in held
        ],
    }


def balances(one: Account, rules: Symbols, tops: Tops, now: int) -> list[Row]:
    names = ("asset", "crossWalletBalance", "crossUnPnl", "availableBalance", "maxWithdrawAmount", "updateTime")
    assets = (_asset(one, asset, rules, tops, now) for asset in one.wallets)
    return [{"accountAlias": "paper", "balance": row["walletBalance"], "marginAvailable": True, **_picked(row, names)} for row in assets]


def account_config(one: Account) -> Row:
    return {
        "feeTier": one.fee_tier, "canTrade": True, "canDeposit": True, "canWithdraw": False, "dualSidePosition": False, "updateTime": 0,
        "multiAssetsMargin": False, "tradeGroupId": -1,
    }


def symbol_config(one: Account, symbol: str, rules: Symbols) -> Row:
    return {
        "symbol": symbol, "marginType": "ISOLATED" if symbol in one.isolated else "CROSSED", "isAutoAddMargin": False,
        "leverage": leverage_of(one, symbol), "maxNotionalValue": notional_max(one, symbol, rules),
    }


def commission(one: Account, symbol: str) -> Row:
    return {
        "symbol": symbol, "makerCommissionRate": decimal(fee_ppm(one, maker=True) * 100),
        "takerCommissionRate": decimal(fee_ppm(one, maker=False) * 100), "rpiCommissionRate": "0.00005",
    }


def restrictions(now: int) -> Row:
    """As sapi's apiRestrictions answers: this key trades futures from this address, and moves no money."""
    no = (
        "enableWithdrawals", "enableInternalTransfer", "permitsUniversalTransfer", "enableVanillaOptions", "enableMargin",
        "enableSpotAndMarginTrading", "enablePortfolioMarginTrading", "enableFixApiTrade", "enableFixReadOnly",
    )
    return {"ipRestrict": True, "createTime": now, "enableReading": True, "enableFutures": True, **dict.fromkeys(no, False)}


def notional_max(one: Account, symbol: str, rules: Symbols) -> str:
    return decimal(brackets.notional_max(rules[symbol].base, leverage_of(one, symbol)))


def _asset(one: Account, asset: str, rules: Symbols, tops: Tops, now: int) -> Row:
    wallet, profit = one.wallets[asset], open_profit(one, asset, rules, tops)
    initial, maintenance = margins(one, asset, rules, tops)
    resting, free = resting_margin(one, asset, rules), decimal(available(one, asset, rules, tops))
    return {
        "asset": asset, "walletBalance": decimal(wallet), "unrealizedProfit": decimal(profit), "marginBalance": decimal(wallet + profit),
        "maintMargin": decimal(maintenance), "initialMargin": decimal(initial + resting), "positionInitialMargin": decimal(initial),
        "openOrderInitialMargin": decimal(resting), "crossWalletBalance": decimal(cross_wallet(one, asset, rules)),
        "crossUnPnl": decimal(open_profit(one, asset, rules, tops, isolated=False)), "availableBalance": free, "maxWithdrawAmount": free,
        "updateTime": now,
    }


def _sum(assets: list[Row], name: str) -> str:
    return f"{sum(Decimal(row[name]) for row in assets):f}"


def _picked(row: Mapping[str, Any], names: tuple[str, ...]) -> Row:
    return {name: row[name] for name in names}
