"""exchangeInfo to an instrument: the coarser step, the smaller maximum, and nothing taken from a precision."""
from typing import Any

import pytest

from streams.core.events import Instrument
from streams.core.values import e8
from streams.venue.filters import instrument

ROW: dict[str, Any] = {
    "symbol": "BTCUSDT", "status": "TRADING", "baseAsset": "BTC", "marginAsset": "USDT", "pricePrecision": 2, "quantityPrecision": 3,
    "filters": [
        {"filterType": "PRICE_FILTER", "minPrice": "556.80", "maxPrice": "4529764", "tickSize": "0.10"},
        {"filterType": "LOT_SIZE", "stepSize": "0.001", "maxQty": "1000", "minQty": "0.001"},
        {"filterType": "MARKET_LOT_SIZE", "stepSize": "0.010", "maxQty": "120", "minQty": "0.001"},
        {"filterType": "MIN_NOTIONAL", "notional": "50"}, {"filterType": "MAX_NUM_ORDERS", "limit": 200},
        {"filterType": "PERCENT_PRICE", "multiplierUp": "1.0500", "multiplierDown": "0.9500", "multiplierDecimal": "4"},
    ],
}


def changed(kind: str, **fields: str) -> dict[str, Any]:
    return {**ROW, "filters": [one | fields if one["filterType"] == kind else one for one in ROW["filters"]]}


def test_an_instrument() -> None:
    expected = Instrument(
        "BTCUSDT", "TRADING", "BTC", "USDT", tick_size=e8("0.1"), quantity_step=e8("0.01"), quantity_min=e8("0.001"), quantity_max=e8("120"),
        notional_min=e8("50"), price_min=e8("556.8"), price_max=e8("4529764"), price_up_ppm=1_050_000, price_down_ppm=950_000, leverage_max=150,
        maintenance_ppm=4_000, taker_fee_ppm=450,
    )
    assert instrument(ROW, (150, 4_000), 450) == [expected]


@pytest.mark.parametrize("row", [changed("PRICE_FILTER", tickSize="0.000000001"), changed("LOT_SIZE", stepSize="a"), {**ROW, "filters": []}])
def test_a_symbol_that_does_not_fit_is_left_out(row: dict[str, Any]) -> None:
    assert instrument(row, (150, 4_000), 450) == []


def test_a_maximum_beyond_63_bits_is_the_largest_there_is() -> None:
    assert instrument(changed("PRICE_FILTER", maxPrice="999999999999"), (150, 4_000), 450)[0].price_max == 2**63 - 1
