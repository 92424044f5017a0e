"""Orders and intents of a minute, and losses in a row: counted by the log's time, in a memory that is no longer than its limit."""
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.core import account, symbol
from streams.core.commands import Enter, Propose
from streams.core.events import BalanceSeen, EntryReported, PositionUpdated
from streams.core.pace import MINUTE_MS, Pace, cooling, ended, ordered, recent, remembered, resumed
from streams.core.settings import Limits, Settings
from streams.core.values import e8
from tests import make
from tests.core.proposals import BTC

LIMITS = Limits(orders_per_minute=3, intents_per_minute=3, streak_max=2, streak_cool_down=1_000, positions_max=1_000)
SETTINGS = Settings(limits=LIMITS)
gaps = st.lists(st.integers(0, 40_000), max_size=40)


def test_a_minute_is_what_lies_less_than_one_back() -> None:
    assert recent((1, 2, 3), 60_002) == (3,)
    assert remembered((1, 2, 3), 60_002, 5) == (3, 60_002)
    assert remembered((1, 2, 3), 60_002, 0) == ()
    assert ordered(Pace(orders=(1, 60_001)), 60_002, LIMITS) == Pace(orders=(60_001, 60_002))


def ends(*results: tuple[str, str, str]) -> Pace:
    """Positions that end one after another, at 1, 2, 3 …: profit, funding and fees."""
    pace = Pace()
    for now, (realised, funding, fees) in enumerate(results, 1):
        update = PositionUpdated("main", "BTCUSDT", now, "p", closed_at=now, realised_pnl=e8(realised), funding=e8(funding), fees=e8(fees))
        pace = ended(pace, update, now, LIMITS)
    return pace


LOSS, WIN = ("-1", "0", "0"), ("1", "0", "0")


@pytest.mark.parametrize(
    ("results", "expected"),
    [
        pytest.param([LOSS], Pace(losses=1), id="one"),
        pytest.param([LOSS, LOSS], Pace(cooling_since=2), id="a full row cools, and the next begins"),
        pytest.param([LOSS, WIN, LOSS], Pace(losses=1), id="a win between"),
        pytest.param([LOSS, LOSS, LOSS], Pace(losses=1, cooling_since=2), id="a loss while it cools is the next row's first"),
        pytest.param([LOSS, LOSS, LOSS, LOSS], Pace(cooling_since=4), id="and the next full row cools anew"),
        pytest.param([LOSS, LOSS, WIN], Pace(cooling_since=2), id="a win cools nothing down"),
        pytest.param([("1", "0", "1.1")], Pace(losses=1), id="fees make a loss"),
        pytest.param([("1", "-1.1", "0")], Pace(losses=1), id="funding makes a loss"),
        pytest.param([("-1", "1.1", "0")], Pace(), id="or a win"),
        pytest.param([LOSS, ("1", "0", "1")], Pace(), id="even is no loss"),
    ],
)
def test_losses_in_a_row(results: list[tuple[str, str, str]], expected: Pace) -> None:
    assert ends(*results) == expected


def test_what_is_still_held_has_not_lost() -> None:
    update = PositionUpdated("main", "BTCUSDT", 1, "p", quantity=1, realised_pnl=-1)
    assert ended(Pace(losses=1), update, 5, LIMITS) == Pace(losses=1)


def test_a_resume_forgets_the_row_and_keeps_the_minute() -> None:
    assert resumed(Pace(orders=(7,), losses=1, cooling_since=2)) == Pace(orders=(7,))


@pytest.mark.parametrize(("now", "left"), [(100, 50), (149, 1), (150, 0), (1_000, 0)])
def test_it_cools_for_its_time(now: int, left: int) -> None:
    assert (cooling(100, now, 50), cooling(0, now, 50)) == (left, 0)


def crowded(times: list[int], most: int) -> bool:
    """Whether some minute holds more than `most`."""
    return any(later - earlier < MINUTE_MS for earlier, later in zip(times, times[most:], strict=False))


@given(gaps)
def test_no_minute_has_more_orders_than_the_limit(passed: list[int]) -> None:
    state, _ = account.step(account.new("main"), make.seen(BalanceSeen("main", "USDT", e8("1000000"), 0, "RECONCILED")), SETTINGS)
    now, times, denied = make.NOON, [], 0
    for number, gap in enumerate(passed):
        now += gap
        asked = msgspec.structs.replace(BTC, intent_id=f"i{number}", symbol=f"S{number}", mark_time=now, expires_at=now, size_wish=e8("60"))
        state, outputs = account.step(state, make.seen(asked, now), SETTINGS)
        times += [now for output in outputs if isinstance(output, Enter)]
        denied += any(isinstance(output, EntryReported) and output.reason == "ORDERS_TOO_MANY" for output in outputs)
        assert len(state.pace.orders) <= LIMITS.orders_per_minute
    assert not crowded(times, LIMITS.orders_per_minute)
    assert len(times) + denied == len(passed)


@given(gaps)
def test_no_minute_has_more_intents_of_a_symbol_than_the_limit(passed: list[int]) -> None:
    state, _ = symbol.step(symbol.new(make.SYMBOL), make.seen(make.INSTRUMENT), SETTINGS)
    now, times = make.NOON, []
    for number, gap in enumerate(passed):
        now += gap
        state, _ = symbol.step(state, make.seen(make.tick("100"), now), SETTINGS)
        state, outputs = symbol.step(state, make.seen(make.intent(f"i{number}", "BUY"), now), SETTINGS)
        times += [now for output in outputs if isinstance(output, Propose)]
        state, _ = symbol.step(state, make.seen(make.entry(f"i{number}", "EXPIRED"), now), SETTINGS)
        assert len(state.books["main"].asked) <= LIMITS.intents_per_minute
    assert not crowded(times, LIMITS.intents_per_minute)
    assert crowded(times, LIMITS.intents_per_minute - 1) or len(times) == len(passed)
