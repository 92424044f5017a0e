"""Leverage brackets, isolated margin, and the fee tiers."""
from typing import Any

import pytest
from msgspec.structs import replace

from streams.core.values import E8, decimal, e8
from streams.paper import brackets, margin
from streams.paper.trading import FEES_PPM
from tests.paper.bank import Bank
from tests.paper.house import House

BTC: dict[str, str | int] = {"symbol": "BTCUSDT"}


@pytest.mark.parametrize(
    ("base", "amount", "number", "leverage", "maintenance"),
    [
        ("BTC", 0, 1, 150, "0"),
        ("BTC", 299_999, 1, 150, "1199.996"),
        ("BTC", 300_000, 2, 100, "1200"),                    # 300,000 x 0.005 - 300
        ("BTC", 800_000, 3, 75, "3700"),                     # 800,000 x 0.0065 - 1,500
        ("SOL", 400_000, 3, 50, "2525"),                     # 400,000 x 0.01 - 1,475
        ("DOGE", 150_000, 3, 40, "1220"),                    # 150,000 x 0.0125 - 655
        ("1000PEPE", 20_000, 2, 50, "130"),                  # 20,000 x 0.01 - 70
        ("LINK", 10**9, 10, 1, "388583525"),
    ],
)
def test_the_bracket_of_a_position(base: str, amount: int, number: int, leverage: int, maintenance: str) -> None:
    found = brackets.at(base, amount * E8)
    assert (found.number, found.leverage, decimal(brackets.maintenance(base, amount * E8))) == (number, leverage, maintenance)


@pytest.mark.parametrize("base", ["BTC", "SOL", "DOGE", "1000PEPE"])
def test_maintenance_has_no_steps(base: str) -> None:
    """`cum` is what makes the next bracket begin where the last one ended."""
    ladder = brackets.of(base)
    assert [one.floor for one in ladder[1:]] == [one.cap for one in ladder[:-1]]
    assert [brackets.maintenance(base, one.cap) - brackets.maintenance(base, one.cap - 1) <= 1 for one in ladder[:-1]] == [True] * (len(ladder) - 1)


@pytest.mark.parametrize(("leverage", "code"), [("1", 0), ("150", 0), ("151", -4028), ("0", -4028)])
async def test_leverage_is_as_high_as_the_smallest_bracket(bank: Bank, leverage: str, code: int) -> None:
    status, body = await bank.ask("POST", "v1/leverage", **BTC, leverage=leverage)
    assert (status, body.get("code", 0)) == (400 if code else 200, code)


def test_a_position_larger_than_its_leverage_allows_is_refused() -> None:
    """At 150 times, 300,000 is the most."""
    house = House(wallet="1000000")
    house.account.leverage["BTCUSDT"] = 150
    buy = {"symbol": "BTCUSDT", "side": "BUY", "type": "MARKET"}
    assert [house.refused("order", {**buy, "quantity": quantity}) for quantity in ("5.001", "5", "0.01")] == [-2027, 0, -2027]
    assert house.refused("order", {**buy, "side": "SELL", "quantity": "5"}) == 0


async def test_leverage_beside_a_position(bank: Bank) -> None:
    """3 bitcoin are 180,000: at 20 times 9,000 of 10,000 are bound, at 10 times 18,000 would be."""
    await bank.body("POST", "v1/order", **BTC, side="BUY", type="MARKET", quantity="3")
    lower = (await bank.ask("POST", "v1/leverage", **BTC, leverage=10))[1].get("code", 0)
    higher = (await bank.body("POST", "v1/leverage", **BTC, leverage=75))["maxNotionalValue"]
    [config] = await bank.body("GET", "v1/symbolConfig", **BTC)
    assert (lower, higher, config["leverage"], config["maxNotionalValue"]) == (-2028, "3000000", 75, "3000000")


async def test_an_isolated_position_has_a_wallet_of_its_own(bank: Bank) -> None:
    assert await bank.body("POST", "v1/marginType", **BTC, marginType="ISOLATED") == {"code": 200, "msg": "success"}
    again = (await bank.ask("POST", "v1/marginType", **BTC, marginType="ISOLATED"))[1]["code"]
    await bank.body("POST", "v1/order", **BTC, side="BUY", type="MARKET", quantity="0.02")
    held = (await bank.ask("POST", "v1/marginType", **BTC, marginType="CROSSED"))[1]["code"]
    [position] = await bank.body("GET", "v3/positionRisk")
    account = await bank.body("GET", "v3/account")
    assert (again, held) == (-4046, -4048)
    assert (position["isolatedWallet"], position["isolatedMargin"]) == ("60.0001", "59.9991")           # 1200.002 / 20, and 0.001 lost so far
    assert (account["totalWalletBalance"], account["totalCrossWalletBalance"]) == ("19999.399999", "19939.399899")
    assert position["liquidationPrice"] == "57229.01104417"              # (60.0001 - 0.02 x 60000.1) / (0.02 x 0.004 - 0.02)
    await bank.body("POST", "v1/order", **BTC, side="SELL", type="MARKET", quantity="0.01", reduceOnly="true")
    [half] = await bank.body("GET", "v3/positionRisk")
    await bank.body("POST", "v1/order", **BTC, side="SELL", type="MARKET", quantity="0.01", reduceOnly="true")
    closed = await bank.body("GET", "v3/account")
    assert (half["isolatedWallet"], closed["totalWalletBalance"] == closed["totalCrossWalletBalance"]) == ("30.00005", True)


