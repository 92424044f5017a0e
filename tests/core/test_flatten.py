"""The account's words to everybody: closes of a flatten and answers to wishes, by whole values."""
from typing import Any

import pytest

from streams.core.account import AccountState, new, step
from streams.core.events import FlattenWanted, GatewaySeen, Intent, ModeSet, ModeWanted, PositionUpdated
from streams.core.ids import flatten_id
from streams.core.settings import Settings
from streams.core.words import Action, Exit, Mode
from tests import make

NOW = make.NOON
FLAT = FlattenWanted("main", "", "night", "ann", "r1")


def after(*bodies: Any, state: AccountState | None = None) -> tuple[AccountState, tuple[Any, ...]]:  # noqa: ANN401
    state, outputs = state or new("main"), tuple[Any, ...]()
    for offset, body in enumerate(bodies):
        state, outputs = step(state, make.seen(body, NOW, offset), Settings())
    return state, outputs


def holds(symbol: str) -> PositionUpdated:
    return PositionUpdated("main", symbol, 1, quantity=5, mark=7, margin_asset="USDT")


def close(symbol: str, request_id: str) -> Intent:
    return Intent(
        flatten_id("main", symbol, request_id), symbol, Action.CLOSE, "main", timestamp=NOW, reason=Exit.FLATTEN, source="risk", comment="ann: night",
    )


def test_it_counts_its_events() -> None:
    state, _ = after(holds("A"), holds("B"))
    assert (state.seq, state.time) == (2, NOW)


@pytest.mark.parametrize(("wish", "request_id", "symbols"), [
    pytest.param(FLAT, "r1", ("A", "B"), id="everything"),
    pytest.param(FlattenWanted("main", "B", "night", "ann", "r1"), "r1", ("B",), id="one symbol"),
    pytest.param(FlattenWanted("main", "C", "night", "ann", "r1"), "r1", (), id="one that holds nothing"),
    pytest.param(FlattenWanted("main", "", "night", "ann", ""), "topic-0-2", ("A", "B"), id="without an id: named by its place"),
])
def test_a_flatten_is_a_close_of_each(wish: FlattenWanted, request_id: str, symbols: tuple[str, ...]) -> None:
    _, (answer, *closes) = after(holds("B"), holds("A"), wish)
    assert answer == ModeSet("main", Mode.ACTIVE, "", wish.request_id, symbols)
    assert closes == [close(symbol, request_id) for symbol in symbols]


def test_a_request_is_worked_once_and_one_without_an_id_each_time() -> None:
    state, _ = after(holds("A"), FLAT)
    assert after(FLAT, state=state)[1] == ()
    nameless = FlattenWanted("main", "", "night", "ann", "")
    state, first = after(nameless, state=state)
    assert len(first) == len(after(nameless, state=state)[1]) == 2


def test_a_wish_is_answered_with_the_mode_in_force() -> None:
    state, answers = after(ModeWanted("main", Mode.HALTED, "night", "ann", "r1"))
    assert answers == (ModeSet("main", Mode.HALTED, "ann: night", "r1"),)
    assert after(ModeWanted("main", Mode.HALTED, "night", "ann", "r1"), state=state)[1] == ()
    assert after(GatewaySeen("main", "g2", 0, 0, 0, 0, 0), state=state)[1] == (ModeSet("main", Mode.HALTED, "ann: night"),)
