"""The gateway's one pen: a transactional producer whose id is the account's. Whoever started last holds it; the other ends at its next write.

Everything that waits is written in one transaction, exits first, so a fill, its status and the ledger's record become true together. A gateway with
nothing to say writes a beat each second, or one that was fenced would live on. What fails to be written ends the process: a gateway that cannot
remember must not act.
"""
import asyncio
import contextlib
import os
from asyncio import Future
from collections.abc import Iterator
from typing import Any

import aiokafka.producer.sender
import msgspec
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.errors import InvalidProducerEpoch, ProducerFenced

from streams.core.commands import Bury
from streams.core.events import Filled
from streams.core.ledger import LEDGER, BeatRecord
from streams.errors import BrokenInvariant, Unreadable
from streams.runtime import logs
from streams.venue.clock import Clock
from streams.wire.codec import decode, encode
from streams.wire.topics import ORDER_FILL, ORDER_LEDGER, PARTITIONS, RECORD_MAX, TOPIC_OF, key_of, partition_of

EXIT_UNWRITTEN = 72
BEAT_S = 1.0
BATCH_MAX = 500                       # messages of one transaction
TRANSACTION_TIMEOUT_MS = 60_000       # above a broker's restart; a successor aborts what we left open at once
_log = logs.get(__name__)

aiokafka.producer.sender.BACKOFF_OVERRIDE = 0.002        # the broker ends a transaction in the background: 20 ms are too long to ask again


class Written(msgspec.Struct, frozen=True):
    """Where a message stands, and when the log took it."""

    partition: int
    offset: int
    log_time: int


class _Waiting(msgspec.Struct):
    messages: tuple[Any, ...]
    written: Future[list[Written]]


