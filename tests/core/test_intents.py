"""The prices of a proposal, by what the intent names and where the market is. The mark is 100; each row is told for a long and mirrored about it."""
from typing import Any

import msgspec
import pytest

from streams.core.commands import Denial, Deny, Propose
from streams.core.events import Instrument, Intent
from streams.core.intents import expires_at, policy_of, too_old, too_weak
from streams.core.settings import Policy, Trail
from streams.core.symbol import new, step
from streams.core.values import E8, decimal, e8
from streams.core.words import Action, Exit, OrderType, TimeInForce
from tests import make

MARK = 100 * E8
LIMIT = {"order_type": OrderType.LIMIT}


@pytest.mark.parametrize(
    ("given", "asked"),
    [
        pytest.param({"stop_price": "99", "target_price": "103"}, "100 99 103", id="the intent's own prices hold"),
        pytest.param({"stop_price": "99.9"}, "100 99.8 0", id="a stop too near is moved out"),
        pytest.param({"stop_price": "99.995"}, "100 99.8 0", id="off the grid and too near"),
        pytest.param({"stop_price": "97.994"}, "100 98 0", id="a stop off the grid goes nearer"),
        pytest.param({"target_price": "102.991"}, "100 98 103", id="a target off the grid goes farther"),
        pytest.param({"stop_price": "100"}, "STOP_WRONG_SIDE", id="a stop at the mark"),
        pytest.param({"stop_price": "79.99"}, "STOP_TOO_FAR", id="a stop too far"),
        pytest.param({"target_price": "100"}, "TARGET_WRONG_SIDE", id="a target at the mark"),
        pytest.param({**LIMIT, "entry_price": "99", "stop_price": "97", "target_price": "99.5"}, "99 97 99.5", id="a limit's target before the mark"),
        pytest.param(LIMIT, "100 98 0", id="a limit that names no price: the mark"),
        pytest.param({"entry_price": "99", "target_price": "99.5"}, "TARGET_WRONG_SIDE", id="at market it would be reached at once"),
        pytest.param({"entry_price": "99", "stop_price": "99.5"}, "STOP_WRONG_SIDE", id="a stop that the reckoned entry has passed"),
        pytest.param({"entry_price": "99", "stop_price": "98", "policy": "target"}, "100 98 103", id="R and its target are reckoned from the mark"),
        pytest.param({**LIMIT, "entry_price": "101.9"}, "101.9 98 0", id="a limit that the market has passed fills at the mark"),
        pytest.param({**LIMIT, "entry_price": "101.9", "stop_price": "101"}, "STOP_WRONG_SIDE", id="and its own stop must suit the mark"),
    ],
)
def test_prices(given: dict[str, Any], asked: str) -> None:
    assert told("BUY", {name: e8(value) if name.endswith("price") else value for name, value in given.items()}) == asked
    assert told("SELL", {name: 2 * MARK - e8(value) if name.endswith("price") else value for name, value in given.items()}) == mirrored(asked)


def told(action: str, given: dict[str, Any], instrument: Instrument = make.INSTRUMENT) -> str:
    """entry, stop and target of the proposal, or the denial."""
    state = new(make.SYMBOL)
    for body in (instrument, make.tick("100")):
        state, _ = step(state, make.seen(body), make.SETTINGS)
    _, (answer,) = step(state, make.seen(make.intent("i1", action, **given)), make.SETTINGS)
    if isinstance(answer, Deny):
        return answer.reason.value
    assert isinstance(answer, Propose)
    return " ".join(decimal(price) for price in (answer.entry_price, answer.stop_price, answer.target_price))


def mirrored(asked: str) -> str:
    if asked.isupper():
        return asked
    return " ".join(decimal(2 * MARK - e8(price)) if e8(price) else price for price in asked.split())


@pytest.mark.parametrize(("action", "limit", "asked"), [
    ("BUY", "100.5", "100.5"), ("BUY", "100.51", "PRICE_OFF_MARK"), ("BUY", "98.5", "98.5"),
    ("SELL", "99.5", "99.5"), ("SELL", "99.49", "PRICE_OFF_MARK"), ("SELL", "101.5", "101.5"),
])
def test_a_limit_keeps_to_the_venue_s_band(action: str, limit: str, asked: str) -> None:
    """PERCENT_PRICE is one-sided: a buy may be as low, a sell as high as it likes."""
    instrument = msgspec.structs.replace(make.INSTRUMENT, price_up_ppm=1_005_000, price_down_ppm=995_000)
    assert told(action, {**LIMIT, "entry_price": e8(limit)}, instrument).split()[0] == asked


