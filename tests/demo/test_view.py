"""The live view at the two widths that people have, full, empty and with parts down."""
from collections.abc import Iterator
from typing import Any

import pytest
from msgspec.structs import replace
from rich.cells import cell_len
from rich.console import Console

from streams.core.commands import Decided, Verdict
from streams.core.events import BalanceSeen, Beat, GatewaySeen, PositionUpdated, Tick
from streams.core.values import E8
from streams.core.words import Exit
from streams.demo.board import Board
from streams.demo.processes import Health
from streams.demo.view import line, screen
from streams.wire.log import Record

T = 1_700_000_000_000
MARK = 61_800 * E8
HELD = PositionUpdated(
    "main", "BTCUSDT", 1, "p-1", E8 // 100, 61_700 * E8, 61_700 * E8, "USDT", 61_000 * E8, 63_000 * E8, guarded=True, opened_at=T,
)
LEFT = PositionUpdated("main", "XRPUSDT", 0, closed_at=T, exit=Exit.PRICE_THROUGH_STOP, realised_pnl=-E8)
HEALTH = {"feed": Health(pid=1, starts=1), "risk": Health(starts=1, exit_code=1), "gateway": Health(pid=3, starts=3, exit_code=71)}


def facts() -> Iterator[tuple[str, int, Any]]:
    yield "account.event", T, BalanceSeen("main", "USDT", 10_000 * E8, 9_000 * E8, "RECONCILED")
    yield "price.tick", T, Tick("BTCUSDT", MARK, MARK - E8, MARK + E8, MARK, mark_is_mid=True, high=MARK, low=MARK, first_time=0, last_time=0)
    yield "position.update", T, HELD
    yield "position.update", T + 1, PositionUpdated("main", "ETHUSDT", 1, "p-2", -E8, 2_600 * E8, 2_600 * E8, opened_at=T, unrealised_pnl=-5 * E8)
    for number in range(12):
        yield "decision.log", T + number, Decided(
            "positions", "1000PEPEUSDT", number, "trade.intent", 0, number, number, T, "Intent", Verdict.DENIED, f"i-{number}",
            "EXPOSURE_ABOVE_MAXIMUM", "gross 31,000 of 30,000 allowed", (), "",
        )
        yield "position.update", T + number, replace(LEFT, seq=number, position_id=f"q-{number}")
    yield "account.event", T, GatewaySeen("main", "g", 1, 1, 0, 0, T)
    yield "price.tick", T + 20_000, Beat("positions")


@pytest.fixture
def board() -> Board:
    made = Board()
    for offset, (topic, at, message) in enumerate(facts()):
        made.take(Record(topic, 0, offset, at, b"", message, b""))
    return made


def drawn(board: Board, width: int, height: int = 50) -> list[str]:
    console = Console(width=width, height=height, color_system=None, force_terminal=True)
    with console.capture() as captured:
        console.print(screen(board, HEALTH, "demo", width, height))
    return captured.get().splitlines()


@pytest.mark.parametrize("width", [100, 140])
@pytest.mark.parametrize("height", [30, 50])
def test_it_fits(board: Board, width: int, height: int) -> None:
    lines = drawn(board, width, height)
    assert max(cell_len(row) for row in lines) <= width
    assert len(lines) <= height
    assert max(cell_len(row) for row in drawn(Board(), width)) <= width


@pytest.mark.parametrize("width", [100, 140])
def test_what_a_person_looks_for(board: Board, width: int) -> None:
    rows = [row.strip("│ ").split() for row in drawn(board, width)]
    bitcoin, ether = (next(row for row in rows if row[:1] == [symbol]) for symbol in ("BTCUSDT", "ETHUSDT"))
    size = ["0.01", "618.00"] if width == 140 else []
    assert bitcoin == ["BTCUSDT", "long", *size, "61,700.00", "61,800.00", "61,000.00", "63,000.00", "+0.00", "20", "s"]
    assert ether[-8:-4] == ["2,600.000", "2,600.000", "not", "yet"]                               # no stop rests yet
    shown = "\n".join(" ".join(row) for row in rows)
    parts = ("risk down, ended with 1", "gateway up, started 3 times 20 s")
    for words in ("EXPOSURE_ABOVE_MAXIMUM", "-1.00 PRICE_THROUGH_STOP", "equity 9,995.00", *parts):
        assert words in shown


def test_a_stop_that_moved_trails(board: Board) -> None:
    board.take(Record("position.update", 0, 99, T + 20_000, b"", replace(HELD, seq=2, stop_price=61_500 * E8), b""))
    assert any("61,500.00 trails" in row for row in drawn(board, 100))


def test_the_line_of_a_log(board: Board) -> None:
    assert line(board, HEALTH) == (
        "ACTIVE equity 9,995.00 open profit -5.00 | positions 2 (1 without a stop yet) | "
        "intents 0 denied 12 fills 0 left PRICE_THROUGH_STOP 12 | DOWN: risk"
    )
