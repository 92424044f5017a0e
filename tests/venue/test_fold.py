"""What folding keeps, and when it speaks."""
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from streams.core.events import Tick
from streams.venue.fold import FRESH_NS, INTERVAL_NS, Fold
from streams.venue.frames import Frame, Marked, Quote, Traded

START = 1_700_000_000_000_000_000
MS = 1_000_000
SYMBOL = "BTCUSDT"


def quote(bid: int, ask: int, time: int = 0) -> Quote:
    return Quote(SYMBOL, bid, ask, time)


def trade(price: int, time: int = 0) -> Traded:
    return Traded(SYMBOL, price, time)


def mark(price: int, time: int = 0) -> Marked:
    return Marked(SYMBOL, price, time)


def folded(frames: list[tuple[int, Frame]]) -> list[Tick]:
    """The ticks of frames at their offsets (ns) from the start; the last is taken when all is over."""
    fold, ticks = Fold(SYMBOL), []
    for offset, frame in frames:
        fold.add(frame, START + offset)
        if fold.due(START + offset):
            ticks.append(fold.take(START + offset))
    return [*ticks, fold.take(fold.heard_at)] if fold.waits() else ticks


def test_the_first_frame_goes_out_at_once_and_the_next_hundred_milliseconds_in_one_tick() -> None:
    ticks = folded([(0, quote(99, 101, 7)), (1 * MS, trade(105, 8)), (2 * MS, trade(95, 9)), (99 * MS, quote(97, 99, 10)), (100 * MS, trade(98, 11))])
    assert ticks == [
        Tick(SYMBOL, last=100, bid=99, ask=101, mark=100, mark_is_mid=True, high=100, low=100, first_time=7, last_time=7, frames=1),
        Tick(SYMBOL, last=98, bid=97, ask=99, mark=98, mark_is_mid=True, high=105, low=95, first_time=8, last_time=11, frames=4),
    ]


def test_a_frame_after_silence_goes_out_at_once() -> None:
    assert [tick.frames for tick in folded([(0, trade(1)), (150 * MS, trade(2)), (151 * MS, trade(3)), (250 * MS, trade(4))])] == [1, 1, 2]


def test_a_mark_alone_is_no_market_and_is_told_with_the_first_price() -> None:
    ticks = folded([(0, mark(90, 1)), (500 * MS, trade(100, 2))])
    assert ticks == [Tick(SYMBOL, last=100, bid=100, ask=100, mark=90, mark_is_mid=False, high=100, low=100, first_time=1, last_time=2, frames=2)]


def test_a_mark_that_fell_silent_gives_way_to_the_mid() -> None:
    first, fresh, stale = folded([(0, quote(99, 101)), (MS, mark(90)), (FRESH_NS + MS, quote(99, 101)), (FRESH_NS + 102 * MS, quote(99, 103))])[0:3]
    assert [(tick.mark, tick.mark_is_mid) for tick in (first, fresh, stale)] == [(100, True), (90, False), (101, True)]


def test_a_trade_that_is_five_seconds_old_gives_way_to_the_mid() -> None:
    ticks = folded([(0, trade(100)), (FRESH_NS, quote(89, 91)), (FRESH_NS + 200 * MS, quote(88, 90))])
    assert [(tick.low, tick.last, tick.high) for tick in ticks] == [(100, 100, 100), (100, 100, 100), (89, 89, 89)]


def test_times_of_two_connections_are_put_in_order_and_a_missing_one_is_the_receivers() -> None:
    ticks = folded([(0, trade(1, 5)), (MS, trade(1, 9)), (2 * MS, quote(1, 1, 6)), (3 * MS, trade(1))])
    assert [(tick.first_time, tick.last_time) for tick in ticks] == [(5, 5), (6, START // MS + 3)]


prices = st.integers(1, 10**16)
frames = st.one_of(
    st.builds(trade, prices), st.builds(mark, prices), st.tuples(prices, prices).map(lambda pair: quote(min(pair), max(pair))),
)
timed = st.lists(st.tuples(st.integers(0, 7 * FRESH_NS // 5), frames), min_size=1, max_size=40)


def in_order(gaps: list[tuple[int, Frame]]) -> list[tuple[int, Frame]]:
    offset, ordered = 0, []
    for gap, frame in gaps:
        offset += gap if gap % 5 == 0 else gap % (50 * MS)                                     # mostly bursts, now and then silence
        ordered.append((offset, frame))
    return ordered


@given(timed)
def test_nothing_that_crosses_is_lost(gaps: list[tuple[int, Frame]]) -> None:
    """Against every frame told by itself: the same extremes, the same last word, the same count."""
    happened = in_order(gaps)
    whole, single = Fold(SYMBOL), Fold(SYMBOL)
    told = []
    for offset, frame in happened:
        whole.add(frame, START + offset)
        single.add(frame, START + offset)
        if single.waits():
            told.append(single.take(START + offset))
    if not told:
        assert not whole.waits()
        return
    tick = whole.take(whole.heard_at)
    traded = [frame.price for _, frame in happened if isinstance(frame, Traded)]
    assert (tick.high, tick.low) == (max(one.high for one in told), min(one.low for one in told))
    assert (tick.last, tick.bid, tick.ask, tick.mark, tick.frames) == (told[-1].last, told[-1].bid, told[-1].ask, told[-1].mark, len(happened))
    assert all(tick.low <= price <= tick.high for price in traded)


@given(timed)
def test_at_most_one_tick_each_hundred_milliseconds_and_every_frame_in_one(gaps: list[tuple[int, Frame]]) -> None:
    fold, told_at, counted, untold = Fold(SYMBOL), [], 0, 0
    for offset, frame in in_order(gaps):
        fold.add(frame, START + offset)
        if fold.due(START + offset):
            tick = fold.take(START + offset)
            assert tick.low <= tick.last <= tick.high
            told_at.append(offset)
            counted += tick.frames
    if fold.waits():
        counted += fold.take(fold.heard_at).frames
    else:
        untold = len(gaps) - counted
    assert all(later - earlier >= INTERVAL_NS for earlier, later in pairwise(told_at))
    assert counted + untold == len(gaps)
    assert untold == 0 or not any(isinstance(frame, Traded | Quote) for _, frame in gaps)
