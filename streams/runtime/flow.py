"""The order of work: how an event becomes a new state and its outputs, once, whatever dies in between.

In one turn of the loop, without an await: read the state, work, put the state, hand over all sends. Two agents on one table therefore never
interleave, and what is handed over first is in the log first. The event is acknowledged when its changelog record and every one of its outputs
are confirmed, in whatever order that happens; the consumer commits the unbroken prefix of what is acknowledged (`consumer.py`).

An event that comes again, after a crash or a rebalance, is known by `applied`: its state is put again unchanged and its outputs are sent again
from the outbox, which holds those of every event not yet acknowledged. A receiver drops them by their ids. Skipping it would lose the output
whose first send was lost, and working it twice would count it twice.

    event ── room? ── still ours? ──► turn: table.get ► work ► table.put + outputs ──► confirmed ──► ack ──► commit
                                       │
                                       ├─ unreadable        one dead letter, no state touched; acknowledged when it is confirmed
                                       ├─ wrong partition   sent on to the right one, once, with its first place; again wrong: a dead letter
                                       ├─ a beat            one turn for each key of the partition that is due; acknowledged when all are confirmed
                                       └─ too large         the worker halts: an output of ours above the producers' limit is a broken invariant

Nothing here knows what a state means. `work` is pure and decides; this file only keeps its promises.
"""
from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from functools import lru_cache, partial
from time import monotonic
from typing import Any, Generic

import msgspec

from streams.errors import BrokenInvariant, Unreadable
from streams.runtime import metrics
from streams.runtime.faust import App, AsItLies
from streams.runtime.fold import Fold, Foldable
from streams.runtime.producer import Countdown
from streams.runtime.records import Output, Record, State, Stored, record_of, routed_on
from streams.runtime.room import Room
from streams.wire.topics import PARTITIONS, partition_of, record_max

AT_ONCE_S = 0.001                                        # so long an agent works what waits for it; then others have the loop
home_of = lru_cache(maxsize=65_536)(partition_of)


