"""A snapshot and a place to read on from: whatever a successor finds there, no trade is booked twice and none is lost."""
from hypothesis import given
from hypothesis import strategies as st

from streams.core.ledger import BooksRecord
from streams.core.positions import Held
from streams.core.values import Side, e8
from streams.venue.answers import Trade
from streams.venue.books import Book

NEW = BooksRecord("main", "BTCUSDT", 0, 100)


def trade(number: int, quantity: int = 1) -> Trade:
    side = Side.BUY if quantity > 0 else Side.SELL
    return Trade("BTCUSDT", str(number), "7", side, abs(quantity), e8("100"), 0, "USDT", 0, is_maker=False, time=number)


def test_a_fill_names_the_position_that_it_worked_on() -> None:
    book = Book(NEW, new=True)
    opened, added, flipped, closed = (book.book(trade(n, q), "c").position_id for n, q in ((1, 2), (2, 1), (3, -5), (4, 2)))
    assert opened == added == flipped != closed
    assert (book.held, [book.knows(str(n)) for n in (1, 4, 5)]) == (Held(), [True, True, False])


def test_the_snapshot_stops_before_what_the_list_has_not_confirmed() -> None:
    """Trade 5 came on the stream and stands in the log before 4, which the stream had lost: 5 must be read again by a successor."""
    book = Book(NEW, new=True)
    for number, offset in ((3, 100), (5, 101), (4, 102)):
        book.book(trade(number), "c")
        book.written(str(number), offset)
    record = book.confirmed(4, since=0)

    assert (record.trade_id, record.offset, record.quantity) == (4, 101, 1)
    assert (book.held.quantity, book.knows("5")) == (3, True)


def test_what_is_still_being_written_is_not_in_the_snapshot() -> None:
    book = Book(NEW, new=True)
    book.book(trade(1), "c")
    assert (book.confirmed(1, since=0).offset, book.record.quantity) == (100, 0)


def test_idle_books_move_on_and_others_do_not() -> None:
    idle, busy = Book(NEW, new=False), Book(NEW, new=False)
    busy.book(trade(1), "c")
    record = idle.idle(500)

    assert (record and record.offset, idle.idle(500), busy.idle(500), Book(NEW, new=True).idle(500)) == (500, None, None, None)


@given(st.lists(st.integers(1, 12), unique=True, max_size=12), st.integers(0, 12), st.integers(0, 12))
def test_a_successor_has_the_same_books(order: list[int], confirmed: int, written: int) -> None:
    """Trades come in any order, some of them are durable, the list has confirmed some: who reads on from the record holds and knows the same."""
    first = Book(NEW, new=True)
    log = []
    for offset, number in enumerate(order, 100):
        fill = first.book(trade(number, number if number % 2 else -number), "c")
        if offset - 100 < written:
            first.written(fill.trade_id, offset)
            log.append((offset, fill))
    record = first.confirmed(confirmed if all(number in order[:written] for number in range(1, confirmed + 1)) else 0, since=0)

    second = Book(record, new=False)
    for offset, fill in log:
        if offset >= record.offset:
            second.read(fill, offset)
    durable = order[:written]

    assert second.held.quantity == sum(number if number % 2 else -number for number in durable)
    assert [number for number in range(1, 13) if second.knows(str(number))] == sorted({*durable, *range(1, record.trade_id + 1)})


def test_whose_funding_it_is_is_known_as_far_back_as_the_position_before() -> None:
    book = Book(NEW, new=True)
    first, _, second = (book.book(trade(number, quantity), "c").position_id for number, quantity in ((1, 2), (5, -2), (8, 1)))
    assert [book.position_at(time) for time in (1, 5, 7, 8, 9)] == [first, first, first, second, second]
    assert Book(NEW, new=True).position_at(9) == ""
