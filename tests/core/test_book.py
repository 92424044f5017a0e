"""What others are told of a book: whole snapshots, from the proposal to the last word."""
from typing import Any

from streams.core.events import PositionUpdated
from streams.core.ids import position_id
from streams.core.symbol import new, step
from streams.core.values import e8
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
