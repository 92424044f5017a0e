"""The log for programs that are no workers: read topics to their end, follow them, publish a few records.

Readers belong to no group, see committed records only and need no offsets of their own. Workers use `runtime` instead.
"""
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any, TypeVar

import msgspec
from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, KafkaException, Message, Producer, TopicPartition
from confluent_kafka.admin import TopicMetadata

from streams.errors import NotReachable, Unreadable, no_broker
from streams.wire.codec import decode, encode
from streams.wire.topics import TOPIC_OF, key_of

Answer = TypeVar("Answer")
TIMEOUT_S = 10.0
LISTED_S = 1.0                        # in which all brokers of a cluster know of a topic that was made
LEADER_S = 30.0                       # a busy machine takes its time to lead 200 new partitions
LEADERLESS = (KafkaError.NOT_LEADER_FOR_PARTITION, KafkaError.LEADER_NOT_AVAILABLE, KafkaError.UNKNOWN_TOPIC_OR_PART)
CLIENT = {"log_level": 0, "socket.connection.setup.timeout.ms": 5_000, "allow.auto.create.topics": False}


class Record(msgspec.Struct, frozen=True):
    """One record with its place; `message` is None where it could not be read, and `unreadable` says why."""

    topic: str
    partition: int
    offset: int
    log_time: int
    key: bytes | None
    message: Any
    value: bytes
    unreadable: str = ""


def read(bootstrap: str, topics: Sequence[str], since: int | None = None) -> Iterator[Record]:
    """Every committed record of the topics up to the end that they had at the call, partition by partition in order.

    `since` (epoch ms) starts at the first record of that log time or later. Raises NotReachable.
    """
    consumer = _consumer(bootstrap)
    try:
        yield from _to_the_end(consumer, _starts(bootstrap, consumer, topics, since))
    finally:
        consumer.close()


def tail(bootstrap: str, topics: Sequence[str], until: Callable[[], bool]) -> Iterator[Record | None]:
    """Records that come from now on, and None when nothing came for 0.1 s, until `until()`. The caller acts after the first None."""
    consumer = _consumer(bootstrap)
    try:
        consumer.assign([TopicPartition(place.topic, place.partition, _end(consumer, place)) for place in _places(bootstrap, consumer, topics)])
        yield None
        while not until():
            message = consumer.poll(0.1)
            yield None if message is None or message.error() else _record(message)
    finally:
        consumer.close()


def follow(bootstrap: str, starts: Mapping[str, int | None], until: Callable[[], bool]) -> Iterator[Record | None]:
    """What the topics hold, each from its `since` (epoch ms) or its beginning, then what comes, until `until()`.

    None is told whenever all that has come is read, from the moment on when all that was there has been. Raises NotReachable.
    """
    consumer = _consumer(bootstrap)
    try:
        places = [place for topic, since in starts.items() for place in _starts(bootstrap, consumer, [topic], since)]
        consumer.assign(places)
        left = {(place.topic, place.partition) for place in places}
        while not until():
            message = consumer.poll(0)
            if message is None:
                if not left:
                    yield None
                message = consumer.poll(0.1)
            error = message.error() if message is not None else None
            if message is not None and error is None:
                yield _record(message)
            elif message is not None and error is not None and error.code() == KafkaError._PARTITION_EOF:  # noqa: SLF001  (its only name)
                left.discard((message.topic(), message.partition()))
    finally:
        consumer.close()


def await_record(bootstrap: str, topics: Sequence[str], act: Callable[[], object], wanted: Callable[[Record], bool], seconds: float) -> Record | None:
    """Do `act` once listening, then wait for the record that answers it; None when none came in time."""
    deadline = time.monotonic() + seconds
    records = tail(bootstrap, topics, lambda: time.monotonic() > deadline)
    next(records)
    act()
    return next((record for record in records if record is not None and wanted(record)), None)


def publish(bootstrap: str, messages: Iterable[Any], *, topic: str | None = None) -> list[Record]:
    """Send messages of the topic table and wait until the broker has them. Raises NotReachable; returns their places."""
    done: list[Record] = []
    failed: list[KafkaError] = []

    def delivered(error: KafkaError | None, message: Message) -> None:
        if error is not None:
            failed.append(error)
        else:
            done.append(_record(message))

    producer = Producer({"bootstrap.servers": bootstrap, "partitioner": "murmur2_random", "acks": "all", "message.timeout.ms": 10_000, **CLIENT})
    told = list(messages)
    _places(bootstrap, producer, sorted({topic or TOPIC_OF[type(message)].name for message in told}))
    for message in told:
        raw = message if isinstance(message, bytes) else encode(message)
        producer.produce(topic or TOPIC_OF[type(message)].name, raw, key=key_of(message), on_delivery=delivered)
        producer.poll(0)
    if producer.flush(TIMEOUT_S) or failed:
        raise NotReachable(f"the broker {bootstrap} did not take the record: {failed[0] if failed else 'no answer'}", "streams kafka status")
    return done


