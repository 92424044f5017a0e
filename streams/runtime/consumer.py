"""The consumer: it commits only the unbroken prefix of what was delivered and acknowledged, and gives partitions back only after that."""
import asyncio
import time
from collections import defaultdict, deque
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, cast

import uvloop
from aiokafka.errors import ConsumerStoppedError
from faust.transport.conductor import Conductor
from faust.transport.drivers import aiokafka as driver
from faust.types import TP, Message

from streams.runtime.fold import BATCH, as_read
from streams.runtime.records import folded
from streams.runtime.recovery import Tables, newest

if TYPE_CHECKING:
    from streams.runtime.faust import App

FETCH_WAIT_MS = 100                                      # stock: 1,500, with one fetch in flight a broker; a quiet partition then stalls a busy one
AT_ONCE = 16                                             # records delivered before the agents have a turn
FETCH_S = 0.1                                            # how long one call waits for records; closing the flow waits for it


class ConsumerThread(driver.AIOKafkaConsumerThread):
    """aiokafka's consumer in a thread and loop of its own."""

    app: "App"

    def _create_worker_consumer(self, transport: driver.Transport) -> Any:
        consumer = super()._create_worker_consumer(transport)
        consumer._fetch_max_wait_ms = FETCH_WAIT_MS
        consumer._isolation_level = "read_committed"     # the books are written in transactions
        return consumer

    async def on_start(self) -> None:
        await super().on_start()
        self.app.membership.witness(self._ensure_consumer()._coordinator)

    async def _fetch_records(self, consumer: Any, active_partitions: set[TP], timeout: float | None = None, max_records: int | None = None) -> Any:  # noqa: ASYNC109
        """What does not fold comes first and whole, and then a batch of what does: an intent does not wait behind a backlog of ticks."""
        fetch, foldable = super()._fetch_records, {tp for tp in active_partitions if tp.topic in self.app.folds}
        if not foldable:
            return await fetch(consumer, active_partitions, timeout, max_records)
        others = active_partitions - foldable
        for tp in foldable:
            as_read(consumer._fetcher._records.get(tp))
        found = {**(await fetch(consumer, others, 0, max_records) if others else {}), **await fetch(consumer, foldable, 0, BATCH)}
        return found or await fetch(consumer, active_partitions, timeout, BATCH)

    async def seek_to_committed(self) -> Mapping[TP, int]:
        """aiokafka leaves a partition without a commit where it is; what was fetched too early and let go would be lost there."""
        committed = await super().seek_to_committed()
        fresh = [tp for tp, offset in committed.items() if not offset and self.app.topics.acks_enabled_for(tp.topic)]
        if fresh:
            await self.seek_to_beginning(*fresh)
        return committed


