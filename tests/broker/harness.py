"""The broker and the workers as a test sees them. `until` waits for a condition, and fails where it does not come true in time."""
import json
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, NamedTuple

import msgspec
from confluent_kafka import Consumer, ConsumerGroupTopicPartitions, KafkaException, Message, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, AlterConfigOpType, ConfigEntry, ConfigResource, NewTopic, ResourceType

from streams.runtime.records import Rank, Stored
from streams.wire.topics import PARTITIONS
from tests.broker.worker import Count, Setup

INPUTS = ("in.a", "in.b")
APPENDED = {"message.timestamp.type": "LogAppendTime", "max.message.bytes": str(2 * 1024 * 1024)}


def until(condition: Callable[[], Any], what: str, seconds: float = 30.0) -> Any:  # noqa: ANN401
    """The first true value of the condition."""
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < deadline, f"after {seconds} s still not: {what}"
        time.sleep(0.05)
    return value


def value_of(message: Message) -> bytes:
    value = message.value()
    assert value is not None
    return value


class Log:
    """What lies in the topics of one test."""

    def __init__(self, setup: Setup, copies: int = 1) -> None:
        self.setup = setup
        self.copies = copies
        self.admin = AdminClient({"bootstrap.servers": setup.bootstrap})
        self.looker = self._new_looker()
        self.producer = Producer({"bootstrap.servers": setup.bootstrap, "partitioner": "murmur2_random", "enable.idempotence": True})

    def _new_looker(self) -> Consumer:
        """It asks for offsets, and never joins."""
        return Consumer({"bootstrap.servers": self.setup.bootstrap, "group.id": self.setup.group})

    def make(self, *names: str, partitions: int = PARTITIONS, config: dict[str, str] | None = None) -> None:
        topics = [NewTopic(name, partitions, self.copies, config={**APPENDED, **(config or {})}) for name in names]
        for made in self.admin.create_topics(topics).values():
            made.result()
        self.until_led(*names, partitions=partitions)

    def widen(self, name: str) -> None:
        """The topic takes from now on what it refused."""
        entry = ConfigEntry("max.message.bytes", APPENDED["max.message.bytes"], incremental_operation=AlterConfigOpType.SET)
        for done in self.admin.incremental_alter_configs([ConfigResource(ResourceType.TOPIC, name, incremental_configs=[entry])]).values():
            done.result()

    def until_led(self, *names: str, partitions: int = PARTITIONS) -> None:
        """Until each partition has a leader: not so in the first moments of a topic or a broker."""
        until(lambda: self._led(names, partitions), f"leaders for {names}")

    def _led(self, names: tuple[str, ...], partitions: int) -> bool:
        self.looker.close()                             # one that has met a topic too early goes on not knowing it for half a minute
        self.looker = self._new_looker()
        try:
            self.ends(*names, partitions=partitions)
        except KafkaException:
            return False
        return True

    def make_all(self) -> None:
        self.make(*(self.setup.topic(name) for name in (*INPUTS, "out", "dead")))
        self.make(self.changelog, config={"cleanup.policy": "compact", "min.compaction.lag.ms": "3600000"})

    @property
    def changelog(self) -> str:
        return f"{self.setup.group}-counts-changelog"

    def write(self, name: str, *events: dict[str, Any]) -> None:
        """Keyed as every producer of ours does it."""
        for event in events:
            self.write_soon(name, event)
        self.producer.flush()

    def write_soon(self, name: str, event: dict[str, Any]) -> None:
        self.put(name, json.dumps(event).encode(), key=event["key"])

    def put(self, name: str, value: bytes | None, **options: Any) -> None:  # noqa: ANN401
        self.producer.produce(self.setup.topic(name), value, **options)
        self.producer.poll(0)

    def read(self, topic: str) -> list[Message]:
        """Everything up to the present end, in each partition's order."""
        reader = Consumer({"bootstrap.servers": self.setup.bootstrap, "group.id": "none", "enable.auto.commit": False, "fetch.wait.max.ms": 50})
        wanted = {place.partition: end for place, end in self.ends(topic).items()}
        reader.assign([TopicPartition(topic, partition, 0) for partition in wanted])
        messages: list[Message] = []

        def finished() -> bool:
            messages.extend(reader.consume(10_000, timeout=0.2))
            at = {place.partition: place.offset for place in reader.position(reader.assignment())}
            return all(at[partition] >= end for partition, end in wanted.items())

        until(finished, f"{topic} read to its end")
        reader.close()
        return messages

    def ends(self, *topics: str, partitions: int = PARTITIONS) -> dict[TopicPartition, int]:
        """Of the partitions that hold anything."""
        places = [TopicPartition(topic, partition) for topic in topics for partition in range(partitions)]
        ends = {place: self.looker.get_watermark_offsets(place, timeout=10)[1] for place in places}
        return {place: end for place, end in ends.items() if end}

    def end(self, topic: str) -> int:
        """Records of a topic that nothing was deleted from."""
        return sum(self.ends(topic).values())

    def committed(self) -> dict[TopicPartition, int]:
        places = [TopicPartition(self.setup.topic(name), partition) for name in INPUTS for partition in range(PARTITIONS)]
        found = self.looker.committed(places, timeout=10)
        return {TopicPartition(place.topic, place.partition): place.offset for place in found if place.offset >= 0}

    def committed_to(self, place: TopicPartition, offset: int) -> bool:
        return self.committed().get(place) == offset

    def until_worked(self, seconds: float = 60.0) -> None:
        """Until everything that has been written by now is committed."""
        ends = self.ends(*map(self.setup.topic, INPUTS))

        def worked() -> bool:
            committed = self.committed()
            return all(committed.get(place, 0) >= end for place, end in ends.items())

        until(worked, "all events committed", seconds)

    def answered(self) -> int:
        return self.end(self.setup.topic("out"))

    def until_answered(self, more: int, what: str) -> None:
        """Until there are so many more answers than at first. A broker that stood still leads, and for a moment no more: it was taken for dead."""
        counted: list[int] = []

        def answered() -> bool:
            with suppress(KafkaException):
                counted.append(self.answered())
                return counted[-1] >= counted[0] + more
            return False

        until(answered, what, seconds=60)

    def answers(self) -> dict[str, list[str]]:
        """By the event's id."""
        found = defaultdict(list)
        for message in self.read(self.setup.topic("out")):
            name, *rest = value_of(message).decode().split()
            found[name].append(" ".join(rest))
        return found


