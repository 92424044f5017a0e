"""A worker that counts the events of each key, logs every one and answers one in ten: `python -m bench.counting KIND BOOTSTRAP FOLDER [DELAY_MS]`.

All kinds do the same to the topics. `ours` is the hardened runtime; `soft` the same order of work on Faust's own consumer and recovery, with nothing
that looks for zombies; `stock` is Faust as it comes, which awaits each send before the next. A delay lies before each produce request, as a network
and replicas would.
"""
import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import faust
import msgspec
import uvloop
from aiokafka.client import AIOKafkaClient
from aiokafka.protocol.produce import ProduceRequest
from faust.tables.manager import TableManager
from faust.transport.drivers import aiokafka as driver
from faust.types import TP, Message

from streams.errors import Unreadable
from streams.runtime.faust import FIXED, App, make_app
from streams.runtime.flow import KeyedFlow
from streams.runtime.producer import Producer
from streams.runtime.records import Output, Record
from streams.runtime.run import run

IN, LOG, OUT = "bench.in", "bench.log", "bench.out"
GROUPS = {kind: f"bench-{kind}" for kind in ("ours", "soft", "stock", "late-ours", "late-stock", "one", "two", "four")}
ENTRY = b"x" * 200                    # about as much as a decision says of itself


class Count(msgspec.Struct, frozen=True):
    total: int


def work(key: bytes, count: Count | None, record: Record) -> tuple[Count, Sequence[Output]]:  # noqa: ARG001  (the flow's form)
    total = (count.total if count else 0) + 1
    outputs = [Output(LOG, key, ENTRY)]
    return Count(total), outputs if total % 10 else [Output(OUT, key, b"%d" % total), *outputs]


def bury(record: Record, error: Unreadable) -> Output:
    return Output(LOG, record.key, error.what.encode())


class SoftConsumer(driver.Consumer):
    """Faust's own, with what the flow asks of a consumer."""

    def settled(self, topic: str, partition: int, offset: int) -> bool:
        tp = TP(topic, partition)
        return offset in self._acked_index[tp] or offset < (self._committed_offset[tp] or 0)

    def begin(self, message: Message) -> None:
        self._unacked_messages.add(message)

    def abandon(self, message: Message) -> None:
        self._unacked_messages.discard(message)


class Trusting:
    """A membership that nobody looks after."""

    async def answered(self) -> None:
        pass

    def guard(self, client: Any) -> None:  # noqa: ANN401
        pass

    witness = guard


class SoftTransport(driver.Transport):
    Consumer = SoftConsumer
    Producer = Producer


class SoftApp(App):
    def _new_transport(self) -> Any:  # noqa: ANN401
        return SoftTransport(self.conf.broker_consumer, self)


def soften(app: App) -> None:
    app.__class__ = SoftApp
    app.membership = Trusting()                          # type: ignore[assignment]  # here and below: that is the point
    app.conf.TableManager = TableManager                 # type: ignore[assignment]
    app.conf.Table = faust.Table                         # type: ignore[assignment]


def counting(kind: str, bootstrap: str, folder: Path) -> int:
    app = make_app(GROUPS[kind], bootstrap=bootstrap, state_dir=folder, instance_id=None)
    if kind == "soft":
        soften(app)
    flow = KeyedFlow(app, "counts", Count, work, bury)
    flow.read(IN)
    return run(app)


def stock(kind: str, bootstrap: str, folder: Path) -> int:
    app = faust.App(
        GROUPS[kind], broker=f"kafka://{bootstrap}", datadir=str(folder), broker_session_timeout=10, broker_heartbeat_interval=2, **FIXED,
    )
    counts = app.Table("counts", key_type=bytes, value_type=bytes, partitions=12)
    log, out = (app.topic(name, key_type=bytes, value_type=bytes, partitions=12) for name in (LOG, OUT))

    @app.agent(app.topic(IN, key_type=bytes, value_type=bytes, partitions=12))
    async def consume(stream: Any) -> None:  # noqa: ANN401
        async for event in stream.events():
            key = event.key
            total = int(counts.get(key) or 0) + 1
            counts[key] = b"%d" % total
            await (await log.send(key=key, value=ENTRY))
            if total % 10 == 0:
                await (await out.send(key=key, value=b"%d" % total))

    worker = faust.Worker(app, loglevel="info", loop=uvloop.new_event_loop())
    worker.execute_from_commandline()
    return 0


def delay(seconds: float) -> None:
    """Each produce request of this process waits so long."""
    send = AIOKafkaClient.send

    async def late(client: Any, node: int, request: Any, **options: Any) -> Any:  # noqa: ANN401
        if isinstance(request, ProduceRequest):
            await asyncio.sleep(seconds)
        return await send(client, node, request, **options)

    AIOKafkaClient.send = late


def main(kind: str, bootstrap: str, folder: str, delay_ms: str = "0") -> int:
    if int(delay_ms):
        delay(int(delay_ms) / 1_000)
    return (stock if "stock" in kind else counting)(kind, bootstrap, Path(folder))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
