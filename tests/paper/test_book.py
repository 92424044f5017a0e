"""The book that is made of a tick: what an order takes of it, level by level, and what is left for the next."""
import pytest
from msgspec.structs import replace

from streams.core.values import decimal, e8
from streams.paper.instruments import ALL
from streams.paper.orders import Top
from tests.paper.house import NOW, House


@pytest.fixture
def house() -> House:
    return House()


def test_what_is_larger_than_the_top_of_the_book_pays_for_it(house: House) -> None:
    """The top takes three millions; each further three millions cost 100 ppm more, in fills of their own."""
    house.account.wallets["USDT"] = e8("10000000")
    house.order("BUY", "100", newClientOrderId="e")
    orders = [one for one in house.events() if one.startswith("order")]
    assert [f"{decimal(trade.quantity)} at {decimal(trade.price)}" for trade in house.account.trades] == [
        "49.999 at 60000.1", "49.994 at 60006.1", "0.007 at 60012.1"]
    assert [one.split(" at ")[0] for one in orders] == [
        "order e NEW NEW 0", "order e TRADE PARTIALLY_FILLED 49.999", "order e TRADE PARTIALLY_FILLED 99.993", "order e TRADE FILLED 100"]


def test_what_was_taken_of_the_book_is_gone_until_the_next_tick(house: House) -> None:
    house.account.wallets["USDT"] = e8("10000000")
    house.order("BUY", "49.999")
    house.order("BUY", "1")
    house.price("BTCUSDT", "60000", "60000.1")
    house.order("BUY", "1")
    assert [decimal(trade.price) for trade in house.account.trades] == ["60000.1", "60006.1", "60000.1"]


def test_a_limit_order_takes_what_its_price_allows_and_rests_with_the_remainder(house: House) -> None:
    house.account.wallets["USDT"] = e8("10000000")
    house.limit("BUY", "100", "60002", newClientOrderId="e")
    taken = [one for one in house.events() if one.startswith("order")]
    house.price("BTCUSDT", "60001", "60001.1")
    met = [one for one in house.events() if one.startswith("order")]
    assert taken == ["order e NEW NEW 0 at 0", "order e TRADE PARTIALLY_FILLED 49.999 at 60000.1"]
    assert (met, decimal(house.account.trades[-1].price)) == (["order e TRADE PARTIALLY_FILLED 99.998 at 60001.05"], "60002")


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"timeInForce": "IOC"}, ["NEW NEW 0", "TRADE PARTIALLY_FILLED 49.999", "EXPIRED EXPIRED 49.999"]),
        ({"timeInForce": "FOK", "quantity": "49.999"}, ["NEW NEW 0", "TRADE FILLED 49.999"]),
    ],
)
def test_what_may_not_rest_takes_what_stands_or_nothing(house: House, asked: dict[str, str], told: list[str]) -> None:
    house.account.wallets["USDT"] = e8("10000000")
    house.limit("BUY", asked.get("quantity", "50"), "60000.1", newClientOrderId="e", timeInForce=asked["timeInForce"])
    orders = [one.removeprefix("order e ").split(" at ")[0] for one in house.events() if one.startswith("order")]
    too_much = {"symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "quantity": "50", "price": "60000.1", "timeInForce": "FOK"}
    assert (orders, house.refused("order", too_much)) == (told, -5021)


def test_all_or_nothing_is_nothing_where_a_thousandth_is_missing(house: House) -> None:
    house.account.wallets["USDT"] = e8("10000000")
    order = {"symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "price": "60006", "timeInForce": "FOK"}
    assert [house.refused("order", {**order, "quantity": quantity}) for quantity in ("50", "49.999")] == [-5021, 0]


def test_what_stands_at_the_best_price_is_what_the_source_says(house: House) -> None:
    house.exchange.priced("BTCUSDT", Top(e8("60000"), e8("60000.1"), e8("60000"), e8("60000"), e8("2"), e8("0.5")), NOW)
    house.order("BUY", "1")
    assert [f"{decimal(trade.quantity)} at {decimal(trade.price)}" for trade in house.account.trades] == ["0.5 at 60000.1", "0.5 at 60006.1"]


def test_a_market_order_goes_as_far_as_the_bound_and_the_rest_expires() -> None:
    """Each level holds 1,000 here, 16 thousandths of a bitcoin, and 5 % are 500 levels of 6."""
    house = House({"BTCUSDT": replace(ALL["BTCUSDT"], depth=e8("1000"))}, wallet="10000000")
    house.order("BUY", "10", newClientOrderId="e")
    last = [one for one in house.told if one["e"] == "ORDER_TRADE_UPDATE"][-1]["o"]
    assert (last["X"], last["er"], decimal(house.account.trades[-1].price), len(house.account.trades)) == ("EXPIRED", "9", "63000.1", 501)


@pytest.mark.parametrize(("side", "mark", "code"), [("BUY", "57142", -4131), ("BUY", "57143", 0), ("SELL", "63158", -4131), ("SELL", "63157", 0)])
def test_a_market_order_does_not_meet_a_book_far_from_the_mark(house: House, side: str, mark: str, code: int) -> None:
    house.price("BTCUSDT", "60000", "60000.1", mark=mark)
    assert house.refused("order", {"symbol": "BTCUSDT", "side": side, "type": "MARKET", "quantity": "0.01"}) == code


@pytest.mark.parametrize(
    ("side", "match", "price"),
    [
        ("BUY", "OPPONENT", "60000.1"), ("BUY", "OPPONENT_5", "60024.1"), ("BUY", "QUEUE", "60000"), ("BUY", "QUEUE_10", "59946"),
        ("SELL", "OPPONENT", "60000"), ("SELL", "OPPONENT_20", "59886"), ("SELL", "QUEUE", "60000.1"), ("SELL", "QUEUE_5", "60024.1"),
    ],
)
def test_a_price_match_is_a_level_of_the_book(house: House, side: str, match: str, price: str) -> None:
    """A level every 6: 100 ppm of 60,000 on the grid."""
    order = house.order(side, "0.01", type="LIMIT", timeInForce="GTC", priceMatch=match)
    assert (decimal(order.price), order.price_match) == (price, match)
