"""What others are told of a book: whole snapshots, from the proposal to the last word."""
from typing import Any

import msgspec
import pytest

from streams.core.book import Book, Entry, farewell, snapshot
from streams.core.events import PositionUpdated
from streams.core.ids import position_id
from streams.core.market import Market
from streams.core.positions import Held
from streams.core.protected import Position, Resting
from streams.core.symbol import new, step
from streams.core.values import Side, e8
from streams.core.words import Exit
from tests import make

PLACE = position_id("main", make.SYMBOL, "t1")
KNOWN: dict[str, Any] = {"mark": e8("100"), "margin_asset": "USDT"}
OURS: dict[str, Any] = {"source": "momentum", "model": "m1"}


def test_the_snapshots_of_a_life() -> None:
    bodies = (
        make.INSTRUMENT, make.tick("100"), make.intent("i1", "BUY", source="momentum", model="m1"),
        make.entry("i1", "DONE", filled="3"),
        make.fill("buy", "1", "99", make.entry_id("i1"), "t1", fee="0.05"),
        make.entry("i1", "PROTECTED", guard_price="98"),
        make.fill("buy", "2", "99.3", make.entry_id("i1"), "t2", fee="0.1"),
        make.fill("sell", "3", "101.2", make.guard_id("i1"), "t3", fee="0.15"),
    )
    state, told = new(make.SYMBOL), []
    for second, body in enumerate(bodies):
        state, outputs = step(state, make.seen(body, make.NOON + second), make.SETTINGS)
        told += [output for output in outputs if isinstance(output, PositionUpdated)]
    begun: dict[str, Any] = {"opened_at": make.NOON + 4}
    opened: dict[str, Any] = {"quantity": e8("1"), "price_average": e8("99"), "unrealised_pnl": e8("1"), "fees": e8("0.05")}
    flying: dict[str, Any] = {"entry_intent_id": "i1", "entry_remaining": e8("2")}
    assert told == [
        PositionUpdated("main", make.SYMBOL, 4, **KNOWN, entry_intent_id="i1", entry_remaining=e8("3")),
        PositionUpdated("main", make.SYMBOL, 5, PLACE, **KNOWN, **OURS, **begun, **opened, **flying),
        PositionUpdated("main", make.SYMBOL, 6, PLACE, **KNOWN, **OURS, **begun, **opened, **flying, stop_price=e8("98"), guarded=True),
        PositionUpdated(
            "main", make.SYMBOL, 7, PLACE, e8("3"), e8("99.2"), **KNOWN, **OURS, **begun, stop_price=e8("98"), guarded=True,
            unrealised_pnl=e8("2.4"), fees=e8("0.15"),
        ),
        PositionUpdated(
            "main", make.SYMBOL, 8, PLACE, **KNOWN, **OURS, **begun, closed_at=make.NOON + 7, exit=Exit.STOP, realised_pnl=e8("6"), fees=e8("0.3"),
        ),
    ]


OPEN = Book("main", Position(Held(e8("2"), e8("99"), "p-1"), opened_at=5, realised=e8("1"), fees=3, funding=-2, resting=(
    Resting("s", "stop", e8("98"), e8("2"), Exit.TRAIL), Resting("r0", "rung0", e8("103"), e8("1"), Exit.TARGET),
    Resting("r1", "rung1", e8("104"), e8("1"), Exit.TARGET),
)))
TOLD = PositionUpdated(
    "main", make.SYMBOL, 7, "p-1", e8("2"), e8("99"), e8("100"), "USDT", e8("98"), e8("103"), opened_at=5, realised_pnl=e8("1"),
    unrealised_pnl=e8("2"), fees=3, funding=-2,
)


@pytest.mark.parametrize(("market", "told"), [
    pytest.param(Market(make.INSTRUMENT, mark_believed=e8("100")), TOLD, id="the first target, and the stop"),
    pytest.param(Market(make.INSTRUMENT), msgspec.structs.replace(TOLD, mark=0, unrealised_pnl=0), id="no price to believe: no open profit"),
    pytest.param(Market(mark_believed=e8("100")), msgspec.structs.replace(TOLD, margin_asset=""), id="no filters: of no asset"),
])
def test_a_snapshot(market: Market, told: PositionUpdated) -> None:
    assert snapshot(OPEN, make.SYMBOL, 7, market) == told


@pytest.mark.parametrize(("due", "until", "awaits"), [(1, 8, True), (1, 7, False), (0, 8, False)])
def test_fills_are_awaited_for_a_while(due: int, until: int, *, awaits: bool) -> None:
    assert Book("main", fills_due=due, fills_until=until).awaits(7) == awaits


def test_the_last_word_names_the_entry_that_is_in_flight() -> None:
    entry = Entry(make.intent("i2", "BUY"), "x", Side.BUY, e8("98"), (), make.PLAIN)
    position = OPEN.position
    assert position is not None
    told = farewell(Book("main", entry=entry), make.SYMBOL, 7, Market(), position, position.held, 9)
    assert told == PositionUpdated(
        "main", make.SYMBOL, 7, "p-1", entry_intent_id="i2", opened_at=5, closed_at=9, exit=Exit.STRANGER, realised_pnl=e8("1"), fees=3, funding=-2,
    )
