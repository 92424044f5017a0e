"""In Faust's place: what the flow and the agents ask of it, in the smallest form that keeps Faust's promises to them.

The decisions, the turns, the order of work with its outbox, and the gateway's reader are the real code. This is the model, and it is no proof of
Faust: `tests/broker` looks at that on a real broker.

    delivery   by partition in order, from the group's committed offset on; topics and partitions meet in any order; one agent a topic
    commits    twice a second, the unbroken prefix of what was acknowledged
    sends      to one broker in the one line in which they are handed over, each takes its time; of what was on its way when the worker died a first
               part arrives. To several brokers each has a line of its own: an output can arrive without what was handed over before it
    tables     read back from the changelog by the table's own rule of ranks, before the first record
"""
import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from random import Random
from types import SimpleNamespace
from typing import Any
from zlib import crc32

from aiokafka.structs import ConsumerRecord

from streams.runtime.fold import Fold
from streams.runtime.producer import Countdown
from streams.runtime.records import Output, folded
from streams.runtime.recovery import RankedTable
from streams.wire.topics import partition_of
from tests.simulation.log import Kept, Log
from tests.simulation.loop import BEHIND_S, Loop, Process

COMMIT_S = 0.5


class Message:
    """As Faust shows a record to an agent."""

    def __init__(self, app: "App", kept: Any) -> None:  # noqa: ANN401  (a record of the log, or a fold of several)
        self.topic, self.partition, self.offset = kept.topic, kept.partition, kept.offset
        self.timestamp, self.key, self.value, self.headers = kept.timestamp / 1000, kept.key, kept.value, kept.headers
        self.generation_id = app.consumer_generation_id
        self._app = app

    def ack(self, _consumer: object) -> None:
        self._app.acknowledged[self.topic, self.partition].add(self.offset)


class Table:
    def __init__(self, app: "App", name: str) -> None:
        self.app, self.name, self.changelog_topic_name = app, name, f"{app.group}-{name}-changelog"
        self.data: dict[bytes, bytes] = {}

    def recover(self, log: Log) -> None:
        name = self.changelog_topic_name
        events = [SimpleNamespace(message=record) for partition in log.partitions(name) for record in log.read((name, partition), 0)]
        for event in RankedTable._highest(self, events):                 # type: ignore[arg-type]  # it looks at `data` alone
            self.data[event.message.key or b""] = event.message.value or b""


class Topic:
    def __init__(self, name: str) -> None:
        self.name = name


class Stream:
    def __init__(self, app: "App", topic: str) -> None:
        self._app, self._topic = app, topic

    def noack(self) -> "Stream":
        return self

    async def events(self) -> AsyncIterator[Any]:
        app, log, at = self._app, self._app.log, dict[int, int]()
        while True:
            arrival = log.arrival(self._topic)
            found = []
            for partition in log.partitions(self._topic):
                place = self._topic, partition
                start = at.setdefault(partition, app.first(place))
                at[partition] = log.stable(place)
                if records := app.fetched(log.read(place, start)):
                    found.append(records)
            while found:
                records = app.dice.choice(found)
                kept = records.pop(0)
                if not records:
                    found.remove(records)
                await asyncio.sleep(app.pause())
                message = Message(app, kept)
                first = folded(message)
                app.delivered[self._topic, kept.partition].append((kept.offset, kept.offset if first is None else first))
                yield SimpleNamespace(message=message)
            await arrival.wait()