class Audit(NamedTuple):
    lost: int                             # events without an answer
    doubled: int                          # answers beyond the first
    disagreeing: int                      # events whose answers differ: worked twice, not sent twice
    drift: int                            # events that the tables count too many or too few, over all keys
    stale: int                            # changelog records of an older generation after those of a younger one, in one partition


CLEAN = Audit(lost=0, doubled=0, disagreeing=0, drift=0, stale=0)


def audit(log: Log, events: Iterable[dict[str, Any]]) -> Audit:
    events = list(events)
    answers = log.answers()
    counted = {key: stored.state.total if stored.state else 0 for key, stored in tables(log).items()}
    wanted = Counter(event["key"].encode() for event in events)
    found = Audit(
        lost=sum(event["id"] not in answers for event in events),
        doubled=sum(len(texts) - 1 for texts in answers.values()),
        disagreeing=sum(len(set(texts)) > 1 for texts in answers.values()),
        drift=sum(abs(counted.get(key, 0) - wanted[key]) for key in {*wanted, *counted}),
        stale=_stale(log.read(log.changelog)),
    )
    print(f"{len(events)} events: {found}")  # noqa: T201  (the figures of the row, for `pytest -rP`)
    return found


def tables(log: Log) -> dict[bytes, Stored[Count]]:
    """What recovery would make of the changelog: of each key the highest rank, the later one of two."""
    held: dict[bytes, Stored[Count]] = {}
    decode = msgspec.msgpack.Decoder(Stored[Count]).decode
    for message in log.read(log.changelog):
        stored, key = decode(value_of(message)), message.key() or b""
        if key not in held or (stored.epoch, stored.seq) >= (held[key].epoch, held[key].seq):
            held[key] = stored
    return held


def _stale(messages: list[Message]) -> int:
    rank, stale = msgspec.msgpack.Decoder(Rank).decode, 0
    youngest: Counter[int | None] = Counter()
    for message in messages:
        epoch = rank(value_of(message)).epoch
        stale += epoch < youngest[message.partition()]
        youngest[message.partition()] = max(epoch, youngest[message.partition()])
    return stale


def set_back(admin: AdminClient, group: str, topics: Iterable[str]) -> None:
    """To the beginning. A static member that has ended is one until its session is over, and until then the broker refuses."""
    places = [TopicPartition(topic, partition, 0) for topic in topics for partition in range(PARTITIONS)]

    def taken() -> bool:
        answers = admin.alter_consumer_group_offsets([ConsumerGroupTopicPartitions(group, places)]).values()
        return not any(place.error for answer in answers for place in answer.result().topic_partitions)

    until(taken, f"the offsets of {group} set back")


def numbered(count: int, keys: int = 20, first: int = 0) -> list[dict[str, Any]]:
    """Events `e0`, `e1`, … over symbols whose names are no multiple of a partition count."""
    return [{"id": f"e{number}", "key": f"S{number % keys}USDT"} for number in range(first, first + count)]


@contextmanager
def load(log: Log, a_second: int) -> Iterator[list[dict[str, Any]]]:
    """Writes events to both inputs until the block ends; the list grows as it goes."""
    written: list[dict[str, Any]] = []
    ended = threading.Event()

    def write() -> None:
        while not ended.wait(0.02):
            events = numbered(a_second // 50, first=len(written))
            written.extend(events)
            for event in events:
                log.write_soon("in.a" if int(event["id"][1:]) % 2 else "in.b", event)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        yield written
    finally:
        ended.set()
        writer.join()
        log.producer.flush()
