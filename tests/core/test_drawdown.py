"""A day is told as its judgements: equity a second, and after each what stands. Limits: 3 and 5 % of the day, 10 and 15 % of the peak."""
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.core.drawdown import DAY_MS, Drawdown, Ruling, judged, paid, resumed, settled
from streams.core.settings import Limits
from streams.core.values import e8
from streams.core.words import Mode

LIMITS = Limits()


def after(*levels: int, book: Drawdown = Drawdown(), day: int = 0, limits: Limits = LIMITS) -> Drawdown:  # noqa: B008  (frozen)
    for second, level in enumerate(levels):
        book = judged(book, level * 10**8, day * DAY_MS + second * 1_000, limits)
    return book


@pytest.mark.parametrize(
    ("levels", "daily", "deep"),
    [
        pytest.param((10_000,), Mode.ACTIVE, Mode.ACTIVE, id="the first is the baseline"),
        pytest.param((10_000, 9_701, 9_701), Mode.ACTIVE, Mode.ACTIVE, id="2.99 % is inside"),
        pytest.param((10_000, 9_700), Mode.ACTIVE, Mode.ACTIVE, id="once is a moment"),
        pytest.param((10_000, 9_700, 9_700), Mode.REDUCING, Mode.ACTIVE, id="twice is a loss of 3 %"),
        pytest.param((10_000, 9_000, 9_990, 9_000, 9_990), Mode.ACTIVE, Mode.ACTIVE, id="moments never add up"),
        pytest.param((10_000, 9_400, 9_700), Mode.REDUCING, Mode.ACTIVE, id="of two the better counts"),
        pytest.param((10_000, 9_500, 9_500), Mode.HALTED, Mode.ACTIVE, id="5 % halts"),
        pytest.param((10_000, 9_500, 9_500, 11_000, 11_000), Mode.HALTED, Mode.ACTIVE, id="a recovery changes nothing"),
        pytest.param((10_000, 9_700, 9_700, 9_500, 9_500), Mode.HALTED, Mode.ACTIVE, id="it tightens"),
        pytest.param((10_000, 12_000, 12_000, 10_800, 10_800), Mode.ACTIVE, Mode.REDUCING, id="10 % from the peak: 12000 - 10800"),
        pytest.param((10_000, 12_000, 12_000, 10_200, 10_200), Mode.ACTIVE, Mode.HALTED, id="15 % from the peak: 12000 - 10200"),
        pytest.param((10_000, 12_000, 10_100, 10_100), Mode.ACTIVE, Mode.ACTIVE, id="a peak of a moment is none"),
        pytest.param((0, 0, 0), Mode.ACTIVE, Mode.ACTIVE, id="of nothing nothing is lost"),
        pytest.param((100, -5, -5), Mode.HALTED, Mode.HALTED, id="below zero"),
    ],
)
def test_a_day(levels: tuple[int, ...], daily: Mode, deep: Mode) -> None:
    book = after(*levels)
    assert (book.daily.mode, book.deep.mode) == (daily, deep)


def test_the_figures_are_told() -> None:
    book = after(10_000, 9_480, 9_480)
    assert book.worst == Ruling(Mode.HALTED, "daily loss 5.2 % of 10000, 5 % at most")
    assert after(10_000, 12_000, 12_000, 10_800, 10_800).worst == Ruling(Mode.REDUCING, "drawdown 10 % of 12000, 10 % at most")


def test_the_next_day_lifts_what_the_day_brought_and_no_more() -> None:
    book = after(10_000, 9_500, 9_500)
    assert after(9_500, book=book, day=1).daily == Ruling()
    assert after(9_500, book=book, day=1).day_equity == e8("9500")
    kept = after(9_500, book=book, day=1, limits=msgspec.structs.replace(LIMITS, daily_loss_lifts=False))
    assert kept.daily == book.daily
    fallen = after(10_000, 8_500, 8_500)
    assert after(8_500, book=fallen, day=1).deep == fallen.deep


def test_a_resume_counts_from_where_the_account_stands() -> None:
    book = resumed(after(10_000, 8_500, 8_500))
    assert book.worst == Ruling()
    assert after(8_500, 8_300, 8_300, book=book).worst == Ruling()                            # 2.35 % of 8500
    assert after(8_500, 8_075, 8_075, book=book).worst.mode is Mode.HALTED                    # 5 % of 8500


@pytest.mark.parametrize("change", [5_000, -5_000])
def test_what_is_paid_in_or_out_is_no_profit(change: int) -> None:
    book = paid(after(10_000, 10_000), change * 10**8)
    assert book == after(10_000 + change, 10_000 + change)
    assert after(10_000 + change, 10_000 + change, book=book).worst == Ruling()


def test_before_the_first_judgement_there_is_nothing_to_move() -> None:
    assert paid(Drawdown(), e8("5000")) == Drawdown()


@given(st.lists(st.integers(1, 20_000), min_size=1, max_size=20))
def test_it_is_settled_when_a_further_judgement_changes_nothing(levels: list[int]) -> None:
    book = after(*levels)
    last = levels[-1] * 10**8
    if settled(book, last, 0):
        assert judged(book, last, 0, LIMITS) == book


@given(st.lists(st.integers(1, 20_000), min_size=1, max_size=20), st.integers(1, 20_000))
def test_within_a_day_modes_only_tighten(levels: list[int], level: int) -> None:
    before = after(*levels)
    now = after(level, book=before)
    assert now.daily.mode.rank >= before.daily.mode.rank
    assert now.deep.mode.rank >= before.deep.mode.rank
    assert now.peak >= before.peak
