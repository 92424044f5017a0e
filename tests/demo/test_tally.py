"""One story of the log, told once, told twice, told in any order: the tally is the same."""
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from streams.core.commands import Bury, Close, Decided, Denial, Deny, Enter, Plan, Propose, Verdict
from streams.core.events import Filled, Intent, PositionUpdated
from streams.core.ledger import EntryRecord, ExitRecord, OrderState
from streams.core.values import E8, Side
from streams.core.words import Action, Exit, OrderType
from streams.demo.tally import Tally
from streams.wire.log import Record

T = 1_700_000_000_000


def decided(verdict: Verdict, subject: str, reason: str, offset: int) -> Decided:
    return Decided("positions", "BTCUSDT", 1, "trade.intent", 0, offset, offset, T, "Intent", verdict, subject, reason, "", (), "hash")


def filled(trade_id: str, client_order_id: str, venue_time: int) -> Filled:
    return Filled(
        "main", "BTCUSDT", Side.BUY, E8, 100 * E8, E8, "USDT", 0, trade_id, client_order_id, "1", "p-1", is_maker=False, venue_time=venue_time,
    )


def proposed(intent_id: str) -> Propose:
    return Propose(
        "main", "BTCUSDT", intent_id, 1, Side.BUY, OrderType.MARKET, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, "USDT", 1, 1, 1, 1, 1, 1, 1, "default", "", "",
    )


ENTER = Enter("main", "BTCUSDT", "i-1", "e-1", "g-1", "f-1", Side.BUY, E8, OrderType.MARKET, 0, 98 * E8, 1, T, T, T, 100 * E8)
HELD = PositionUpdated("main", "BTCUSDT", 5, "p-1", E8, 100 * E8, 100 * E8, opened_at=T + 30, unrealised_pnl=7)
LEFT = PositionUpdated("main", "BTCUSDT", 9, "p-1", opened_at=T + 30, closed_at=T + 90, exit=Exit.TARGET, realised_pnl=3)
OTHER = PositionUpdated("main", "ETHUSDT", 4, "p-2", -E8, 100 * E8, 100 * E8, opened_at=T + 40, unrealised_pnl=-2)
NAMELESS = 1                          # of the story: an intent without an id is another one at every place
STORY: list[tuple[str, int, Any]] = [
    ("trade.intent", T, Intent("i-1", "BTCUSDT", Action.BUY)),
    ("trade.intent", T + 1, Intent("", "BTCUSDT", Action.CLOSE)),
    ("order.proposal", T + 4, proposed("i-1")),
    ("order.command", T + 9, ENTER),
    ("decision.log", T + 5, decided(Verdict.DENIED, "i-2", "ENTRY_IN_FLIGHT", 1)),
    ("decision.log", T + 5, decided(Verdict.PROPOSED, "i-1", "", 0)),
    ("decision.log", T + 6, replace(decided(Verdict.PROPOSED, "i-all", "", 7), denials=(Deny("second", "BTCUSDT", "a-2", Denial.POSITION_OPEN),))),
    ("order.fill", T + 20, filled("1", "e-1", T + 17)),
    ("order.fill", T + 21, filled("2", "e-1", T + 18)),
    ("position.update", T + 22, HELD),
    ("position.update", T + 23, OTHER),
    ("exit.command", T + 60, Plan("main", "BTCUSDT", "p-1", 0, Side.SELL, (), Exit.TRAIL, T, tick_time=T + 57)),
    ("exit.command", T + 70, Close("main", "BTCUSDT", "p-1", 1, (), "c-1", Exit.TIME, T, tick_time=T + 68)),
    ("exit.command", T + 75, Close("main", "ETHUSDT", "p-2", 0, (), "c-2", Exit.CLOSE, T)),
    ("position.update", T + 90, LEFT),
    ("dead.letter", T + 95, Bury("trade.intent", 3, 8, "positions", "JSON", "", None, b"x", T)),
]
ENTRY = EntryRecord("main", "BTCUSDT", "i-1", "e-1", "g-1", "f-1", sent_at=T + 10)
LEDGER: list[EntryRecord | ExitRecord] = [
    ENTRY,
    replace(ENTRY, state=OrderState.UNKNOWN),
    replace(ENTRY, state=OrderState.DONE, answered_at=T + 16, guard_sent_at=T + 17, guard_answered_at=T + 21),
    ExitRecord("main", "ETHUSDT", "p-2", "c-2", "exit", Side.BUY, state=OrderState.UNKNOWN, sent_at=T + 76),
]


def records() -> list[Record]:
    """The story, each at an offset of its own."""
    return [Record(topic, 0, offset, at, b"key", message, b"") for offset, (topic, at, message) in enumerate(STORY)]


def ledger() -> list[Record]:
    return [Record("order.ledger", 0, offset, T, record.key.encode(), record, b"") for offset, record in enumerate(LEDGER)]


def tallied(records: list[Record]) -> Tally:
    tally = Tally()
    for record in records:
        tally.take(record)
    return tally


def test_the_story() -> None:
    tally = tallied([*records(), *ledger()])
    assert tally.intents == {"i-1": T, "trade.intent-0-1": T + 1}
    assert tally.denied() == {"ENTRY_IN_FLIGHT": 1, "POSITION_OPEN": 1}
    assert tally.left() == {Exit.TARGET: 1}
    assert tally.opened == {"p-1": T + 30, "p-2": T + 40}
    assert tally.held == [OTHER]
    assert tally.buried == {("trade.intent", 3, 8)}
    assert tally.orders == {"e-1": OrderState.DONE, "c-2": OrderState.UNKNOWN}
    assert len(tally.fills) == 2
    assert {hop: sorted(took) for hop, took in tally.hops().items()} == {
        "intent_to_proposal": [4], "intent_to_command": [9], "tick_to_exit": [2, 3], "rest": [4, 6],
    }


@given(st.permutations(range(len(STORY))), st.lists(st.integers(0, len(STORY) - 1), max_size=20))
def test_repeats_and_other_orders_change_nothing(order: list[int], again: list[int]) -> None:
    told = records()
    repeated = [replace(told[number], offset=99 + at, log_time=told[number].log_time + 500) for at, number in enumerate(again) if number != NAMELESS]
    assert tallied([*(told[number] for number in order), *repeated]) == tallied(told)