class App:
    """One life of one worker."""

    def __init__(
        self, group: str, loop: Loop, log: Log, process: Process, dice: Random, pause_s: tuple[float, float], sends_s: tuple[float, float], *,
        repeat: bool, leaders: int = 1,
    ) -> None:
        self.group, self.loop, self.log, self.process, self.dice = group, loop, log, process, dice
        self._pause_s, self._sends_s = pause_s, sends_s
        self.conf = SimpleNamespace(id=group)
        self._leaders = leaders                          # brokers that the partitions' leaders are dealt out to
        self._repeat = repeat                            # everything from the beginning on is delivered again, whatever was committed
        self.consumer, self.membership, self.reader, self.writer = self, self, self, self
        self.folds: dict[str, Fold[Any, Any]] = {}
        self.delivered: dict[tuple[str, int], list[tuple[int, int]]] = defaultdict(list)     # offset, and that of the first it stands for
        self.acknowledged: dict[tuple[str, int], set[int]] = defaultdict(set)
        self._agents: list[tuple[Topic, Any]] = []
        self._timers: list[tuple[float, Callable[[], Awaitable[None]]]] = []
        self._tables: list[Table] = []
        self._on_the_way: dict[int, list[asyncio.TimerHandle]] = defaultdict(list)       # by broker
        self._free_at: dict[int, float] = defaultdict(float)
        self.consumer_generation_id = log.take(f"group {group}")         # a higher one for each life
        process.mourners.append(self._cut)

    def pause(self) -> float:
        return self.dice.uniform(*self._pause_s)

    # ------------------------------------------------------------------------------------------------------------ what the flow asks

    def Table(self, name: str, **_: object) -> Table:  # noqa: N802  (Faust's name)
        table = Table(self, name)
        self._tables.append(table)
        return table

    def topic(self, name: str, **_: object) -> Topic:
        return Topic(name)

    def agent(self, topic: Topic, *, name: str) -> Callable[[Any], Any]:  # noqa: ARG002
        return lambda consume: self._agents.append((topic, consume))

    def timer(self, seconds: float, *, name: str) -> Callable[[Any], Any]:  # noqa: ARG002
        return lambda work: self._timers.append((seconds, work))

    def partitions_of(self, topic: str) -> list[int]:
        """Those in which something lies: the other beats find no key."""
        return self.log.partitions(topic)

    async def answered(self) -> None:
        """The group answers."""

    def settled(self, topic: str, partition: int, offset: int) -> bool:
        delivered = self.delivered.get((topic, partition))
        begun = delivered[0][0] if delivered else self.log.committed.get((self.group, topic, partition), 0)
        return offset in self.acknowledged[topic, partition] or offset < begun

    def begin(self, message: Message) -> None:
        """Nothing asks what is at work."""

    def waiting(self, _stream: Stream) -> None:
        """Each event comes after a pause."""

    def abandon(self, message: Message) -> None:
        raise AssertionError(f"nobody takes partitions from a living worker here: {message.topic}")

    @property
    def leaders_apart(self) -> bool:
        return self._leaders > 1

    def hand_over(self, outputs: Sequence[Output], then: Callable[[], object]) -> None:
        turn = Countdown(len(outputs), then)
        for output in outputs:
            self._send(output, turn.done)

    def _send(self, output: Output, then: Callable[[], object]) -> None:
        place = output.topic, partition_of(output.key or b"") if output.partition is None else output.partition
        broker = crc32(f"{place}".encode()) % self._leaders
        free_at = self._free_at[broker] = max(self._free_at[broker] + BEHIND_S, self.loop.now + self.dice.uniform(*self._sends_s))
        on_the_way = self._on_the_way[broker]

        def lands() -> None:
            on_the_way.pop(0)
            self.log.append(*place, output.key, output.value, output.headers)
            then()

        on_the_way.append(self.loop.after(free_at - self.loop.now, lands))

    # ------------------------------------------------------------------------------------------------------------ its life

    def fetched(self, records: list[Kept]) -> list[Any]:
        """What one fetch brought of one partition, folded by the flow's own rule."""
        fold = self.folds.get(records[0].topic) if records else None
        return list(records) if fold is None else list(fold((records[0].topic, records[0].partition), [_as_fetched(record) for record in records]))

    def first(self, place: tuple[str, int]) -> int:
        return 0 if self._repeat else self.log.committed.get((self.group, *place), 0)

    async def live(self) -> None:
        await asyncio.sleep(self.pause())
        for table in self._tables:
            table.recover(self.log)
        working = [asyncio.ensure_future(consume(Stream(self, topic.name))) for topic, consume in self._agents]
        ticking = [asyncio.ensure_future(_every(seconds, work)) for seconds, work in self._timers]
        await asyncio.gather(*working, *ticking, self._commit())

    async def _commit(self) -> None:
        while True:
            await asyncio.sleep(COMMIT_S)
            for place, offsets in self.delivered.items():
                last = -1
                while offsets and offsets[0][0] in self.acknowledged[place]:
                    last = offsets.pop(0)[0]
                if last >= 0:                            # a fold that is still at work may have begun before it
                    self.log.committed[self.group, *place] = min([last + 1, *(first for _, first in offsets)])

    def _cut(self) -> None:
        """Of what was on its way to a broker a first part arrives."""
        for on_the_way in self._on_the_way.values():
            for timer in on_the_way[self.dice.randint(0, len(on_the_way)) :]:
                timer.cancel()


def _as_fetched(kept: Kept) -> ConsumerRecord[Any, Any]:
    sizes = len(kept.key or b""), len(kept.value or b"")
    return ConsumerRecord(kept.topic, kept.partition, kept.offset, kept.timestamp, 1, kept.key, kept.value, None, *sizes, kept.headers)


async def _every(seconds: float, work: Callable[[], Awaitable[None]]) -> None:
    while True:
        await asyncio.sleep(seconds)
        await work()