async def test_isolated_margin_is_added_and_taken(bank: Bank) -> None:
    await bank.body("POST", "v1/marginType", **BTC, marginType="ISOLATED")
    none = (await bank.ask("POST", "v1/positionMargin", **BTC, amount="10", type=1))[1]["code"]
    await bank.body("POST", "v1/order", **BTC, side="BUY", type="MARKET", quantity="0.02")
    added = await bank.body("POST", "v1/positionMargin", **BTC, amount="40", type=1)
    codes = [(await bank.ask("POST", "v1/positionMargin", **BTC, amount=amount, type=kind))[1]["code"] for amount, kind in (
        ("20000", 1), ("40.1", 2), ("40", 2))]
    [position] = await bank.body("GET", "v3/positionRisk")
    assert (none, added["amount"], codes, position["isolatedWallet"]) == (-4054, 40.0, [-4050, -4051, 200], "60.0001")
    assert (await bank.ask("POST", "v1/leverage", **BTC, leverage=5))[1]["code"] == -4161


async def test_the_margin_type_stays_while_orders_rest(bank: Bank) -> None:
    limit: dict[str, str | int] = {**BTC, "side": "BUY", "type": "LIMIT", "quantity": "0.01", "price": "59000", "timeInForce": "GTC"}
    await bank.body("POST", "v1/order", **limit, newClientOrderId="e")
    resting = (await bank.ask("POST", "v1/marginType", **BTC, marginType="ISOLATED"))[1]["code"]
    await bank.body("DELETE", "v1/order", **BTC, origClientOrderId="e")
    assert (resting, (await bank.ask("POST", "v1/marginType", **BTC, marginType="ISOLATED"))[0]) == (-4047, 200)


def test_an_isolated_loss_is_no_larger_than_what_was_set_aside() -> None:
    """The market falls through the liquidation price: the insurance fund bears what the wallet does not."""
    house = House()
    house.account.isolated.add("BTCUSDT")
    house.order("BUY", "0.02")
    before = margin.cross_wallet(house.account, "USDT", house.exchange.rules)
    house.price("BTCUSDT", "55000", "55000.1")
    kinds = [(one.kind, decimal(one.amount)) for one in house.account.incomes]
    assert (house.held, house.account.wallets["USDT"]) == (0, before)
    assert kinds == [("COMMISSION", "-0.600001"), ("REALIZED_PNL", "-100.002"), ("INSURANCE_CLEAR", "40.0019")]


def test_a_crossed_loss_takes_the_wallet_and_no_more() -> None:
    house = House(wallet="200")
    house.order("BUY", "0.05")
    house.price("BTCUSDT", "55000", "55000.1")
    assert (house.held, house.account.wallets["USDT"], house.account.incomes[-1].kind) == (0, 0, "INSURANCE_CLEAR")
    assert [one for one in house.events() if one.startswith("account")][-1] == "account 0"


@pytest.mark.parametrize(("quantity", "wallet"), [("1", "4000"), ("10", "40000"), ("40", "300000"), ("-10", "40000")])
def test_the_liquidation_price_is_where_the_margin_is_gone(quantity: str, wallet: str) -> None:
    """In the first, the second and the third bracket, and short."""
    house = House(wallet=wallet)
    house.order("BUY" if e8(quantity) > 0 else "SELL", quantity.strip("-"))
    exchange, account = house.exchange, house.account
    at = margin.liquidation_price(account, "BTCUSDT", exchange.rules, exchange.tops)
    tops = [replace(exchange.tops["BTCUSDT"], mark=mark) for mark in (at - 10_000, at + 10_000)]
    carried = [margin.carried(account, "BTCUSDT", exchange.rules, {"BTCUSDT": top}) for top in tops]
    assert [balance <= needed for balance, needed in carried] == ([True, False] if e8(quantity) > 0 else [False, True])


