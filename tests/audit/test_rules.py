"""Fills that are lost, doubled or out of order, injected into books that were whole: each is named by its place, and nothing else is."""
from collections.abc import Callable

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.audit.rules import LEARNED_MS, Audit, Finding, Kind, Place
from streams.core import ids
from streams.core.events import Filled, PositionUpdated
from streams.core.positions import FLAT, Trade, filled
from streams.core.values import E8, Side
from streams.core.words import Exit

ACCOUNT, SYMBOL = "main", "BTCUSDT"
LATER = 10**9
Moves = list[tuple[int, int]]         # signed quantity and price, in units
moves = st.lists(st.tuples(st.integers(-3, 3).filter(bool), st.integers(90, 110)), min_size=1, max_size=25)


def written(given_moves: Moves, *, without: int = -1) -> tuple[list[Filled], list[PositionUpdated]]:
    """What gateway and positions write of these trades, `without` one of them."""
    held, earned, fills, told = FLAT, 0, list[Filled](), list[PositionUpdated]()
    for number, (quantity, price) in enumerate(given_moves, start=1):
        if number - 1 == without:
            continue
        worked_on = held.position_id or ids.position_id(ACCOUNT, SYMBOL, str(number))
        before = held
        held, profit = filled(held, Trade(ACCOUNT, SYMBOL, str(number), quantity * E8, price * E8))
        side = Side.BUY if quantity > 0 else Side.SELL
        fills.append(Filled(
            ACCOUNT, SYMBOL, side, abs(quantity) * E8, price * E8, 5_000, "USDT", profit, str(number), "", "", worked_on, is_maker=False,
            venue_time=number,
        ))
        earned += profit
        if before.quantity and held.position_id != before.position_id:
            told.append(PositionUpdated(ACCOUNT, SYMBOL, number, before.position_id, closed_at=number, exit=Exit.STOP, realised_pnl=earned))
            earned = 0
        if held.quantity:
            told += [PositionUpdated(ACCOUNT, SYMBOL, number, held.position_id, held.quantity, held.price_average)] * 2      # a beat tells it again
    return fills, told


def audited(fills: list[Filled], told: list[PositionUpdated]) -> list[Finding]:
    """The fill of offset n is the n-th of the list."""
    audit = Audit()
    book = audit.book(ACCOUNT, SYMBOL)
    for offset, fill in enumerate(fills):
        book.take(fill, Place("order.fill", 3, offset, log_time=offset))
    for offset, snapshot in enumerate(told):
        book.tell(snapshot, Place("position.update", 1, offset, log_time=offset))
    book.match(0, LATER)
    return audit.findings()


@given(moves)
def test_whole_books_are_found_whole(given_moves: Moves) -> None:
    assert audited(*written(given_moves)) == []


@given(moves, st.data())
def test_a_doubled_fill_is_named_and_nothing_else(given_moves: Moves, data: st.DataObject) -> None:
    fills, told = written(given_moves)
    which = data.draw(st.integers(0, len(fills) - 1))
    again = data.draw(st.integers(which + 1, len(fills)))
    found = audited([*fills[:again], fills[which], *fills[again:]], told)
    assert [(one.kind, one.place, one.fault) for one in found] == [(Kind.DOUBLED, f"order.fill-3@{again}", True)]


@given(moves, st.data())
def test_a_lost_fill_is_named_by_the_first_that_betrays_it(given_moves: Moves, data: st.DataObject) -> None:
    fills, told = written(given_moves)
    lost = data.draw(st.integers(0, len(fills) - 1))
    found = audited([*fills[:lost], *fills[lost + 1 :]], told)
    assert Kind.LOST in {one.kind for one in found} and all(one.fault for one in found)
    assert min(int(one.place.partition("@")[2]) for one in found) >= max(lost - 1, 0)      # where none came after it, the last



@given(moves, st.data())
def test_a_fill_that_positions_lost_is_named(given_moves: Moves, data: st.DataObject) -> None:
    fills, _ = written(given_moves)
    lost = data.draw(st.integers(0, len(fills) - 1))
    found = audited(fills, written(given_moves, without=lost)[1])
    assert found and all(one.fault for one in found)
    assert min(int(one.place.partition("@")[2]) for one in found) >= lost


