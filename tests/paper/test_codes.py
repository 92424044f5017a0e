"""What Binance refuses, and with which code. Each row changes one thing of an order that is accepted.

Source: error codes of Binance's USDⓈ-M documentation; filters of `instruments`.
"""
import pytest
from msgspec.structs import replace

from streams.core.values import e8
from streams.paper.instruments import ALL
from streams.paper.orders import VenueError
from tests.paper.house import KEY, NOW, House

MARKET = {"symbol": "BTCUSDT", "side": "BUY", "type": "MARKET", "quantity": "0.01", "newClientOrderId": "e1"}
LIMIT = {**MARKET, "type": "LIMIT", "price": "59000", "timeInForce": "GTC"}
STOP = {
    "symbol": "BTCUSDT", "side": "SELL", "type": "STOP_MARKET", "algoType": "CONDITIONAL", "triggerPrice": "59000", "quantity": "0.01",
    "reduceOnly": "true", "clientAlgoId": "s1",
}
CLOSING = {**{name: value for name, value in STOP.items() if name not in ("quantity", "reduceOnly")}, "closePosition": "true"}
TRAILING = {**{name: value for name, value in STOP.items() if name != "triggerPrice"}, "type": "TRAILING_STOP_MARKET", "callbackRate": "1"}


def changed(order: dict[str, str], **change: str | None) -> dict[str, str]:
    """None takes a parameter away."""
    return {name: value for name, value in {**order, **change}.items() if value is not None}


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        (MARKET, 0),
        (LIMIT, 0),
        (changed(MARKET, symbol=None), -1102),
        (changed(MARKET, symbol="MATICUSDT"), -1121),
        (changed(MARKET, side=None), -1102),
        (changed(MARKET, side="LONG"), -1117),
        (changed(MARKET, type=None), -1102),
        (changed(MARKET, type="STOP_LOSS"), -1116),
        (changed(MARKET, type="STOP_MARKET", stopPrice="59000"), -4120),
        (changed(MARKET, type="TRAILING_STOP_MARKET"), -4120),
        (changed(MARKET, positionSide="LONG"), -4061),
        (changed(MARKET, positionSide="BOTH"), 0),
        (changed(MARKET, reduceOnly="yes"), -1130),
        (changed(MARKET, reduceOnly="true"), -2022),
        (changed(MARKET, quantity=None), -1102),
        (changed(MARKET, quantity="much"), -1100),
        (changed(MARKET, quantity="1e-1"), -1100),
        (changed(MARKET, quantity=".1"), -1100),
        (changed(MARKET, price="60000"), -1106),
        (changed(MARKET, timeInForce="GTC"), -1106),
        (changed(MARKET, stopPrice="59000"), -1106),
        (changed(MARKET, closePosition="true"), -4136),
        (changed(MARKET, closePosition="false"), 0),
        (changed(LIMIT, closePosition="true"), -4136),
        (changed(LIMIT, callbackRate="1"), -1106),
        (changed(MARKET, quantity="0"), -4003),
        (changed(MARKET, quantity="-0.01"), -4003),
        (changed(MARKET, quantity="0.0001"), -4004),
        (changed(MARKET, quantity="0.0101"), -1111),
        (changed(MARKET, quantity="0.010000001"), -1111),
        (changed(MARKET, quantity="121"), -4005),
        (changed(LIMIT, quantity="1001"), -4005),
        (changed(MARKET, quantity="100"), -2019),
        (changed(MARKET, newClientOrderId="x" * 36), 0),
        (changed(MARKET, newClientOrderId="x" * 37), -4015),
        (changed(MARKET, newClientOrderId="a b"), -4015),
        (changed(LIMIT, price=None), -1102),
        (changed(LIMIT, price="0"), -4001),
        (changed(LIMIT, price="-1"), -4001),
        (changed(LIMIT, price="0.05"), -4013),
        (changed(LIMIT, price="99000000"), -4002),
        (changed(LIMIT, price="59000.05"), -4014),
        (changed(LIMIT, price="59000.055"), -1111),
        (changed(LIMIT, price="63000.1"), -4016),
        (changed(LIMIT, side="SELL", price="56999.9"), -4024),
        (changed(LIMIT, side="SELL", price="66000"), 0),
        (changed(LIMIT, timeInForce=None), -1102),
        (changed(LIMIT, priceMatch="QUEUE"), -1106),
        (changed(LIMIT, priceMatch="QUEUE", price=None), 0),
        (changed(LIMIT, priceMatch="BEST", price=None), -5037),
        (changed(MARKET, priceMatch="OPPONENT"), -5038),
        (changed(LIMIT, selfTradePreventionMode="ALWAYS"), -5039),
        (changed(LIMIT, newOrderRespType="FULL"), -1136),
        (changed(LIMIT, timeInForce="DAY"), -1115),
        (changed(LIMIT, timeInForce="FOK"), -5021),
        (changed(LIMIT, timeInForce="GTX", price="60000.1"), -5022),
        (changed(LIMIT, timeInForce="GTX"), 0),
        (changed(LIMIT, quantity="0.001", price="50000"), 0),
        (changed(LIMIT, quantity="0.001", price="49999.9"), -4164),
    ],
)
def test_an_order(asked: dict[str, str], code: int) -> None:
    assert House().refused("order", asked) == code


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        (STOP, 0),
        (CLOSING, 0),
        (TRAILING, 0),
        (changed(STOP, algoType=None), -1102),
        (changed(STOP, algoType="VP"), -1116),
        (changed(STOP, type="MARKET"), -1116),
        (changed(STOP, positionSide="SHORT"), -4061),
        (changed(STOP, workingType="INDEX"), -1116),
        (changed(STOP, triggerPrice=None), -4006),
        (changed(STOP, triggerPrice=None, stopPrice="59000"), -4006),
        (changed(STOP, triggerPrice="0"), -4006),
        (changed(STOP, triggerPrice="-5"), -4006),
        (changed(STOP, triggerPrice="99000000"), -4007),
        (changed(STOP, triggerPrice="0.01"), -4013),
        (changed(STOP, triggerPrice="6e4"), -1100),
        (changed(STOP, price="59000"), -1106),
        (changed(STOP, priceMatch="QUEUE"), -5037),
        (changed(STOP, timeInForce="GTE_GTC"), 0),
        (changed(STOP, callbackRate="1"), -1106),
        (changed(STOP, triggerPrice="59000.05"), -4014),
        (changed(STOP, triggerPrice="60000"), -2021),
        (changed(STOP, side="BUY", triggerPrice="60000"), -2021),
        (changed(STOP, side="BUY", triggerPrice="60000.1"), 0),
        (changed(STOP, type="TAKE_PROFIT_MARKET"), -2021),
        (changed(STOP, type="TAKE_PROFIT_MARKET", triggerPrice="61000"), 0),
        (changed(STOP, quantity=None), -1102),
        (changed(STOP, quantity="0"), -4003),
        (changed(STOP, quantity="0.001"), 0),
        (changed(STOP, quantity="0.0005"), -4004),
        (changed(STOP, quantity="0.001", triggerPrice="49999.9", reduceOnly=None), -4164),
        (changed(STOP, quantity="0.001", triggerPrice="50000", reduceOnly=None), 0),
        (changed(STOP, quantity="0.001", triggerPrice="49999.9"), 0),
        (changed(STOP, clientAlgoId="a b"), -4015),
        (changed(CLOSING, quantity="0.01"), -4137),
        (changed(CLOSING, reduceOnly="true"), -4138),
        (changed(CLOSING, type="STOP", price="58900"), -4136),
        (changed(STOP, type="STOP"), -1102),
        (changed(STOP, type="STOP", price="58900"), 0),
        (changed(STOP, type="STOP", price="56050"), 0),
        (changed(STOP, type="STOP", price="56049.9"), -4184),
        (changed(STOP, type="STOP", side="BUY", triggerPrice="61000", price="64050.1"), -4183),
        (changed(TRAILING, callbackRate=None), -1102),
        (changed(TRAILING, callbackRate="0.05"), -2007),
        (changed(TRAILING, callbackRate="20.1"), -2007),
        (changed(TRAILING, triggerPrice="59000"), -1106),
        (changed(TRAILING, activatePrice="0"), -4135),
        (changed(TRAILING, activatePrice="60000"), -2021),
        (changed(TRAILING, activatePrice="60000.1"), 0),
        (changed(TRAILING, side="BUY", activatePrice="60000"), -2021),
        (changed(TRAILING, side="BUY", activatePrice="59999.9"), 0),
    ],
)
def test_a_conditional_order(asked: dict[str, str], code: int) -> None:
    assert House().refused("algoOrder", asked) == code


