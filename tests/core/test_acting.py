"""What an intent becomes, by whole values: all that a proposal carries on to the account, and what the book keeps of it."""
from typing import Any

import msgspec
import pytest

from streams.core.acting import acted
from streams.core.book import Book, Entry, Waiting
from streams.core.commands import Close, Denial, Deny, Propose, Withdraw
from streams.core.market import Market
from streams.core.positions import Held
from streams.core.protected import Position, Resting, Target
from streams.core.settings import Policy, Trail
from streams.core.symbol_state import SymbolState
from streams.core.values import PPM, Side, e8
from streams.core.words import Exit, OrderType, TimeInForce
from tests import make

NOW = make.NOON
MARKET = Market(make.INSTRUMENT, e8("100"), e8("99.98"), e8("100.02"), e8("100.01"), mark_time=NOW - 9, believed=True)
STATE = SymbolState(make.SYMBOL, seq=7, time=NOW, market=MARKET)
POLICY = Policy(target_r_ppm=PPM, trail=Trail(), trigger="MARK_PRICE", price_protect=True)
SETTINGS = msgspec.structs.replace(make.SETTINGS, policies={"default": make.PLAIN, "mine": POLICY}, confidence_min_ppm=400_000)
MINE = make.intent(
    "i1", "SELL", policy="mine", order_type=OrderType.LIMIT, entry_price=e8("101"), stop_price=e8("103"), size=e8("500"), leverage=3,
    confidence_ppm=700_000, timestamp=NOW - 50, source="bot", model="m", time_in_force=TimeInForce.IOC, lives_ms=30_000,
)
replace = msgspec.structs.replace


AT_MARKET = {"order_type": OrderType.MARKET, "entry_price": e8("100.01"), "target_price": e8("97.02")}


def propose(**changes: Any) -> Propose:  # noqa: ANN401
    return replace(Propose(
        account="main", symbol=make.SYMBOL, intent_id="i1", seq=7, side=Side.SELL, order_type=OrderType.LIMIT, entry_price=e8("101"),
        stop_price=e8("103"), target_price=e8("99"), size_wish=e8("500"), leverage_wish=3, confidence_ppm=700_000, timestamp=NOW - 50,
        expires_at=NOW - 50 + 60_000, mark=e8("100.01"), mark_time=NOW - 9, spread_ppm=400, margin_asset="USDT", quantity_step=e8("0.001"),
        quantity_min=e8("0.001"), quantity_max=e8("1000"), notional_min=e8("5"), leverage_max=125, maintenance_ppm=4_000, taker_fee_ppm=500,
        policy="mine", source="bot", model="m", time_in_force=TimeInForce.IOC, lives_ms=30_000, trigger="MARK_PRICE", price_protect=True,
    ), **changes)


def entry(intent: Any, targets: tuple[Target, ...]) -> Entry:  # noqa: ANN401
    return Entry(intent, make.entry_id("i1"), Side.SELL, e8("103"), targets, POLICY)


@pytest.mark.parametrize(("change", "asked", "target"), [
    pytest.param({}, {}, "99", id="a limit"),
    pytest.param({"order_type": OrderType.MARKET, "entry_price": 0}, AT_MARKET, "97.02", id="at market: the mark stands for its price"),
    pytest.param({"order_type": OrderType.MARKET}, AT_MARKET, "97.02", id="at market, with the price that it reckoned with"),
    pytest.param({"confidence_ppm": -1}, {"confidence_ppm": 400_000}, "99", id="without a confidence: the least that is asked for"),
])
def test_a_proposal(change: dict[str, Any], asked: dict[str, Any], target: str) -> None:
    intent = replace(MINE, **change)
    book, outputs = acted(Book("main"), intent, STATE, NOW, SETTINGS, first=True)
    assert outputs == (propose(**asked),)
    assert book.entry == entry(intent, (Target("target", e8(target), PPM),))


def test_no_confidence_is_none_at_all() -> None:
    free = replace(SETTINGS, confidence_min_ppm=0)
    for confidence in (-1, 0):
        (asked,) = acted(Book("main"), replace(MINE, confidence_ppm=confidence), STATE, NOW, free, first=True)[1]
        assert asked == propose(confidence_ppm=0)


HELD = Position(
    Held(e8("-1"), e8("100"), "p-1"), "i0", stop_first=e8("102"), stop_price=e8("102"), risk=e8("2"),
    guard=Resting("g", "guard", e8("102"), 0, Exit.STOP),
)


def test_an_addition_is_counted() -> None:
    settings = replace(SETTINGS, additions_max=2)
    book, outputs = acted(Book("main", HELD), MINE, STATE, NOW, settings, first=True)
    assert outputs == (propose(stop_price=e8("102"), target_price=e8("100"), quantity_max=e8("999")),)     # one order must do to leave with all
    assert book.position == replace(HELD, additions=1)


@pytest.mark.parametrize(("opposite", "flips"), [("close", False), ("flip", True)])
def test_an_opposite_intent(opposite: str, *, flips: bool) -> None:
    against = replace(MINE, action=make.intent("i1", "BUY").action)
    settings = replace(SETTINGS, opposite=opposite)
    book, (close,) = acted(Book("main", HELD), against, STATE, NOW, settings, first=True)
    assert isinstance(close, Close)
    assert (close.reason, close.decided_at, book.closing) == (Exit.OPPOSITE, NOW, Exit.OPPOSITE)
    assert book.flip == (Waiting(against, NOW) if flips else None)
    weak = replace(against, confidence_ppm=399_999)
    denial = Deny("main", make.SYMBOL, "i1", Denial.CONFIDENCE_TOO_LOW, "0.399999 is below 0.4")
    assert acted(Book("main", HELD), weak, STATE, NOW, settings, first=True) == (Book("main", HELD), (denial,))


def test_a_cancel() -> None:
    book = Book("main", entry=entry(MINE, ()))
    assert acted(book, make.intent("c1", "CANCEL"), STATE, NOW, SETTINGS, first=True) == (book, (Withdraw("main", make.SYMBOL, "i1", NOW),))


@pytest.mark.parametrize(("held", "action"), [
    pytest.param(replace(HELD, guard=None), "SELL", id="not guarded"),
    pytest.param(HELD, "BUY", id="the other way"),
    pytest.param(replace(HELD, additions=2), "SELL", id="too often"),
])
def test_what_may_not_be_added_to(held: Position, action: str) -> None:
    settings = replace(SETTINGS, additions_max=2, opposite="ignore")
    intent = replace(MINE, action=make.intent("i1", action).action)
    denial = Deny("main", make.SYMBOL, "i1", Denial.POSITION_OPEN, "a position is held")
    book, outputs = acted(Book("main", held), intent, STATE, NOW, settings, first=True)
    assert (outputs, book.position, book.entry) == ((denial,), held, None)
