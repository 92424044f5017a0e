"""What a drill's verdict says of what it is shown: each broken promise is seen, and what cannot be said is not said."""
from typing import Any

import msgspec
import pytest

from streams.core.commands import Decided, Verdict
from streams.core.events import EntryReported, Filled, Intent
from streams.core.ids import client_order_id
from streams.core.values import Side
from streams.core.words import Action, EntryState
from streams.drill.blows import What, blows
from streams.drill.verdict import AWAY, CALM, STRUCK, Audited, Rule, Seen, Shown, Span, Told, told_of, verdict
from streams.wire.log import Record
from streams.wire.topics import TOPIC_OF

replace = msgspec.structs.replace
ENTRY = client_order_id("main", "BTCUSDT", "i1", "entry")
FLAT = Seen(100_000, {}, [], {ENTRY: 1, "somebody's": 2}, 2, [])


def fill(trade_id: str, side: str, quantity: int) -> Filled:
    return Filled("main", "BTCUSDT", Side(side), quantity, 1, 0, "USDT", 0, trade_id, ENTRY, "", "p", is_maker=False, venue_time=0)


BOTH = [fill("1", "BUY", 5), fill("2", "SELL", 5)]


WELL = Shown(Told(fills=BOTH), Audited(), FLAT)


def broken(shown: Shown) -> list[str]:
    return [f"{rule.name}: {'; '.join(rule.wrong)}" for rule in verdict(shown) if rule.held is False]


def of(shown: Shown, words: str) -> Rule:
    [found] = [rule for rule in verdict(shown) if words in rule.name]
    return found


def test_all_is_well() -> None:
    rules = verdict(WELL)
    assert {rule.held for rule in rules} == {True}
    assert len({rule.name for rule in rules}) == len(rules) == 13


@pytest.mark.parametrize(("told", "seen", "said"), [
    (Told(fills=BOTH), replace(FLAT, created={ENTRY: 2}), f"every order was made once: {ENTRY} 2 times"),
    (Told(fills=[*BOTH, fill("2", "SELL", 5), fill("3", "BUY", 5)]), replace(FLAT, trades=3),
     "every trade is booked once: trade 2 of BTCUSDT is booked 2 times"),
    (Told(fills=BOTH), replace(FLAT, trades=3), "every trade is booked once: 2 trades in the log, 3 at the exchange"),
    (Told(fills=BOTH, intents={"i1"}), FLAT, "every intent has its answer: i1 was never decided"),
    (Told(fills=BOTH, entries={"i1": ENTRY}), FLAT, "every intent has its answer: the entry of i1 has no end"),
    (Told(fills=[fill("1", "BUY", 5), fill("2", "SELL", 7), fill("3", "BUY", 2)]), replace(FLAT, trades=3),
     f"no trade turned a position over: {ENTRY} of BTCUSDT: from 5 to -2"),
    (Told(fills=BOTH), replace(FLAT, resting=["qs-stop"]), "nothing rests at the end: qs-stop"),
    (Told(fills=BOTH), replace(FLAT, orphans=[Span("BTCUSDT", 50_000, 52_100)]),
     "exit orders without a position, left alone: 2 s at most: BTCUSDT for 2.1 s from 50000, left alone; 2.0 s are allowed"),
    (Told(fills=BOTH[:1]), replace(FLAT, held={"BTCUSDT": 5}, trades=1), "the books are the exchange's: BTCUSDT is still held"),
])
def test_a_broken_promise_is_seen(told: Told, seen: Seen, said: str) -> None:
    assert broken(replace(WELL, told=told, seen=seen)) == [said]


LATE = "LATE       order.fill-3@2  main BTCUSDT: trade 2 stands after 3: booked 9.3 s late, and in this order everywhere"
LOST = "LOST       order.fill-3@4  main BTCUSDT: a fill before it is missing"


def test_a_fill_that_was_booked_late_is_told_and_one_that_is_lost_is_broken() -> None:
    late = of(replace(WELL, audited=Audited(late=(LATE,))), "lost, doubled or out of order")
    assert (late.held, late.figure, late.wrong) == (True, f"none; 1 booked late ({LATE})", ())
    assert broken(replace(WELL, audited=Audited((LOST,), (LATE,)))) == [f"no fill is lost, doubled or out of order: {LOST}"]


