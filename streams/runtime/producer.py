"""The producer: one line by which everything leaves, idempotent, held at the socket while the group is silent, and no failed record goes unnoticed.

Faust's own way out of a topic makes four objects of a record, calls two sensors, and asks a partitioner in Python for what is known. Here it goes
from the turn to aiokafka's batch. Nothing of ours leaves by Faust's.
"""
import asyncio
from asyncio import Future
from collections import deque
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from faust.transport.drivers import aiokafka as driver

from streams.runtime.records import Output

if TYPE_CHECKING:
    from streams.runtime.faust import App


class Producer(driver.Producer):
    """`hand_over` is all that a turn knows of it."""

    app: "App"

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._line: deque[tuple[Output, Future[None]]] = deque()
        self._handed_over = asyncio.Event()

    def hand_over(self, output: Output) -> Future[None]:
        """Puts a record in the line, without suspending. Done when the broker has it on every replica in sync; never, once the worker has halted."""
        confirmed: Future[None] = self.loop.create_future()
        self._line.append((output, confirmed))
        self._handed_over.set()
        return confirmed

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
        send = self._ensure_producer().send
        while True:
            await self._handed_over.wait()
            self._handed_over.clear()
            while self._line:
                output, confirmed = self._line[0]
                try:
                    sent = await send(output.topic, output.value, output.key, output.partition, headers=list(output.headers))
                except Exception as error:  # noqa: BLE001  (refused by the client itself, whatever it says: too large, no such topic)
                    self.app.halt(error)
                    return
                sent.add_done_callback(partial(self._answered, confirmed))
                self._line.popleft()

    def _answered(self, confirmed: Future[None], sent: Future[Any]) -> None:
        if sent.cancelled():
            return
        if error := sent.exception():
            self.app.halt(error)
        elif not confirmed.done():
            confirmed.set_result(None)

    def _settings_extra(self) -> Mapping[str, Any]:
        return {"acks": "all", "enable_idempotence": True}
