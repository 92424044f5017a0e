"""What happens to an order: fills, triggers, ends, and what the user data stream tells of them, in order."""
import pytest

from streams.core.values import decimal, e8
from streams.paper.margin import liquidation_price
from tests.paper.house import KEY, NOW, House


@pytest.fixture
def house() -> House:
    return House()


def long(house: House, quantity: str = "0.01") -> House:
    house.order("BUY", quantity, newClientOrderId="entry")
    house.events()
    return house


def test_a_market_order_takes_the_other_side_and_pays_the_taker_fee(house: House) -> None:
    house.order("BUY", "0.01", newClientOrderId="e")
    assert house.events() == [
        "order e NEW NEW 0 at 0",
        "account 9999.6999995 BTCUSDT 0.01 at 60000.1",
        "order e TRADE FILLED 0.01 at 60000.1",
    ]


def test_a_resting_limit_order_fills_at_its_price_and_pays_the_maker_fee(house: House) -> None:
    house.limit("BUY", "0.01", "59000", newClientOrderId="e")
    house.price("BTCUSDT", "58990", "58990.1")
    assert house.events() == [
        "order e NEW NEW 0 at 0",
        "account 9999.882 BTCUSDT 0.01 at 59000",
        "order e TRADE FILLED 0.01 at 59000",
    ]


def test_ioc_that_does_not_cross_expires(house: House) -> None:
    house.limit("BUY", "0.01", "59000", timeInForce="IOC", newClientOrderId="e")
    assert house.events() == ["order e NEW NEW 0 at 0", "order e EXPIRED EXPIRED 0 at 0"]


def test_the_entry_is_the_weighted_average_and_a_part_that_closes_does_not_move_it(house: House) -> None:
    house.order("BUY", "0.01")
    house.price("BTCUSDT", "61000", "61000.1")
    house.order("BUY", "0.03")
    house.price("BTCUSDT", "60000", "60000.1")
    house.order("SELL", "0.02", reduceOnly="true")
    held = house.account.held("BTCUSDT")
    assert (decimal(held.quantity), decimal(held.entry), decimal(house.account.trades[-1].realised)) == ("0.02", "60750.1", "-15.002")


def test_a_flip_realises_all_and_opens_anew(house: House) -> None:
    house.order("BUY", "0.01")
    house.price("BTCUSDT", "61000", "61000.1")
    house.order("SELL", "0.03")
    held = house.account.held("BTCUSDT")
    assert (decimal(held.quantity), decimal(held.entry), decimal(house.account.trades[-1].realised)) == ("-0.02", "61000", "9.999")


def test_realised_profit_is_without_fees(house: House) -> None:
    house.order("BUY", "0.01")
    house.order("SELL", "0.01")
    trade, wallet = house.account.trades[-1], house.account.wallets["USDT"]
    assert (decimal(trade.realised), decimal(trade.fee), decimal(wallet)) == ("-0.001", "0.3", "9999.3989995")


def test_a_closing_stop_takes_its_size_from_the_position_and_its_sibling_expires(house: House) -> None:
    long(house)
    house.algo("SELL", "STOP_MARKET", "59000", closePosition="true", clientAlgoId="stop")
    house.algo("SELL", "TAKE_PROFIT_MARKET", "61000", closePosition="true", clientAlgoId="target")
    house.order("BUY", "0.02", newClientOrderId="more")
    house.events()
    house.price("BTCUSDT", "58999", "58999.1")
    assert house.events() == [
        "algo stop TRIGGERING",
        "algo stop TRIGGERED",
        "order stop NEW NEW 0 at 0",
        "account 9968.1820135 BTCUSDT 0 at 0",
        "order stop TRADE FILLED 0.03 at 58999",
        "algo stop FINISHED filled 0.03 at 58999",
        "algo target EXPIRED",
    ]


def test_the_order_that_a_stop_became_has_its_client_id_and_the_stop_its_number(house: House) -> None:
    long(house)
    house.algo("SELL", "STOP_MARKET", "59000", closePosition="true", clientAlgoId="stop")
    house.price("BTCUSDT", "59000", "59000.1")
    algo, order = next(iter(house.account.algos.values())), list(house.account.orders.values())[-1]
    assert (order.client_id, algo.order_id, algo.status, house.told[0]["o"]["ai"], house.told[2]["o"]["ai"]) == (
        "stop", order.order_id, "FINISHED", "", str(order.order_id))


def test_a_stop_cannot_be_cancelled_after_its_trigger(house: House) -> None:
    long(house)
    house.algo("SELL", "STOP_MARKET", "59000", quantity="0.01", reduceOnly="true", clientAlgoId="stop")
    house.price("BTCUSDT", "59000", "59000.1")
    assert house.exchange.find_algo(KEY, {"clientAlgoId": "stop"}) is not None
    with pytest.raises(Exception, match="Unknown order sent"):
        house.exchange.cancel_algo(KEY, {"clientAlgoId": "stop"}, NOW)


