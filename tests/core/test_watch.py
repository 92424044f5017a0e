"""Inside the watch band no tick causes a decision, whatever path the price takes."""
import msgspec
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from streams.core.events import PositionUpdated
from streams.core.symbol import step
from streams.core.values import INT64_MAX, e8
from streams.core.watch import ALL, NOTHING, Band, band, inside
from tests import make
from tests.core.symbol_world import CENT, World
from tests.core.test_symbol_properties import SETTINGS, all_done
from tests.scenarios.test_stories import Told

REARMED = msgspec.structs.replace(SETTINGS, policies={          # a stop moves by 0.3 % at the least: the band has room
    name: msgspec.structs.replace(policy, trail=msgspec.structs.replace(policy.trail, rearm_ppm=3_000)) for name, policy in SETTINGS.policies.items()
})
MOVES = st.lists(st.tuples(st.integers(-150, 150), st.integers(0, 9), st.integers(0, 9), st.integers(0, 3_000)), min_size=5, max_size=40)
OPENED, TICKS, ANSWERS, FILL = 8, st.integers(0, 5), st.integers(16, 19), st.just(14)
NUMBER = st.integers(0, 100)
MANAGED = st.builds(
    lambda first, rest: [(OPENED, *first), *rest],
    st.tuples(NUMBER, NUMBER), st.lists(st.tuples(TICKS | ANSWERS | FILL, NUMBER, NUMBER), max_size=12),
)                                     # a position, and what becomes of it until it is watched


@given(MANAGED, MOVES, st.sampled_from([1, -1]))
@settings(max_examples=150)
def test_no_path_inside_the_band_causes_a_decision(drawn: list[tuple[int, int, int]], moves: list[tuple[int, int, int, int]], sign: int) -> None:
    world = World(REARMED, sign)
    world.play(drawn)
    for _ in range(4):
        under_way = world.state.books["main"].under_way if "main" in world.state.books else None
        world.seen(all_done(under_way.plan) if under_way else world.tick_at(world.price))
    assume("main" in world.state.books and world.state.books["main"].position)
    watch = band(world.state.books["main"], world.state.market, REARMED, world.state.time)
    state, now, price = world.state, world.state.time, world.price
    for move, up, down, later in moves:
        tick, now = world.tick_at(price + move * CENT, up * CENT, down * CENT), now + later
        if inside(watch, tick, now):
            price += move * CENT
            state, outputs = step(state, make.seen(tick, now), REARMED)
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