def test_positions_go_on_without_a_fill() -> None:
    given_moves = [(1, 100), (2, 100), (-1, 100), (-2, 110)]
    found = audited(written(given_moves)[0], written(given_moves, without=1)[1])
    assert (found[0].kind, found[0].place) == (Kind.UNWORKED, "order.fill-3@1")
    [only] = audited(written(given_moves)[0], written(given_moves, without=3)[1])
    assert (only.kind, only.place) == (Kind.UNWORKED, "order.fill-3@3")


@given(moves.filter(lambda made: len(made) > 1), st.data())
def test_a_reordered_fill_is_named(given_moves: Moves, data: st.DataObject) -> None:
    fills, told = written(given_moves)
    early = data.draw(st.integers(0, len(fills) - 2))
    late = data.draw(st.integers(early + 1, len(fills) - 1))
    moved = [*fills[:early], *fills[early + 1 : late + 1], fills[early], *fills[late + 1 :]]
    found = audited(moved, told)
    assert (Kind.REORDERED, f"order.fill-3@{late}") in {(one.kind, one.place) for one in found}


@pytest.mark.parametrize(("given_moves", "lost", "place"), [
    ([(1, 100), (2, 100), (-3, 110)], 1, 1),                       # the profit of the next does not fit
    ([(1, 100), (-1, 100), (1, 100)], 1, 1),                       # the next opens a position where one is held
    ([(1, 100), (-1, 100), (1, 100)], 0, 0),                       # the next reduces a position that nothing opened
    ([(1, 100), (2, 100)], 1, 0),                                  # positions tells what no fill leads to
])
def test_what_betrays_a_lost_fill(given_moves: Moves, lost: int, place: int) -> None:
    fills, told = written(given_moves)
    found = audited([*fills[:lost], *fills[lost + 1 :]], told)
    assert (found[0].kind, found[0].place) == (Kind.LOST, f"order.fill-3@{place}")


def test_a_fill_that_was_booked_late_is_told_and_no_fault() -> None:
    """The gateway learns of a trade by the list, after the stream has brought a later one: it books them as they come."""
    adds, told = written([(1, 100), (1, 101), (1, 102)])
    found = audited([adds[0], adds[2], adds[1]], told)
    assert [(one.kind, one.place, one.fault) for one in found] == [(Kind.REORDERED, "order.fill-3@2", False)]


def timed(booked: list[tuple[Filled, int]], *, until: int = LATER) -> tuple[list[Finding], list[Finding]]:
    """Fills with the log_time of each; what is found, and which of it may be withdrawn yet at `until`."""
    audit = Audit()
    book = audit.book(ACCOUNT, SYMBOL)
    for offset, (fill, log_time) in enumerate(booked):
        book.take(fill, Place("order.fill", 3, offset, log_time=log_time))
    return audit.findings(), book.pending(until)


def rebooked(given_moves: Moves, order: list[int]) -> list[Filled]:
    """As a gateway books them that learns of them in this order: each works on the position that it finds. The venue made one a minute."""
    honest, held, fills = written(given_moves)[0], FLAT, list[Filled]()
    for number in order:
        made = honest[number]
        before = held
        held, _ = filled(held, Trade(ACCOUNT, SYMBOL, made.trade_id, made.signed, made.price))
        fills.append(msgspec.structs.replace(made, position_id=before.position_id or held.position_id, venue_time=60_000 * number))
    return fills


@pytest.mark.parametrize(("given_moves", "order"), [
    ([(2, 100), (1, 110), (-1, 120)], [0, 2, 1]),                  # the profit of the one that came before it does not fit
    ([(1, 100), (-1, 110)], [1, 0]),                               # the close opens a position the other way round, and the opening closes that
    ([(1, 100), (-1, 110), (-2, 110)], [0, 2, 1]),                 # one more position than there was
])
def test_a_fill_that_the_stream_lost_and_the_list_brought_is_told_as_late(given_moves: Moves, order: list[int]) -> None:
    """And one that was swapped behind its successor when all was written is not late, though it says the same of its position."""
    fills, late = rebooked(given_moves, order), order.index(min(order[-1], 1 if order[0] == 0 else 0))
    in_time = [(fill, fill.venue_time + 20) for fill in fills]
    booked = [*in_time[:late], (fills[late], in_time[late - 1][1] + 700)]
    found, _ = timed(booked)
    assert [(one.kind, one.place, one.fault) for one in found] == [(Kind.LATE, f"order.fill-3@{late}", False)]
    after = msgspec.structs.replace(written([(1, 100)])[0][0], trade_id="9", venue_time=600_000, position_id="")
    written_anew, _ = timed([(fill, 900_000) for fill in [*fills, after]])
    assert [(one.place, one.fault) for one in written_anew if one.kind is Kind.REORDERED] == [(f"order.fill-3@{late}", True)]