@pytest.mark.parametrize(("action", "least", "most", "given", "asked"), [
    pytest.param("BUY", "98", "0", {}, "100 98 0", id="the lowest price that the venue takes; 0 bounds nothing"),
    pytest.param("BUY", "98.01", "0", {}, "STOP_WRONG_SIDE", id="a stop below it"),
    pytest.param("SELL", "0.01", "102", {}, "100 102 0", id="the highest"),
    pytest.param("SELL", "0.01", "101.99", {}, "STOP_WRONG_SIDE", id="a stop above it"),
    pytest.param("BUY", "0.01", "103", {"policy": "target"}, "100 98 103", id="a target at it"),
    pytest.param("BUY", "0.01", "102.99", {"policy": "target"}, "100 98 0", id="a target above it is none"),
    pytest.param("SELL", "97.01", "1000", {"policy": "target"}, "100 102 0", id="a target below the lowest is none"),
])
def test_what_rests_rests_where_the_venue_takes_orders(action: str, least: str, most: str, given: dict[str, Any], asked: str) -> None:
    assert told(action, given, msgspec.structs.replace(make.INSTRUMENT, price_min=e8(least), price_max=e8(most))) == asked


@pytest.mark.parametrize(("action", "at"), [("BUY", "100"), ("SELL", "100.01")])
def test_a_limit_that_names_no_price_is_one_at_the_mark(action: str, at: str) -> None:
    """No market order: it may not cost more than the price that its producer saw."""
    state = new(make.SYMBOL)
    for body in (make.INSTRUMENT, make.tick("100", mark="100.005")):
        state, _ = step(state, make.seen(body), make.SETTINGS)
    _, (propose,) = step(state, make.seen(make.intent("i1", action, **LIMIT)), make.SETTINGS)
    assert isinstance(propose, Propose)
    assert (propose.order_type, propose.entry_price) == (OrderType.LIMIT, e8(at))


def test_what_the_gateway_needs_of_intent_and_policy_leaves_with_the_proposal() -> None:
    state = new(make.SYMBOL)
    for body in (make.INSTRUMENT, make.tick("100")):
        state, _ = step(state, make.seen(body), make.SETTINGS)
    wish = make.intent("i1", "BUY", policy="mark", order_type=OrderType.LIMIT, entry_price=e8("99"), time_in_force=TimeInForce.GTX, lives_ms=1_500)
    _, (propose,) = step(state, make.seen(wish), make.SETTINGS)
    assert isinstance(propose, Propose)
    assert (propose.time_in_force, propose.lives_ms, propose.trigger, propose.price_protect) == (TimeInForce.GTX, 1_500, "MARK_PRICE", True)


AGES = make.SETTINGS.ages
AT = make.NOON


@pytest.mark.parametrize(("given", "late", "until"), [
    # fields, the log_time after which it is too old (as milliseconds from now), and until when a proposal of it may be worked
    pytest.param({}, 60_000, 60_000, id="no time of its own: the record's"),
    pytest.param({"timestamp": AT - 20_000}, 40_000, 40_000, id="made a while ago"),
    pytest.param({"timestamp": AT + 90_000}, 60_000, 60_000, id="a clock that is ahead gains nothing"),
    pytest.param({"expires_at": AT + 1_000}, 1_000, 1_000, id="its own end, sooner"),
    pytest.param({"expires_at": AT + 300_000}, 300_000, 60_000, id="its own end, later: it may come late, and is worked at once"),
    pytest.param({"action": Action.CLOSE}, 600_000, None, id="a close may be old"),
    pytest.param({"action": Action.CANCEL, "timestamp": AT - 1}, 599_999, None, id="so may a cancel"),
    pytest.param({"action": Action.CLOSE, "reason": Exit.FLATTEN, "timestamp": 1}, None, None, id="a flatten never is"),
])
def test_ages(given: dict[str, Any], late: int | None, until: int | None) -> None:
    intent = msgspec.structs.replace(make.intent("i1", "BUY"), **given)
    if late is None:
        assert not too_old(intent, AT + 10**9, make.SETTINGS)
        return
    fixed = intent if intent.timestamp else msgspec.structs.replace(intent, timestamp=AT)
    fixed = msgspec.structs.replace(fixed, timestamp=min(fixed.timestamp, AT))
    assert [too_old(fixed, AT + late + more, make.SETTINGS) for more in (0, 1)] == [False, True]
    assert not too_old(intent, AT, make.SETTINGS)
    if until is not None:
        assert expires_at(intent, AT, make.SETTINGS) == AT + until


