"""The time between records: the demo's pipeline trades while ticks of other symbols come by the thousand, beside one bare hop on the same broker."""
import asyncio
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from confluent_kafka.admin import NewTopic

from bench.figures import Figure
from bench.rig import Rig, names, tick, until
from streams.demo.percentiles import spread
from streams.runtime import broker as kafka
from streams.runtime.running import Running
from streams.wire.codec import encode

BACKGROUND = 2_000                    # ticks a second
HOP = "bench.hop"


def background(r: Rig, rate: int, ended: threading.Event) -> threading.Thread:
    """Ticks of 200 symbols that nobody trades, in portions of 10 ms."""

    def publish() -> None:
        producer, symbols, done, began = r.producer(**{"linger.ms": 0}), names(200), 0, time.monotonic()
        while not ended.is_set():
            due, now_ms = int((time.monotonic() - began) * rate), int(time.time() * 1_000)
            for number in range(done, due):
                symbol = symbols[number % len(symbols)]
                producer.produce("price.tick", encode(tick(symbol, number, now_ms)), key=symbol.encode())
            done = due
            producer.poll(0)
            ended.wait(0.01)
        producer.flush(10)

    thread = threading.Thread(target=publish, daemon=True)
    thread.start()
    return thread


async def bare_hop(r: Rig, seconds: float) -> list[float]:
    """Milliseconds from handing a record to a bare producer until a bare consumer has it: what no agent can be below."""
    r.admin.create_topics([NewTopic(HOP, 12, 1)])[HOP].result()
    consumer = AIOKafkaConsumer(HOP, bootstrap_servers=r.bootstrap, auto_offset_reset="earliest", fetch_max_wait_ms=100)
    producer = AIOKafkaProducer(bootstrap_servers=r.bootstrap, acks="all", enable_idempotence=True)
    await consumer.start()
    await producer.start()
    times, until = list[float](), time.monotonic() + seconds
    while time.monotonic() < until:
        began = time.perf_counter()
        sent = asyncio.ensure_future(producer.send_and_wait(HOP, b"x", partition=len(times) % 12))
        await consumer.getone()
        times.append((time.perf_counter() - began) * 1_000)
        await sent
        await asyncio.sleep(0.05)
    await consumer.stop()
    await producer.stop()
    return times[24:]


class Demo:
    """`streams demo` in a process of its own, and the broker that it has started."""

    def __init__(self, folder: Path, minutes: float) -> None:
        command = [sys.executable, "-m", "streams.cli", "demo", "--minutes", str(minutes), "--json"]
        environment = {**os.environ, "STREAMS_STATE_DIR": str(folder)}
        self._process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self._folder = folder
        until(lambda: self._found() is not None, "the demo's broker runs", 60)
        running = self._found()
        assert running is not None
        self.rig = Rig(running, folder)
        until(lambda: "price.tick" in self.rig.admin.list_topics(timeout=10).topics, "the demo's topics are there", 60)

    def told(self) -> dict[str, Any]:
        """Its summary, when it has ended."""
        said, _ = self._process.communicate()
        return dict(json.loads(said.strip().splitlines()[-1]))

    def _found(self) -> Running | None:
        return next((running for place in self._folder.glob("demo-*") if (running := kafka.find(place))), None)


def run(quick: bool) -> list[Figure]:  # noqa: FBT001  (the same for every file)
    minutes = 1.0 if quick else 4.0
    with tempfile.TemporaryDirectory(prefix="streams-bench-") as folder:
        demo, ended = Demo(Path(folder), minutes), threading.Event()
        publishing = background(demo.rig, BACKGROUND, ended)
        hops = asyncio.run(bare_hop(demo.rig, minutes * 60 - 5))      # the demo's broker ends with it
        ended.set()
        publishing.join()
        latency = demo.told()["latency_ms"]
    bare = spread(hops)
    return [
        Figure(f"{name} p{at}", float(latency[name][f"p{at}"] or 0), "ms", f"bare hop p{at}", float(bare[f"p{at}"] or 0), f"n {latency[name]['n']}")
        for name in latency for at in (50, 99)
    ]