@pytest.mark.parametrize(("working_type", "last", "mark", "fires"), [
    ("CONTRACT_PRICE", "59000", "60000", True),
    ("CONTRACT_PRICE", "60000", "59000", False),
    ("MARK_PRICE", "60000", "59000", True),
    ("MARK_PRICE", "59000", "60000", False),
])
def test_a_stop_looks_at_the_price_that_it_was_told_to(house: House, working_type: str, last: str, mark: str, fires: bool) -> None:  # noqa: FBT001
    long(house)
    house.algo("SELL", "STOP_MARKET", "59000", closePosition="true", workingType=working_type)
    house.price("BTCUSDT", "60000", "60000.1", last=last, mark=mark)
    assert (house.held == 0) == fires


@pytest.mark.parametrize(("side", "kind", "trigger", "before", "at"), [
    ("SELL", "STOP_MARKET", "59000", "59000.1", "59000"),
    ("SELL", "TAKE_PROFIT_MARKET", "61000", "60999.9", "61000"),
    ("BUY", "STOP_MARKET", "61000", "60999.9", "61000"),
    ("BUY", "TAKE_PROFIT_MARKET", "59000", "59000.1", "59000"),
])
def test_the_side_from_which_a_trigger_is_met(house: House, side: str, kind: str, trigger: str, before: str, at: str) -> None:
    house.order("BUY" if side == "SELL" else "SELL", "0.01")
    house.algo(side, kind, trigger, closePosition="true")
    house.price("BTCUSDT", before, before)
    still = house.held
    house.price("BTCUSDT", at, at)
    assert (abs(still), house.held) == (e8("0.01"), 0)


def test_a_trailing_stop_is_activated_follows_and_comes_back(house: House) -> None:
    long(house)
    house.algo("SELL", "TRAILING_STOP_MARKET", "", quantity="0.01", reduceOnly="true", callbackRate="1", activatePrice="61000", clientAlgoId="trail")
    for price in ("60900", "60000", "61000", "62000", "61380.1"):
        house.price("BTCUSDT", price, price)
    followed = house.events()
    house.price("BTCUSDT", "61380", "61380")
    assert (followed, house.events()[:2]) == (["algo trail NEW", "algo trail NEW"], ["algo trail TRIGGERING", "algo trail TRIGGERED"])


def test_price_protection_keeps_a_stop_from_a_last_price_far_from_the_mark(house: House) -> None:
    long(house)
    house.algo("SELL", "STOP_MARKET", "59000", closePosition="true", priceProtect="true")
    house.price("BTCUSDT", "57000", "57000.1", mark="60000")
    kept = house.held
    house.price("BTCUSDT", "58000", "58000.1", mark="60000")
    assert (kept, house.held) == (e8("0.01"), 0)


def test_a_reducing_stop_without_a_position_is_rejected_and_a_closing_one_expires(house: House) -> None:
    house.algo("SELL", "STOP_MARKET", "59000", quantity="0.01", reduceOnly="true", clientAlgoId="reduces")
    house.algo("SELL", "STOP_MARKET", "59000", closePosition="true", clientAlgoId="closes")
    house.events()
    house.price("BTCUSDT", "59000", "59000.1")
    assert house.events() == ["algo reduces TRIGGERING", "algo reduces REJECTED", "algo closes TRIGGERING", "algo closes EXPIRED"]


def test_margin_is_looked_at_when_a_stop_is_triggered_and_not_before(house: House) -> None:
    house.algo("BUY", "STOP_MARKET", "61000", quantity="50", clientAlgoId="entry")
    house.events()
    house.price("BTCUSDT", "61000", "61000.1")
    assert (house.events(), next(iter(house.account.algos.values())).reason) == (
        ["algo entry TRIGGERING", "algo entry REJECTED"], "Margin is insufficient.")


def test_a_stop_that_meets_a_book_far_from_the_mark_is_rejected(house: House) -> None:
    """57,000 is 5 % below the mark, as far as PERCENT_PRICE lets a seller meet."""
    long(house)
    house.algo("SELL", "STOP_MARKET", "59000", closePosition="true", clientAlgoId="far")
    house.price("BTCUSDT", "56999.9", "57000", mark="60000")
    algo = next(iter(house.account.algos.values()))
    assert (house.events(), "PERCENT_PRICE" in algo.reason) == (["algo far NEW", "algo far TRIGGERING", "algo far REJECTED"], True)


def test_a_trailing_stop_for_a_short_follows_downwards_by_the_mark(house: House) -> None:
    house.order("SELL", "0.01")
    house.algo("BUY", "TRAILING_STOP_MARKET", "", quantity="0.01", reduceOnly="true", callbackRate="1", workingType="MARK_PRICE", clientAlgoId="t")
    house.events()
    for mark in ("59500", "59000", "59589.9"):
        house.price("BTCUSDT", "60000", "60000.1", mark=mark)
    followed = house.events()
    house.price("BTCUSDT", "60000", "60000.1", mark="59590")
    assert (followed, house.events()[0], house.held) == ([], "algo t TRIGGERING", 0)


