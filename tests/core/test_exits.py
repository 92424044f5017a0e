"""Exit Brain's truth table: side × policy × path of prices -> the stop that should rest and why, or why the position is closed at market.

Rows are told as moves in favour: +3 is 103 for a long and 97 for a short, opened at 100 with the stop 2 away (R = 2). A distance in per cent is of
the best price, so it is reckoned for each side by itself; everything else is the same for both.
"""
import itertools

import msgspec
import pytest

from streams.core.exits import Wanted, adopted, overdue, passed, seen_price, untightened, wanted, watched, worth_moving
from streams.core.positions import Held
from streams.core.protected import Position, Resting, Target, rests_at, reward
from streams.core.settings import Ages, Patience, Policy, Tighten, Trail
from streams.core.values import PPM, Side, e8, nearer, share
from streams.core.words import Exit

CENT, FEE = e8("0.01"), 500
NONE = Policy(target_r_ppm=0, trail=Trail())
POLICIES = {
    "stop": NONE,
    "trail 1 %": msgspec.structs.replace(NONE, trail=Trail(distance_ppm=10_000)),
    "trail 1 % at once": msgspec.structs.replace(NONE, trail=Trail(distance_ppm=10_000, activation_r_ppm=0)),
    "trail 1 R": msgspec.structs.replace(NONE, trail=Trail(distance_r_ppm=PPM)),
    "trail 1 %, 1 R": msgspec.structs.replace(NONE, trail=Trail(distance_ppm=10_000, distance_r_ppm=PPM)),
    "even at 1 R": msgspec.structs.replace(NONE, break_even_r_ppm=PPM),
    "even, then trail 1 R from 2 R": msgspec.structs.replace(
        NONE, break_even_r_ppm=PPM, trail=Trail(distance_r_ppm=PPM, activation_r_ppm=2 * PPM),
    ),
    "tighten": msgspec.structs.replace(
        NONE, trail=Trail(distance_r_ppm=PPM), tighten=(Tighten(2 * PPM, 500_000), Tighten(3 * PPM, 250_000)),
    ),
    "tighten alone": msgspec.structs.replace(NONE, tighten=(Tighten(2 * PPM, 500_000),)),
}
S, T, B = Exit.STOP, Exit.TRAIL, Exit.BREAK_EVEN
PER_CENT = "1 %"                      # behind the best price
ROWS: list[tuple[str, list[str], str, Exit]] = [
    # policy, moves in favour, the stop's place as such a move (or so far behind the best), why
    ("stop", ["0"], "-2", S),
    ("stop", ["-1.99"], "-2", S),
    ("stop", ["50"], "-2", S),
    ("stop", ["50", "0", "-1"], "-2", S),
    ("trail 1 %", ["0"], "-2", S),
    ("trail 1 %", ["1.99"], "-2", S),
    ("trail 1 %", ["2"], PER_CENT, T),
    ("trail 1 %", ["2", "1"], PER_CENT, T),
    ("trail 1 %", ["2", "1.5", "3"], PER_CENT, T),
    ("trail 1 %", ["3", "2", "2.9"], PER_CENT, T),
    ("trail 1 %", ["10"], PER_CENT, T),
    ("trail 1 %", ["-1.9", "10", "9.5"], PER_CENT, T),
    ("trail 1 % at once", ["0"], PER_CENT, T),
    ("trail 1 % at once", ["0.01"], PER_CENT, T),
    ("trail 1 % at once", ["-0.5"], PER_CENT, T),
    ("trail 1 % at once", ["5", "4.5"], PER_CENT, T),
    ("trail 1 R", ["0"], "-2", S),
    ("trail 1 R", ["1.99"], "-2", S),
    ("trail 1 R", ["2"], "0", T),
    ("trail 1 R", ["2.01"], "0.01", T),
    ("trail 1 R", ["7", "5"], "5", T),
    ("trail 1 R", ["7", "5", "7.5"], "5.5", T),
    ("trail 1 %, 1 R", ["2"], PER_CENT, T),
    ("trail 1 %, 1 R", ["7", "6"], PER_CENT, T),
    ("even at 1 R", ["0"], "-2", S),
    ("even at 1 R", ["1.99"], "-2", S),
    ("even at 1 R", ["2"], "0.1", B),
    ("even at 1 R", ["2", "0.2"], "0.1", B),
    ("even at 1 R", ["20"], "0.1", B),
    ("even, then trail 1 R from 2 R", ["1.99"], "-2", S),
    ("even, then trail 1 R from 2 R", ["2"], "0.1", B),
    ("even, then trail 1 R from 2 R", ["3.99"], "0.1", B),
    ("even, then trail 1 R from 2 R", ["4"], "2", T),
    ("even, then trail 1 R from 2 R", ["4", "2.5"], "2", T),
    ("tighten", ["2"], "0", T),
    ("tighten", ["3.99"], "1.99", T),
    ("tighten", ["4"], "3", T),
    ("tighten", ["5.99"], "4.99", T),
    ("tighten", ["6"], "5.5", T),
    ("tighten", ["10", "9.6"], "9.5", T),
    ("tighten alone", ["3.99"], "-2", S),
    ("tighten alone", ["4"], "3", T),
]


