"""`streams status`, by its pure half: what the last words of the log come to."""
from typing import Any

import msgspec
import pytest

from streams.cli.look import _told
from streams.cli.situation import Account, Holding, Part, Situation, seen
from streams.core.events import GatewaySeen, ModeSet, PositionUpdated
from streams.core.ledger import BeatRecord, CloseRecord
from streams.core.values import E8
from streams.core.words import Exit, Mode
from streams.wire.log import Record

NOW = 1_000_000
SILENT = tuple(Part(name, None) for name in ("feed", "positions", "risk", "gateway main"))


def of(*messages: Any) -> Situation:  # noqa: ANN401
    records = [Record("topic", 0, offset, NOW - 100 + offset, b"", message, b"") for offset, message in enumerate(messages)]
    return seen([], [], records, now=NOW)


def update(seq: int, quantity: int, stop: int = 0, *, guarded: bool = False) -> PositionUpdated:
    return PositionUpdated("main", "BTCUSDT", seq, "p-1", quantity * E8, 100 * E8, stop_price=stop * E8, guarded=guarded)


LEFT = PositionUpdated("main", "BTCUSDT", 7, "p-1", closed_at=NOW, exit=Exit.STRANGER)


@pytest.mark.parametrize(("updates", "quantity", "stop", "safe"), [
    pytest.param([update(1, 2, 98, guarded=True)], "2", "98", True, id="guarded"),
    pytest.param([update(1, 2)], "2", "", False, id="nothing rests"),
    pytest.param([update(1, 2, 98)], "2", "98", True, id="adopted: Exit Brain's stop rests, and no guard"),
    pytest.param([update(2, 3, 97), update(1, 2)], "3", "97", True, id="a late one is ignored"),
    pytest.param([LEFT, update(7, -1)], "-1", "", False, id="through zero in one step: what is held counts"),
    pytest.param([update(7, -1), LEFT], "-1", "", False, id="whichever is read first"),
])
def test_what_is_held_and_whether_a_stop_covers_it(updates: list[PositionUpdated], quantity: str, stop: str, *, safe: bool) -> None:
    found = of(*updates)
    guarded = updates[0].guarded
    assert (found.positions, found.safe) == ((Holding("main", "BTCUSDT", quantity, "100", stop, guarded, "0"),), safe)


def test_nothing_held_is_safe_and_silence_is_not_alive() -> None:
    assert of(LEFT) == Situation(safe=True, alive=False, accounts=(), positions=(), parts=SILENT)


def test_the_venue_is_told() -> None:
    assert _told(msgspec.structs.replace(of(LEFT), venue="testnet")).splitlines()[0] == "SAFE and NOT ALIVE, venue testnet"


def test_what_strangers_have_is_told_beside_the_mode_in_whatever_order() -> None:
    gateway, halted = GatewaySeen("main", "g", 1, 3, 2, 0, NOW), ModeSet("main", Mode.HALTED, "ann: night")
    expected = (Account("main", Mode.HALTED, "ann: night", 2),)
    assert (of(gateway, halted).accounts, of(halted, gateway).accounts) == (expected, expected)
    assert _told(of(gateway, halted)).splitlines()[1] == "  main: HALTED (ann: night); 2 orders or positions that are not ours"
    assert _told(of(GatewaySeen("main", "g", 1, 3, 0, 0, NOW))).splitlines()[1] == "  main: ACTIVE"


def test_a_dead_gateway_hides_behind_no_other() -> None:
    """One of the settings that never spoke is named too; one that was served in another year is not."""
    day = 86_400_000
    beats = [("a", NOW + day), ("b", NOW + day - 60_000), ("old", NOW)]
    ledger = [Record("order.ledger", 0, offset, at, b"", BeatRecord(account, "g", at), b"") for offset, (account, at) in enumerate(beats)]
    found = seen([], ledger, [], ["a", "c"], now=NOW + day)
    assert found.parts[3:] == (Part("gateway a", 0), Part("gateway b", 60_000), Part("gateway c", None))
    assert _told(found).splitlines()[-3:] == ["  gateway a 0.0 s ago", "  gateway b 60.0 s ago", "  gateway c silent"]


def test_a_gateway_that_is_busy_has_no_time_for_a_beat() -> None:
    ledger = [
        Record("order.ledger", 0, 0, NOW - 20_000, b"", BeatRecord("main", "g", 1), b""),
        Record("order.ledger", 1, 0, NOW - 500, b"", CloseRecord("main", "BTCUSDT", "p-1", 0, (), "x", Exit.TIME), b""),
    ]
    assert seen([], ledger, [], now=NOW).parts[3:] == (Part("gateway main", 500),)