@pytest.mark.parametrize(("confidence", "least", "weak"), [
    (-1, 600_000, False), (0, 600_000, True), (1, 600_000, True), (599_999, 600_000, True), (600_000, 600_000, False), (0, 0, False),
])
def test_confidence(confidence: int, least: int, *, weak: bool) -> None:
    settings = msgspec.structs.replace(make.SETTINGS, confidence_min_ppm=least)
    assert (too_weak(make.intent("i1", "BUY", confidence_ppm=confidence), settings) is not None) == weak


FOLLOWS = Policy(trail=Trail(distance_ppm=8_000, distance_r_ppm=500_000, distance_atr_ppm=2_000_000), time_max_ms=7)


@pytest.mark.parametrize(("given", "trail", "time_max"), [
    pytest.param({}, FOLLOWS.trail, 7, id="the policy's"),
    pytest.param({"trail_ppm": 9_000}, Trail(9_000, 0, 2_000_000), 7, id="the intent's own trail, instead of what is in R"),
    pytest.param({"trail_ppm": 1}, Trail(2_000, 0, 2_000_000), 7, id="no nearer than a stop"),
    pytest.param({"trail_ppm": 900_000}, Trail(200_000, 0, 2_000_000), 7, id="no farther than a stop"),
    pytest.param({"atr_ppm": 3_000}, Trail(6_000, 500_000, 2_000_000), 7, id="two atr, nearer than the policy's own"),
    pytest.param({"atr_ppm": 5_000}, Trail(8_000, 500_000, 2_000_000), 7, id="two atr, farther"),
    pytest.param({"time_max_ms": 5}, FOLLOWS.trail, 5, id="its own deadline"),
])
def test_what_of_a_policy_an_intent_may_change(given: dict[str, Any], trail: Trail, time_max: int) -> None:
    settings = msgspec.structs.replace(make.SETTINGS, policies={"default": FOLLOWS})
    assert policy_of(make.intent("i1", "BUY", **given), settings) == msgspec.structs.replace(FOLLOWS, trail=trail, time_max_ms=time_max)


def test_an_atr_is_nothing_to_a_policy_without_one() -> None:
    plain = Policy(trail=Trail(distance_ppm=8_000))
    settings = msgspec.structs.replace(make.SETTINGS, policies={"default": plain})
    assert policy_of(make.intent("i1", "BUY", atr_ppm=3_000), settings) == plain


@pytest.mark.parametrize(("action", "given", "detail"), [
    ("BUY", {"stop_price": e8("100.5")}, "stop 100.5 does not lie below entry 100 and mark 100"),
    ("SELL", {"stop_price": e8("99.5")}, "stop 99.5 does not lie above entry 100 and mark 100"),
    ("BUY", {"target_price": e8("99")}, "target 99 does not lie above the entry 100"),
    ("SELL", {"target_price": e8("101")}, "target 101 does not lie below the entry 100"),
    ("SELL", {"stop_price": e8("121")}, "stop 121 lies beyond 120"),
])
def test_why_a_price_is_refused(action: str, given: dict[str, Any], detail: str) -> None:
    (denial,) = answers("100", make.intent("i1", action, **given))
    assert denial.detail == detail


def answers(mark: str, intent: Intent) -> tuple[Any, ...]:
    state = new(make.SYMBOL)
    for body in (make.INSTRUMENT, make.tick(mark, spread="0")):
        state, _ = step(state, make.seen(body), make.SETTINGS)
    return step(state, make.seen(intent), make.SETTINGS)[1]


@pytest.mark.parametrize(("mark", "action", "stop"), [
    ("0.03", "BUY", "0.02"), ("0.02", "BUY", "0.01"), ("0.01", "SELL", "0.02"), ("0.02", "SELL", "0.03"),
])
def test_a_stop_at_a_few_ticks_is_on_the_grid_and_above_zero(mark: str, action: str, stop: str) -> None:
    (proposal,) = answers(mark, make.intent("i1", action))
    assert (proposal.entry_price, proposal.stop_price) == (e8(mark), e8(stop))


def test_where_no_price_is_left_for_a_stop_nothing_is_entered() -> None:
    (denial,) = answers("0.01", make.intent("i1", "BUY"))
    assert (denial.reason, denial.detail) == (Denial.STOP_WRONG_SIDE, "no stop below 0.01 is a price on the venue's grid")


def test_a_target_below_zero_is_none() -> None:
    """A short's target of 1.5 R, 0.015 below 0.01, does not exist; what runs on is left by its stop."""
    (proposal,) = answers("0.01", make.intent("i1", "SELL", policy="target"))
    assert (proposal.stop_price, proposal.target_price) == (e8("0.02"), 0)
