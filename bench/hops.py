"""The time between records: the demo's pipeline trades on a broker of its own, as it always does.

Beside it on this machine a second broker takes ticks by the thousand, and carries the bare hop that the others are held against.
"""
import asyncio
import json
import subprocess
import sys
import threading
import time
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from confluent_kafka.admin import NewTopic

from bench.figures import Figure
from bench.rig import Rig, names, rig, tick
from streams.demo.percentiles import spread
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


def demo(r: Rig, minutes: float) -> dict[str, Any]:
    command = [sys.executable, "-m", "streams.cli", "demo", "--minutes", str(minutes), "--json"]
    done = subprocess.run(command, env=r.environment(), capture_output=True, text=True, check=True)
    return dict(json.loads(done.stdout.strip().splitlines()[-1]))


def run(quick: bool) -> list[Figure]:  # noqa: FBT001  (the same for every file)
    minutes, hops = 1.0 if quick else 4.0, list[float]()
    with rig() as r:
        ended = threading.Event()
        publishing = background(r, BACKGROUND, ended)
        measuring = threading.Thread(target=lambda: hops.extend(asyncio.run(bare_hop(r, minutes * 60))))
        measuring.start()
        latency = demo(r, minutes)["latency_ms"]
        measuring.join()
        ended.set()
        publishing.join()
    bare = spread(hops)
    return [
        Figure(f"{name} p{at}", float(latency[name][f"p{at}"] or 0), "ms", f"bare hop p{at}", float(bare[f"p{at}"] or 0), f"n {latency[name]['n']}")
        for name in latency for at in (50, 99)
    ]
