"""Raw ticks a second through the positions worker, beside bare loops on the same records in the same run."""
import asyncio
import time

from aiokafka import AIOKafkaConsumer, TopicPartition
from confluent_kafka import Consumer
from confluent_kafka import TopicPartition as Place

from bench.figures import Figure
from bench.rig import Rig, fill_ticks, names, rig, until
from streams.wire.codec import decode
from streams.wire.topics import PARTITIONS, partition_of

TOPIC = "price.tick"


async def bare_aiokafka(r: Rig, count: int) -> float:
    """Ticks a second of a loop that reads, decodes, and keeps each symbol's last."""
    consumer = AIOKafkaConsumer(bootstrap_servers=r.bootstrap, enable_auto_commit=False, auto_offset_reset="earliest")
    await consumer.start()
    consumer.assign([TopicPartition(TOPIC, partition) for partition in range(PARTITIONS)])
    seen, last, began = 0, {}, time.perf_counter()
    while seen < count:
        for records in (await consumer.getmany(timeout_ms=1_000)).values():
            for record in records:
                if record.key is not None:
                    body = decode(TOPIC, record.value)
                    last[body.symbol] = body
                    seen += 1
    took = time.perf_counter() - began
    await consumer.stop()
    return count / took


def bare_confluent(r: Rig, count: int) -> float:
    consumer = Consumer({"bootstrap.servers": r.bootstrap, "group.id": "bare", "enable.auto.commit": False, "auto.offset.reset": "earliest"})
    consumer.assign([Place(TOPIC, partition, 0) for partition in range(PARTITIONS)])
    seen, last, began = 0, {}, time.perf_counter()
    while seen < count:
        for message in consumer.consume(1_000, 1.0):
            if message.key() is not None:
                body = decode(TOPIC, message.value() or b"")
                last[body.symbol] = body
                seen += 1
    took = time.perf_counter() - began
    consumer.close()
    return count / took


def ours(r: Rig, count: int) -> tuple[float, float]:
    """Ticks a second from the moment the worker is ready until all are committed, and CPU microseconds a tick."""
    with r.worker("streams.cli", "worker", "positions") as worker:
        until(worker.ready, "the worker is ready", 60)
        ready, cpu = time.monotonic(), worker.cpu_s()
        until(lambda: r.behind("positions", TOPIC) < 60, "everything is committed", pause_s=0.05)
        took = time.monotonic() - ready
        return count / took, (worker.cpu_s() - cpu) / count * 1e6


def of_one_partition(count: int) -> list[str]:
    """So many symbols that lie in partition 0."""
    return [name for name in names(2 * PARTITIONS * count) if not partition_of(name.encode())][:count]


def measured(listed: list[str], where: str, count: int) -> list[Figure]:
    with rig() as r:
        fill_ticks(r, listed, count)
        aiokafka, confluent = asyncio.run(bare_aiokafka(r, count)), bare_confluent(r, count)
        rate, cpu_us = ours(r, count)
    name = f"raw ticks of {len(listed)} symbols {where}, through positions"
    return [
        Figure(name, rate, "per second", "bare aiokafka, same decode", aiokafka, f"{cpu_us:.1f} us CPU a tick"),
        Figure(name, rate, "per second", "bare confluent-kafka, same decode", confluent),
    ]


def run(quick: bool) -> list[Figure]:  # noqa: FBT001  (the same for every file)
    everywhere = "in all partitions"
    if quick:
        return measured(names(100), everywhere, 200_000)
    return [
        *measured(names(100), everywhere, 1_000_000), *measured(names(500), everywhere, 1_000_000),
        *measured(of_one_partition(40), "in one partition", 500_000),
    ]