def test_a_step_that_is_no_power_of_ten_is_told_from_a_number_that_is_too_fine() -> None:
    house = House({"BTCUSDT": replace(ALL["BTCUSDT"], step=e8("0.005"))})
    assert [house.refused("order", {**MARKET, "quantity": quantity}) for quantity in ("0.015", "0.012", "0.0125")] == [0, -4023, -1111]


def test_the_least_notional_is_not_asked_of_what_reduces() -> None:
    house = House()
    house.order("BUY", "0.01")
    small = {**LIMIT, "side": "SELL", "quantity": "0.001", "price": "57000.1"}
    assert [house.refused("order", asked) for asked in (small, {**small, "quantity": "0.0005"}, {**small, "reduceOnly": "true"})] == [0, -4004, 0]


@pytest.mark.parametrize(
    ("resting", "asked", "code"),
    [
        ("", {"type": "MARKET", "quantity": "0.03"}, 0),
        ("0.03", {"type": "MARKET", "quantity": "0.03"}, 0),                        # it goes before them, and knocks them out
        ("0.01", {"type": "LIMIT", "quantity": "0.02"}, 0),
        ("0.02", {"type": "LIMIT", "quantity": "0.02"}, -4118),
        ("0.03", {"type": "LIMIT", "quantity": "0.001"}, -2022),
        ("", {"type": "LIMIT", "quantity": "0.01", "side": "BUY"}, -2022),
    ],
)
def test_what_reduces_beside_orders_that_do_so_already(resting: str, asked: dict[str, str], code: int) -> None:
    house = House()
    house.order("BUY", "0.03")
    if resting:
        house.limit("SELL", resting, "61000", reduceOnly="true")
    limit = {"price": "61000" if asked.get("side") != "BUY" else "59000", "timeInForce": "GTC"} if asked["type"] == "LIMIT" else {}
    assert house.refused("order", {"symbol": "BTCUSDT", "side": "SELL", "reduceOnly": "true", **limit, **asked}) == code


