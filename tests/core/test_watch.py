"""The watch band equals the slow path: what lies inside may be left out, whatever comes in between."""
import random
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.core.breakers import Breaker, BreakerState
from streams.core.events import Tick
from streams.core.settings import Ages, BreakerLimits, Patience, Settings
from streams.core.symbol import Output, SymbolState, new, step
from streams.core.values import INT64_MAX, e8
from streams.core.watch import NOTHING, Band, Quiet, band, caught_up, folded, of_position
from tests import make
from tests.core.symbol_world import CENT, INSTRUMENT, Drawn, World
from tests.core.test_symbol_properties import DRAWN, SETTINGS
from tests.scenarios.test_stories import Told

replace = msgspec.structs.replace
SHORT = replace(
    SETTINGS, ages=Ages(through_stop=700), breaker=BreakerLimits(cool_down=1_500, frozen_max=4_000, jump_max_ppm=20_000),
    policies={**SETTINGS.policies, "default": replace(SETTINGS.policies["default"], break_even_r_ppm=10_000)},      # sooner than the fees are earned
)
REARMED = replace(SHORT, adopt=True, policies={                  # a stop moves by 0.3 % at the least: the band has room
    name: replace(
        policy, trail=replace(policy.trail, rearm_ppm=3_000), trigger="MARK_PRICE" if name == "rungs" else policy.trigger, break_even_r_ppm=0,
        break_even_rung=1, patience=(Patience(3_000, -400_000), Patience(9_000, 100_000)),
    )
    for name, policy in SHORT.policies.items()
})


def unnumbered(value: Any) -> Any:  # noqa: ANN401
    """Without `seq`, which counts what was worked."""
    match value:
        case dict():
            return {name: unnumbered(part) for name, part in value.items() if name != "seq"}
        case list() | tuple():
            return [unnumbered(part) for part in value]
        case _:
            return value


def plain(value: SymbolState | tuple[Output, ...]) -> Any:  # noqa: ANN401
    return unnumbered(msgspec.to_builtins(value))


class Watched(World):
    """The same events by two ways: one state sees all of them, the other is spared the quiet ones until something comes that is none."""

    def __init__(self, given: Settings, sign: int = 1) -> None:
        self.spared, self.quiet, self.left_out, self.held_out = new(make.SYMBOL), None, 0, 0
        super().__init__(given, sign)

    instrument = replace(INSTRUMENT, taker_fee_ppm=500)
    quiet: Quiet | None
    spared: SymbolState

    def seen(self, body: Any) -> tuple[Output, ...]:  # noqa: ANN401
        outputs = super().seen(body)
        log_time = self.now
        if isinstance(body, Tick) and band(self.spared, self.settings).holds(body, log_time):
            assert outputs == ()
            self.quiet = folded(self.quiet, self.spared, body, log_time)
            self.left_out += 1
            self.held_out += any(book.position for book in self.spared.books.values())
            return outputs
        owing = caught_up(self.spared, self.quiet, self.settings) if self.quiet else self.spared
        self.quiet = None
        self.spared, others = step(owing, make.seen(body, log_time, self.offset), self.settings)
        assert plain(others) == plain(outputs)
        assert plain(self.spared) == plain(self.state)
        return outputs

    def tick(self, a: int, b: int) -> None:
        """Several small moves in one go, some of them back to where the price was; records of other topics may have a later time."""
        for number in range(1 + b % 5):
            self.price = min(max(self.price + (a * (number + 1) % 11 - 5) * CENT * (1 + b % 4), 91 * 10**8), 109 * 10**8)
            self.now += (a + b * number) % 300 - 40
            record = self.tick_at(self.price, a % 4 * b % 5 * CENT, a % 3 * b % 7 * CENT)
            self.seen(replace(record, mark=record.mark + (a % 7 - 3) * b % 9 * 5 * CENT))
        if b % 17 == 0:
            super().tick(a, b)
        if a % 50 == 0:
            self.seen(replace(self.tick_at(self.price), bid=0) if b % 2 else self.tick_at(self.price, up=3 * 10**8))


@given(DRAWN, st.sampled_from([SETTINGS, SHORT, REARMED]), st.sampled_from([1, -1]))
@settings(max_examples=200)
def test_22_the_watch_band_equals_the_slow_path_on_any_tick_path(drawn: list[Drawn], given: Settings, sign: int) -> None:
    Watched(given, sign).play(drawn)


