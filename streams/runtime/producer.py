"""The producer: idempotent, held at the socket while the group is silent, and no failed record goes unnoticed."""
import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from faust.sensors.base import Sensor
from faust.transport.drivers import aiokafka as driver
from faust.transport.producer import ProducerBuffer
from faust.types import FutureMessage

if TYPE_CHECKING:
    from streams.runtime.faust import App

UNSENT_MAX = 4_000                                       # far above what a turn may leave open: back-pressure is `room.py`'s


class Buffer(ProducerBuffer):
    """The one queue by which changelog records and outputs leave, in the order in which they were handed over."""

    max_messages = UNSENT_MAX
    _unsent = 0                                          # queued, or on the way from the queue to aiokafka

    def put(self, fut: FutureMessage) -> None:
        self._unsent += 1
        super().put(fut)

    async def _send_pending(self, fut: FutureMessage) -> None:
        try:
            await super()._send_pending(fut)
        except Exception as error:                       # refused by the client itself: too large, or no such topic
            cast("App", self.app).halt(error)
            raise
        finally:
            self._unsent -= 1

    async def flush(self) -> None:
        """Stock gives up after 0.1 s without progress, and leaves changelog records behind the committed offsets."""
        while self._unsent and not self.should_stop:     # noqa: ASYNC110  (it ends at a stop or a crash too, and those have no event in common)
            await asyncio.sleep(0.002)


class Producer(driver.Producer):
    app: "App"

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.buffer = Buffer(loop=self.loop, beacon=self.beacon)
        self.buffer.app = self.app

    async def on_start(self) -> None:
        await super().on_start()
        self.app.membership.guard(self._ensure_producer().client)

    def _settings_extra(self) -> Mapping[str, Any]:
        return {"acks": "all", "enable_idempotence": True}


class FailStop(Sensor):
    """Stock Faust logs a failed send and commits the event that asked for it."""

    def __init__(self, app: "App") -> None:
        super().__init__()
        self._app = app

    def on_send_error(self, producer: Any, exc: BaseException, state: Any) -> None:  # noqa: ARG002
        self._app.halt(exc)
