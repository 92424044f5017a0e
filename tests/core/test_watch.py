"""Inside the watch band no tick causes a decision, whatever path the price takes."""
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from streams.core.events import PositionUpdated
from streams.core.symbol import step
from streams.core.values import E8, INT64_MAX, e8
from streams.core.watch import ALL, NOTHING, Band, band, inside
from tests import make
from tests.core.symbol_world import CENT, World
from tests.core.test_symbol_properties import DRAWN, SETTINGS
from tests.scenarios.test_stories import Told

MOVES = st.lists(st.tuples(st.integers(-400, 400), st.integers(0, 30), st.integers(0, 30), st.integers(0, 40_000)), min_size=1, max_size=30)


@given(DRAWN, MOVES, st.sampled_from([1, -1]))
@settings(max_examples=150)
def test_no_path_inside_the_band_causes_a_decision(drawn: list[tuple[int, int, int]], moves: list[tuple[int, int, int, int]], sign: int) -> None:
    world = World(SETTINGS, sign)
    world.play(drawn)
    world.seen(world.tick_at(world.price))
    assume("main" in world.state.books)
    watch = band(world.state.books["main"], world.state.market, SETTINGS, world.state.time)
    state, now = world.state, world.state.time
    for move, up, down, later in moves:
        price = min(max(world.price + move * CENT, 91 * E8), 109 * E8)
        tick, now = world.tick_at(price, up * CENT, down * CENT), now + later
        if inside(watch, tick, now):
            state, outputs = step(state, make.seen(tick, now), SETTINGS)
            assert [output for output in outputs if not isinstance(output, PositionUpdated)] == []


def of(*events: str) -> Band:
    told = Told()
    for event in events:
        word, *fields = event.split()
        getattr(told, word)(*fields)
    return band(told.state.books["main"], told.state.market, told.settings, told.now)


LATE = INT64_MAX


@pytest.mark.parametrize(("events", "expected"), [
    pytest.param(["opened buy 1"], Band(e8("98"), LATE, LATE), id="nothing but the guard"),
    pytest.param(["opened sell 1"], Band(0, e8("102"), LATE), id="a short"),
    pytest.param(["opened buy 1 policy=trail"], Band(e8("98"), e8("102"), LATE), id="at 1 R the trail starts"),
    pytest.param(["opened sell 1 policy=trail"], Band(e8("98"), e8("102"), LATE), id="a short's"),
    pytest.param(["opened buy 1 policy=even", "tick 101"], Band(e8("98"), e8("102"), LATE), id="at 1 R it breaks even"),
    pytest.param(["opened buy 1 policy=even", "tick 102", "answer"], Band(e8("100.1"), LATE, LATE), id="it is even"),
    pytest.param(["opened buy 1 policy=target"], Band(e8("98"), LATE, LATE), id="a target that rests is the venue's"),
    pytest.param(["opened buy 1 policy=target", "gone target"], Band(e8("98"), LATE, LATE), id="a plan is under way"),
    pytest.param(["opened buy 1 policy=timed"], Band(e8("98"), LATE, make.NOON + 60_000), id="a deadline"),
    pytest.param(["opened buy 1 policy=patient"], Band(e8("98"), LATE, make.NOON + 60_000), id="the first row of patience"),
    pytest.param(["opened buy 1", "close c1"], ALL, id="it is being closed"),
    pytest.param(["buy i1"], ALL, id="only an entry"),
    pytest.param(["wait 6000", "buy i1"], NOTHING, id="an intent waits"),
    pytest.param(["opened buy 1", "tick 97"], NOTHING, id="beyond the stop"),
    pytest.param(["opened buy 1 policy=patient", "wait 60000", "tick 101"], Band(e8("98"), LATE, 0), id="its age is judged at each tick"),
])
def test_the_band(events: list[str], expected: Band) -> None:
    assert of(*events) == expected


def test_a_stop_that_follows_leaves_room_for_its_least_step() -> None:
    """The stop rests at 100.98 and moves by 0.05 % of it, which is 0.0505; it moves less than twice as far as the best price."""
    watch = of("opened buy 1 policy=trail", "tick 102", "answer")
    assert watch == Band(e8("100.98"), e8("102") + (e8("0.050490") - e8("0.01")) // 2, LATE)