class Ledger:
    """`write` is heard in order; `start` before anything else."""

    def __init__(self, bootstrap: str, account: str, instance: str, clock: Clock) -> None:
        self.account, self.instance, self.clock = account, instance, clock
        self._bootstrap = [server.strip() for server in bootstrap.split(",")]
        self._exits: list[_Waiting] = []
        self._others: list[_Waiting] = []
        self._woken = asyncio.Event()
        self._stopping = False
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> dict[str, Any]:
        """Fences the predecessor and aborts what it left open; only then is the end of the log the end. Returns the account's records by key."""
        self._producer = AIOKafkaProducer(
            bootstrap_servers=self._bootstrap, transactional_id=f"gateway-{self.account}", acks="all", max_request_size=RECORD_MAX,
            transaction_timeout_ms=TRANSACTION_TIMEOUT_MS,
        )
        await self._producer.start()
        self._task = asyncio.create_task(self._write_all(), name="ledger")
        remembered: dict[str, Any] = {}
        async for _, key, message in self._read(ORDER_LEDGER.name, dict.fromkeys(range(PARTITIONS), 0)):
            if message is None:
                remembered.pop(key.decode(), None)
            elif message.account == self.account:
                remembered[key.decode()] = message
        return remembered

    async def stop(self) -> None:
        """When all that waits is written."""
        self._stopping = True
        self._woken.set()
        if self._task is not None:
            await self._task
            await self._producer.stop()

    def write(self, *messages: Any, first: bool = False) -> Future[list[Written]]:  # noqa: ANN401
        """All of them in one transaction; done when they are durable. `first`: before the entries that wait, for everything that only reduces."""
        waiting = _Waiting(messages, asyncio.get_running_loop().create_future())
        (self._exits if first else self._others).append(waiting)
        self._woken.set()
        return waiting.written

    async def fills(self, offsets: dict[int, int]) -> list[tuple[int, int, Filled]]:
        """Partition, offset and fill of this account's books, from these offsets (by partition) to the end."""
        return [
            (place.partition, offset, message)
            async for (place, offset), _, message in self._read(ORDER_FILL.name, offsets) if message is not None and message.account == self.account
        ]

    async def ends(self, topic: str) -> dict[int, int]:
        """By partition, the offset that the next record will have at the earliest."""
        return await self._ends(topic)

    async def _write_all(self) -> None:
        try:
            while not self._stopping or self._exits or self._others:
                await self._wait()
                batch = list(self._batch()) or [_Waiting((self._beat(),), asyncio.get_running_loop().create_future())]
                await self._transaction(batch)
        except Exception as reason:  # noqa: BLE001  (whatever it is, what was decided cannot be remembered)
            self.end(reason, "the ledger cannot be written")

    async def _wait(self) -> None:
        if self._exits or self._others or self._stopping:
            return
        self._woken.clear()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(BEAT_S):
                await self._woken.wait()

    def _batch(self) -> Iterator[_Waiting]:
        size = 0
        for queue in (self._exits, self._others):
            while queue and size < BATCH_MAX:
                waiting = queue.pop(0)
                size += len(waiting.messages)
                yield waiting

    async def _transaction(self, batch: list[_Waiting]) -> None:
        async with self._producer.transaction():
            sent = [[await self._send(message) for message in waiting.messages] for waiting in batch]
            told = [[await future for future in futures] for futures in sent]   # a record's own error: the commit would hide it behind another
        for waiting, metadata in zip(batch, told, strict=True):
            for one in metadata:
                self.clock.log_said(one.timestamp)
            if not waiting.written.done():
                waiting.written.set_result([Written(one.partition, one.offset, one.timestamp) for one in metadata])

    async def _send(self, message: Any) -> Future[Any]:  # noqa: ANN401
        forgotten = isinstance(message, Forgotten)
        topic = ORDER_LEDGER.name if forgotten else TOPIC_OF[type(message)].name
        key = message.key.encode() if forgotten else key_of(message)
        value = None if forgotten else encode(message)
        if value is not None and len(value) > RECORD_MAX:
            raise BrokenInvariant(f"a record of {len(value)} bytes for {topic}", "this is ours to mend")
        future: Future[Any] = await self._producer.send(topic, value, key=key, partition=_partition(message, key))
        return future

    def _beat(self) -> BeatRecord:
        return BeatRecord(self.account, self.instance, self.clock.now())

    def end(self, reason: BaseException, what: str) -> None:
        """Ends the process, now: what it holds in memory is worth nothing without the log. Its successor asks log and venue."""
        fenced = isinstance(reason, ProducerFenced | InvalidProducerEpoch)
        what = f"another gateway of account {self.account} has started: this one ends" if fenced else f"{what}: {reason!r}"
        _log.critical(what, exc_info=None if fenced else reason)
        with contextlib.suppress(OSError):               # the log's disk is full, or its reader gone: it ends all the same
            os.write(2, f"streams: {logs.redacted(what)}\n".encode())
        os._exit(EXIT_UNWRITTEN)

    async def _read(self, topic: str, offsets: dict[int, int]) -> Any:  # noqa: ANN401  (an async iterator of place, key, message)
        """Committed records from these offsets up to the end as it is now. Another account's open transaction is waited for, not stopped at."""
        ends = await self._ends(topic)
        left = {TopicPartition(topic, partition) for partition, offset in offsets.items() if offset < ends.get(partition, 0)}
        if not left:
            return
        reader = AIOKafkaConsumer(bootstrap_servers=self._bootstrap, isolation_level="read_committed", fetch_max_wait_ms=100)
        await reader.start()
        try:
            reader.assign(list(left))
            for place in left:
                reader.seek(place, offsets[place.partition])
            while left:
                for place, records in (await reader.getmany(timeout_ms=100)).items():
                    for record in records:
                        yield (place, record.offset), record.key, _message(topic, record)
                left = {place for place in left if await reader.position(place) < ends[place.partition]}
        finally:
            await reader.stop()

    async def _ends(self, topic: str) -> dict[int, int]:
        reader = AIOKafkaConsumer(bootstrap_servers=self._bootstrap)
        await reader.start()
        try:
            return {place.partition: end for place, end in (await reader.end_offsets([TopicPartition(topic, p) for p in range(PARTITIONS)])).items()}
        finally:
            await reader.stop()


class Forgotten(msgspec.Struct, frozen=True):
    """A tombstone: an order of the ledger that nobody will ask for any more."""

    symbol: str
    key: str


def _partition(message: Any, key: bytes | None) -> int | None:  # noqa: ANN401
    """The ledger's records lie where their symbol's do; a dead letter may have no key."""
    if isinstance(message, (*LEDGER, Forgotten)) and (symbol := getattr(message, "symbol", "")):
        return partition_of(symbol.encode())
    return None if isinstance(message, Bury) or key is None else partition_of(key)


def _message(topic: str, record: Any) -> Any:  # noqa: ANN401
    if record.value is None:
        return None
    try:
        return decode(topic, record.value)
    except Unreadable as reason:
        where = f"{topic} {record.partition} {record.offset}"
        if topic == ORDER_FILL.name:                     # no fill of ours, and a dead letter of positions; one that we lost the venue names again
            _log.error("a record in the books is no fill", where=where, reason=str(reason))
            return None
        raise BrokenInvariant(f"our own record {where} cannot be read: {reason}", "restore it, or the program") from None