def test_a_loss_beyond_the_wallet_is_borne_by_the_profit_of_another_position_first() -> None:
    """1,970 are lost of 1,000; ether has won 1,000 that nobody has realised yet, and must pay when it is."""
    house = House(wallet="1000")
    house.price("ETHUSDT", "3000", "3000.01")
    house.order("BUY", "1", symbol="ETHUSDT")
    house.order("BUY", "0.1")
    house.price("ETHUSDT", "4000", "4000.01")
    house.price("BTCUSDT", "40300", "40300.1")
    wallet = house.account.wallets["USDT"]
    kinds = [one.kind for one in house.account.incomes]
    assert (house.held, decimal(house.account.held("ETHUSDT").quantity), decimal(wallet), "INSURANCE_CLEAR" in kinds) == (0, "1", "-974.51001", False)


def test_a_thin_margin_is_told_once_until_it_has_recovered() -> None:
    """3 bitcoin and 9,910 left: at 57,000 there are 909.7 for a maintenance margin of 684, at 56,970 819.7 for 683.64."""
    house = House()
    house.order("BUY", "3")
    calls = []
    for mark in ("57000", "56970", "56969", "57100", "56970"):
        house.told.clear()
        house.price("BTCUSDT", mark, mark)
        calls.append([event["p"][0]["mm"] for event in house.told if event["e"] == "MARGIN_CALL"])
    assert (calls, house.held) == ([[], ["683.64"], [], [], ["683.64"]], e8("3"))


def test_an_isolated_liquidation_leaves_the_others_orders_alone() -> None:
    house = House()
    house.account.isolated.add("BTCUSDT")
    house.price("ETHUSDT", "3000", "3000.01")
    house.order("BUY", "0.02")
    house.limit("BUY", "0.01", "50000", newClientOrderId="own")
    house.limit("BUY", "0.1", "2900", symbol="ETHUSDT", newClientOrderId="other")
    house.price("BTCUSDT", "55000", "55000.1")
    assert (house.held, [order.client_id for order in house.account.working()]) == (0, ["other"])


def test_an_isolated_position_does_not_carry_the_others() -> None:
    house = House(wallet="1000")
    house.account.isolated.add("ETHUSDT")
    house.price("ETHUSDT", "3000", "3000.01")
    house.order("BUY", "1", symbol="ETHUSDT")
    house.order("BUY", "0.1")
    house.price("ETHUSDT", "6000", "6000.01")
    house.price("BTCUSDT", "51000", "51000.1")
    assert (house.held, decimal(house.account.held("ETHUSDT").quantity)) == (0, "1")


@pytest.mark.parametrize("tier", range(len(FEES_PPM)))
def test_a_fee_tier(tier: int) -> None:
    maker, taker = FEES_PPM[tier]
    house = House()
    house.account.fee_tier = tier
    house.limit("BUY", "0.01", "59000")
    house.price("BTCUSDT", "58990", "58990.1")
    house.order("SELL", "0.01")
    assert [trade.fee for trade in house.account.trades] == [590 * maker * 100, e8("589.9") * taker // 1_000_000]


async def test_the_tier_is_told(bank: Bank) -> None:
    bank.exchange.engine.accounts["paper"].fee_tier = 3
    told, config = await bank.body("GET", "v1/commissionRate", **BTC), await bank.body("GET", "v1/accountConfig")
    assert (told["makerCommissionRate"], told["takerCommissionRate"], config["feeTier"]) == ("0.00012", "0.00032", 3)


async def test_fees_are_paid_in_bnb_as_long_as_there_is_some(bank: Bank) -> None:
    """0.3000005 USDT, a tenth less, at a mark of 515.005; what is left afterwards does not pay for the second."""
    bank.exchange.engine.accounts["paper"].wallets["BNB"] = e8("0.0006")
    buy: dict[str, str | int] = {**BTC, "side": "BUY", "type": "MARKET", "quantity": "0.01"}
    before = await bank.body("GET", "v1/feeBurn")
    await bank.body("POST", "v1/feeBurn", feeBurn="true")
    told: list[dict[str, Any]] = []
    bank.exchange.engine.tell = lambda _key, event: told.append(event)
    for _ in range(2):
        await bank.body("POST", "v1/order", **buy)
    trades = await bank.body("GET", "v1/userTrades", **BTC)
    incomes = await bank.body("GET", "v1/income")
    assert (before, [(one["commission"], one["commissionAsset"]) for one in trades]) == (
        {"feeBurn": False}, [("0.00052426", "BNB"), ("0.3000005", "USDT")])
    assert [(one["income"], one["asset"]) for one in incomes] == [("-0.00052426", "BNB"), ("-0.3000005", "USDT")]
    updates = [[(row["a"], row["wb"]) for row in event["a"]["B"]] for event in told if event["e"] == "ACCOUNT_UPDATE"]
    assert updates == [[("USDT", "10000"), ("BNB", "0.00007574")], [("USDT", "9999.6999995")]]
