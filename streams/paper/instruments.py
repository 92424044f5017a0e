"""Ten symbols with the filters that Binance publishes for such contracts, and the error codes of a request that breaks them.

Figures: exchangeInfo of BTCUSDT in September 2026 (tick 0.10, minimum notional 50); the others are ordinary for their price.
"""
from typing import Any

import msgspec

from streams.core.values import decimal, e8

UNLIMITED = 1_000_000                # as exchangeInfo tells a limit that is not there
Row = dict[str, Any]


class Rules(msgspec.Struct, frozen=True):
    """One symbol. Prices, quantities and amounts in 1e-8."""

    symbol: str
    base: str
    quote: str
    price: int                        # where the simulator begins
    tick: int
    step: int
    quantity_max: int
    market_quantity_max: int
    notional_min: int
    band_ppm: int = 50_000            # PERCENT_PRICE, either way
    protect_ppm: int = 50_000         # triggerProtect
    take_bound_ppm: int = 50_000      # marketTakeBound: how far from the best price a market order may go
    depth: int = 3_000_000 * 10**8    # notional that stands at each level of the book

    @property
    def price_max(self) -> int:
        return self.price * 100


class Limits(msgspec.Struct, frozen=True):
    """What a program may ask in a time: request weight by address, orders by account. 0: as much as it likes."""

    weight_1m: int = 2_400
    orders_10s: int = 300
    orders_1m: int = 1_200


def _rules(base: str, quote: str, price: str, tick: str, step: str, most: str, market_most: str, notional: str) -> Rules:
    return Rules(f"{base}{quote}", base, quote, e8(price), e8(tick), e8(step), e8(most), e8(market_most), e8(notional))


ALL = {
    rules.symbol: rules
    for rules in (
        _rules("BTC", "USDT", "61800", "0.1", "0.001", "1000", "120", "50"),
        _rules("ETH", "USDT", "2650", "0.01", "0.001", "10000", "2000", "20"),
        _rules("SOL", "USDT", "158", "0.01", "0.01", "1000000", "5000", "5"),
        _rules("BNB", "USDT", "515", "0.01", "0.01", "100000", "2000", "5"),
        _rules("XRP", "USDT", "0.61", "0.0001", "0.1", "10000000", "2000000", "5"),
        _rules("DOGE", "USDT", "0.105", "0.00001", "1", "50000000", "30000000", "5"),
        _rules("ADA", "USDT", "0.35", "0.0001", "1", "20000000", "5000000", "5"),
        _rules("1000PEPE", "USDT", "0.0081", "0.0000001", "1", "100000000", "50000000", "5"),
        _rules("LINK", "USDT", "10.4", "0.001", "0.01", "1000000", "100000", "5"),
        _rules("BTC", "USDC", "61790", "0.1", "0.001", "500", "60", "50"),
    )
}


def places(grid: int) -> int:
    """Decimal places that a grid needs."""
    text = decimal(grid)
    return len(text.partition(".")[2])


def price_places(rules: Rules) -> int:
    """Of pricePrecision, which may allow more places than the tick (BTCUSDT: 2, with a tick of 0.1)."""
    return max(places(rules.tick), 2)


def quantity_places(rules: Rules) -> int:
    return places(rules.step)


def top_quantity(rules: Rules, price: int) -> int:
    """What stands at the best price."""
    return max(rules.depth * 10**8 // price // rules.step * rules.step, rules.step)


def rate_limits(limits: Limits) -> list[Row]:
    return [
        {"rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "intervalNum": 1, "limit": limits.weight_1m or UNLIMITED},
        {"rateLimitType": "ORDERS", "interval": "MINUTE", "intervalNum": 1, "limit": limits.orders_1m or UNLIMITED},
        {"rateLimitType": "ORDERS", "interval": "SECOND", "intervalNum": 10, "limit": limits.orders_10s or UNLIMITED},
    ]


def exchange_info(symbols: dict[str, Rules], statuses: dict[str, str], limits: Limits, now: int) -> Row:
    return {
        "timezone": "UTC", "serverTime": now, "futuresType": "U_MARGINED",
        "rateLimits": rate_limits(limits),
        "exchangeFilters": [], "assets": [{"asset": asset, "marginAvailable": True, "autoAssetExchange": None} for asset in ("USDT", "USDC", "BNB")],
        "symbols": [_symbol(rules, statuses[symbol]) for symbol, rules in symbols.items()],
    }


def _symbol(rules: Rules, status: str) -> Row:
    return {
        "symbol": rules.symbol, "pair": rules.symbol, "contractType": "PERPETUAL", "deliveryDate": 4133404800000, "onboardDate": 1569398400000,
        "status": status, "maintMarginPercent": "2.5000", "requiredMarginPercent": "5.0000", "baseAsset": rules.base, "quoteAsset": rules.quote,
        "marginAsset": rules.quote, "pricePrecision": price_places(rules), "quantityPrecision": quantity_places(rules), "baseAssetPrecision": 8,
        "quotePrecision": 8, "underlyingType": "COIN", "underlyingSubType": [], "triggerProtect": "0.0500", "liquidationFee": "0.012500",
        "marketTakeBound": "0.05", "maxMoveOrderLimit": 10000,
        "filters": [
            {"filterType": "PRICE_FILTER", "minPrice": decimal(rules.tick), "maxPrice": decimal(rules.price_max), "tickSize": decimal(rules.tick)},
            {"filterType": "LOT_SIZE", "minQty": decimal(rules.step), "maxQty": decimal(rules.quantity_max), "stepSize": decimal(rules.step)},
            {
                "filterType": "MARKET_LOT_SIZE", "minQty": decimal(rules.step), "maxQty": decimal(rules.market_quantity_max),
                "stepSize": decimal(rules.step),
            },
            {"filterType": "MAX_NUM_ORDERS", "limit": 200}, {"filterType": "MIN_NOTIONAL", "notional": decimal(rules.notional_min)},
            {"filterType": "PERCENT_PRICE", "multiplierUp": "1.0500", "multiplierDown": "0.9500", "multiplierDecimal": "4"},
        ],
        "orderTypes": ["LIMIT", "MARKET", "STOP", "STOP_MARKET", "TAKE_PROFIT", "TAKE_PROFIT_MARKET", "TRAILING_STOP_MARKET"],
        "timeInForce": ["GTC", "IOC", "FOK", "GTX", "GTD"], "permissionSets": ["GRID", "COPY"],
    }