@pytest.mark.parametrize(("status", "opens", "reduces"), [("TRADING", 0, 0), ("PRE_DELIVERING", -4140, 0), ("SETTLING", -4141, -4141)])
def test_a_symbol_that_goes_away(status: str, opens: int, reduces: int) -> None:
    house = House()
    house.order("BUY", "0.01")
    house.exchange.status["BTCUSDT"] = status
    assert (house.refused("order", MARKET), house.refused("order", {**MARKET, "side": "SELL", "reduceOnly": "true"})) == (opens, reduces)


def test_a_client_id_is_unique_among_what_is_open_and_free_afterwards() -> None:
    house = House()
    first = house.limit("BUY", "0.01", "59000", newClientOrderId="a")
    assert house.refused("order", {**MARKET, "newClientOrderId": "a"}) == -4116
    assert house.refused("algoOrder", {**STOP, "clientAlgoId": "a"}) == -4116
    house.exchange.cancel(KEY, {"orderId": str(first.order_id)}, NOW)
    assert house.refused("order", {**MARKET, "newClientOrderId": "a"}) == 0
    assert house.refused("order", {**MARKET, "newClientOrderId": "a"}) == 0          # filled at once, so it filled twice: as at Binance


def test_one_closing_stop_and_one_closing_target_for_each_direction() -> None:
    house = House()
    second = {**CLOSING, "clientAlgoId": "s2"}
    assert [house.refused("algoOrder", asked) for asked in (
        CLOSING, {**second, "triggerPrice": "58000"}, {**second, "type": "TAKE_PROFIT_MARKET", "triggerPrice": "61000"},
        {**second, "side": "BUY", "triggerPrice": "61000", "clientAlgoId": "s3"}, {**STOP, "clientAlgoId": "s4"}, {**STOP, "clientAlgoId": "s5"},
    )] == [0, -4130, 0, 0, 0, 0]


def test_two_hundred_conditional_orders_wait_and_no_more() -> None:
    house = House()
    codes = [house.refused("algoOrder", {**STOP, "clientAlgoId": f"s{number}"}) for number in range(201)]
    assert codes == [0] * 200 + [-4045]


@pytest.mark.parametrize(
    ("call", "asked", "code"),
    [
        ("cancel", {"symbol": "BTCUSDT"}, -1102),
        ("cancel", {"symbol": "BTCUSDT", "orderId": "one"}, -1102),
        ("cancel", {"symbol": "BTCUSDT", "origClientOrderId": "nobody"}, -2011),
        ("cancel", {"symbol": "BTCUSDT", "origClientOrderId": "filled"}, -2011),
        ("cancel_algo", {}, -1102),
        ("cancel_algo", {"clientAlgoId": "nobody"}, -2011),
        ("cancel_algo", {"clientAlgoId": "filled"}, -2011),
    ],
)
def test_a_cancel_of_what_is_not_there(call: str, asked: dict[str, str], code: int) -> None:
    house = House()
    house.order("BUY", "0.01", newClientOrderId="filled")
    with pytest.raises(VenueError) as refused:
        getattr(house.exchange, call)(KEY, asked, NOW)
    assert refused.value.code == code