def at(move: str, sign: int) -> int:
    return e8("100") + sign * e8(move)


def opened(sign: int, policy: Policy = NONE) -> Position:
    held = Held(sign * e8("1"), e8("100"), "p-1")
    return Position(held, "i1", policy=policy, stop_first=at("-2", sign), risk=e8("2"), best=e8("100"), opened_at=1_000)


def guarded(position: Position, move: str, leg: str = "guard") -> Position:
    order = Resting("x", leg, at(move, position.side.sign), 0, S)
    if leg == "guard":
        return msgspec.structs.replace(position, guard=order)
    return msgspec.structs.replace(position, resting=(*position.resting, order))


@pytest.mark.parametrize("sign", [1, -1], ids=["long", "short"])
@pytest.mark.parametrize(("policy", "moves", "stop", "why"), ROWS, ids=[f"{row[0]}: {' '.join(row[1])}" for row in ROWS])
def test_the_stop(sign: int, policy: str, moves: list[str], stop: str, why: Exit) -> None:
    position = opened(sign, POLICIES[policy])
    for move in moves:
        position = seen_price(position, at(move, sign))
        made = wanted(position, CENT, FEE)
        position = msgspec.structs.replace(position, stop_price=made.stop_price, stop_why=made.why)
    best = max([0, *(e8(move) for move in moves)])
    behind = e8("100") + sign * best - sign * share(e8("100") + sign * best, 10_000, PPM)
    expected = nearer(behind, CENT, Side.BUY if sign > 0 else Side.SELL) if stop == PER_CENT else at(stop, sign)
    assert wanted(position, CENT, FEE) == Wanted(expected, why)


TARGET = Target("target", e8("103"), PPM)


@pytest.mark.parametrize("sign", [1, -1], ids=["long", "short"])
@pytest.mark.parametrize(("rests", "target", "price", "stop", "why"), [
    pytest.param("-2", False, "1", "0", None, id="the price is on the right side of the wanted stop"),
    pytest.param("-2", False, "0", "0", T, id="it is at it"),
    pytest.param("-2", False, "-0.5", "0", T, id="it is past it"),
    pytest.param("0", False, "-0.5", "0", None, id="the stop rests there: the venue's work"),
    pytest.param("0.5", False, "-0.5", "0", None, id="a tighter one rests"),
    pytest.param("-2", True, "2.99", "-2", None, id="short of the target"),
    pytest.param("-2", True, "3", "-2", Exit.TARGET, id="at the target, and it does not rest"),
    pytest.param("-2", True, "5", "-2", Exit.TARGET, id="past the target"),
])
def test_what_the_price_has_passed_is_closed_at_market(sign: int, rests: str, price: str, stop: str, why: Exit | None, *, target: bool) -> None:
    whole = (msgspec.structs.replace(TARGET, price=at("3", sign)),) if target else ()
    position = msgspec.structs.replace(guarded(opened(sign), rests), targets=whole)
    assert passed(position, Wanted(at(stop, sign), T), at(price, sign)) == why
    resting_too = guarded(position, "3", "target")
    assert passed(resting_too, Wanted(at(stop, sign), T), at(price, sign)) == (None if why is Exit.TARGET else why)


AGES = Ages(through_stop=1_500)
PATIENT = msgspec.structs.replace(NONE, time_max_ms=600_000, patience=(Patience(60_000, 250_000), Patience(120_000, PPM)))


@pytest.mark.parametrize("sign", [1, -1], ids=["long", "short"])
@pytest.mark.parametrize(("age", "move", "beyond", "why"), [
    pytest.param(59_999, "-1", 0, None, id="young"),
    pytest.param(60_000, "0.49", 0, Exit.TIME, id="a minute old, and less than a quarter R"),
    pytest.param(60_000, "0.5", 0, None, id="a quarter R"),
    pytest.param(119_999, "1.99", 0, None, id="not yet two minutes"),
    pytest.param(120_000, "1.99", 0, Exit.TIME, id="two minutes, less than one R"),
    pytest.param(120_000, "2", 0, None, id="one R"),
    pytest.param(599_999, "9", 0, None, id="short of the deadline"),
    pytest.param(600_000, "9", 0, Exit.TIME, id="the deadline"),
    pytest.param(10_000, "-3", 8_501, None, id="1499 ms through the stop"),
    pytest.param(10_000, "-3", 8_500, Exit.PRICE_THROUGH_STOP, id="1500 ms through the stop"),
    pytest.param(600_000, "-3", 9_500, Exit.TIME, id="time is named first"),
])
def test_what_is_overdue(sign: int, age: int, move: str, beyond: int, why: Exit | None) -> None:
    position = msgspec.structs.replace(opened(sign, PATIENT), beyond_since=beyond and 1_000 + beyond)
    assert overdue(position, AGES, at(move, sign), 1_000 + age) == why