@pytest.mark.parametrize("seed", range(90))
def test_22_on_a_long_one_too(seed: int) -> None:
    draw = random.Random(seed)  # noqa: S311  (the same walk in every run)
    drawn = [(draw.randrange(24), draw.randrange(101), draw.randrange(101)) for _ in range(60)]
    Watched((SHORT, REARMED, SETTINGS)[seed % 3], (1, -1)[seed % 2]).play(drawn)


@pytest.mark.parametrize("given", [SETTINGS, SHORT, REARMED])
def test_the_property_meets_quiet_ticks(given: Settings) -> None:
    numbers = [(n * 104_729) % 1_000_003 for n in range(6_000)]
    world = Watched(given)
    world.play([(numbers[n] % 24, numbers[n + 1] % 101, numbers[n + 2] % 101) for n in range(0, 5_998, 3)])
    assert world.left_out > 200 and world.held_out > 100


LATE = INT64_MAX


def after(*events: str) -> Told:
    story = Told()
    for event in events:
        word, *fields = event.split()
        getattr(story, word)(*fields)
    return story


@pytest.mark.parametrize(("events", "lower", "upper", "deadline"), [
    pytest.param(["opened buy 1"], "98", "", LATE, id="nothing but the guard"),
    pytest.param(["opened sell 1"], "0", "102", LATE, id="a short"),
    pytest.param(["opened buy 1 policy=trail"], "98", "102", LATE, id="at 1 R the trail starts"),
    pytest.param(["opened sell 1 policy=trail"], "98", "102", LATE, id="a short's"),
    pytest.param(["opened buy 1 policy=even", "tick 101"], "98", "102", LATE, id="at 1 R it breaks even"),
    pytest.param(["opened buy 1 policy=even", "tick 102", "answer"], "100.1", "", LATE, id="it is even"),
    pytest.param(["opened buy 1 policy=early", "tick 100.05"], "98", "100.10000001", LATE, id="it has earned enough to be even, but for the fees"),
    pytest.param(["opened buy 1 policy=early", "tick 100.1"], "98", "100.10000001", LATE, id="it has earned the fees, and nothing"),
    pytest.param(["opened buy 1 policy=target"], "98", "", LATE, id="a target that rests is the venue's"),
    pytest.param(["opened buy 1 policy=target", "gone target"], "98", "103", LATE, id="a plan is under way: what the price reaches is not left out"),
    pytest.param(["opened buy 1 policy=timed"], "98", "", make.NOON + 60_000, id="a deadline"),
    pytest.param(["opened buy 1 policy=patient"], "98", "", make.NOON + 60_000, id="the first row of patience"),
    pytest.param(["opened buy 1 policy=patient", "wait 60000", "tick 101"], "100.50000001", "", make.NOON + 120_000, id="a quarter R or the end"),
    pytest.param(["opened buy 1 policy=timed", "close c1"], "98", "", LATE, id="it is being closed"),
])
def test_the_band_of_a_position(events: list[str], lower: str, upper: str, deadline: int) -> None:
    story = after(*events)
    book = story.state.books["main"]
    assert book.position is not None
    found = of_position(book, book.position, story.state.market, story.settings, story.now)
    assert found == (e8(lower), e8(upper) if upper else LATE, deadline)


