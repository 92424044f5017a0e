"""Broken records of every kind on every input topic of every agent: a dead letter each, and the next good record is worked by the same process.

What is only careless is no fault: a record without a key, or with somebody else's, in somebody else's partition, is worked where it belongs.
"""
import asyncio
import json
from collections.abc import Iterable
from itertools import cycle
from pathlib import Path
from typing import Any

import msgspec
import pytest
from confluent_kafka import Message, Producer

from streams.agents.turns import VALUE_KEPT
from streams.core.commands import Bury, Decided
from streams.runtime.broker import EmbeddedBroker
from streams.runtime.records import FIRST
from streams.wire.codec import HEADER, encode
from streams.wire.log import read
from streams.wire.topics import COMPACTED, DEAD_LETTER, DECISION_LOG, PARTITIONS, TOPICS, partition_of
from tests.chaos.house import WORKERS, House, buy, until
from tests.wire.examples import EXAMPLES

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]
READERS = {
    **dict.fromkeys(("price.tick", "trade.intent", "order.fill", "order.status", "instrument"), ("positions",)),
    **dict.fromkeys(("order.proposal", "position.update"), ("risk",)), "account.event": ("risk", "gateway-main"),
    **dict.fromkeys(("order.command", "exit.command"), ("gateway-main",)),
}
KEYED = {
    "price.tick": "tick", "trade.intent": "trade_intent", "order.fill": "filled", "order.status": "entry_reported", "instrument": "instrument",
    "order.proposal": "propose", "position.update": "position_updated", "account.event": "balance_seen",
}
COMMANDS = {"order.command": "enter", "exit.command": "plan"}
BY_NAME = {topic.name: topic for topic in TOPICS}
LOST = ("PARTITION_WRONG",)
BATCH = 200                           # bytes around a record that count for the broker's limit
CODECS = ("none", "gzip", "snappy", "lz4", "zstd")                      # producers pack as they like
Place = tuple[str, int, int]


class Sent(msgspec.Struct, frozen=True):
    """A record that is to be written, and what is expected of it: the reason of its dead letter."""

    topic: str
    value: bytes | None
    reason: str
    key: bytes | None = b"BTCUSDT"
    partition: int = -1               # the partitioner's choice
    headers: tuple[tuple[str, bytes], ...] = ()

    def told(self, place: Place) -> Place:
        """The place that its dead letter names: the first one, where it says that it was routed on."""
        return (self.topic, 3, 1_000_000) if self.headers else place

    @property
    def readers(self) -> tuple[str, ...]:
        """Who cannot read it; only keyed states have a home, and the gateway takes a command from any partition."""
        return READERS[self.topic][: None if self.reason not in LOST else 1]


def broken(topic: str) -> list[Sent]:
    """What is no message of the topic, whoever it is that reads it."""
    good = encode(EXAMPLES[{**KEYED, **COMMANDS}[topic]])
    header, junk, intent = good[: HEADER.size], b"\xff" * 40, topic == "trade.intent"
    values = [
        (None, "EMPTY"), (b"", "EMPTY"),
        (junk, "JSON" if intent else "HEADER"), (b"\x01" + good[1:], "JSON" if intent else "HEADER"), (b"\x00", "HEADER"),
        (HEADER.pack(0, 65_000) + good[HEADER.size :], "SCHEMA_UNKNOWN"), (encode(EXAMPLES["lag_reported"]), "TOPIC_WRONG"),
        (good[:-1], "AVRO"), (good + b"\x00", "AVRO"), (header + junk, "AVRO"),
        (_wrong_field(topic), "ORDER_TYPE" if intent else "AVRO" if topic in NO_WORDS else "FIELD"),
        (b"\x00" * (BY_NAME[topic].bytes_max - BATCH), "SCHEMA_UNKNOWN" if intent else "TOO_LARGE"),
    ]
    sent = [Sent(topic, value, reason, key=_no_key(topic) if number % 2 else b"BTCUSDT") for number, (value, reason) in enumerate(values)]
    return [*sent, Sent(topic, b"\x00", "HEADER", key=b"k" * (BY_NAME[topic].bytes_max - 2 * BATCH))]


WORDS = {"trade.intent": b"LIMIT", "order.fill": b"SELL", "order.status": b"CLOSED", "order.proposal": b"LIMIT", "position.update": b"STRANGER",
         "order.command": b"LIMIT", "exit.command": b"STRANGER"}
NO_WORDS = {"price.tick": b"symbol", "instrument": b"symbol", "account.event": b"account"}


def _wrong_field(topic: str) -> bytes:
    """A word that is none of the few, or, where a message has only free ones, one that is no text."""
    good, word = encode(EXAMPLES[{**KEYED, **COMMANDS}[topic]]), {**WORDS, **NO_WORDS}[topic]
    assert word in good
    return good.replace(word, b"\xff" * len(word) if topic in NO_WORDS else b"X" * len(word))


def _no_key(topic: str) -> bytes | None:
    """A compacted topic takes no record without one."""
    return b"none" if BY_NAME[topic].keep is COMPACTED else None


def misplaced(topic: str) -> list[Sent]:
    """Readable, and lost between the partitions: it says that it was routed on already, or it is too large to be."""
    good = _good(topic, f"LOST{topic[:2].upper()}")
    away = (partition_of(_place(good)) + 1) % PARTITIONS
    lost = [Sent(topic, encode(good), "PARTITION_WRONG", partition=away, headers=((FIRST, b"3 1000000 1"),))]
    if topic == "trade.intent":
        room = BY_NAME[topic].bytes_max - 2 * BATCH
        text = json.dumps({"symbol": good.symbol, "action": "BUY", "note": "x" * room}).encode()
        lost.append(Sent(topic, text[: room - 2] + text[-2:], "TOO_LARGE", partition=away))
    return lost


