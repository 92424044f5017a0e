"""What holds of a symbol whatever comes, in whatever order; `symbol_world` makes what may come.

 1  a position is the sum of its signed fills
 2  an exit only reduces, never more than is held; its prices and quantities are on the venue's grids, and so are those of an entry
 3  what is placed lies on its side of the price
 4  a stop never loosens
 5  revisions grow, and an id is used once
 6  one entry and one plan at a time, and none after a close
 7  a halt adds nothing
 8  what is held is protected: a stop is wanted from the first fill on, and rests from the guard on
 9  the same events give the same bytes
10  a fill that comes again, however late, changes nothing
11  left alone it comes to rest
12  a short is a long in the mirror
13  what is not due a beat leaves alone
14  an intent, a status or an answer that comes twice counts once

15 to 20 hold of an account (`test_account`), 21 of both doors together (`test_reservations`), 22 of what a reader may leave out (`test_watch`), 23 to
26 of what rests at the venue (`test_protection_at_the_venue`).
"""
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.core.commands import Close, Deny, Note, Plan, PlanStep, Propose, Step
from streams.core.events import Beat, EntryReported, Filled, Intent, PlanReported, Tick
from streams.core.exits import wanted
from streams.core.protected import STOPS, rests_at
from streams.core.settings import Policy, Rung, Settings, Tighten, Trail
from streams.core.symbol import SymbolState, step
from streams.core.values import PPM, Side
from tests import make
from tests.core.symbol_world import CENT, UNIT, Drawn, World

IN_R = Trail(distance_r_ppm=700_000, activation_r_ppm=200_000, rearm_ppm=0)
SETTINGS = Settings(opposite="flip", additions_max=2, policies={
    "default": Policy(stop_distance_min_ppm=0, target_r_ppm=0, trail=Trail(distance_ppm=0, rearm_ppm=0)),
    "trail": Policy(stop_distance_min_ppm=0, target_r_ppm=1_500_000, trail=IN_R),
    "rungs": Policy(
        stop_distance_min_ppm=0, targets=(Rung(500_000, 300_000), Rung(300_000, 600_000), Rung(200_000, PPM)), trail=IN_R, break_even_r_ppm=150_000,
    ),
    "runner": Policy(stop_distance_min_ppm=0, targets=(Rung(400_000, 300_000),), trail=IN_R, tighten=(Tighten(PPM, 300_000),), time_max_ms=60_000),
})
DRAWN = st.lists(st.tuples(st.integers(0, 23), st.integers(0, 100), st.integers(0, 100)), max_size=60)
replace = msgspec.structs.replace
PLACES = {Step.PLACE_STOP, Step.PLACE_TARGET}


def played(drawn: list[Drawn], given: Settings = SETTINGS, sign: int = 1) -> World:
    world = World(given, sign)
    world.play(drawn)
    return world


@given(DRAWN)
@settings(max_examples=100)
def test_1_a_position_is_the_sum_of_its_fills(drawn: list[Drawn]) -> None:
    world = played(drawn)
    book = world.state.books.get("main")
    assert (book.position.held.quantity if book and book.position else 0) == sum(world.fills.values())


@given(DRAWN)
@settings(max_examples=100)
def test_2_exits_only_reduce_and_are_on_the_grid(drawn: list[Drawn]) -> None:
    for _, _, after, outputs in played(drawn).told:
        asked = [output for output in outputs if isinstance(output, Propose)]
        assert [price % CENT for output in asked for price in (output.entry_price, output.stop_price, output.target_price)] == [0] * 3 * len(asked)
        for plan in (output for output in outputs if isinstance(output, Plan)):
            position = after.books["main"].position
            assert position is not None
            assert (plan.side, plan.position_id) == (position.side.opposite, position.held.position_id)
            for placed in (s for s in plan.steps if s.step is not Step.CANCEL):
                assert 0 < placed.quantity <= position.size
                assert placed.quantity % UNIT == placed.trigger_price % CENT == 0
                assert placed.trigger_price > 0 or placed.step is Step.REDUCE
            sold = sum(s.quantity for s in plan.steps if s.step in {Step.PLACE_TARGET, Step.REDUCE})
            assert sold <= position.size


