"""Orders that are changed, or end by the clock: amendments, good till a date, the dead man's switch."""
import json

import pytest

from streams.core.values import decimal, e8
from streams.paper.orders import VenueError
from tests.paper.bank import Bank
from tests.paper.house import KEY, NOW, House

MINUTES_10 = 600_000


@pytest.fixture
def house() -> House:
    return House()


def amended(house: House, **asked: str) -> int:
    """The code of the refusal, 0 where there is none."""
    try:
        wanted = {"symbol": "BTCUSDT", "side": "BUY", "origClientOrderId": "e", "quantity": "0.01", "price": "59000", **asked}
        house.exchange.amend(KEY, wanted, NOW)
    except VenueError as refused:
        return refused.code
    return 0


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"price": "59100"}, 0),
        ({"quantity": "0.02"}, 0),
        ({}, -5027),
        ({"origClientOrderId": "nobody"}, -2013),
        ({"origClientOrderId": ""}, -1102),
        ({"price": ""}, -1102),
        ({"quantity": "0"}, -4003),
        ({"price": "59000.05"}, -4014),
        ({"price": "63000.1"}, -4016),
        ({"quantity": "0.001", "price": "49999.9"}, -5029),
        ({"quantity": "10"}, -2019),
    ],
)
def test_an_amendment(house: House, asked: dict[str, str], code: int) -> None:
    house.limit("BUY", "0.01", "59000", newClientOrderId="e")
    assert amended(house, **asked) == code


def test_what_cannot_be_amended(house: House) -> None:
    house.order("BUY", "0.01", newClientOrderId="e")
    filled = amended(house)
    house.limit("SELL", "0.01", "61000", reduceOnly="true", newClientOrderId="e")
    reducing = amended(house, price="61100")
    house.exchange.status["BTCUSDT"] = "PRE_SETTLE"
    assert (filled, reducing, amended(house, price="61100")) == (-2013, -5047, -5024)


def test_an_amendment_is_told_and_fills_where_it_crosses(house: House) -> None:
    house.limit("BUY", "0.01", "59000", newClientOrderId="e")
    amended(house, price="59500", quantity="0.02")
    amended(house, price="60000.1", quantity="0.02")
    assert [one for one in house.events() if one.startswith("order")] == [
        "order e NEW NEW 0 at 0", "order e AMENDMENT NEW 0 at 0", "order e AMENDMENT NEW 0 at 0", "order e TRADE FILLED 0.02 at 60000.1"]


def test_an_amendment_to_what_is_filled_cancels_and_so_does_one_that_ends_post_only(house: House) -> None:
    house.account.wallets["USDT"] = e8("10000000")
    house.limit("BUY", "60", "60000.1", newClientOrderId="e")
    amended(house, quantity="49.999", price="60000.1")
    part = house.account.orders[max(house.account.orders)]
    house.price("BTCUSDT", "60000", "60000.1")
    house.limit("BUY", "0.01", "59000", timeInForce="GTX", newClientOrderId="e")
    amended(house, price="60000.1")
    post_only = house.account.orders[max(house.account.orders)]
    assert (part.status, decimal(part.filled), post_only.status) == ("CANCELED", "49.999", "CANCELED")


