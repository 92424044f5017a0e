"""Requests and answers, field by field, as Binance has them."""
from typing import Any

import pytest

from streams.core.values import Side, e8
from streams.core.words import TimeInForce
from streams.venue import wire
from streams.venue.answers import AssetSeen, IncomeSeen, Kind, Order, OrderSeen, PositionSeen, Trade

STOP: dict[str, Any] = {
    "algoId": 4000001910058351, "clientAlgoId": "qs-guard.0-aaaaaaaaaaaaaaaa", "algoType": "CONDITIONAL", "orderType": "STOP_MARKET",
    "symbol": "BTCUSDT", "side": "SELL", "quantity": "0", "algoStatus": "NEW", "triggerPrice": "55000", "closePosition": True, "reduceOnly": False,
    "updateTime": 1765431097019,
}
UPDATE: dict[str, Any] = {
    "e": "ORDER_TRADE_UPDATE", "E": 12, "T": 11, "o": {
        "s": "BTCUSDT", "c": "qs-entry.0-aaaaaaaaaaaaaaaa", "S": "BUY", "o": "MARKET", "q": "0.010",
        "X": "PARTIALLY_FILLED", "x": "TRADE", "i": 88937381063,
        "l": "0.004", "z": "0.004", "L": "60000.1", "n": "-0.001", "N": "USDT", "T": 10, "t": 698759, "m": True, "R": False,
        "rp": "0",
    },
}


@pytest.mark.parametrize(("order", "asked"), [
    (Order("BTCUSDT", Side.BUY, Kind.MARKET, "c", e8("0.01")),
     {"symbol": "BTCUSDT", "side": "BUY", "type": "MARKET", "quantity": "0.01", "newClientOrderId": "c", "newOrderRespType": "RESULT"}),
    (Order("BTCUSDT", Side.SELL, Kind.LIMIT, "c", e8("3"), e8("60000.1")),
     {"symbol": "BTCUSDT", "side": "SELL", "type": "LIMIT", "quantity": "3", "price": "60000.1", "timeInForce": "GTC", "newClientOrderId": "c",
      "newOrderRespType": "RESULT"}),
    (Order("BTCUSDT", Side.BUY, Kind.LIMIT, "c", e8("3"), e8("60000.1"), time_in_force=TimeInForce.GTX),
     {"symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "quantity": "3", "price": "60000.1", "timeInForce": "GTX", "newClientOrderId": "c",
      "newOrderRespType": "RESULT"}),
    (Order("BTCUSDT", Side.SELL, Kind.STOP_MARKET, "c", trigger_price=e8("55000"), close_position=True),
     {"symbol": "BTCUSDT", "side": "SELL", "type": "STOP_MARKET", "closePosition": "true", "algoType": "CONDITIONAL", "clientAlgoId": "c",
      "triggerPrice": "55000", "workingType": "CONTRACT_PRICE", "newOrderRespType": "RESULT"}),
    (Order("1000PEPEUSDT", Side.SELL, Kind.TAKE_PROFIT_MARKET, "c", e8("7"), 0, 81, reduce_only=True, trigger_by="MARK_PRICE", price_protect=True),
     {"symbol": "1000PEPEUSDT", "side": "SELL", "type": "TAKE_PROFIT_MARKET", "quantity": "7", "reduceOnly": "true", "priceProtect": "true",
      "algoType": "CONDITIONAL", "clientAlgoId": "c", "triggerPrice": "0.00000081", "workingType": "MARK_PRICE", "newOrderRespType": "RESULT"}),
], ids=["market", "limit", "post-only", "guard", "target"])
def test_a_request_is_exact(order: Order, asked: dict[str, str]) -> None:
    assert wire.order_asked(order) == asked


def test_a_resting_stop() -> None:
    expected = OrderSeen(
        "BTCUSDT", "qs-guard.0-aaaaaaaaaaaaaaaa", "4000001910058351", "NEW", Side.SELL, "STOP_MARKET", conditional=True, trigger_price=e8("55000"),
        close_position=True, time=1765431097019,
    )
    assert wire.conditional_order(STOP) == expected