def test_a_stop_that_follows_leaves_room_for_its_least_step() -> None:
    """The stop rests at 100.98 and moves by 0.05 % of it, which is 0.0505; it moves less than twice as far as the best price."""
    story = after("opened buy 1 policy=trail", "tick 102", "answer")
    book = story.state.books["main"]
    assert book.position is not None
    found = of_position(book, book.position, story.state.market, story.settings, story.now)
    assert found == (e8("100.98"), e8("102") + (e8("0.050490") - e8("0.01")) // 2, LATE)


def test_after_a_rung_the_stop_moves_once_its_new_place_has_been_left_behind() -> None:
    story = after("opened buy 1 policy=rungs")
    book = story.state.books["main"]
    assert book.position is not None
    sold = replace(
        book.position, held=replace(book.position.held, quantity=e8("0.5")), targets=book.position.targets[1:], resting=book.position.resting[1:],
        policy=replace(book.position.policy, break_even_rung=1),
    )
    assert of_position(replace(book, position=sold), sold, story.state.market, story.settings, story.now) == (e8("98"), e8("100.1") + 1, LATE)


def of(*events: str) -> Band:
    story = after(*events)
    return band(story.state, story.settings)


@pytest.mark.parametrize("events", [
    pytest.param(["opened buy 1 policy=trail", "tick 102", "close c1 part=0.5"], id="an intent waits"),
    pytest.param(["opened buy 1", "tick 97"], id="beyond the stop"),
    pytest.param(["opened buy 1"], id="the next record may hold prices older than the position"),
    pytest.param(["tick 120"], id="a jump is to be confirmed"),
    pytest.param(["opened buy 1", "wait 1", "tick 100", "wait 1001", "beat"], id="its last price is a second old"),
])
def test_no_tick_is_quiet(events: list[str]) -> None:
    assert of(*events) == NOTHING


def test_a_stranger_is_adopted_by_the_next_tick_once_the_settings_say_so() -> None:
    story = after("fill buy 1 100 any", "wait 1", "tick 100")
    assert band(story.state, story.settings) != NOTHING
    assert band(story.state, replace(story.settings, adopt=True)) == NOTHING


def test_the_band_of_a_symbol_without_a_position() -> None:
    """A jump is 10 %: two prices within 4.76 of 100 are nearer to each other. Five seconds later a tick is worked, whatever it says."""
    lower, upper = e8("95.23809523"), e8("104.76190477")
    assert of("tick 100") == Band(lower, upper, lower, upper, after("tick 100").now + 5_001)


def test_the_band_is_the_tightest_of_all() -> None:
    story = after("opened buy 1 policy=mark", "wait 1", "tick 100")
    found, flat = band(story.state, story.settings), of("tick 100")
    assert found == Band(flat.lower, flat.upper, e8("98"), e8("102"), story.now + 1_001)


def test_a_band_ends_where_the_breaker_cools_down_and_where_a_price_has_stood_too_long() -> None:
    story = after("tick 100")
    market = replace(story.state.market, breaker=Breaker(BreakerState.OPEN, "REJECTIONS", story.now - 59_500))
    assert band(replace(story.state, market=market), story.settings).deadline == story.now + 500
    market = replace(story.state.market, moved_at=story.now - 59_800)
    assert band(replace(story.state, market=market), story.settings).deadline == story.now + 201


BAND = Band(e8("98"), e8("102"), e8("97"), e8("103"), 1_000)


@pytest.mark.parametrize(("change", "time", "holds"), [
    pytest.param({}, 999, True, id="inside"),
    pytest.param({}, 1_000, False, id="at the deadline"),
    pytest.param({"low": e8("98") + 1, "high": e8("102") - 1}, 0, True, id="its extremes just inside"),
    pytest.param({"low": e8("98")}, 0, False, id="its low at the lower"),
    pytest.param({"high": e8("102")}, 0, False, id="its high at the upper"),
    pytest.param({"mark": e8("97") + 1}, 0, True, id="the mark just inside"),
    pytest.param({"mark": e8("97")}, 0, False, id="the mark at the lower"),
    pytest.param({"mark": e8("103") - 1}, 0, True, id="the mark just below the upper"),
    pytest.param({"mark": e8("103")}, 0, False, id="the mark at the upper"),
    pytest.param({"low": e8("100.01")}, 0, False, id="a low above the last price is no record"),
    pytest.param({"high": e8("99.99")}, 0, False, id="nor is a high below it"),
    pytest.param({"bid": 1, "ask": 1}, 0, True, id="the least bid and ask"),
    pytest.param({"bid": 0}, 0, False, id="no bid"),
    pytest.param({"ask": 0}, 0, False, id="no ask"),
])
def test_what_a_band_holds(change: dict[str, int], time: int, *, holds: bool) -> None:
    assert BAND.holds(replace(make.tick("100"), **change), time) == holds


@pytest.mark.parametrize(("side", "mark", "best"), [("buy", "", "103"), ("sell", "", "98"), ("buy", "mark", "102"), ("sell", "mark", "97")])
def test_quiet_ticks_leave_the_best_of_them(side: str, mark: str, best: str) -> None:
    """By the price that triggers go by: of the last the extremes, of the mark itself."""
    state = after(f"opened {side} 1 policy={mark or 'default'}", "tick 100").state
    quiet: Quiet | None = None
    for last, high, low, at in (("100", "103", "99", "102"), ("100", "101", "98", "97")):
        quiet = folded(quiet, state, make.tick(last, high=high, low=low, mark=at), state.time)
    assert quiet is not None
    position = caught_up(state, quiet, make.SETTINGS).books["main"].position
    assert position is not None
    assert position.best == e8(best)
