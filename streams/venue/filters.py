"""exchangeInfo, leverage brackets and fees to `Instrument`: what a symbol's orders must keep to. Reloaded, since filters change without notice.

Precisions are not grids (BTCUSDT has a price precision of 2 and a tick of 0.10), and nothing is hard-coded: minimum notionals drift.
"""
from collections.abc import Iterable, Mapping
from typing import Any

from streams.core.events import Instrument
from streams.core.values import INT64_MAX, e8, ppm
from streams.runtime import logs
from streams.venue.answers import Accepted, Doubt
from streams.venue.binance import Answer, Binance
from streams.venue.limits import rates

TAKER_PPM = 500                       # Binance's ordinary rate, where the account's own was not asked for
FEES_ASKED_MAX = 30                   # symbols whose own rate is asked for: a question costs 20 of 2,400 a minute
Row = Mapping[str, Any]
_log = logs.get(__name__)


async def load(venue: Binance, symbols: Iterable[str], *, fees_anew: bool = True) -> list[Instrument] | Answer:
    """The instruments of these symbols, or of all that the venue lists; the answer that prevented it. Its rate limits are learned by the way."""
    wanted = set(symbols)
    fees = {} if fees_anew else {symbol: known.taker_fee_ppm for symbol, known in venue.instruments.items()}
    info, brackets = await venue.exchange_info(), await venue.leverage_brackets()
    if not isinstance(info, Accepted):
        return info
    if not isinstance(brackets, Accepted):
        return brackets
    try:
        return await _read(venue, info.body, brackets.body, wanted, fees)
    except (KeyError, ValueError, TypeError, AttributeError) as reason:
        return Doubt(f"what the venue tells of its symbols cannot be read: {reason!r}")


async def _read(venue: Binance, info: Row, brackets: Iterable[Row], wanted: set[str], fees: Mapping[str, int]) -> list[Instrument]:
    venue.limits.learn(rates(info.get("rateLimits", ())))
    first = {row["symbol"]: _first_bracket(row) for row in brackets if row.get("brackets")}
    found = []
    for row in info["symbols"]:
        if row["symbol"] in wanted or not wanted:
            fee = fees.get(row["symbol"], 0)
            if not fee:
                fee = await _taker_ppm(venue, row["symbol"]) if len(wanted) in range(1, FEES_ASKED_MAX + 1) else TAKER_PPM
            found += instrument(row, first.get(row["symbol"], (1, 0)), fee)
    for missing in wanted - {one.symbol for one in found}:
        _log.error("the venue does not list a symbol of the settings", symbol=missing)
    return found


def instrument(row: Row, bracket: tuple[int, int], taker_fee_ppm: int) -> list[Instrument]:
    """One, or none where its figures do not fit ours (a grid finer than 1e-8)."""
    filters = {one["filterType"]: one for one in row["filters"]}
    try:
        price, lot = filters["PRICE_FILTER"], filters["LOT_SIZE"]
        market, percent = filters.get("MARKET_LOT_SIZE", lot), filters.get("PERCENT_PRICE", {})
        return [Instrument(
            symbol=row["symbol"], status=row["status"], base=row["baseAsset"], margin_asset=row["marginAsset"], tick_size=e8(price["tickSize"]),
            quantity_step=max(e8(lot["stepSize"]), e8(market["stepSize"])), quantity_min=max(e8(lot["minQty"]), e8(market["minQty"])),
            quantity_max=min(_capped(lot["maxQty"]), _capped(market["maxQty"])),
            notional_min=e8(filters.get("MIN_NOTIONAL", {}).get("notional", "0")),
            price_min=e8(price["minPrice"]), price_max=_capped(price["maxPrice"]), price_up_ppm=ppm(percent.get("multiplierUp", "10")),
            price_down_ppm=ppm(percent.get("multiplierDown", "0")), leverage_max=bracket[0], maintenance_ppm=bracket[1], taker_fee_ppm=taker_fee_ppm,
        )]
    except (KeyError, ValueError) as reason:
        _log.warning("a symbol is left out: its filters cannot be read", symbol=row.get("symbol"), reason=repr(reason))
        return []


def _first_bracket(row: Row) -> tuple[int, int]:
    """Leverage and maintenance margin of the smallest notional. These come as JSON numbers; their text is exact enough for ppm."""
    lowest = min(row["brackets"], key=lambda bracket: bracket["notionalFloor"])
    return int(lowest["initialLeverage"]), ppm(str(lowest["maintMarginRatio"]))


async def _taker_ppm(venue: Binance, symbol: str) -> int:
    """The account's own; where it cannot be had now, the one that was told last."""
    answer, known = await venue.commission(symbol), venue.instruments.get(symbol)
    last = known.taker_fee_ppm if known else TAKER_PPM
    try:
        return ppm(answer.body["takerCommissionRate"]) if isinstance(answer, Accepted) else last
    except (KeyError, ValueError, TypeError):
        return last


def _capped(text: str) -> int:
    try:
        return e8(text)
    except ValueError:
        return INT64_MAX