def test_a_late_fill_whose_neighbours_say_another_order_is_reordered() -> None:
    """It came late, and yet it names the position of the honest order: whoever wrote it knew another one."""
    fills = written([(1, 100), (-1, 110), (-2, 110)])[0]
    found, _ = timed([(fills[0], 20), (fills[2], 2_020), (fills[1], 9_000)])
    assert [(one.kind, one.place, one.fault) for one in found] == [(Kind.REORDERED, "order.fill-3@2", True)]


def test_a_missing_fill_is_pending_until_the_trade_list_has_been_read() -> None:
    fills = rebooked([(2, 100), (1, 110), (-1, 120)], [0, 2, 1])
    booked = [(fills[0], 20), (fills[1], 120_020)]
    lost, pending = timed(booked, until=120_020 + LEARNED_MS - 1)
    assert [(one.kind, one.place, one.fault) for one in lost] == [(Kind.LOST, "order.fill-3@1", True)]
    assert (pending, timed(booked, until=120_020 + LEARNED_MS)[1]) == (lost, [])
    found, pending = timed([*booked, (fills[2], 170_000)], until=170_000)
    assert ([one.kind for one in found], pending) == ([Kind.LATE], [])


@pytest.mark.parametrize(("change", "said"), [
    (lambda told: PositionUpdated(ACCOUNT, SYMBOL, told.seq, told.position_id, closed_at=1, realised_pnl=told.realised_pnl + 1), "tells a profit of"),
    (lambda told: PositionUpdated(ACCOUNT, SYMBOL, told.seq, "p-other", 5 * E8), "tells 5 of p-other"),
])
def test_positions_word_is_held_to_the_fills(change: Callable[[PositionUpdated], PositionUpdated], said: str) -> None:
    fills, told = written([(1, 100), (-1, 105)])
    [found] = audited(fills, [*told[:-1], change(told[-1])])
    assert (found.kind, found.place, said in found.said) == (Kind.DIFFERENT, "order.fill-3@1", True)


def test_snapshots_that_begin_later_are_held_to_what_came_after() -> None:
    fills, told = written([(1, 100), (1, 100), (-2, 110)])
    audit = Audit()
    book = audit.book(ACCOUNT, SYMBOL)
    for offset, fill in enumerate(fills):
        book.take(fill, Place("order.fill", 3, offset, log_time=1_000 * offset))
    for snapshot in told[2:]:
        book.tell(snapshot, Place("position.update", 1, 0, log_time=1_500 + snapshot.seq))
    book.match(1_500, LATER)
    assert audit.findings() == []


def test_nothing_is_judged_before_its_counterpart_may_have_come() -> None:
    fills, told = written([(1, 100)])
    audit = Audit()
    book = audit.book(ACCOUNT, SYMBOL)
    book.take(fills[0], Place("order.fill", 3, 0, log_time=1_000))
    book.match(0, 5_000)
    assert audit.findings() == []
    book.tell(told[0], Place("position.update", 1, 0, log_time=1_010))
    book.match(0, LATER)
    assert audit.findings() == []


def test_cash_is_what_the_fills_earned_and_cost() -> None:
    fills, _ = written([(2, 100), (-1, 110), (-1, 90)])
    audit = Audit()
    for offset, fill in enumerate(fills):
        audit.book(ACCOUNT, SYMBOL).take(fill, Place("order.fill", 3, offset))
    assert list(audit.cash()) == [(ACCOUNT, SYMBOL, 0, 0, {"USDT": 15_000})]