def _consumer(bootstrap: str) -> Consumer:
    return Consumer(
        {
            "bootstrap.servers": bootstrap, "group.id": "unused", "enable.auto.commit": False, "isolation.level": "read_committed",
            "enable.partition.eof": True, "fetch.wait.max.ms": 50, **CLIENT,
        }
    )


def _places(bootstrap: str, consumer: Consumer | Producer, topics: Sequence[str]) -> list[TopicPartition]:
    """Every partition of the topics. Raises NotReachable, also where a topic is missing: it would be waited for, or read as empty."""
    known, deadline = _listed(bootstrap, consumer), time.monotonic() + LISTED_S
    while (missing := [topic for topic in topics if topic not in known]) and time.monotonic() < deadline:
        time.sleep(0.05)
        known = _listed(bootstrap, consumer)
    if missing:
        raise NotReachable(f"{_topics(missing)} missing on the broker", "streams topics apply")
    return [TopicPartition(topic, partition) for topic in topics for partition in known[topic].partitions]


def _listed(bootstrap: str, consumer: Consumer | Producer) -> dict[str, TopicMetadata]:
    try:
        topics: dict[str, TopicMetadata] = consumer.list_topics(timeout=TIMEOUT_S).topics
    except KafkaException as reason:
        raise no_broker(bootstrap, reason.args[0].str()) from None
    return topics


def _topics(names: Sequence[str]) -> str:
    return f"topic {names[0]} is" if len(names) == 1 else f"topics {', '.join(names)} are"


def _end(consumer: Consumer, place: TopicPartition) -> int:
    """The partition's end."""
    return _led(consumer, place.topic, lambda: int(consumer.get_watermark_offsets(place, timeout=TIMEOUT_S)[1]))


def _led(consumer: Consumer, topic: str, ask: Callable[[], Answer]) -> Answer:
    """The leaders' answer. A topic that was made a moment ago may have none yet: it is asked again. Raises NotReachable."""
    deadline = time.monotonic() + LEADER_S
    while True:
        try:
            return ask()
        except KafkaException as reason:
            said = reason.args[0]
            if time.monotonic() > deadline or not (said.retriable() or said.code() in LEADERLESS):
                raise NotReachable(f"the offsets of {topic} cannot be had: {said.str()}", "streams topics check") from None
            consumer.poll(0.05)
            with suppress(KafkaException):               # a client that has seen no leader goes on seeing none until it asks
                consumer.list_topics(timeout=TIMEOUT_S)


def _starts(bootstrap: str, consumer: Consumer, topics: Sequence[str], since: int | None) -> list[TopicPartition]:
    places = _places(bootstrap, consumer, topics)
    if since is None:
        return [TopicPartition(place.topic, place.partition, OFFSET_BEGINNING) for place in places]
    asked = [TopicPartition(place.topic, place.partition, since) for place in places]
    found: list[TopicPartition] = _led(consumer, ", ".join(topics), lambda: _offsets(consumer, asked))
    return found


def _offsets(consumer: Consumer, asked: list[TopicPartition]) -> list[TopicPartition]:
    """Of the first records at or after a time. A partition's own error is told in its answer."""
    found: list[TopicPartition] = consumer.offsets_for_times(asked, timeout=TIMEOUT_S)
    for place in found:
        if place.error is not None:
            raise KafkaException(place.error)
    return found


def _to_the_end(consumer: Consumer, starts: list[TopicPartition]) -> Iterator[Record]:
    """The client tells each partition's committed end once; a transaction still open ends the reading before it."""
    consumer.assign(starts)
    left = {(place.topic, place.partition) for place in starts}
    deadline = time.monotonic() + TIMEOUT_S
    while left:
        message = consumer.poll(0.1)
        error = message.error() if message is not None else None
        if message is not None and error is None:
            deadline = time.monotonic() + TIMEOUT_S
            yield _record(message)
        elif message is not None and error is not None and error.code() == KafkaError._PARTITION_EOF:  # noqa: SLF001  (its only name)
            left.discard((message.topic(), message.partition()))
        elif time.monotonic() > deadline:
            raise NotReachable(f"the broker stopped answering while {min(left)} was being read", "streams kafka status")


def _record(message: Message) -> Record:
    topic, value = message.topic() or "", message.value() or b""
    place = (topic, message.partition() or 0, message.offset() or 0, message.timestamp()[1], message.key())
    try:
        return Record(*place, decode(topic, value), value)
    except Unreadable as reason:
        return Record(*place, None, value, str(reason))
