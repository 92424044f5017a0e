"""Topics as code: their names, keys, keeping and messages. `streams topics apply` makes what is missing and `check` compares; nothing deletes.

Every topic has 12 partitions in every environment: a key's partition is part of the contract (murmur2 of its raw bytes).
"""
from functools import cache
from typing import Any

import msgspec
from aiokafka.partitioner import murmur2

from streams.core import commands as c
from streams.core import events as e
from streams.core import ledger
from streams.core.earnings import DayBooked
from streams.core.funding import Funded

PARTITIONS = 12
DAY_MS = 86_400_000
RECORD_MAX = 1_572_864                # bytes: our producers refuse more
MESSAGE_MAX = 65_536                  # bytes of a fact or a request: ten times the longest that is meant; states are made of them
FRAMING = 2_048                       # bytes of a record beside its key, value and headers, generously
COMPACTED = {
    "cleanup.policy": "compact",
    "min.compaction.lag.ms": "3600000",                  # a last record may rank lower than the one before: keep both an hour
    "segment.bytes": "4194304",       # a broker compacts no segment that it still writes to; at its own gigabyte a start would read days of records
}


def kept(days: int) -> dict[str, str]:
    return {"cleanup.policy": "delete", "retention.ms": str(days * DAY_MS if days else -1)}


class Topic(msgspec.Struct, frozen=True):
    """`key` is the field of its messages that keys it; empty: see the message."""

    name: str
    key: str
    messages: tuple[type, ...]
    keep: dict[str, str]
    bytes_max: int = 2 * 1024 * 1024
    message_max: int = MESSAGE_MAX    # bytes of a value that is read; more is no message

    @property
    def config(self) -> dict[str, str]:
        """The broker unpacks what producers pack: a worker needs no codec for them, and no record is larger in its hands than the topic allows."""
        return {
            **self.keep, "message.timestamp.type": "LogAppendTime", "max.message.bytes": str(self.bytes_max), "compression.type": "uncompressed",
        }


PRICE_TICK = Topic("price.tick", "symbol", (e.Tick, e.Beat), kept(7))
TRADE_INTENT = Topic("trade.intent", "symbol", (e.Intent,), kept(90), bytes_max=1024 * 1024, message_max=1024 * 1024)
INSTRUMENT = Topic("instrument", "symbol", (e.Instrument, e.SymbolControlled), COMPACTED)
ORDER_PROPOSAL = Topic("order.proposal", "account", (c.Propose,), kept(7))
ORDER_COMMAND = Topic("order.command", "symbol", (c.Enter,), kept(90))
EXIT_COMMAND = Topic("exit.command", "symbol", (c.Plan, c.Close, c.Withdraw), kept(90))
ORDER_STATUS = Topic("order.status", "symbol", (e.EntryReported, e.PlanReported, e.ExitReported, Funded), kept(90))
ORDER_LEDGER = Topic("order.ledger", "key", ledger.LEDGER, COMPACTED, message_max=RECORD_MAX)
ORDER_FILL = Topic("order.fill", "symbol", (e.Filled,), kept(0))
POSITION_UPDATE = Topic("position.update", "account", (e.PositionUpdated,), kept(7))
ACCOUNT_EVENT = Topic(
    "account.event", "account",
    (e.BalanceSeen, e.ModeWanted, e.FlattenWanted, e.ModeSet, e.GatewaySeen, e.LagSeen, DayBooked, e.Beat), kept(90),
)
DECISION_LOG = Topic("decision.log", "key", (c.Decided, c.SettingsSeen), kept(90), message_max=RECORD_MAX)
DEAD_LETTER = Topic("dead.letter", "", (c.Bury,), kept(30), message_max=RECORD_MAX)
LAG_STATUS = Topic("lag.status", "group", (c.LagReported,), COMPACTED)
POSITIONS_CHANGELOG = Topic("positions-positions-changelog", "", (), COMPACTED)
ACCOUNTS_CHANGELOG = Topic("risk-accounts-changelog", "", (), COMPACTED)

TOPICS: tuple[Topic, ...] = (
    PRICE_TICK, TRADE_INTENT, INSTRUMENT, ORDER_PROPOSAL, ORDER_COMMAND, EXIT_COMMAND, ORDER_STATUS, ORDER_LEDGER, ORDER_FILL,
    POSITION_UPDATE, ACCOUNT_EVENT, DECISION_LOG, DEAD_LETTER, LAG_STATUS, POSITIONS_CHANGELOG, ACCOUNTS_CHANGELOG,
)
TOPIC_OF: dict[type, Topic] = {message: topic for topic in TOPICS for message in topic.messages if message is not e.Beat}


@cache
def record_max(topic: str) -> int:
    """Bytes of key, value and headers that a producer of ours can write there: the client's limit, or the topic's where that is narrower."""
    return min([RECORD_MAX, *(one.bytes_max for one in TOPICS if one.name == topic)]) - FRAMING


def key_of(message: Any) -> bytes | None:  # noqa: ANN401  (any message of TOPIC_OF)
    """The raw key bytes of a message; a beat has none, it is written to a partition."""
    if isinstance(message, c.Bury):
        return message.key
    field = TOPIC_OF[type(message)].key
    if isinstance(message, c.SettingsSeen):
        field = "group"
    return str(getattr(message, field)).encode()


def partition_of(key: bytes, partitions: int = PARTITIONS) -> int:
    """Where every producer of ours, and Java's default one, puts a key."""
    return int((murmur2(key) & 0x7FFFFFFF) % partitions)