class KeyedFlow(Generic[State]):
    """The agents of one table: `read` the input topics, `beat` if time matters.

    work(key, state, record)  pure: the next state (None at a key's first event) and the outputs; or None where nothing of it must be kept: the
                              event is acknowledged at once, the table stays as it is, and the next state that is put knows the event as worked.
                              Raises `Unreadable`, but not at a beat.
    bury(record, error)       the dead letter of a record that cannot be read, or that is lost between partitions.
    place(record)             the key that the body names, for topics whose producers may use another key, another partitioner or none; None
                              where the body names none. Raises `Unreadable`. Without this hook the record's key is believed. A record of the
                              beat topic that has neither is a beat.
    due(state, log_time)      whether a beat has something to do for this state.
    """

    def __init__(
        self,
        app: App,
        name: str,
        state_type: type[State],
        work: Callable[[bytes, State | None, Record], tuple[State, Sequence[Output]] | None],
        bury: Callable[[Record, Unreadable], Output],
        *,
        place: Callable[[Record], bytes | None] | None = None,
        due: Callable[[State, int], bool] | None = None,
        beat_topic: str | None = None,
    ) -> None:
        self.app = app
        self.table: Any = app.Table(name, key_type=bytes, value_type=bytes, partitions=PARTITIONS)
        self.room = Room()
        metrics.UNCONFIRMED.set_function(lambda: self.room.events)
        self._work, self._bury, self._place, self._due = work, bury, place, due
        self._beat_topic = beat_topic
        self._beats: set[int] = set()                    # partitions whose last beat is not confirmed yet
        self._topics: dict[str, Any] = {}
        self._decoded: dict[bytes, tuple[bytes, Stored[State]]] = {}
        self._left_out: dict[bytes, dict[tuple[str, int], int]] = {}       # last offsets of which nothing was kept, until the next state is put
        self._decode = msgspec.msgpack.Decoder(Stored[state_type]).decode      # type: ignore[valid-type]  # a type that is a value
        self._encode = msgspec.msgpack.Encoder().encode

    # ------------------------------------------------------------------------------------------------------------ for the worker

    def read(self, *topics: str) -> None:
        """One Faust agent a topic, all on this table. They have as many partitions as its changelog."""
        for topic in topics:
            self.app.agent(self._topic(topic), name=f"{self.table.name}.{topic}")(self.consume)

    def fold(self, topic: str, how: Foldable[Any, Any]) -> None:
        """Records of this topic fold by key before they come to its agent (`fold.py`)."""
        self.app.folds[topic] = Fold(how, lambda key, name, partition: self._stored(key).applied.get((name, partition), -1))

    def beat(self, value: Callable[[], bytes], interval_s: float = 1.0) -> None:
        """Writes a beat every second to each partition of the beat topic that this worker holds: explicit partition, no key."""
        if self._beat_topic is None:
            raise BrokenInvariant(f"the flow of {self.table.name} has no beat topic", "name it where the flow is made")
        self.app.timer(interval_s, name=f"{self.table.name}.beat")(self._write_beats(self._beat_topic, value))

    def state(self, key: bytes) -> State | None:
        """As last put, confirmed or not."""
        return self._stored(key).state

    async def consume(self, stream: Any) -> None:
        """The body of an agent: works every event of the stream, for as long as the partitions are ours."""
        stream = stream.noack()
        async for event in stream.events():
            message, until = event.message, monotonic() + AT_ONCE_S
            while message is not None:
                self.app.reader.begin(message)
                if not await self._event(message):
                    self.app.reader.abandon(message)
                message = self.app.waiting(stream) if monotonic() < until else None

    # ------------------------------------------------------------------------------------------------------------ one event

    async def _event(self, message: Any) -> bool:
        """False: the partition was taken from us before the event's turn, and who holds it now is given the event."""
        record = record_of(message)
        try:
            key = self._key(record)
            if key is not None:
                return await self._keyed(message, key, record)
        except Unreadable as error:
            metrics.DEAD_LETTERS.labels(record.topic, error.reason).inc()
            return await self._pass_on(message, self._bury(record, error))
        return await self._beat(message, record)

    async def _keyed(self, message: Any, key: bytes, record: Record) -> bool:
        if home_of(key) != record.partition:
            return await self._pass_on(message, self._routed(record, key))
        if not await self._ours(message, key):
            return False
        self._turn(key, record, partial(message.ack, self.app.consumer))
        return True

    async def _beat(self, message: Any, record: Record) -> bool:
        """A turn for each key of the partition that is due; when the last of them is confirmed, the beat is."""
        turns = Countdown(1, partial(message.ack, self.app.consumer))
        for key in [key for key in self.table.data if home_of(key) == record.partition]:
            if self._is_due(key, record):
                if not await self._ours(message, key):
                    return False
                if self._is_due(key, record):            # another agent may have had a turn while this one waited
                    self._turn(key, record, turns.begun())
        turns.done()
        return True

    async def _pass_on(self, message: Any, output: Output) -> bool:
        """A record that belongs to no state here: acknowledged when what stands for it is confirmed."""
        if not await self._ours(message, output.key):
            return False
        self._hand_over(output.key, None, [output], partial(message.ack, self.app.consumer))
        return True

    async def _ours(self, message: Any, key: bytes | None) -> bool:
        """Waits for room, and while the group is silent; then says whether the partition is still the one that delivered the event."""
        await self.room.wait(key)
        await self.app.membership.answered()
        return bool(message.generation_id == self.app.consumer_generation_id)

    def _key(self, record: Record) -> bytes | None:
        """None for a beat: no key in the body, none on the record, and the beat topic."""
        key = self._place(record) if self._place else None
        if (key := record.key if key is None else key) is None and record.topic != self._beat_topic:
            raise Unreadable("KEY_MISSING", "neither the record's key nor its body says whose it is")
        return key

    def _routed(self, record: Record, key: bytes) -> Output:
        home = home_of(key)
        if record.routed:
            raise Unreadable("PARTITION_WRONG", f"{key!r} belongs to partition {home}, and the record was routed on once already")
        output = routed_on(record, key, home)
        if output.size > (most := record_max(record.topic)):
            raise Unreadable("TOO_LARGE", f"{key!r} belongs to partition {home}, and {output.size} bytes cannot be routed on; the limit is {most}")
        return output

    def _is_due(self, key: bytes, beat: Record) -> bool:
        """Also where the beat had its turn before: it comes again, and so do its outputs."""
        stored = self._stored(key)
        if stored.applied.get((beat.topic, beat.partition), -1) >= beat.offset:
            return beat.place in stored.outbox
        return self._due is not None and stored.state is not None and self._due(stored.state, beat.log_time)

    # ------------------------------------------------------------------------------------------------------------ one turn

    def _turn(self, key: bytes, record: Record, then: Callable[[], object]) -> None:
        """No await from here to the last line. Calls `then` when the last record of the turn is confirmed."""
        stored = self._worked(key, self._stored(key), record)
        if stored is None:
            then()
            return
        value, outputs = self._encode(stored), stored.outbox.get(record.place, ())
        self._refuse_too_large(key, value, outputs, record)
        self.table.data[key] = value                     # not table[key] = …, which sends the changelog itself and drops its future
        self._decoded[key] = value, stored
        metrics.events_of(record.topic).inc()
        changed = Output(self.table.changelog_topic_name, key, value, record.partition)
        self._hand_over(key, changed, outputs, then)

    def _worked(self, key: bytes, held: Stored[State], record: Record) -> Stored[State] | None:
        source = record.topic, record.partition
        epoch = max(held.epoch, self.app.consumer_generation_id)
        settled = self.app.reader.settled
        outbox = {place: outputs for place, outputs in held.outbox.items() if not settled(*place)}
        if record.offset <= held.applied.get(source, -1):
            return Stored(epoch, held.seq, held.applied, outbox, held.state)
        worked = self._work(key, held.state, record)
        if worked is None:
            self._left_out.setdefault(key, {})[source] = record.offset
            return None
        state, outputs = worked
        if outputs:
            outbox[record.place] = tuple(outputs)
        applied = {**held.applied, source: record.offset}
        for place, offset in self._left_out.pop(key, {}).items():
            applied[place] = max(offset, applied.get(place, -1))
        return Stored(epoch, held.seq + 1, applied, outbox, state)

    def _stored(self, key: bytes) -> Stored[State]:
        value = self.table.data.get(key)
        if value is None:
            return Stored()
        known = self._decoded.get(key)
        if known is None or known[0] is not value:       # recovery has put another one
            known = self._decoded[key] = value, self._decode(value)
        return known[1]

    def _refuse_too_large(self, key: bytes, value: bytes, outputs: Iterable[Output], record: Record) -> None:
        for topic, size in ((self.table.changelog_topic_name, len(key) + len(value)), *((output.topic, output.size) for output in outputs)):
            if size > (most := record_max(topic)):
                raise BrokenInvariant(
                    f"{record.topic}-{record.partition} at {record.offset} makes a record of {size} bytes for {topic}; the limit is {most}",
                    "find what grows without bound in the state or the output of this key; the event is worked again at the next start",
                )

    # ------------------------------------------------------------------------------------------------------------ sends

    def _hand_over(self, key: bytes | None, state: Output | None, outputs: Sequence[Output], then: Callable[[], object]) -> None:
        """The state before its outputs; nothing suspends. `then` is never called if one failed: the worker has halted.

        One broker writes them in the order of the one line by which they leave. Several don't: an output in the log without the state behind it may
        be answered before its event is worked again. There the outputs leave when the state is confirmed, a round trip later.
        """
        size, placed = sum(output.size for output in outputs), [output if output.partition is not None else _placed(output) for output in outputs]
        self.room.take(key, size)

        def confirmed() -> None:
            self.room.give(key, size)
            then()

        writer = self.app.writer
        if state is not None and placed and writer.leaders_apart:
            writer.hand_over([state], lambda: writer.hand_over(placed, confirmed))
        else:
            writer.hand_over([*([] if state is None else [state]), *placed], confirmed)

    def _write_beats(self, topic: str, value: Callable[[], bytes]) -> Callable[[], Awaitable[None]]:
        async def write() -> None:
            for partition in self.app.partitions_of(topic):
                if partition not in self._beats:         # else the broker is away: one beat waits, not a minute of them
                    self._beats.add(partition)
                    self.app.writer.hand_over([Output(topic, None, value(), partition)], partial(self._beats.discard, partition))

        return write

    def _topic(self, name: str) -> Any:
        if name not in self._topics:
            self._topics[name] = self.app.topic(name, schema=AsItLies(allow_empty=True), partitions=PARTITIONS)
        return self._topics[name]


def _placed(output: Output) -> Output:
    """With the partition of its key."""
    return output if output.key is None else Output(output.topic, output.key, output.value, home_of(output.key), output.headers)
