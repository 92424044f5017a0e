"""An order's record after each word of the venue, in any order and more than once."""
import itertools

import msgspec
import pytest

from streams.core.entry import Cover
from streams.core.ledger import EntryRecord, ExitRecord, OrderState
from streams.core.values import Side
from streams.venue import life
from streams.venue.answers import OrderSeen

replace = msgspec.structs.replace
ENTRY = EntryRecord("main", "BTCUSDT", "i1", "e", quantity=10)
STOP = ExitRecord("main", "BTCUSDT", "p", "s", "stop", Side.SELL, 10, 55)


def said(status: str, filled: int = 0, *, conditional: bool = False, time: int = 1) -> OrderSeen:
    return OrderSeen("BTCUSDT", "e", "7", status, Side.BUY, "MARKET", conditional, 10, filled, time=time)


@pytest.mark.parametrize(("status", "told", "booked", "state", "filled"), [
    ("NEW", 0, 0, OrderState.WORKING, 0),
    ("PARTIALLY_FILLED", 4, 4, OrderState.WORKING, 4),
    ("FILLED", 10, 10, OrderState.DONE, 10),
    ("FILLED", 10, 4, OrderState.WORKING, 4),             # a fill is still to come: not done before it is booked
    ("CANCELED", 4, 4, OrderState.DONE, 4),
    ("EXPIRED", 0, 0, OrderState.DONE, 0),                # a thin book took nothing
    ("REJECTED", 0, 0, OrderState.REJECTED, 0),
    ("EXPIRED_IN_MATCH", 0, 0, OrderState.DONE, 0),
])
def test_an_entry_after_a_word(status: str, told: int, booked: int, state: OrderState, filled: int) -> None:
    after = life.entry_after(ENTRY, said(status, told), booked)
    assert (after.state, after.quantity_filled) == (state, filled)


def test_a_fill_after_the_end_is_booked_and_told_with_the_end_again() -> None:
    ended = life.entry_after(ENTRY, said("CANCELED", 4), 4)
    after = life.entry_after(ended, said("CANCELED", 6), 2)
    assert (after.state, after.quantity_filled) == (OrderState.DONE, 6)
    assert [report.quantity_filled for report in life.entry_reports(ended, after, 1)] == [6]


def test_an_end_is_final() -> None:
    expired = replace(ENTRY, state=OrderState.EXPIRED)
    assert life.entry_after(expired, said("NEW"), 0) == expired
    assert life.entry_reports(expired, expired, 1) == []


@pytest.mark.parametrize(("inferred_at", "asked_at", "believed"), [
    (0, 99_000, "CANCELED"),                              # the venue's own word
    (10_000, 0, "CANCELED"),                              # told without being asked for
    (10_000, 13_000, "CANCELED"),                         # it may be a list from before
    (10_000, 13_001, "NEW"),
])
def test_an_end_that_we_inferred_is_final_until_a_later_list_has_the_order(inferred_at: int, asked_at: int, believed: str) -> None:
    known = replace(said("CANCELED", conditional=True), inferred_at=inferred_at)
    assert life.newer(known, said("NEW", conditional=True), asked_at).status == believed


def test_words_in_any_order_lead_to_the_same_belief() -> None:
    words = [said("NEW"), said("PARTIALLY_FILLED", 4), said("PARTIALLY_FILLED", 7), said("CANCELED", 7)]
    for order in itertools.permutations(words):
        known: OrderSeen | None = None
        for word in (*order, *order):
            known = life.newer(known, word)
        assert known == said("CANCELED", 7), order


@pytest.mark.parametrize(("status", "filled", "conditional", "state"), [
    ("NEW", 0, True, OrderState.WORKING),
    ("TRIGGERING", 0, True, OrderState.WORKING),
    ("TRIGGERED", 0, True, OrderState.WORKING),
    ("FINISHED", 10, True, OrderState.DONE),
    ("FINISHED", 0, True, OrderState.CANCELLED),          # the order that it became was cancelled: finished is not filled
    ("CANCELED", 0, True, OrderState.CANCELLED),
    ("REJECTED", 0, True, OrderState.REJECTED),
    ("EXPIRED", 0, True, OrderState.EXPIRED),
    ("FILLED", 10, False, OrderState.DONE),
])
def test_an_exit_after_a_word(status: str, filled: int, *, conditional: bool, state: OrderState) -> None:
    assert life.exit_after(STOP, said(status, filled, conditional=conditional), 0).state is state


@pytest.mark.parametrize(("record", "reports"), [
    (ENTRY, []),
    (replace(ENTRY, state=OrderState.EXPIRED), ["EXPIRED"]),
    (replace(ENTRY, state=OrderState.DONE, quantity_filled=10), ["DONE"]),
    (replace(ENTRY, state=OrderState.DONE, quantity_filled=10, cover=Cover.PROTECTED), ["DONE", "PROTECTED"]),
    (replace(ENTRY, state=OrderState.WORKING, quantity_filled=4, cover=Cover.PROTECTED), ["PROTECTED"]),
    (replace(ENTRY, state=OrderState.DONE, quantity_filled=10, cover=Cover.CLOSED, flats=1), ["DONE", "CLOSED"]),
    (replace(ENTRY, state=OrderState.DONE, quantity_filled=10, cover=Cover.CLOSED), ["DONE"]),     # gone before we had to: nobody's failure
])
def test_the_stored_end_is_told_to_whoever_asks_again(record: EntryRecord, reports: list[str]) -> None:
    assert [report.state.value for report in life.answers(record, 1)] == reports
