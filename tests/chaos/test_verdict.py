"""What a drill's verdict says of what it is shown: each broken promise is seen, and a gateway's absence counts as its restart."""
from typing import Any

import msgspec
import pytest

from streams.core.commands import Decided, Verdict
from streams.core.events import EntryReported, Filled, Intent
from streams.core.ids import client_order_id
from streams.core.values import Side
from streams.core.words import Action, EntryState
from streams.drill.blows import What, blows
from streams.drill.verdict import Seen, Span, Told, told_of, verdict
from streams.wire.log import Record
from streams.wire.topics import TOPIC_OF

replace = msgspec.structs.replace
ENTRY = client_order_id("main", "BTCUSDT", "i1", "entry")
FLAT = Seen(100_000, {}, [], {ENTRY: 1, "somebody's": 2}, 2, [])


def fill(trade_id: str, side: str, quantity: int) -> Filled:
    return Filled("main", "BTCUSDT", Side(side), quantity, 1, 0, "USDT", 0, trade_id, ENTRY, "", "p", is_maker=False, venue_time=0)


BOTH = [fill("1", "BUY", 5), fill("2", "SELL", 5)]


def broken(told: Told, seen: Seen, struck: list[Span] | None = None, away: list[Span] | None = None) -> list[str]:
    return [f"{rule.name}: {'; '.join(rule.wrong)}" for rule in verdict(told, seen, struck or [], away or []) if not rule.held]


def test_all_is_well() -> None:
    assert broken(Told(fills=BOTH), FLAT) == []


@pytest.mark.parametrize(("told", "seen", "said"), [
    (Told(fills=BOTH), replace(FLAT, created={ENTRY: 2}), f"every order was made once: {ENTRY} 2 times"),
    (Told(fills=[*BOTH, fill("2", "SELL", 5), fill("3", "BUY", 5)]), replace(FLAT, trades=3),
     "every trade is booked once: trade 2 of BTCUSDT is booked 2 times"),
    (Told(fills=BOTH), replace(FLAT, trades=3), "every trade is booked once: 2 trades in the log, 3 at the exchange"),
    (Told(fills=BOTH, intents={"i1"}), FLAT, "every intent has its answer: i1 was never decided"),
    (Told(fills=BOTH, entries={"i1": ENTRY}), FLAT, "every intent has its answer: the entry of i1 has no end"),
    (Told(fills=[fill("1", "BUY", 5), fill("2", "SELL", 7), fill("3", "BUY", 2)]), replace(FLAT, trades=3),
     f"no trade turned a position over: {ENTRY} of BTCUSDT: from 5 to -2"),
    (Told(fills=BOTH), replace(FLAT, resting=["qs-stop"]), "nothing outlives its position: qs-stop rests at the end"),
    (Told(fills=BOTH), replace(FLAT, orphans=[Span("BTCUSDT", 50_000, 52_100)]),
     "nothing outlives its position: BTCUSDT for 2.1 s from 50000, left alone; 2.0 s are allowed"),
])
def test_a_broken_promise_is_seen(told: Told, seen: Seen, said: str) -> None:
    assert broken(told, seen) == [said]


@pytest.mark.parametrize(("lasted", "struck", "away", "held"), [
    (1_900, [], [], True),
    (2_100, [], [], False),                                   # nobody did anything
    (4_900, [Span("fault", 48_000, 49_000)], [], True),
    (4_900, [Span("fault", 30_000, 31_000)], [], False),      # long ago
    (5_100, [Span("fault", 48_000, 49_000)], [], False),
    (12_900, [Span("kill gateway", 50_000, 50_000)], [Span("no gateway", 50_000, 58_000)], True),
    (13_100, [Span("kill gateway", 50_000, 50_000)], [Span("no gateway", 50_000, 58_000)], False),
])
def test_how_long_a_position_may_be_without_a_stop(lasted: int, struck: list[Span], away: list[Span], *, held: bool) -> None:
    seen = replace(FLAT, bare=[Span("BTCUSDT", 50_000, 50_000 + lasted)])
    assert (broken(Told(fills=BOTH), seen, struck, away) == []) is held


def test_the_log_is_read_by_ids() -> None:
    decided = Decided("positions", "BTCUSDT", 1, "trade.intent", 2, 0, 0, 0, "Intent", Verdict.DENIED, "trade.intent-2-0", "", "", (), "")
    told = told_of([
        record(Intent("", "BTCUSDT", Action.BUY)), record(decided), record(BOTH[0]), record(EntryReported("main", "BTCUSDT", "i1", EntryState.DONE)),
    ])
    assert (told.intents, told.decided, told.ended, told.fills) == ({"trade.intent-2-0"}, {"trade.intent-2-0"}, {"i1"}, BOTH[:1])


def record(message: Any) -> Record:  # noqa: ANN401
    return Record(TOPIC_OF[type(message)].name, 2, 0, 0, None, message, b"")


def test_the_same_seed_strikes_the_same_blows() -> None:
    one, other, another = ([next(drawn) for _ in range(200)] for drawn in map(blows, (1, 1, 2)))
    assert one == other != another
    assert {blow.what for blow in one} == set(What)
    assert {"gateway", "positions", "risk", "feed", "broker", "exchange"} <= {blow.victim for blow in one}