def test_a_stop_with_a_limit_rests_and_is_finished_with_its_order(house: House) -> None:
    long(house)
    house.algo("SELL", "STOP", "59000", price="59100", quantity="0.01", reduceOnly="true", clientAlgoId="stop")
    house.price("BTCUSDT", "59000", "59000.1")
    resting = house.events()
    house.price("BTCUSDT", "59100", "59100.1")
    assert (resting[1:], house.events()[-1]) == (
        ["algo stop TRIGGERING", "algo stop TRIGGERED", "order stop NEW NEW 0 at 0"], "algo stop FINISHED filled 0.01 at 59100")


def test_a_stop_whose_order_is_cancelled_is_finished_and_not_filled(house: House) -> None:
    long(house)
    house.algo("SELL", "STOP", "59000", price="59100", quantity="0.01", reduceOnly="true", clientAlgoId="stop")
    house.price("BTCUSDT", "59000", "59000.1")
    house.events()
    house.exchange.cancel(KEY, {"symbol": "BTCUSDT", "origClientOrderId": "stop"}, NOW)
    assert house.events() == ["order stop CANCELED CANCELED 0 at 0", "algo stop FINISHED filled 0 at 0"]


def test_a_target_that_is_larger_than_what_is_left_fills_that_and_expires(house: House) -> None:
    long(house, "0.03")
    house.limit("SELL", "0.03", "61000", reduceOnly="true", newClientOrderId="target")
    house.order("SELL", "0.02", reduceOnly="true")
    house.events()
    house.price("BTCUSDT", "61000", "61000.1")
    assert (house.held, [one for one in house.events() if one.startswith("order")]) == (
        0, ["order target TRADE PARTIALLY_FILLED 0.01 at 61000", "order target EXPIRED EXPIRED 0.01 at 61000"])


@pytest.mark.parametrize(
    ("sold", "left"),
    [("0.01", ["near", "far"]), ("0.02", ["near"]), ("0.03", []), ("0.04", [])],
)
def test_resting_reduce_only_orders_do_not_outlive_what_they_reduce(house: House, sold: str, left: list[str]) -> None:
    """Those farthest from the market go first; a position that turns round takes all of them with it."""
    long(house, "0.03")
    house.limit("SELL", "0.01", "62000", reduceOnly="true", newClientOrderId="far")
    house.limit("SELL", "0.01", "61000", reduceOnly="true", newClientOrderId="near")
    house.limit("SELL", "0.01", "63000", newClientOrderId="opens")
    house.events()
    house.order("SELL", sold, newClientOrderId="sold")
    expired = [one for one in house.events() if "EXPIRED" in one]
    gone = [name for name in ("near", "far") if name not in left]
    assert sorted(expired) == sorted(f"order {name} EXPIRED EXPIRED 0 at 0" for name in gone)
    assert sorted(order.client_id for order in house.account.working()) == sorted([*left, "opens"])


def test_a_reducing_order_is_no_larger_than_the_position(house: House) -> None:
    long(house)
    house.order("SELL", "5", reduceOnly="true")
    assert house.held == 0


def test_resting_orders_hold_margin_back(house: House) -> None:
    house.limit("BUY", "3", "60000")                      # 9,000 of 10,000 at 20 times
    assert house.refused("order", {"symbol": "BTCUSDT", "side": "BUY", "type": "MARKET", "quantity": "0.5"}) == -2019


def test_leverage_is_the_symbols_own(house: House) -> None:
    big = {"symbol": "BTCUSDT", "side": "BUY", "type": "MARKET", "quantity": "5"}
    refused = house.refused("order", big)
    house.account.leverage["BTCUSDT"] = 50
    assert (refused, house.refused("order", big)) == (-2019, 0)


def test_a_position_is_liquidated_at_the_price_that_was_told(house: House) -> None:
    house.order("BUY", "3")
    house.limit("BUY", "0.01", "50000", newClientOrderId="resting")
    at = liquidation_price(house.account, "BTCUSDT", house.exchange.rules, house.exchange.tops)
    above, below = (at // 10**7 + 1) * 10**7, at // 10**7 * 10**7
    house.price("BTCUSDT", "60000", "60000.1", last="60000", mark=decimal(above))
    kept, _ = house.held, house.events()
    house.price("BTCUSDT", "60000", "60000.1", last="60000", mark=decimal(below))
    resting, account, closed = house.events()
    assert (kept, house.held, resting, account.startswith("account "), closed.split()[2:]) == (
        e8("3"), 0, "order resting EXPIRED EXPIRED 0 at 0", True, ["CALCULATED", "FILLED", "3", "at", "60000"])
    assert closed.split()[1].startswith("autoclose-")
    assert decimal(at) == "56924.46457496"                # (10000 - 90.00015 - 3 x 60000.1) / (3 x 0.004 - 3)


def test_two_margin_assets_are_two_wallets(house: House) -> None:
    house.account.wallets["USDC"] = e8("5000")
    house.price("BTCUSDC", "60000", "60000.1")
    house.order("BUY", "0.01", symbol="BTCUSDC")
    assert {asset: decimal(amount) for asset, amount in house.account.wallets.items()} == {"USDT": "10000", "USDC": "4999.6999995"}