def test_no_price_no_patience() -> None:
    assert overdue(opened(1, PATIENT), AGES, 0, 61_000) is None


@pytest.mark.parametrize("sign", [1, -1], ids=["long", "short"])
def test_since_when_the_price_is_beyond(sign: int) -> None:
    position = guarded(opened(sign), "-2")
    since = []
    for now, move in ((5, "-1.99"), (6, "-2"), (7, "-3"), (8, "-1"), (9, "-2.5")):
        position = watched(position, at(move, sign), now)
        since.append(position.beyond_since)
    assert since == [0, 6, 6, 0, 9]
    assert watched(opened(sign), at("-50", sign), 9).beyond_since == 0       # nothing rests


@pytest.mark.parametrize("sign", [1, -1], ids=["long", "short"])
def test_what_rests_tightest(sign: int) -> None:
    position = guarded(guarded(guarded(guarded(opened(sign), "-2"), "1", "stop"), "0.5", "stop"), "5", "rung0")
    assert rests_at(position) == at("1", sign)
    assert rests_at(opened(sign)) == 0


@pytest.mark.parametrize(("move", "earned"), [("2", PPM), ("-2", -PPM), ("0.5", 250_000), ("0", 0)])
def test_profit_in_r(move: str, earned: int) -> None:
    assert [reward(opened(sign), at(move, sign)) for sign in (1, -1)] == [earned, earned]
    assert reward(msgspec.structs.replace(opened(1), risk=0), at(move, 1)) == 0


@pytest.mark.parametrize(("sign", "price", "stop"), [(1, "101", "98"), (1, "90", "88.2"), (-1, "99", "102"), (-1, "110", "112.2")])
def test_an_adopted_positions_stop(sign: int, price: str, stop: str) -> None:
    mine = adopted(msgspec.structs.replace(opened(sign), stop_first=0, risk=0), NONE, e8(price))
    assert (mine.stop_first, mine.risk) == (e8(stop), abs(e8("100") - e8(stop)))


@pytest.mark.parametrize("price", ["0.01", "0.015", "0.02"])
def test_a_stop_is_never_zero(price: str) -> None:
    """At a price of a few ticks, two per cent are less than one of them."""
    position = Position(Held(e8("1"), e8(price), "p-1"), "i1", stop_first=1, risk=e8(price), best=e8(price))
    assert wanted(position, CENT, FEE).stop_price == CENT


@pytest.mark.parametrize("sign", [1, -1], ids=["long", "short"])
@pytest.mark.parametrize(("rests", "first", "want", "still", "why"), [
    pytest.param("-2", "-2", "1", "-2", B, id="nothing is tightened"),
    pytest.param("0", "-2", "1", "0", B, id="nor what has been tightened already"),
    pytest.param("-5", "-2", "1", "-2", B, id="somebody loosened it: the first stop is wanted all the same"),
    pytest.param("-5", "-2.005", "1", "-2", B, id="on the grid"),
    pytest.param("-2", "-2", "-2", "-2", T, id="what is wanted rests"),
    pytest.param("1", "-2", "0", "0", T, id="tighter rests"),
    pytest.param("", "-2", "1", "1", T, id="nothing rests: what is wanted"),
])
def test_what_is_wanted_while_no_price_can_be_believed(sign: int, rests: str, first: str, want: str, still: str, why: Exit) -> None:
    position = msgspec.structs.replace(opened(sign), stop_first=at(first, sign), stop_why=B)
    position = guarded(position, rests) if rests else position
    assert untightened(position, Wanted(at(want, sign), T), CENT) == Wanted(at(still, sign), why)


@pytest.mark.parametrize("sign", [1, -1], ids=["long", "short"])
def test_a_least_step_is_worth_a_move(sign: int) -> None:
    """0.05 % of the level, and no less."""
    position = msgspec.structs.replace(opened(sign), policy=Policy(trail=Trail(rearm_ppm=500)))
    level, step = at("-2", sign), e8("0.049") if sign > 0 else e8("0.051")
    assert [worth_moving(position, level + sign * (step + more), level) for more in (-1, 0, 1)] == [False, True, True]
    free = msgspec.structs.replace(position, policy=Policy(trail=Trail(rearm_ppm=0)))
    assert [worth_moving(free, level + sign * more, level) for more in (-1, 0, 1)] == [False, False, True]
    assert [worth_moving(free, stop, 0) for stop in (0, 1)] == [False, True]


def test_every_pair_of_policy_and_side_never_loosens() -> None:
    """Up and down by a cent: no stop is ever looser than the one before."""
    moves = [*range(0, 700, 7), *range(700, -150, -11), *range(-150, 1_200, 13)]
    for policy, sign in itertools.product(POLICIES.values(), (1, -1)):
        position, stops = opened(sign, policy), []
        for move in moves:
            position = seen_price(position, e8("100") + sign * move * CENT)
            made = wanted(position, CENT, FEE)
            position = msgspec.structs.replace(position, stop_price=made.stop_price, stop_why=made.why)
            stops.append(sign * made.stop_price)
        assert stops == sorted(stops)