def careless(topic: str) -> list[tuple[Sent, str]]:
    """Good records, and the key of the state that works them."""
    found = []
    for number, (key, shift) in enumerate(((_no_key(topic), 0), (b"somebody else", 0), (_no_key(topic), 5), (b"somebody else", 7))):
        good = _good(topic, f"GOOD{number}{topic.replace('.', '').upper()}")
        partition = (partition_of(_place(good)) + shift) % PARTITIONS
        found.append((Sent(topic, encode(good), "", key=key, partition=partition), _place(good).decode()))
    return found


def _good(topic: str, name: str) -> Any:  # noqa: ANN401
    """A message about a symbol, or an account, of this name."""
    example = EXAMPLES[KEYED[topic]]
    changes = {field: name for field in ("symbol", "account", "intent_id", "trade_id") if field in example.__struct_fields__}
    return msgspec.structs.replace(example, **changes)


def _place(message: Any) -> bytes:  # noqa: ANN401
    field = next(topic.key for topic in TOPICS if type(message) in topic.messages)
    return str(getattr(message, field)).encode()


async def test_every_kind_on_every_topic(tmp_path: Path, own_broker: EmbeddedBroker) -> None:
    async with House(tmp_path, own_broker) as house:
        house.publish([buy("before-all-that", "BTCUSDT")])                   # its books are read from here on by a gateway that starts
        await until(lambda: _stands(house, "BTCUSDT"), "a good intent is worked")
        pids = {name: house.pid(name) for name in WORKERS}
        wrong = [sent for topic in READERS for sent in broken(topic)] + [sent for topic in KEYED for sent in misplaced(topic)]
        good = [one for topic in KEYED for one in careless(topic)]
        places = await asyncio.to_thread(_write, own_broker.bootstrap, [*wrong, *(sent for sent, _ in good)])
        by_place = {sent.told(place): sent for sent, place in zip(wrong, places, strict=False)}
        wanted = {(place, group, sent.reason) for place, sent in by_place.items() for group in sent.readers}
        try:
            await until(lambda: asyncio.to_thread(_has_letters, house, wanted), "each broken record is a dead letter of each of its readers", 90)
        except AssertionError as failure:
            failure.add_note("\n".join(map(str, sorted(wanted - _told(house)))))
            raise
        await until(lambda: asyncio.to_thread(_has_worked, house, {(sent.topic, key) for sent, key in good}), "careless records are worked", 60)
        house.publish([buy("after-all-that", "ETHUSDT")])
        await until(lambda: _stands(house, "ETHUSDT"), "the next good intent is worked to the end")
        assert {name: house.pid(name) for name in WORKERS} == pids
        letters = _letters(house)
        assert {(letter.topic, letter.partition, letter.offset) for letter in letters} == {place for place, _, _ in wanted}
        assert _untrue(letters, by_place) == []
        house.kill("gateway")
        await until(lambda: house.pid("gateway") not in (0, pids["gateway"]), "the gateway is started again")
        since = (await house.look()).now
        await until(lambda: house.pipeline.board.heard["reconciled"] > since, "a gateway starts on such books")
        assert (await house.look()).twice == {}


def _write(bootstrap: str, records: Iterable[Sent]) -> list[Place]:
    """Where they came to lie, in their order."""
    places: list[Place] = []

    def delivered(error: object, message: Message) -> None:
        assert error is None
        places.append((str(message.topic()), int(message.partition() or 0), int(message.offset() or 0)))

    options = {"partitioner": "murmur2_random", "acks": "all", "log_level": 0, "message.max.bytes": 16_000_000}
    producers = [Producer({"bootstrap.servers": bootstrap, "compression.type": codec, **options}) for codec in CODECS]
    for record, producer in zip(records, cycle(producers), strict=False):
        producer.produce(
            record.topic, record.value, key=record.key, partition=record.partition, headers=list(record.headers), on_delivery=delivered
        )
        assert producer.flush(20) == 0
    return places


def _letters(house: House) -> list[Bury]:
    return [record.message for record in read(house.broker.bootstrap, [DEAD_LETTER.name]) if isinstance(record.message, Bury)]


def _told(house: House) -> set[tuple[Place, str, str]]:
    return {((letter.topic, letter.partition, letter.offset), letter.group, letter.reason) for letter in _letters(house)}


def _has_letters(house: House, wanted: set[tuple[Place, str, str]]) -> bool:
    return _told(house) >= wanted


def _untrue(letters: Iterable[Bury], sent: dict[Place, Sent]) -> list[Bury]:
    """Those that do not hold the record's bytes, or as many of them as can be kept."""
    found = []
    for letter in letters:
        value = sent[letter.topic, letter.partition, letter.offset].value
        if letter.value != (value and value[:VALUE_KEPT]) or (len(value or b"") > VALUE_KEPT) != ("bytes of its value" in letter.detail):
            found.append(letter)
    return found


def _has_worked(house: House, wanted: set[tuple[str, str]]) -> bool:
    decisions = [record.message for record in read(house.broker.bootstrap, [DECISION_LOG.name]) if isinstance(record.message, Decided)]
    return {(one.topic, one.key) for one in decisions} >= wanted


async def _stands(house: House, symbol: str) -> bool:
    seen = await house.look()
    return symbol in seen.held and not seen.bare
