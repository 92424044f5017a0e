"""The symbol's door: what every event leaves in the state, and what its outputs carry beside the words that the stories tell."""
from typing import Any

import msgspec
import pytest

from streams.core.commands import Close, Deny, Plan, Propose
from streams.core.events import Beat, PositionUpdated
from streams.core.ids import position_id
from streams.core.settings import Settings
from streams.core.symbol import SymbolState, due, new, step
from streams.core.values import e8
from streams.core.words import Exit
from tests import make

replace = msgspec.structs.replace
TWO = replace(make.SETTINGS, accounts=("main", "second"))
PLACE = position_id("main", make.SYMBOL, "t1")
OPENED = (
    make.INSTRUMENT, make.tick("100"), make.intent("i1", "BUY", policy="trail"), make.fill("buy", "1", "100", make.entry_id("i1"), "t1"),
    make.entry("i1", "DONE", filled="1"), make.entry("i1", "PROTECTED", guard_price="98"),
)


def after(*bodies: Any, settings: Settings = make.SETTINGS, passed: int = 100) -> tuple[SymbolState, tuple[Any, ...]]:  # noqa: ANN401
    """The state after them, one each so many milliseconds, and what followed the last."""
    state, outputs = new(make.SYMBOL), tuple[Any, ...]()
    for number, body in enumerate(bodies):
        state, outputs = step(state, make.seen(body, make.NOON + number * passed, number), settings)
    return state, outputs


def test_a_state_counts_its_events_and_knows_the_highest_time() -> None:
    state, _ = after(*OPENED)
    assert (state.seq, state.time) == (6, make.NOON + 500)
    state, _ = step(state, make.seen(make.tick("100"), make.NOON), make.SETTINGS)        # a log's clock may seem to run back
    assert (state.seq, state.time) == (7, make.NOON + 500)


@pytest.mark.parametrize(("body", "by_tick"), [(make.tick("103"), True), (make.intent("c1", "CLOSE"), False)])
def test_what_leaves_tells_when_it_was_decided_and_by_which_tick(body: Any, by_tick: bool) -> None:  # noqa: ANN401, FBT001  (a row)
    state, (said,) = after(*OPENED, body)
    assert (type(said), said.decided_at, said.tick_time) == (Plan if by_tick else Close, state.time, state.time if by_tick else 0)


@pytest.mark.parametrize(("last", "by_tick"), [(make.tick("97"), True), (Beat("w"), False)])
def test_a_close_tells_so_too(last: Any, by_tick: bool) -> None:  # noqa: ANN401, FBT001  (a row)
    state, outputs = after(*OPENED, make.tick("97"), make.tick("97"), last, passed=800)
    (close,) = [output for output in outputs if isinstance(output, Close)]
    assert (close.reason, close.decided_at, close.tick_time) == (Exit.PRICE_THROUGH_STOP, state.time, state.time if by_tick else 0)


@pytest.mark.parametrize("last", [make.entry("i1", "PROTECTED", guard_price="98"), make.exit_report(PLACE, make.guard_id("i1"), "WORKING", "98")])
def test_a_plan_that_a_report_let_go_was_asked_for_by_no_tick(last: Any) -> None:  # noqa: ANN401
    unguarded = OPENED[:-1] if last.__class__.__name__ == "EntryReported" else (*OPENED, make.exit_report(PLACE, make.guard_id("i1"), "CANCELLED"))
    state, outputs = after(*unguarded, make.tick("103"), last)
    (plan,) = [output for output in outputs if isinstance(output, Plan)]
    assert (plan.reason, plan.decided_at, plan.tick_time) == (Exit.TRAIL, state.time, 0)


def test_a_plan_after_an_answer_or_a_fill_was_asked_for_by_no_tick() -> None:
    state, (first,) = after(*OPENED, make.tick("103"))
    made = []
    for body in (
        make.tick("104"), make.answer(PLACE, 0, accepted=(first.steps[0].client_order_id,)), make.answer(PLACE, 1),
        make.fill("buy", "1", "104", "web_1", "t2"),
    ):
        state, outputs = step(state, make.seen(body, state.time + 2_000), make.SETTINGS)
        made += [(output.revision, output.decided_at == state.time, output.tick_time) for output in outputs if isinstance(output, Plan)]
    assert made == [(1, True, 0), (2, True, 0)]


