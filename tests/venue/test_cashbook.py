"""Wallets against the books. A day is a list of truths; what the gateway hears of it is late, twice, turned round, and of the stream only a part."""
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.core import cash
from streams.core.events import BalanceSeen, Filled
from streams.core.funding import Funded
from streams.core.ledger import BooksRecord, CashRecord
from streams.core.values import Side, e8
from streams.venue.answers import AssetSeen, IncomeSeen, Trade
from streams.venue.books import Book
from streams.venue.cashbook import Cashbook
from streams.venue.clock import Clock

BEGUN = 1_000_000
FIRST = {"USDT": e8("10000"), "BNB": e8("3")}
Truth = tuple[str, str, int]              # kind (a word of the statement), asset, amount; of a trade the fee in the asset
Hearing = tuple[int, str]                 # which truth, and by whom


def cashbook() -> Cashbook:
    book = Cashbook("main", Clock())
    book.remember(CashRecord("main", BEGUN, BEGUN))
    book.heard([AssetSeen(asset, wallet, -1) for asset, wallet in FIRST.items()], "ORDER", BEGUN, "", "")
    return book


class Gateway:
    """As much of one as books and wallets need."""

    def __init__(self) -> None:
        self.cash, self.book = cashbook(), Book(BooksRecord("main", "BTCUSDT", 0, 0), new=True)
        self.told: list[Any] = []

    def hears(self, truths: list[Truth], number: int, whom: str) -> None:
        kind, asset, amount = truths[number]
        time = BEGUN + 1 + number * 1_000
        if kind == "TRADE":
            trade = Trade("BTCUSDT", str(number + 1), "7", Side.BUY, e8("1"), e8("100"), amount, asset, 3 * amount, is_maker=False, time=time)
            fills = [] if self.book.knows(trade.trade_id) else [self.book.book(trade, "c")]
            self.told += self.cash.booked(fills, "USDT")
        elif whom == "stream":
            reason = {"TRANSFER": "DEPOSIT", "FUNDING_FEE": "FUNDING_FEE"}[kind]
            wallet = cash.of(self.cash.record, asset).wallet
            symbol = "BTCUSDT" if kind == "FUNDING_FEE" else ""
            self.told += self.cash.heard([AssetSeen(asset, wallet, -1, amount)], reason, time + 700, symbol, "p-1")
        else:
            row = IncomeSeen(kind, "BTCUSDT", asset, amount, time, str(number))
            self.told += self.cash.stated([row], BEGUN, lambda _symbol, _time: "p-1")

    def funded(self) -> int:
        return sum(fact.amount for fact in self.told if isinstance(fact, Funded))


kinds = st.sampled_from(["TRADE", "TRADE", "TRANSFER", "FUNDING_FEE", "INSURANCE_CLEAR"])
truths = st.lists(st.tuples(kinds, st.sampled_from(["USDT", "BNB"]), st.integers(-3, 3).filter(bool)), min_size=1, max_size=8)


@st.composite
def days(draw: st.DrawFn) -> tuple[list[Truth], list[Hearing]]:
    """Everything is heard once at least, by the statement or the trade list; payments perhaps by the stream too; anything perhaps again."""
    day = draw(truths)
    all_of_it = [(number, "list") for number in range(len(day))]
    streamed = [(number, "stream") for number, (kind, _, _) in enumerate(day) if kind in {"TRANSFER", "FUNDING_FEE"}]
    more = draw(st.lists(st.sampled_from([*streamed, *all_of_it]), max_size=8))
    return day, draw(st.permutations([*all_of_it, *more]))


def moved(day: list[Truth]) -> dict[str, int]:
    """What the venue's wallets moved by: a trade earns three times its fee."""
    total = dict.fromkeys(FIRST, 0)
    for kind, asset, amount in day:
        total[asset] += -amount if kind == "TRADE" else amount
        total["USDT"] += 3 * amount if kind == "TRADE" else 0
    return total


@given(days())
def test_profit_less_fees_and_funding_and_payments_are_what_the_wallet_moved(day: tuple[list[Truth], list[Hearing]]) -> None:
    happened, heard = day
    gateway = Gateway()
    for number, whom in heard:
        gateway.hears(happened, number, whom)
    record = gateway.cash.record

    assert {asset: cash.of(record, asset).earned + cash.of(record, asset).transferred for asset in FIRST} == moved(happened)
    assert {asset: cash.of(record, asset).transferred for asset in FIRST} == {
        asset: sum(amount for kind, of, amount in happened if kind == "TRANSFER" and of == asset) for asset in FIRST
    }
    assert gateway.funded() == sum(amount for kind, _, amount in happened if kind == "FUNDING_FEE")
    wallets = [AssetSeen(asset, FIRST[asset] + change, 0) for asset, change in moved(happened).items()]
    told = gateway.cash.reconciled(wallets, BEGUN + 1_000_000)
    assert [message.unexplained for message in told if isinstance(message, BalanceSeen)] == [0, 0]


@given(days())
def test_what_is_heard_again_changes_nothing_and_tells_nothing(day: tuple[list[Truth], list[Hearing]]) -> None:
    happened, heard = day
    gateway = Gateway()
    for number, whom in heard:
        gateway.hears(happened, number, whom)
    record, gateway.told = gateway.cash.record, []
    for number, whom in heard:
        gateway.hears(happened, number, whom)
    assert (gateway.cash.record, gateway.told) == (record, [])