def test_a_triggered_stop_goes_on_under_the_number_of_the_order_that_it_became() -> None:
    finished = wire.conditional_order({**STOP, "algoStatus": "FINISHED", "actualOrderId": "88937381063", "actualQty": "0.01"})
    assert (finished.venue_order_id, finished.status, finished.filled, finished.ended) == ("88937381063", "FINISHED", e8("0.01"), True)


def test_a_trade_on_the_stream_is_an_order_and_a_fill() -> None:
    order = OrderSeen(
        "BTCUSDT", "qs-entry.0-aaaaaaaaaaaaaaaa", "88937381063", "PARTIALLY_FILLED", Side.BUY, "MARKET", conditional=False, quantity=e8("0.01"),
        filled=e8("0.004"), time=11,
    )
    fill = Trade(
        "BTCUSDT", "698759", "88937381063", Side.BUY, e8("0.004"), e8("60000.1"), e8("-0.001"), "USDT", 0, is_maker=True, time=10,
        client_order_id="qs-entry.0-aaaaaaaaaaaaaaaa",
    )
    assert (wire.order_event(UPDATE), wire.trade_event(UPDATE)) == (order, fill)


@pytest.mark.parametrize("kind", ["NEW", "CANCELED", "EXPIRED", "AMENDMENT", "CALCULATED"])
def test_only_a_trade_is_a_fill(kind: str) -> None:
    assert wire.trade_event({**UPDATE, "o": {**UPDATE["o"], "x": kind}}) is None


def test_a_trade_without_a_fee_names_none() -> None:
    told = {name: value for name, value in UPDATE["o"].items() if name not in ("n", "N", "rp")}
    fill = wire.trade_event({**UPDATE, "o": told})
    assert fill is not None
    assert (fill.fee, fill.fee_asset, fill.realised_pnl) == (0, "", 0)


def test_an_account_update_names_what_changed() -> None:
    event = {"e": "ACCOUNT_UPDATE", "T": 9, "a": {
        "m": "FUNDING_FEE", "B": [{"a": "USDT", "wb": "99.5", "cw": "99.5", "bc": "-0.5"}],
        "P": [{"s": "BTCUSDT", "pa": "-0.010", "ep": "60000.123456789012", "up": "0"}],
    }}
    assert wire.account_event(event) == (
        "FUNDING_FEE", [AssetSeen("USDT", e8("99.5"), -1, e8("-0.5"))], [PositionSeen("BTCUSDT", e8("-0.01"), e8("60000.12345678"), 9)],
    )


def test_a_row_of_the_statement() -> None:
    row = {
        "symbol": "BTCUSDT", "incomeType": "FUNDING_FEE", "income": "-0.37500000", "asset": "USDT", "info": "FUNDING_FEE", "time": 1570608000000,
        "tranId": 9689322392, "tradeId": "",
    }
    assert wire.income(row) == IncomeSeen("FUNDING_FEE", "BTCUSDT", "USDT", e8("-0.375"), 1570608000000, "9689322392")
    assert wire.income({**row, "symbol": None, "tradeId": 7}).symbol == ""


@pytest.mark.parametrize(("told", "symbol"), [
    ({"B": [], "S": "BTCUSDT"}, "BTCUSDT"), ({"B": [], "P": [{"s": "ETHUSDT"}]}, "ETHUSDT"), ({"B": [], "P": []}, ""),
    ({"B": [], "P": [{"s": "ETHUSDT"}, {"s": "BTCUSDT"}]}, ""),
])
def test_whose_funding_an_account_update_tells(told: dict[str, object], symbol: str) -> None:
    assert wire.funded_symbol({"e": "ACCOUNT_UPDATE", "T": 9, "a": {"m": "FUNDING_FEE", **told}}) == symbol
