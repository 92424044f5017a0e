"""What the topics say happened, record by record, in whatever order and however often they come. The live view and the summary read it."""
from collections import Counter
from typing import Any

import msgspec

from streams.core.commands import Bury, Close, Decided, Enter, Plan, Propose, Verdict
from streams.core.events import Filled, Intent, PositionUpdated
from streams.core.ids import placed_id
from streams.core.ledger import EntryRecord, ExitRecord, OrderState
from streams.core.words import Exit
from streams.wire.log import Record
from streams.wire.topics import (
    DEAD_LETTER,
    DECISION_LOG,
    EXIT_COMMAND,
    ORDER_COMMAND,
    ORDER_FILL,
    ORDER_LEDGER,
    ORDER_PROPOSAL,
    POSITION_UPDATE,
    TRADE_INTENT,
)

TOPICS = tuple(
    topic.name
    for topic in (
        TRADE_INTENT, ORDER_PROPOSAL, ORDER_COMMAND, EXIT_COMMAND, ORDER_LEDGER, ORDER_FILL, POSITION_UPDATE, DECISION_LOG, DEAD_LETTER,
    )
)
Place = tuple[str, int, int]


class Tally(msgspec.Struct):
    """Everything by its id, so that a repeated record changes nothing. Times are epoch ms of the log."""

    intents: dict[str, int] = {}                          # intent id -> log_time
    proposals: dict[str, int] = {}
    commands: dict[str, tuple[Enter, int]] = {}
    exits: dict[tuple[str, int], int] = {}                # position id, revision -> ms from the tick that asked
    fills: dict[tuple[str, str, str], Filled] = {}        # account, symbol, trade id
    denials: dict[tuple[str, Place], Decided] = {}        # by the event that was denied, or that denied others
    positions: dict[tuple[str, str], PositionUpdated] = {}  # account, symbol -> the newest
    opened: dict[str, int] = {}                           # position id -> when
    closed: dict[str, PositionUpdated] = {}               # position id -> its end
    orders: dict[str, OrderState] = {}                    # client order id -> the newest state in the ledger
    round_trips: dict[tuple[str, int], int] = {}          # client order id, sent_at -> ms until the venue's answer
    buried: set[Place] = set()

    def take(self, record: Record) -> None:
        message, at = record.message, record.log_time
        match message:
            case Intent():
                _first(self.intents, message.intent_id or placed_id(record.topic, record.partition, record.offset), at)
            case Propose():
                _first(self.proposals, message.intent_id, at)
            case Enter():
                self.commands.setdefault(message.intent_id, (message, at))
            case Plan() | Close() if message.tick_time:
                _first(self.exits, (message.position_id, message.revision), at - message.tick_time)
            case Filled():
                self.fills.setdefault((message.account, message.symbol, message.trade_id), message)
            case PositionUpdated():
                self._position(message)
            case Decided() if message.verdict is Verdict.DENIED or message.denials:
                self.denials.setdefault((message.group, (message.topic, message.partition, message.offset)), message)
            case Bury():
                self.buried.add((message.topic, message.partition, message.offset))
            case EntryRecord() | ExitRecord():
                self._order(message)

    def _position(self, seen: PositionUpdated) -> None:
        newest = self.positions.get((seen.account, seen.symbol))
        if newest is None or seen.seq >= newest.seq:
            self.positions[seen.account, seen.symbol] = seen
        if seen.position_id and seen.opened_at:
            self.opened.setdefault(seen.position_id, seen.opened_at)
        if seen.position_id and seen.closed_at:
            self.closed.setdefault(seen.position_id, seen)

    def _order(self, order: EntryRecord | ExitRecord) -> None:
        self.orders[order.key] = order.state
        self._answered(order.key, order.sent_at, order.answered_at)
        if isinstance(order, EntryRecord):
            self._answered(order.guard_id, order.guard_sent_at, order.guard_answered_at)

    def _answered(self, client_order_id: str, sent_at: int, answered_at: int) -> None:
        if sent_at and answered_at:
            self.round_trips[client_order_id, sent_at] = answered_at - sent_at

    @property
    def held(self) -> list[PositionUpdated]:
        return [position for position in self.positions.values() if position.quantity]

    def denied(self) -> Counter[str]:
        return Counter(told.reason for decision in self.denials.values() for told in decision.denials or (decision,))

    def left(self) -> Counter[Exit]:
        return Counter(end.exit for end in self.closed.values() if end.exit is not None)

    def hops(self) -> dict[str, list[int]]:
        """Milliseconds by hop, of the hops that the log alone can tell."""
        return {
            "intent_to_proposal": [at - self.intents[intent] for intent, at in self.proposals.items() if intent in self.intents],
            "intent_to_command": [at - self.intents[intent] for intent, (_, at) in self.commands.items() if intent in self.intents],
            "tick_to_exit": list(self.exits.values()),
            "rest": list(self.round_trips.values()),
        }


def _first(known: dict[Any, int], name: Any, value: int) -> None:  # noqa: ANN401
    known[name] = min(value, known.get(name, value))
