"""The log in memory: what of Kafka the pipeline's promises rest on, and no more.

    records      by topic and partition, in the order of their arrival, each with the log's time
    producers    a transactional id belongs to whoever started last: an older one's sends and commits fail, what it left open is aborted
    consumers    see a partition up to its first open transaction, and nothing of an aborted one
    groups       keep an offset a partition, as it was last committed

Not modelled: replicas, rebalances between living members, retention, compaction (every record of a key is read; the last one holds all the same).
"""
import asyncio
import contextlib
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import msgspec
from aiokafka import TopicPartition
from aiokafka.errors import ProducerFenced

from streams.errors import Unreadable
from streams.wire.codec import decode

Place = tuple[str, int]
OPEN, COMMITTED, ABORTED, MARK = "open", "committed", "aborted", "mark"


class Kept(msgspec.Struct):
    """One record. A transaction's end takes an offset in each of its partitions too, as Kafka's markers do."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...] = ()
    state: str = COMMITTED


class Log:
    def __init__(self, now: Callable[[], int]) -> None:
        self.now = now
        self.records: dict[Place, list[Kept]] = defaultdict(list)
        self.committed: dict[tuple[str, str, int], int] = {}      # group, topic, partition
        self.open: dict[str, list[Kept]] = {}            # by transactional id
        self.owners: dict[str, int] = defaultdict(int)   # by transactional id: how often it was taken
        self._arrived: dict[str, asyncio.Event] = defaultdict(asyncio.Event)
        self._read: dict[Place, list[Any]] = {}          # what `messages` has decoded already, and up to where
        self._read_to: dict[Place, int] = {}

    def append(self, topic: str, partition: int, key: bytes | None, value: bytes | None, headers: Any = (), state: str = COMMITTED) -> Kept:  # noqa: ANN401
        records = self.records[topic, partition]
        record = Kept(topic, partition, len(records), self.now(), key, value, tuple(headers), state)
        records.append(record)
        if state == COMMITTED:
            self._tell(topic)
        return record

    def stable(self, place: Place) -> int:
        """Up to where a reader of what is committed may read."""
        first = [record.offset for records in self.open.values() for record in records if (record.topic, record.partition) == place]
        return min(first, default=len(self.records[place]))

    def read(self, place: Place, start: int) -> list[Kept]:
        return [record for record in self.records[place][start : self.stable(place)] if record.state == COMMITTED]

    def partitions(self, topic: str) -> list[int]:
        return sorted(partition for name, partition in self.records if name == topic)

    def messages(self, topic: str) -> list[Any]:
        """All that is committed and can be read, partition by partition."""
        found = []
        for partition in self.partitions(topic):
            place = topic, partition
            read = self._read.setdefault(place, [])
            start, end = self._read_to.get(place, 0), self.stable(place)
            for record in self.read(place, start):
                with contextlib.suppress(Unreadable):
                    read.append(decode(topic, record.value or b""))
            self._read_to[place] = end
            found += read
        return found

    def arrival(self, topic: str) -> asyncio.Event:
        return self._arrived[topic]

    def take(self, name: str) -> int:
        """The transactional id is ours now; what the last owner left open is aborted."""
        self._finish(name, ABORTED)
        self.owners[name] += 1
        return self.owners[name]

    def send(self, name: str, owner: int, topic: str, partition: int, key: bytes | None, value: bytes | None) -> Kept:
        self._look(name, owner)
        record = self.append(topic, partition, key, value, state=OPEN)
        self.open.setdefault(name, []).append(record)
        return record

    def commit(self, name: str, owner: int) -> None:
        self._look(name, owner)
        self._finish(name, COMMITTED)

    def abort(self, name: str, owner: int) -> None:
        self._look(name, owner)
        self._finish(name, ABORTED)

    def _look(self, name: str, owner: int) -> None:
        if self.owners[name] != owner:
            raise ProducerFenced

    def _finish(self, name: str, state: str) -> None:
        records = self.open.pop(name, [])
        for record in records:
            record.state = state
        for topic, partition in dict.fromkeys((record.topic, record.partition) for record in records):
            self.append(topic, partition, None, None, state=MARK)
            self._tell(topic)

    def _tell(self, topic: str) -> None:
        event = self._arrived.pop(topic, None)
        if event is not None:
            event.set()


class Wire:
    """What lies between a program and the log: the time that a call takes, and the doors that it passes."""

    def __init__(self, log: Log, door: Callable[[str], Awaitable[None]], travel: Callable[[], Awaitable[None]]) -> None:
        self.log, self.door, self.travel = log, door, travel


class Told(msgspec.Struct, frozen=True):
    """What the broker says of a record that it took."""

    partition: int
    offset: int
    timestamp: int


class Producer:
    """As much of aiokafka's transactional producer as the ledger uses."""

    def __init__(self, wire: Wire, *, transactional_id: str, **_: object) -> None:
        self._wire, self._name, self._owner = wire, transactional_id, 0

    async def start(self) -> None:
        await self._wire.door("log: init")
        await self._wire.travel()
        self._owner = self._wire.log.take(self._name)
        await self._wire.door("log: init done")

    async def stop(self) -> None:
        """Nothing is buffered."""

    @contextlib.asynccontextmanager
    async def transaction(self) -> AsyncIterator["Producer"]:
        try:
            yield self
        except GeneratorExit:                            # the process is dead, and its memory is let go
            raise
        except BaseException:
            self._wire.log.abort(self._name, self._owner)
            raise
        await self._wire.door("log: commit")
        await self._wire.travel()
        self._wire.log.commit(self._name, self._owner)
        await self._wire.door("log: commit done")

    async def send(self, topic: str, value: bytes | None, *, key: bytes | None, partition: int | None) -> asyncio.Future[Told]:
        what = type(decode(topic, value)).__name__ if value else "tombstone"
        await self._wire.door(f"log: send {what}")
        kept = self._wire.log.send(self._name, self._owner, topic, partition or 0, key, value)
        await self._wire.door(f"log: send {what} done")
        told: asyncio.Future[Told] = asyncio.get_running_loop().create_future()
        told.set_result(Told(kept.partition, kept.offset, kept.timestamp))
        return told


class Consumer:
    """As much of aiokafka's consumer as the ledger uses when it starts."""

    def __init__(self, wire: Wire, *, isolation_level: str = "", **_: object) -> None:
        self._wire, self._committed = wire, isolation_level == "read_committed"
        self._positions: dict[TopicPartition, int] = {}

    async def start(self) -> None:
        await self._wire.travel()

    async def stop(self) -> None:
        """It holds nothing."""

    def assign(self, places: list[TopicPartition]) -> None:
        self._positions = dict.fromkeys(places, 0)

    def seek(self, place: TopicPartition, offset: int) -> None:
        self._positions[place] = offset

    async def position(self, place: TopicPartition) -> int:
        return self._positions[place]

    async def end_offsets(self, places: list[TopicPartition]) -> dict[TopicPartition, int]:
        await self._wire.travel()
        return {place: len(self._wire.log.records[place.topic, place.partition]) for place in places}

    async def getmany(self, *, timeout_ms: int) -> dict[TopicPartition, list[Kept]]:  # noqa: ARG002
        await self._wire.travel()
        found = {}
        for place, start in self._positions.items():
            found[place] = self._wire.log.read((place.topic, place.partition), start)
            self._positions[place] = self._wire.log.stable((place.topic, place.partition))
        return found
