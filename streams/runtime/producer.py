"""The producer: one line by which everything leaves, idempotent, held at the socket while the group is silent, and no failed record goes unnoticed.

Faust's own way out of a topic makes four objects of a record, calls two sensors, and asks a partitioner in Python for what is known. aiokafka's makes
a future of each, wakes the loop twice for it, and looks the topic up anew. Here a record goes from the turn into aiokafka's batch, and a batch that
is confirmed says so once for all that lie in it. Batches, order, numbers and retries stay aiokafka's. Nothing of ours leaves by Faust's.
"""
import asyncio
from asyncio import Future
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from aiokafka.structs import TopicPartition
from faust.transport.drivers import aiokafka as driver

from streams.runtime.records import Output

if TYPE_CHECKING:
    from streams.runtime.faust import App

LARGE = 65_536                                           # bytes of a record above which the client's own look at its size is asked for


class Countdown:
    """Calls `then` once: when all of so many are done, and whatever was begun meanwhile."""

    __slots__ = ("_left", "_then")

    def __init__(self, left: int, then: Callable[[], object]) -> None:
        self._left, self._then = left, then

    def begun(self) -> Callable[[], None]:
        self._left += 1
        return self.done

    def done(self) -> None:
        self._left -= 1
        if not self._left:
            self._then()


class Producer(driver.Producer):
    """`hand_over` is all that a turn knows of it."""

    app: "App"

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._line: deque[tuple[Output, Countdown]] = deque()
        self._handed_over = asyncio.Event()
        self._places: dict[tuple[str, int | None], TopicPartition] = {}         # to which something was sent already
        self._waiting: dict[Any, list[Countdown]] = {}                           # whose records lie in a batch of aiokafka's

    def hand_over(self, outputs: Sequence[Output], then: Callable[[], object]) -> None:
        """Calls `then` once the broker has them all on every replica in sync; never after a halt. Nothing suspends.

        What finds the line empty lies in its batch at once.
        """
        turn = Countdown(len(outputs), then)
        for output in outputs:
            if self._line or not self._joins(output, turn):
                self._line.append((output, turn))
                self._handed_over.set()

    @property
    def leaders_apart(self) -> bool:
        """Whether partitions may lie with several brokers, which answer in any order."""
        return len(self._ensure_producer().client.cluster.brokers()) > 1

    async def on_start(self) -> None:
        await super().on_start()
        self.app.membership.guard(self._ensure_producer().client)
        self.add_future(self._send_in_line())

    async def flush(self) -> None:
        """Until the line is empty and confirmed, or nothing more will be."""
        while self._line and self.app.halted is None:    # noqa: ASYNC110  (it ends at a halt too, and the two have no event in common)
            await asyncio.sleep(0.002)
        await super().flush()

    async def _send_in_line(self) -> None:
        """What was handed over first is in the log first. After a record that could not be sent nothing leaves."""
        while True:
            await self._handed_over.wait()
            self._handed_over.clear()
            while self._line:
                output, turn = self._line[0]
                try:
                    if not self._joins(output, turn):
                        await self._send_alone(output, turn)
                except Exception as error:  # noqa: BLE001  (refused by the client itself, whatever it says: too large, no such topic)
                    self.app.halt(error)
                    return
                self._line.popleft()

    def _joins(self, output: Output, turn: Countdown) -> bool:
        """Whether the record now lies in a batch of its place, as `send` would have put it; not where that takes more than putting it there."""
        accumulator = self._ensure_producer()._message_accumulator
        place = self._places.get((output.topic, output.partition))
        if place is None or output.size > LARGE or accumulator._closed or accumulator._exception is not None:
            return False
        batches = accumulator._batches.get(place)
        batch = batches[-1] if batches else accumulator._append_batch(accumulator.create_builder(), place)
        if batch._builder.append(timestamp=None, key=output.key, value=output.value, headers=list(output.headers)) is None:
            return False                                 # full, or about to be sent again
        waiting = self._waiting.get(batch)
        if waiting is None:
            waiting = self._waiting[batch] = []
            batch.future.add_done_callback(partial(self._answered, batch))
        waiting.append(turn)
        return True

    async def _send_alone(self, output: Output, turn: Countdown) -> None:
        """By the client's own way: it waits for the topic, for a full batch to leave, and refuses what it must."""
        sent = await self._ensure_producer().send(output.topic, output.value, output.key, output.partition, headers=list(output.headers))
        self._waiting[sent] = [turn]
        sent.add_done_callback(partial(self._answered, sent))
        if output.partition is not None:
            self._places[output.topic, output.partition] = TopicPartition(output.topic, output.partition)

    def _answered(self, what: Any, sent: Future[Any]) -> None:
        waiting = self._waiting.pop(what)
        if sent.cancelled():
            return
        if error := sent.exception():
            self.app.halt(error)
            return
        for turn in waiting:
            turn.done()

    def _settings_extra(self) -> Mapping[str, Any]:
        return {"acks": "all", "enable_idempotence": True}
