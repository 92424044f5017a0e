"""Funding: who pays whom, when, and what is told and kept of it."""
import pytest

from streams.core.values import decimal, e8
from tests.paper.bank import Bank
from tests.paper.house import NOW, House

HOURS_8 = 8 * 3_600_000
DUE = (NOW // HOURS_8 + 1) * HOURS_8


@pytest.mark.parametrize(
    ("side", "rate", "paid"),
    [("BUY", 10_000, "-0.06"), ("SELL", 10_000, "0.06"), ("BUY", -10_000, "0.06"), ("SELL", -10_000, "-0.06"), ("BUY", 0, "0")],
)
def test_longs_pay_a_positive_rate_of_what_they_hold_at_the_mark(side: str, rate: int, paid: str) -> None:
    """0.01 at a mark of 60,000 and a rate of 0.0001."""
    house = House()
    house.order(side, "0.01")
    before = house.account.wallets["USDT"]
    house.exchange.funding.rate = rate
    house.exchange.passed(DUE - 1)
    house.exchange.passed(DUE)
    assert decimal(house.account.wallets["USDT"] - before) == paid


def test_it_is_paid_once_at_each_time_of_payment() -> None:
    house = House()
    house.order("BUY", "0.01")
    for now in (DUE - 1, DUE, DUE + 1, DUE + HOURS_8 - 1, DUE + HOURS_8):
        house.exchange.passed(now)
    lines = [(one.kind, decimal(one.amount), one.time) for one in house.account.incomes if one.kind == "FUNDING_FEE"]
    assert lines == [("FUNDING_FEE", "-0.06", DUE), ("FUNDING_FEE", "-0.06", DUE + HOURS_8)]


def test_the_interval_is_a_setting() -> None:
    house = House()
    house.order("BUY", "0.01")
    house.exchange.funding.every_ms = 3_600_000
    house.exchange.passed(NOW)
    house.exchange.passed(NOW + 3_600_000)
    assert [one.kind for one in house.account.incomes] == ["COMMISSION", "FUNDING_FEE"]


@pytest.mark.parametrize("isolated", [False, True])
def test_the_event_names_the_wallet_alone_and_an_isolated_position_too(isolated: bool) -> None:  # noqa: FBT001
    house = House()
    house.account.isolated |= {"BTCUSDT"} if isolated else set()
    house.order("BUY", "0.01")
    margin = house.account.held("BTCUSDT").margin
    house.told.clear()
    house.exchange.passed(DUE - 1)
    house.exchange.passed(DUE)
    [event] = house.told
    told = event["a"]
    assert (told["m"], told["B"][0]["bc"], [one["s"] for one in told["P"]]) == ("FUNDING_FEE", "-0.06", ["BTCUSDT"] if isolated else [])
    assert house.account.held("BTCUSDT").margin - margin == (-e8("0.06") if isolated else 0)


async def test_a_rate_and_a_payment_by_hand(bank: Bank) -> None:
    await bank.body("POST", "v1/order", symbol="BTCUSDT", side="BUY", type="MARKET", quantity="0.01")
    status, _ = await bank.panel("POST", "_funding", {"symbol": "BTCUSDT", "rate": "-0.0005"})
    [line] = await bank.body("GET", "v1/income", incomeType="FUNDING_FEE")
    premium = await bank.body("GET", "v1/premiumIndex", symbol="BTCUSDT")
    [paid] = await bank.body("GET", "v1/fundingRate", symbol="BTCUSDT")
    assert (status, line["income"], line["asset"], line["symbol"]) == (200, "0.30000025", "USDT", "BTCUSDT")        # 0.01 x 60000.05 x 0.0005
    assert (premium["lastFundingRate"], paid["fundingRate"], paid["markPrice"]) == ("-0.0005", "-0.0005", "60000.05")
    assert (await bank.panel("POST", "_funding", {"symbol": "MATICUSDT", "rate": "0"}))[0] == 400


async def test_income_by_kind_and_time(bank: Bank) -> None:
    at = bank.exchange.clock()
    bank.exchange.clock = lambda: at
    await bank.body("POST", "v1/order", symbol="BTCUSDT", side="BUY", type="MARKET", quantity="0.01")
    bank.exchange.clock = lambda: at + 1_000
    await bank.body("POST", "v1/order", symbol="BTCUSDT", side="SELL", type="MARKET", quantity="0.01")
    every = await bank.body("GET", "v1/income")
    assert [(one["incomeType"], one["income"]) for one in every] == [
        ("COMMISSION", "-0.3000005"), ("REALIZED_PNL", "-0.001"), ("COMMISSION", "-0.3")]
    late = await bank.body("GET", "v1/income", incomeType="COMMISSION", startTime=at + 1)
    assert ([one["income"] for one in late], len(await bank.body("GET", "v1/income", limit=2))) == (["-0.3"], 2)