@given(DRAWN)
@settings(max_examples=100)
def test_3_what_is_placed_lies_on_its_side_of_the_price(drawn: list[Drawn]) -> None:
    world = played(drawn)
    for _, _, after, outputs in world.told:
        market = after.market
        if not market.believed or after.time - market.mark_time > SETTINGS.ages.mark_max:
            continue
        for plan in (output for output in outputs if isinstance(output, Plan)):
            sign = plan.side.opposite.sign
            wrong = [s for s in plan.steps if s.step is Step.PLACE_STOP and sign * (market.last - s.trigger_price) <= 0]
            wrong += [s for s in plan.steps if s.step is Step.PLACE_TARGET and sign * (s.trigger_price - market.last) <= 0]
            assert wrong == []


@given(DRAWN)
@settings(max_examples=100)
def test_4_a_stop_never_loosens(drawn: list[Drawn]) -> None:
    tightest: dict[str, int] = {}
    for _, _, _, outputs in played(drawn).told:
        for plan in (output for output in outputs if isinstance(output, Plan)):
            for stop in (s for s in plan.steps if s.step is Step.PLACE_STOP):
                tight = stop.trigger_price * plan.side.opposite.sign
                assert tight >= tightest.get(plan.position_id, tight)
                tightest[plan.position_id] = tight


@given(DRAWN)
@settings(max_examples=100)
def test_5_revisions_grow_and_ids_are_used_once(drawn: list[Drawn]) -> None:
    exits = [output for _, _, _, outputs in played(drawn).told for output in outputs if isinstance(output, Plan | Close)]
    assert [output.revision for output in exits] == list(range(len(exits)))
    names = [output.client_order_id for output in exits if isinstance(output, Close)]
    names += [s.client_order_id for output in exits if isinstance(output, Plan) for s in output.steps if s.step is not Step.CANCEL]
    assert len(set(names)) == len(names)


@given(DRAWN)
@settings(max_examples=100)
def test_6_one_entry_and_one_plan_at_a_time_and_none_after_a_close(drawn: list[Drawn]) -> None:
    for before, body, after, outputs in played(drawn).told:
        book, then = before.books.get("main"), after.books.get("main")
        if any(isinstance(output, Propose) for output in outputs):
            assert book is None or book.entry is None or isinstance(body, Filled | EntryReported)
        if any(isinstance(output, Plan) for output in outputs) and book is not None:
            assert then is not None
            assert not then.closing
            assert book.under_way is None or isinstance(body, PlanReported) or then.position != book.position
            assert then.under_way is not None
            assert then.under_way.plan in outputs
        assert sum(isinstance(output, Plan | Close) for output in outputs) <= 1
        assert sum(isinstance(output, Propose) for output in outputs) <= 1


@given(DRAWN)
@settings(max_examples=100)
def test_7_a_halt_adds_nothing(drawn: list[Drawn]) -> None:
    for before, _, _, outputs in played(drawn).told:
        assert not (before.market.halted and any(isinstance(output, Propose) for output in outputs))


@given(DRAWN, st.booleans())
@settings(max_examples=100)
def test_8_what_is_held_is_protected(drawn: list[Drawn], adopt: bool) -> None:  # noqa: FBT001  (drawn)
    for _, body, after, _ in played(drawn, replace(SETTINGS, adopt=adopt)).told:
        for book in after.books.values():
            if book.position is not None and adopt and after.market.believed and isinstance(body, Filled | Tick | PlanReported):
                assert book.position.stop_first > 0
            if book.position is not None and (book.position.intent_id or book.position.stop_first):
                want, sign = wanted(book.position, CENT, 0).stop_price, book.position.side.sign
                assert want > 0
                assert sign * want >= sign * book.position.stop_first
            if book.position is not None and book.position.guard is not None:
                assert rests_at(book.position) > 0


@given(DRAWN)
@settings(max_examples=60)
def test_9_the_same_events_give_the_same_bytes(drawn: list[Drawn]) -> None:
    one, other = played(drawn), played(drawn)
    assert msgspec.msgpack.encode(one.state) == msgspec.msgpack.encode(other.state)
    assert [outputs for *_, outputs in one.told] == [outputs for *_, outputs in other.told]
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(one.state), type=SymbolState) == one.state


@given(DRAWN)
@settings(max_examples=100)
def test_10_a_fill_that_comes_again_changes_nothing(drawn: list[Drawn]) -> None:
    world = played(drawn)
    for _, body, _, _ in [told for told in world.told if isinstance(told[1], Filled)][-20:]:
        before = world.state.books["main"]
        after, outputs = step(world.state, make.seen(body, world.state.time), SETTINGS)
        assert replace_times(after.books["main"].position) == replace_times(before.position)
        assert not any(isinstance(output, Propose) for output in outputs)