def test_a_refused_amendment_changes_nothing(house: House) -> None:
    order = house.limit("BUY", "0.01", "59000", newClientOrderId="e")
    amended(house, quantity="10")
    assert (decimal(order.quantity), decimal(order.price), order.changes) == ("0.01", "59000", 0)


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"timeInForce": "GTD"}, -1102),
        ({"timeInForce": "GTD", "goodTillDate": str(NOW + MINUTES_10)}, -5040),
        ({"timeInForce": "GTD", "goodTillDate": "253402300799000"}, -5040),
        ({"timeInForce": "GTD", "goodTillDate": str(NOW + MINUTES_10 + 1_000)}, 0),
        ({"timeInForce": "GTC", "goodTillDate": str(NOW + MINUTES_10 + 1_000)}, -1106),
    ],
)
def test_good_till_a_date(house: House, asked: dict[str, str], code: int) -> None:
    limit = {"symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "quantity": "0.01", "price": "59000"}
    assert house.refused("order", {**limit, **asked}) == code


def test_an_order_expires_at_its_date_and_so_does_a_conditional_one(house: House) -> None:
    till = NOW + MINUTES_10 + 1_500                                     # whole seconds count
    house.limit("BUY", "0.01", "59000", timeInForce="GTD", goodTillDate=str(till), newClientOrderId="e")
    house.algo("BUY", "STOP", "61000", price="61100", quantity="0.01", timeInForce="GTD", goodTillDate=str(till), clientAlgoId="s")
    house.events()
    house.exchange.passed(till - 501)
    before = house.events()
    house.exchange.passed(till - 500)
    assert (before, house.events()) == ([], ["order e EXPIRED EXPIRED 0 at 0", "algo s EXPIRED"])


def test_the_dead_mans_switch_cancels_a_symbols_orders_unless_it_is_put_off(house: House) -> None:
    house.limit("BUY", "0.01", "59000", newClientOrderId="e")
    house.algo("BUY", "STOP_MARKET", "61000", quantity="0.01", clientAlgoId="stop")
    house.events()
    house.account.countdowns["BTCUSDT"] = NOW + 1_000
    house.exchange.passed(NOW + 999)
    before = house.events()
    house.exchange.passed(NOW + 1_000)
    house.exchange.passed(NOW + 2_000)
    assert (before, house.events(), house.account.countdowns) == ([], ["order e CANCELED CANCELED 0 at 0"], {})


def test_two_hundred_orders_rest_in_a_symbol_and_no_more(house: House) -> None:
    limit = {"symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "quantity": "0.001", "price": "59000", "timeInForce": "GTC"}
    assert [house.refused("order", limit) for _ in range(201)] == [0] * 200 + [-2025]


LEG = {"symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "quantity": "0.01", "price": "59000", "timeInForce": "GTC"}


def outcome(leg: dict[str, str | int]) -> str | int:
    return leg["code"] if "code" in leg else leg["status"]


async def test_a_batch_is_its_orders_one_by_one(bank: Bank) -> None:
    """A refusal stands in its order's place, and stops none of the others."""
    legs = [{**LEG, "newClientOrderId": "a"}, {**LEG, "quantity": "0.0001"}, {**LEG, "newClientOrderId": "c", "reduceOnly": False}]
    placed = await bank.body("POST", "v1/batchOrders", batchOrders=json.dumps(legs))
    changes = [{"symbol": "BTCUSDT", "side": "BUY", "origClientOrderId": "a", "quantity": "0.01", "price": price} for price in ("59100", "59100")]
    amended = await bank.body("PUT", "v1/batchOrders", batchOrders=json.dumps(changes))
    cancelled = await bank.body("DELETE", "v1/batchOrders", symbol="BTCUSDT", origClientOrderIdList=json.dumps(["a", "nobody"]))
    numbers = json.dumps([placed[2]["orderId"], 1])
    by_number = await bank.body("DELETE", "v1/batchOrders", symbol="BTCUSDT", orderIdList=numbers)
    assert [[outcome(leg) for leg in batch] for batch in (placed, amended, cancelled, by_number)] == [
        ["NEW", -4004, "NEW"], ["NEW", -5027], ["CANCELED", -2011], ["CANCELED", -2011]]


@pytest.mark.parametrize(
    ("method", "asked", "code"),
    [
        ("POST", {}, -1102),
        ("POST", {"batchOrders": "[]"}, -4082),
        ("POST", {"batchOrders": json.dumps([LEG] * 6)}, -4082),
        ("POST", {"batchOrders": "[{]"}, -1130),
        ("DELETE", {"symbol": "BTCUSDT"}, -1102),
        ("DELETE", {"symbol": "BTCUSDT", "orderIdList": "all"}, -1130),
        ("DELETE", {"symbol": "BTCUSDT", "orderIdList": json.dumps(list(range(11)))}, -4082),
        ("DELETE", {"orderIdList": "[1]"}, -1102),
    ],
)
async def test_a_batch_that_is_none(bank: Bank, method: str, asked: dict[str, str], code: int) -> None:
    assert (await bank.ask(method, "v1/batchOrders", **asked))[1]["code"] == code


async def test_the_dead_mans_switch_by_request(bank: Bank) -> None:
    now = bank.exchange.clock()
    bank.exchange.clock = lambda: now
    await bank.body("POST", "v1/order", **LEG)
    told = await bank.body("POST", "v1/countdownCancelAll", symbol="BTCUSDT", countdownTime=1_000)
    set_to = dict(bank.exchange.engine.accounts["paper"].countdowns)
    await bank.body("POST", "v1/countdownCancelAll", symbol="BTCUSDT", countdownTime=0)
    assert (told, set_to) == ({"symbol": "BTCUSDT", "countdownTime": "1000"}, {"BTCUSDT": now + 1_000})
    assert bank.exchange.engine.accounts["paper"].countdowns == {}


async def test_an_order_that_is_tested_is_not_placed(bank: Bank) -> None:
    told, refused = await bank.body("POST", "v1/order/test", **LEG), await bank.ask("POST", "v1/order/test", **{**LEG, "price": "0"})
    assert (told["status"], refused[1]["code"], await bank.body("GET", "v1/openOrders")) == ("NEW", -4001, [])