def test_a_beat_tells_what_is_held() -> None:
    state, outputs = after(*OPENED, Beat("w"))
    assert outputs == (PositionUpdated(
        "main", make.SYMBOL, state.seq, PLACE, e8("1"), e8("100"), e8("100"), "USDT", e8("98"), 0, guarded=True, opened_at=make.NOON + 300,
    ),)
    assert due(state, state.time, make.SETTINGS)
    assert not due(new(make.SYMBOL), make.NOON, make.SETTINGS)


def test_a_stop_that_has_done_its_work_is_not_closed_for_while_its_fills_are_awaited() -> None:
    """The price has been beyond it for long, but what rests now is the guard."""
    state, outputs = after(*OPENED, make.tick("102"))
    (plan,) = outputs
    stop = plan.steps[0].client_order_id
    said: list[Any] = []
    for body in (make.answer(PLACE, 0, accepted=(stop,)), make.tick("100.9"), make.exit_report(PLACE, stop, "FINISHED"), Beat("w"), Beat("w")):
        state, outputs = step(state, make.seen(body, state.time + 800), make.SETTINGS)
        said += [output for output in outputs if isinstance(output, Close)]
    assert said == []


# ------------------------------------------------------------------------------------------------ intents


def test_what_travels_on_of_an_intent_is_bounded() -> None:
    long = make.intent("i1", "BUY", account="", source="s" * 300, model="m" * 300, regime="r" * 300, comment="c" * 300, extra="{}")
    state, _ = after(make.INSTRUMENT, make.tick("100"), long, settings=replace(make.SETTINGS, default_account="main"))
    entry = state.books["main"].entry
    assert entry is not None
    assert entry.intent == replace(long, account="main", source="s" * 200, model="m" * 200, regime="r" * 200, comment="", extra="")


def test_an_intent_of_no_account_is_the_default_ones() -> None:
    _, outputs = after(make.INSTRUMENT, make.tick("100"), make.intent("i1", "BUY", account=""), settings=replace(TWO, default_account="second"))
    assert [(output.account, output.intent_id) for output in outputs] == [("second", "i1")]


def test_an_account_that_is_not_set_up_leaves_nothing_behind() -> None:
    state, outputs = after(make.intent("i1", "BUY", account="third"))
    assert [type(output) for output in outputs] == [Deny]
    assert state.books == {}


def test_an_id_is_remembered_once() -> None:
    state, _ = after(make.intent("c1", "CLOSE"))
    again, _ = step(state, make.seen(make.intent("c1", "CLOSE"), state.time), make.SETTINGS)
    assert again.known == state.known


@pytest.mark.parametrize("last", [make.INSTRUMENT, make.tick("100")])
def test_whoever_waits_in_whatever_account_is_tried_again(last: Any) -> None:  # noqa: ANN401
    first = make.tick("100") if last is make.INSTRUMENT else make.INSTRUMENT
    asked = (make.intent("i1", "BUY"), make.intent("i2", "SELL", account="second"))
    _, outputs = after(first, *asked, last, settings=TWO)
    assert [(output.account, output.intent_id) for output in outputs if isinstance(output, Propose)] == [("main", "i1"), ("second", "i2")]


def test_an_idle_book_before_a_busy_one_holds_nothing_up() -> None:
    idle = (make.intent("c1", "CANCEL"), make.intent("i2", "BUY", account="second"))
    state, outputs = after(make.INSTRUMENT, *idle, make.tick("100"), settings=TWO)
    assert list(state.books) == ["main", "second"]
    assert [output.intent_id for output in outputs if isinstance(output, Propose)] == ["i2"]


def test_what_is_no_fact_of_a_symbol_stops_the_worker() -> None:
    with pytest.raises(AssertionError, match="no branch for 'nonsense'"):
        step(new(make.SYMBOL), make.seen("nonsense"), make.SETTINGS)