@pytest.mark.parametrize(("lasted", "struck", "away", "kind", "held"), [
    (1_900, [], [], CALM, True),
    (2_100, [], [], CALM, False),                             # nobody did anything
    (4_900, [Span("fault", 48_000, 49_000)], [], STRUCK, True),
    (4_900, [Span("fault", 30_000, 31_000)], [], CALM, False),      # long ago
    (5_100, [Span("fault", 48_000, 49_000)], [], STRUCK, False),
    (12_900, [Span("kill gateway", 50_000, 50_000)], [Span("no gateway", 50_000, 58_000)], AWAY, True),
    (13_100, [Span("kill gateway", 50_000, 50_000)], [Span("no gateway", 50_000, 58_000)], AWAY, False),
])
def test_how_long_a_position_may_be_without_a_stop(lasted: int, struck: list[Span], away: list[Span], kind: str, *, held: bool) -> None:
    """Each of the three is judged by itself, and says what fell upon it."""
    shown = replace(WELL, seen=replace(FLAT, bare=[Span("BTCUSDT", 50_000, 50_000 + lasted)]), struck=struck, away=away)
    one = of(shown, f"without a live stop, {kind}")
    assert (one.held, one.figure.startswith(f"{lasted / 1000:.2f} s of "), one.figure.endswith("1 times")) == (held, True, True)
    assert ("during" in one.figure) is (kind != CALM)
    others = [rule.figure for rule in verdict(shown) if "without a live stop" in rule.name and rule is not one and rule.name != one.name]
    assert (others, len(broken(shown))) == (["never"] * 2, 0 if held else 1)


def test_what_had_not_come_to_rest_when_it_ended_is_not_said_to_be_broken() -> None:
    """And what can never be mended is."""
    told = Told(fills=[*BOTH[:1], *BOTH[:1]], intents={"i1"}, entries={"i1": ENTRY})
    seen = replace(FLAT, held={"BTCUSDT": 5}, resting=["qs-guard"], created={ENTRY: 2}, trades=1)
    rules = {rule.name: rule for rule in verdict(replace(WELL, told=told, seen=seen, rest=False))}
    open_yet = [name for name, rule in rules.items() if rule.held is None]
    assert open_yet == ["every intent has its answer", "the books are the exchange's", "nothing rests at the end"]
    assert rules["every intent has its answer"].figure == "1 intents, 1 entries; not at rest when it ended"
    assert [name for name, rule in rules.items() if rule.held is False] == ["every order was made once", "every trade is booked once"]


@pytest.mark.parametrize(("shown", "by", "unsaid"), [
    (replace(WELL, seen=None), "the exchange could not be read", 10),
    (replace(WELL, told=None, audited=None), "the log could not be read", 5),
])
def test_what_nobody_can_tell_is_not_said_to_hold(shown: Shown, by: str, unsaid: int) -> None:
    rules = [rule for rule in verdict(shown) if rule.held is None]
    assert ({rule.figure for rule in rules}, len(rules)) == ({by}, unsaid)


def test_the_log_is_read_by_ids() -> None:
    decided = Decided("positions", "BTCUSDT", 1, "trade.intent", 2, 0, 0, 0, "Intent", Verdict.DENIED, "trade.intent-2-0", "", "", (), "")
    told = told_of([
        record(Intent("", "BTCUSDT", Action.BUY)), record(decided), record(BOTH[0]), record(EntryReported("main", "BTCUSDT", "i1", EntryState.DONE)),
    ])
    assert (told.intents, told.decided, told.ended, told.fills) == ({"trade.intent-2-0"}, {"trade.intent-2-0"}, {"i1"}, BOTH[:1])


def test_what_is_under_way_is_known_by_the_log() -> None:
    told = Told({"i1", "i2"}, {"i1"}, {"i1": ENTRY}, set(), [*BOTH, fill("3", "SELL", 4)])
    assert (told.unanswered, told.held) == (["i2 was never decided", "the entry of i1 has no end"], {"BTCUSDT": -4})
    assert (Told({"i1"}, {"i1"}, {"i1": ENTRY}, {"i1"}, BOTH).unanswered, Told(fills=BOTH).held) == ([], {})


def record(message: Any) -> Record:  # noqa: ANN401
    return Record(TOPIC_OF[type(message)].name, 2, 0, 0, None, message, b"")


def test_the_same_seed_strikes_the_same_blows() -> None:
    one, other, another = ([next(drawn) for _ in range(200)] for drawn in map(blows, (1, 1, 2)))
    assert one == other != another
    assert {blow.what for blow in one} == set(What)
    assert {"gateway", "positions", "risk", "feed", "broker", "exchange"} <= {blow.victim for blow in one}
