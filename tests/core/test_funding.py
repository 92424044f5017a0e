"""Funding in the book, by whole values: of what is held, of what has been left, of nothing."""
import msgspec
import pytest

from streams.core.book import Book, Entry, snapshot
from streams.core.commands import Note
from streams.core.events import PositionUpdated
from streams.core.funding import FUNDINGS_KEPT, Funded, funded
from streams.core.market import Market
from streams.core.positions import Held
from streams.core.protected import Position
from streams.core.values import Side, e8
from streams.core.words import Exit
from tests import make

MARKET = Market(make.INSTRUMENT, mark_believed=e8("101"))
HELD = Position(Held(e8("1"), e8("100"), "p-2"), "i1", opened_at=5, funding=e8("0.1"))
LEFT = PositionUpdated(
    "main", make.SYMBOL, 9, "p-1", mark=e8("99"), margin_asset="USDT", opened_at=1, closed_at=4, exit=Exit.STOP, realised_pnl=e8("-2"), fees=3,
    funding=e8("-0.5"),
)
ENTRY = Entry(make.intent("i2", "BUY"), "x", Side.BUY, e8("98"), (), make.PLAIN, filled=e8("1"), quantity_done=e8("3"))
SEQ = 12
replace = msgspec.structs.replace


def fact(position_id: str = "p-2", number: int = 1) -> Funded:
    return Funded("main", make.SYMBOL, "USDT", e8("-0.3"), f"f{number}", position_id, 0)


def test_of_what_is_held() -> None:
    book = Book("main", HELD, left=LEFT, fundings=("f0",))
    after = replace(book, position=replace(HELD, funding=e8("-0.2")), fundings=("f0", "f1"))
    assert funded(book, fact(), MARKET, SEQ) == (after, (snapshot(after, make.SYMBOL, SEQ, MARKET),))
    assert funded(after, fact(), MARKET, SEQ) == (after, (Note("REPEATED", "funding f1 is in the book"),))


@pytest.mark.parametrize("position_id", ["p-1", ""])
def test_of_what_has_been_left(position_id: str) -> None:
    """Told once more as it was at its end, without ending anything a second time."""
    book = Book("main", entry=ENTRY, left=LEFT)
    left = replace(LEFT, funding=e8("-0.8"))
    again = replace(left, seq=SEQ, mark=e8("101"), entry_intent_id="i2", entry_remaining=e8("2"), closed_at=0, exit=None)
    assert funded(book, fact(position_id), MARKET, SEQ) == (replace(book, left=left, fundings=("f1",)), (again,))
    idle = replace(book, entry=None)
    told = replace(again, entry_intent_id="", entry_remaining=0)
    assert funded(idle, fact(position_id), MARKET, SEQ) == (replace(idle, left=left, fundings=("f1",)), (told,))


def test_of_what_has_been_left_while_another_is_held() -> None:
    book = Book("main", HELD, left=LEFT)
    after, (again, held) = funded(book, fact("p-1"), MARKET, SEQ)
    assert after == replace(book, left=replace(LEFT, funding=e8("-0.8")), fundings=("f1",))
    assert again == replace(LEFT, funding=e8("-0.8"), seq=SEQ, mark=e8("101"), closed_at=0, exit=None)
    assert held == snapshot(after, make.SYMBOL, SEQ, MARKET)


def test_of_nothing() -> None:
    note = Note("POSITION_UNKNOWN", "funding of a position that was never held")
    assert funded(Book("main"), fact(""), MARKET, SEQ) == (Book("main"), (note,))


def test_the_last_are_known() -> None:
    book = Book("main", HELD)
    for number in range(FUNDINGS_KEPT + 2):
        book, _ = funded(book, fact(number=number), MARKET, SEQ)
    assert book.fundings == tuple(f"f{number}" for number in range(2, FUNDINGS_KEPT + 2))