@given(days(), st.integers(0, 16))
def test_a_successor_counts_on(day: tuple[list[Truth], list[Hearing]], cut: int) -> None:
    """It has the ledger's last record, and hears all of the statement again."""
    happened, heard = day
    whole, first = Gateway(), Gateway()
    for number, whom in heard:
        whole.hears(happened, number, whom)
    for number, whom in heard[:cut]:
        first.hears(happened, number, whom)
    written = [message for message in first.told if isinstance(message, CashRecord)]
    first.cash = Cashbook("main", Clock())
    first.cash.remember(written[-1] if written else cashbook().record)
    for number, whom in [*heard[cut:], *((number, "list") for number in range(len(happened)))]:
        first.hears(happened, number, whom)
    totals = [[(one.earned, one.transferred) for one in (cash.of(gateway.cash.record, asset) for asset in FIRST)] for gateway in (first, whole)]
    assert totals[0] == totals[1]


# ---------------------------------------------------------------------------------------------------------------- what is told, and when

FILL = Filled("main", "BTCUSDT", Side.BUY, e8("1"), e8("100"), e8("0.05"), "USDT", e8("3"), "1", "c", "7", "p-1", is_maker=False, venue_time=BEGUN)
AFTER = AssetSeen("USDT", e8("10002.95"), -1)


def balances(messages: list[Any]) -> list[tuple[str, int, int]]:
    return [(message.reason, message.wallet, message.unexplained) for message in messages if isinstance(message, BalanceSeen)]


def test_a_fill_is_told_when_wallet_and_trade_are_both_known_whichever_comes_first() -> None:
    wallet_first, trade_first = cashbook(), cashbook()
    said = [
        wallet_first.heard([AFTER], "ORDER", BEGUN + 1, "", ""), wallet_first.booked([FILL], "USDT"),
        trade_first.booked([FILL], "USDT"), trade_first.heard([AFTER], "ORDER", BEGUN + 1, "", ""),
    ]
    once = [("ORDER", e8("10002.95"), 0)]
    assert [balances(messages) for messages in said] == [[], once, [], once]
    assert wallet_first.record == trade_first.record


@pytest.mark.parametrize(("asset", "earned"), [("BNB", {"USDT": e8("3"), "BNB": e8("-0.05")}), ("USDT", {"USDT": e8("2.95"), "BNB": 0})])
def test_a_fee_is_paid_out_of_its_own_asset(asset: str, earned: dict[str, int]) -> None:
    book = cashbook()
    book.booked([msgspec.structs.replace(FILL, fee_asset=asset)], "")
    assert {name: cash.of(book.record, name).earned for name in FIRST} == earned


@pytest.mark.parametrize(("asset", "margin_asset", "worth"), [
    ("BNB", "USDT", "29"), ("BNB", "", "29"), ("BNB", "BNB", "0"), ("USDT", "USDT", "0"), ("XYZ", "USDT", "0"),
])
def test_a_fee_in_another_asset_is_converted_where_its_price_is_known(asset: str, margin_asset: str, worth: str) -> None:
    book = cashbook()
    book.prices = {"BNB": e8("580")}
    assert book.converted(msgspec.structs.replace(FILL, fee_asset=asset), margin_asset).fee_converted == e8(worth)


def test_what_two_reconciliations_cannot_explain_is_looked_for_no_more_and_stays_told() -> None:
    book, wallets = cashbook(), [AssetSeen("USDT", e8("9000"), 0), AssetSeen("BNB", e8("3"), 0)]
    first = balances(book.reconciled(wallets, BEGUN + 1))
    doubted = book.agrees
    second = balances(book.reconciled(wallets, BEGUN + 2))
    assert first == second == [("RECONCILED", e8("9000"), e8("-1000")), ("RECONCILED", e8("3"), 0)]
    assert (doubted, book.agrees) == (False, True)


def test_a_wallet_that_went_empty_is_told_and_one_that_never_held_anything_is_not() -> None:
    told = cashbook().reconciled([AssetSeen("USDT", 0, 0), AssetSeen("USDC", 0, 0)], BEGUN + 1)
    assert [(one.asset, one.wallet) for one in told if isinstance(one, BalanceSeen)] == [("USDT", 0), ("BNB", e8("3"))]


def test_funding_without_a_symbol_waits_for_the_statement() -> None:
    book = cashbook()
    stream = book.heard([AssetSeen("USDT", e8("9999"), -1, e8("-1"))], "FUNDING_FEE", BEGUN + 9, "", "")
    row = IncomeSeen("FUNDING_FEE", "BTCUSDT", "USDT", e8("-1"), BEGUN + 1, "55")
    listed = book.stated([row], BEGUN + 20, lambda symbol, time: f"{symbol} at {time - BEGUN}")
    assert balances(stream) == []
    assert listed[:2] == [
        Funded("main", "BTCUSDT", "USDT", e8("-1"), "FUNDING_FEE 55", "BTCUSDT at 1", BEGUN + 1),
        BalanceSeen("main", "USDT", e8("9999"), e8("9999"), "FUNDING_FEE", e8("-1"), BEGUN + 9, e8("-1"), 0, 0, BEGUN),
    ]


def test_rows_of_before_the_first_sight_and_those_of_trades_are_no_news() -> None:
    book = cashbook()
    rows = [IncomeSeen("TRANSFER", "", "USDT", e8("5"), BEGUN - 1, "1"), IncomeSeen("REALIZED_PNL", "BTCUSDT", "USDT", e8("5"), BEGUN + 1, "2", "2")]
    book.stated(rows, BEGUN + 9, lambda _symbol, _time: "")
    assert (cash.of(book.record, "USDT").earned, cash.of(book.record, "USDT").transferred) == (0, 0)


def test_a_wallet_of_an_earlier_time_is_not_believed() -> None:
    book = cashbook()
    book.heard([AssetSeen("USDT", e8("1"), -1)], "ORDER", BEGUN - 1, "", "")
    assert cash.of(book.record, "USDT").wallet == FIRST["USDT"]