def replace_times(position: Any) -> Any:  # noqa: ANN401
    """The books of a position, without what a plan that was due anyhow changes."""
    return position and (position.held, position.realised, position.fees, position.exit, position.resting, position.guard)


@given(DRAWN)
@settings(max_examples=60)
def test_11_left_alone_it_comes_to_rest(drawn: list[Drawn]) -> None:
    """With every plan done as it was wished and a price that stands, planning ends, and what rests is what is wanted."""
    world = played(drawn)
    world.seen(make.control("RESUME"))
    plans = []
    for _ in range(12):
        world.now += 3_000
        outputs = world.seen(world.tick_at(world.price))
        plans.append([output for output in outputs if isinstance(output, Plan)])
        under_way = world.state.books["main"].under_way if "main" in world.state.books else None
        if under_way is not None:
            world.seen(all_done(under_way.plan))
    assert plans[-3:] == [[], [], []]
    book = world.state.books.get("main")
    position = book.position if book else None
    if book is None or position is None or position.guard is None or book.closing:
        return
    assert {order.quantity for order in position.resting if order.leg == "stop"} <= {position.size}
    targets = [order for order in position.resting if order.leg not in STOPS]
    if all(position.side.sign * (world.price - order.price) < 0 for order in targets):      # one that is reached is the venue's to fill
        assert sum(order.quantity for order in targets) <= position.size


def all_done(plan: Plan) -> Any:  # noqa: ANN401
    placed = tuple(s.client_order_id for s in plan.steps if s.step is not Step.CANCEL)
    cancelled = tuple(s.client_order_id for s in plan.steps if s.step is Step.CANCEL)
    return make.answer(plan.position_id, plan.revision, accepted=placed, cancelled=cancelled)


@given(DRAWN)
@settings(max_examples=100)
def test_12_a_short_is_a_long_in_the_mirror(drawn: list[Drawn]) -> None:
    long, short = played(drawn), played(drawn, sign=-1)
    for (_, body, _, outputs), (_, _, _, others) in zip(long.told, short.told, strict=True):
        assert [told(output, long) for output in outputs] == [told(output, short) for output in others], body


def told(output: Any, world: World) -> Any:  # noqa: ANN401
    """An output as the long's world tells it."""
    def of(placed: PlanStep) -> tuple[Any, ...]:
        return placed.step, placed.quantity, world.across(placed.trigger_price), placed.client_order_id.split("-")[1]

    match output:
        case Plan():
            return "plan", output.reason, Side(world.side(output.side)), tuple(of(placed) for placed in output.steps), output.revision
        case Propose():
            return "propose", output.intent_id, Side(world.side(output.side)), world.across(output.stop_price), world.across(output.target_price)
        case Close():
            return "close", output.reason, output.intents, output.revision
        case _:
            return type(output), getattr(output, "reason", None), world.sign * getattr(output, "quantity", 0), getattr(output, "exit", None)


@given(DRAWN)
@settings(max_examples=100)
def test_13_what_is_not_due_a_beat_leaves_alone(drawn: list[Drawn]) -> None:
    from streams.core.symbol import due  # noqa: PLC0415

    world = played(drawn)
    if not due(world.state, world.now + 1_000, SETTINGS):
        after, outputs = step(world.state, make.seen(Beat("w"), world.now + 1_000), SETTINGS)
        assert outputs == ()
        assert after.books == world.state.books


@given(DRAWN)
@settings(max_examples=60)
def test_14_what_comes_twice_counts_once(drawn: list[Drawn]) -> None:
    for _, body, after, _ in played(drawn).told:
        if isinstance(body, Intent | EntryReported | PlanReported | Filled):
            again, said = step(after, make.seen(body, after.time), SETTINGS)
            assert again == replace(after, seq=after.seq + 1)
            assert {type(output) for output in said} <= {Deny, Note}


@pytest.mark.parametrize("seed", range(3))
def test_the_world_reaches_what_it_is_for(seed: int) -> None:
    """A property that never meets a plan, a close or a flat position says nothing."""
    numbers = [(seed * 7_919 + n * 104_729) % 1_000_003 for n in range(6_000)]
    world = played([(numbers[n] % 24, numbers[n + 1] % 101, numbers[n + 2] % 101) for n in range(0, 5_998, 3)])
    kinds = {type(output) for *_, outputs in world.told for output in outputs}
    assert {Propose, Plan, Close} <= kinds
