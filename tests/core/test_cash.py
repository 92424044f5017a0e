"""What explains a wallet: words of the venue told once or twice, trades, and what is left over."""
import pytest

from streams.core.cash import KEPT_MS, NEAR_MS, accepted, agrees, heard, kind_of, of, read, replace, since, stands, traded, unexplained
from streams.core.ledger import AssetCash, CashRecord, Word
from streams.core.values import e8
from tests import make

CASH = CashRecord("main", begun=1_000, until=2_000)
TOLD = Word("", "TRANSFER", "", "USDT", e8("50"), 10_000)            # by the stream
WRITTEN = replace(TOLD, id="t1", time=10_000 + NEAR_MS)              # the same by the statement, as late as it may be dated
USDT = AssetCash("USDT", transferred=e8("50"))


@pytest.mark.parametrize(("income", "kind"), [
    ("TRANSFER", "TRANSFER"), ("COIN_SWAP_DEPOSIT", "TRANSFER"), ("FUNDING_FEE", "FUNDING"), ("SPECIAL_FUNDING_FEE", "FUNDING"),
    ("INSURANCE_CLEAR", "OTHER"), ("", "OTHER"),
])
def test_kinds_of_income(income: str, kind: str) -> None:
    assert kind_of(income) == kind


def test_a_trade_earns_in_one_asset_and_costs_in_another() -> None:
    sold = replace(make.fill("sell", "1", "101", "x", "t1", fee="0.002", fee_asset="BNB"), realised_pnl=e8("3"))
    cash = traded(CASH, sold, "USDT")
    assert cash == replace(CASH, assets=(AssetCash("USDT", earned=e8("3")), AssetCash("BNB", earned=e8("-0.002"))))
    again = traded(cash, replace(sold, realised_pnl=0, fee=e8("0.001")), "USDT")
    assert again == replace(CASH, assets=(AssetCash("USDT", earned=e8("3")), AssetCash("BNB", earned=e8("-0.003"))))


def test_a_payment_is_counted_once_by_whomever_it_is_told() -> None:
    once, first = heard(CASH, TOLD)
    assert (once, first) == (replace(CASH, assets=(USDT,), words=(TOLD,)), True)
    assert heard(once, TOLD) == (once, False)
    twice, first = heard(once, WRITTEN)
    assert (twice, first) == (replace(once, words=(replace(TOLD, paired=True), replace(WRITTEN, paired=True))), False)
    for word in (TOLD, WRITTEN):
        assert heard(twice, word) == (twice, False)
    between, _ = heard(replace(CASH, words=(replace(TOLD, time=1), TOLD, replace(TOLD, time=2))), replace(WRITTEN, time=10_000 - NEAR_MS + 1))
    assert [word.paired for word in between.words] == [True, False, False, True]


@pytest.mark.parametrize("other", [
    pytest.param(replace(WRITTEN, time=WRITTEN.time + 1), id="too late for the same"),
    pytest.param(replace(WRITTEN, time=TOLD.time - NEAR_MS - 1), id="too early"),
    pytest.param(replace(WRITTEN, amount=e8("50") + 1), id="another amount"),
    pytest.param(replace(WRITTEN, symbol="BTCUSDT"), id="another symbol"),
    pytest.param(replace(TOLD, time=10_001), id="the stream again: another one"),
])
def test_another_payment_is_another(other: Word) -> None:
    once, _ = heard(CASH, TOLD)
    assert heard(once, other) == (replace(once, assets=(AssetCash("USDT", transferred=e8("50") + other.amount),), words=(TOLD, other)), True)


def test_one_word_has_one_twin() -> None:
    twice, _ = heard(heard(CASH, TOLD)[0], WRITTEN)
    third = replace(WRITTEN, id="t2")
    assert heard(twice, third) == (replace(twice, assets=(AssetCash("USDT", transferred=e8("100")),), words=(*twice.words, third)), True)


@pytest.mark.parametrize("kind", ["FUNDING", "OTHER"])
def test_what_is_no_payment_is_the_tradings(kind: str) -> None:
    word = replace(TOLD, kind=kind, amount=e8("-2"))
    assert heard(CASH, word) == (replace(CASH, assets=(AssetCash("USDT", earned=e8("-2")),), words=(word,)), True)


def test_words_are_remembered_for_as_long_as_the_statement_is_read_again() -> None:
    words = tuple(replace(TOLD, time=time) for time in (0, 1, 2))
    later = read(replace(CASH, words=words), 2 * KEPT_MS + 1)
    assert later == replace(CASH, until=2 * KEPT_MS + 1, words=words[1:])
    assert read(later, 7) == later                                   # read earlier: nothing is unread
    assert (since(CASH), since(later)) == (1_000, KEPT_MS + 1)


def test_a_wallet() -> None:
    """First 100, of which 20 had been earned and 30 paid in before it was looked at; then what comes is explained or left over."""
    known = replace(CASH, assets=(AssetCash("BNB"), AssetCash("USDT", earned=e8("20"), transferred=e8("30"))))
    seen = stands(known, "USDT", e8("100"), 500)
    one = AssetCash("USDT", e8("100"), 500, base=e8("50"), earned=e8("20"), transferred=e8("30"))
    assert seen == replace(known, assets=(AssetCash("BNB"), one))
    assert stands(seen, "USDT", e8("7"), 499) == seen
    later = of(stands(seen, "USDT", e8("93"), 500), "USDT")
    assert (later.base, later.wallet, unexplained(one), unexplained(later)) == (e8("50"), e8("93"), 0, e8("-7"))
    assert [agrees(one), agrees(later), agrees(replace(later, wallet=e8("99.9999"))), agrees(replace(later, wallet=e8("99.99989999")))] == [
        True, False, True, False,
    ]
    left = accepted(replace(CASH, assets=(later, one)))
    assert [(one.accepted, agrees(one)) for one in left.assets] == [(e8("-7"), True), (0, True)]
    assert unexplained(AssetCash("USDT", earned=e8("5"))) == 0       # never looked at
    assert of(CASH, "USDT") == AssetCash("USDT")