class Consumer(driver.Consumer):
    """Stock Faust takes any run of consecutive acknowledged offsets for a prefix, and forgets which records are still with an agent."""

    app: "App"

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        # What was handed to agents and is not yet acknowledged in a row: the offset, and that of the first record which it stands for.
        self._delivered: dict[TP, deque[tuple[int, int]]] = defaultdict(deque)
        self._deliver, self.callback = self.callback, self._note_and_deliver

    def settled(self, topic: str, partition: int, offset: int) -> bool:
        """Whether an event is confirmed: no delivery can come that would need its outputs again."""
        tp = TP(topic, partition)
        delivered = self._delivered.get(tp)
        return offset in self._acked_index[tp] or offset < (delivered[0][0] if delivered else self._committed_offset[tp] or 0)

    def begin(self, message: Message) -> None:
        """An agent works on it from here on, until it is acknowledged or abandoned."""
        message.tracked = True
        self._unacked_messages.add(message)
        self.app.monitor.stream_inbound_time[message.tp] = time.monotonic()

    def abandon(self, message: Message) -> None:
        """The event's partition was taken from us before its turn: nobody here will acknowledge it, and nobody must wait for that."""
        self._unacked_messages.discard(message)

    def _new_consumer_thread(self) -> ConsumerThread:
        return ConsumerThread(self, loop=self.loop, beacon=self.beacon, thread_loop=uvloop.new_event_loop())

    async def _note_and_deliver(self, message: Message) -> None:
        if self.app.topics.acks_enabled_for(message.topic):
            first = folded(message)
            self._delivered[message.tp].append((message.offset, message.offset if first is None else first))
        await self._deliver(message)

    async def _drain_messages(self, fetcher: Any) -> None:
        """Stock's loop makes two tasks and waits for the first of them, for every record; here only where delivery has to wait.

        A record below the read offset was fetched before a seek.
        """
        try:
            while not (self.should_stop or fetcher.should_stop):
                await asyncio.sleep(0)                   # a fetch that always has something would let nobody else run
                await self._drain_once()
        except (asyncio.CancelledError, ConsumerStoppedError):
            if not self.app.should_stop:
                raise

    async def _drain_once(self) -> None:
        delivered = 0
        async for tp, message in self.getmany(timeout=FETCH_S):
            if (delivered := delivered + 1) % AT_ONCE == 0:
                await asyncio.sleep(0)
            read = self._read_offset[tp]
            if read is not None and message.offset < read:
                continue
            if self._open(tp):
                await self.callback(message)
            else:
                await self.wait_first(self.callback(message), self.suspend_flow.wait())
            self._read_offset[tp] = message.offset
            await self._commit_now_and_then()

    def _open(self, tp: TP) -> bool:
        """Whether a record of this partition is delivered without waiting for anything; Faust's producer buffer holds nothing of ours."""
        if not (self.flow_active and self.app.flow_control.is_active()):
            return False
        return not any(channel.queue.full() for channel in cast(Conductor, self.app.topics)._topic_name_index.get(tp.topic, ()))

    async def _commit_now_and_then(self) -> None:
        if self._commit_every is not None and self._n_acked >= self._commit_every:
            self._n_acked = 0
            await self.commit()

    # ------------------------------------------------------------------------------------------------------------ commits

    def _new_offset(self, tp: TP) -> int | None:
        """The offset after the unbroken prefix of acknowledged ones; None where the first is still at work."""
        delivered, acknowledged, last = self._delivered.get(tp), self._acked_index[tp], None
        while delivered and delivered[0][0] in acknowledged:
            last = delivered.popleft()[0]
            acknowledged.discard(last)
        if last is None:
            return None
        self._acked[tp][:] = [offset for offset in self._acked[tp] if offset > last]
        return min([last + 1, *(first for _, first in delivered or ())])    # a fold that is still at work may have begun before it

    async def force_commit(self, topics: Any = None, start_new_transaction: bool = True) -> bool:  # noqa: FBT001, FBT002
        if self.app.halted is not None:
            return False
        return bool(await super().force_commit(topics, start_new_transaction))

    async def _commit_offsets(self, offsets: Mapping[TP, int], start_new_transaction: bool = True) -> bool:  # noqa: ARG002, FBT001, FBT002
        """Without stock's flush before it: acknowledged means confirmed here, and under load a flush never ends."""
        ours = {tp: offset for tp, offset in offsets.items() if tp in self.assignment()}
        if self.app.halted is not None or not ours or not await self._commit(ours):
            return False
        self._committed_offset.update(ours)
        self.app.tables.on_commit(ours)
        return True

    async def wait_empty(self) -> None:
        """Until nothing is at work, and then commits all of it: stock's last commit does nothing where another is under way, which saw less."""
        await super().wait_empty()
        await self.commit()

    # ------------------------------------------------------------------------------------------------------------ partitions come and go

    async def _getmany(self, active_partitions: set[TP] | None, timeout: float) -> Any:  # noqa: ASYNC109
        """Makes `wait_for_stopped_flow` wait; in stock code nobody clears the event, and a fetch outlives a seek.

        The set of active partitions changes under the fetch, and aiokafka takes an empty one for all partitions: so it gets a copy.
        """
        self.not_waiting_next_records.clear()
        try:
            return await super()._getmany(set(active_partitions or ()), min(timeout, FETCH_S))
        finally:
            self.not_waiting_next_records.set()

    async def _wait_next_records(self, timeout: float) -> tuple[Any, set[TP] | None]:  # noqa: ASYNC109
        """Lets go of what was fetched while the flow was being closed: before it opens again there is a seek (`recovery.py`).

        Stock seeks here and now, and with that drops acknowledgements that a commit is about to need.
        """
        records, partitions = await super()._wait_next_records(timeout)
        if not self.flow_active or not records:
            return None, partitions
        return {tp: self._fewer(tp, found) for tp, found in records.items()}, partitions

    def _fewer(self, tp: TP, found: Any) -> Any:
        """Of what one fetch brought, what is delivered."""
        if tp.topic in self.app.folds:
            return self.app.folds[tp.topic](tp, found)
        end = cast(Tables, self.app.tables).recovery.active_highwaters.get(tp)
        return found if end is None else newest(found, end)

    async def perform_seek(self) -> None:
        self._forget({*self._delivered, *self._acked})   # everything from the committed offset on is delivered again
        await super().perform_seek()

    async def on_partitions_revoked(self, revoked: set[TP]) -> None:
        if self.assignment():
            await self._finish_what_started()
        self._forget(revoked)
        await super().on_partitions_revoked(revoked)

    async def _finish_what_started(self) -> None:
        """Commits before stock code drops the acknowledgements: waits for what agents work on, lets go of what they have not begun."""
        self.stop_flow()
        self.app.flow_control.suspend()
        self.app.flow_control.clear()
        begun = {(message.tp, message.offset) for message in self._unacked_messages}
        for tp, delivered in self._delivered.items():
            while delivered and delivered[-1][0] not in self._acked_index[tp] and (tp, delivered[-1][0]) not in begun:
                delivered.pop()
        await self.wait_empty()

    def _forget(self, partitions: Iterable[TP]) -> None:
        for tp in partitions:
            self._delivered.pop(tp, None)
            self._acked.pop(tp, None)
            self._acked_index.pop(tp, None)
