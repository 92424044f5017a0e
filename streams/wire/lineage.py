"""Which records belong together: an intent, its orders, its fills and its position name each other, so any of them leads to all.

Two records are linked when they share an id; the lineage of an id is everything that can be reached from it. `names` says which ids a message
holds; a message of another kind holds none, and is nobody's lineage. Of an intent that cannot be read, its id is looked for in its bytes.
"""
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

import msgspec

from streams.core import commands as c
from streams.core import events as e
from streams.core.ids import placed_id
from streams.wire.codec import intent_id_in
from streams.wire.log import Record
from streams.wire.topics import (
    DEAD_LETTER,
    DECISION_LOG,
    EXIT_COMMAND,
    ORDER_COMMAND,
    ORDER_FILL,
    ORDER_LEDGER,
    ORDER_PROPOSAL,
    ORDER_STATUS,
    POSITION_UPDATE,
    TRADE_INTENT,
)

TOPICS = tuple(
    topic.name
    for topic in (
        TRADE_INTENT, ORDER_PROPOSAL, ORDER_COMMAND, EXIT_COMMAND, ORDER_LEDGER, ORDER_STATUS, ORDER_FILL, POSITION_UPDATE, DECISION_LOG, DEAD_LETTER,
    )
)


class Link(msgspec.Struct, frozen=True, order=True):
    """One record of a lineage, as `streams why` tells it. Ordered by the log's time, then by place."""

    log_time: int
    topic: str
    partition: int
    offset: int
    kind: str
    id: str
    venue_time: int
    detail: dict[str, Any]


def lineage(records: Iterable[Record], wanted: str) -> list[Link]:
    """Everything linked to the id, oldest first; empty where nothing names it."""
    by_id: dict[str, list[Record]] = defaultdict(list)
    ids = [wanted]
    for record in records:
        for name in named(record):
            by_id[name].append(record)
        if wanted in (getattr(record.message, "trade_id", ""), getattr(record.message, "venue_order_id", "")):
            ids += named(record)
    found: dict[tuple[str, int, int], Record] = {}
    seen = set(ids)
    while ids:
        for record in by_id.get(ids.pop(), ()):
            found[(record.topic, record.partition, record.offset)] = record
            fresh = named(record) - seen
            seen |= fresh
            ids += fresh
    return sorted((_link(record) for record in found.values()), key=lambda link: (link.log_time, link.topic, link.partition, link.offset))


def named(record: Record) -> set[str]:
    """The ids that a record holds.

    Snapshots between opening and closing say nothing new and hold none. The venue's numbers are unique within a symbol only: they lead to a record
    (`lineage` takes them), but link none.
    """
    message = record.message
    place = placed_id(record.topic, record.partition, record.offset)
    match message:
        case e.Intent():
            ids = {message.intent_id or place}
        case e.PositionUpdated():
            ids = {message.position_id} if message.closed_at else set()
        case e.Filled():
            ids = {message.client_order_id, message.position_id}
        case c.Plan():
            ids = {message.position_id, *(step.client_order_id for step in message.steps)}
        case c.Close():
            ids = {message.position_id, message.client_order_id, *message.intents}
        case c.Decided():
            refused = {denial.intent_id for denial in message.denials}
            ids = {message.subject, *message.outputs, *refused} if message.verdict is not c.Verdict.STEPPED else set()
        case c.Bury():
            ids = {placed_id(message.topic, message.partition, message.offset), place, _buried_id(message.topic, message.value)}
        case None:
            ids = {place, _buried_id(record.topic, record.value)} if record.unreadable else set()
        case _:
            fields = ("intent_id", "entry_id", "guard_id", "flat_id", "client_order_id", "position_id")
            ids = {getattr(message, field, "") for field in fields}
    return ids - {""}


def _buried_id(topic: str, value: bytes | None) -> str:
    return intent_id_in(value) if topic == TRADE_INTENT.name else ""


def _link(record: Record) -> Link:
    message = record.message
    fields = {"detail": record.unreadable} if message is None else msgspec.to_builtins(message)
    told = {name: value for name, value in fields.items() if value not in ("", 0, None, (), [], False)}
    return Link(
        record.log_time, record.topic, record.partition, record.offset, "Unreadable" if message is None else type(message).__name__, _own_id(record),
        getattr(message, "venue_time", 0), told,
    )


def _own_id(record: Record) -> str:
    """The id under which people know the record."""
    message, place = record.message, placed_id(record.topic, record.partition, record.offset)
    match message:
        case e.Filled():
            return message.trade_id
        case c.Decided():
            return message.subject
        case c.Enter():
            return message.entry_id
        case c.Plan():
            return f"{message.position_id}/{message.revision}"
        case e.Intent():
            return message.intent_id or place
        case c.Bury():
            return _buried_id(message.topic, message.value) or placed_id(message.topic, message.partition, message.offset)
        case None:
            return _buried_id(record.topic, record.value) or place
        case _:
            return getattr(message, "client_order_id", "") or getattr(message, "position_id", "") or getattr(message, "intent_id", "") or place
