"""A worker that counts the events of each key, logs every one and answers one in ten: `python -m bench.counting ours|stock BOOTSTRAP FOLDER`.

Both do the same to the topics. `ours` is the hardened runtime; `stock` is Faust as it comes, which awaits each send before the next.
"""
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import faust
import msgspec
import uvloop

from streams.errors import Unreadable
from streams.runtime.faust import FIXED, make_app
from streams.runtime.flow import KeyedFlow
from streams.runtime.records import Output, Record
from streams.runtime.run import run

IN, LOG, OUT = "bench.in", "bench.log", "bench.out"
GROUPS = {"ours": "bench-ours", "stock": "bench-stock"}
ENTRY = b"x" * 200                    # about as much as a decision says of itself


class Count(msgspec.Struct, frozen=True):
    total: int


def work(key: bytes, count: Count | None, record: Record) -> tuple[Count, Sequence[Output]]:  # noqa: ARG001  (the flow's form)
    total = (count.total if count else 0) + 1
    outputs = [Output(LOG, key, ENTRY)]
    return Count(total), outputs if total % 10 else [Output(OUT, key, b"%d" % total), *outputs]


def bury(record: Record, error: Unreadable) -> Output:
    return Output(LOG, record.key, error.what.encode())


def ours(bootstrap: str, folder: Path) -> int:
    app = make_app(GROUPS["ours"], bootstrap=bootstrap, state_dir=folder, instance_id=None)
    flow = KeyedFlow(app, "counts", Count, work, bury)
    flow.read(IN)
    return run(app)


def stock(bootstrap: str, folder: Path) -> int:
    app = faust.App(
        GROUPS["stock"], broker=f"kafka://{bootstrap}", datadir=str(folder), broker_session_timeout=10, broker_heartbeat_interval=2, **FIXED,
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


if __name__ == "__main__":
    sys.exit({"ours": ours, "stock": stock}[sys.argv[1]](sys.argv[2], Path(sys.argv[3])))
