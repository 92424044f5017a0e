"""Raw ticks a second through the positions worker, beside bare loops on the same records in the same run."""
import asyncio
import json
import sys
import time

from aiokafka import AIOKafkaConsumer, TopicPartition
from confluent_kafka import Consumer
from confluent_kafka import TopicPartition as Place

from bench.rig import Rig, fill_ticks, rig, until
from streams.wire.codec import decode
from streams.wire.topics import PARTITIONS

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
                body = decode(TOPIC, message.value())
                last[body.symbol] = body
                seen += 1
    took = time.perf_counter() - began
    consumer.close()
    return count / took


def ours(r: Rig, count: int) -> tuple[float, float, float]:
    """Ticks a second from the worker's first commit to its last, CPU microseconds a tick, and seconds from start to the end."""
    began = time.monotonic()
    with r.worker("worker", "positions") as worker:
        until(worker.ready, "the worker is ready", 60)
        ready, cpu = time.monotonic(), worker.cpu_s()
        until(lambda: r.behind("positions", TOPIC) < 60, "everything is committed", pause_s=0.05)
        took = time.monotonic() - ready
        return count / took, (worker.cpu_s() - cpu) / count * 1e6, time.monotonic() - began


def main() -> None:
    symbols, count = (int(sys.argv[1]), int(sys.argv[2])) if len(sys.argv) > 2 else (100, 300_000)
    with rig() as r:
        fill_ticks(r, symbols, count)
        aio, conf = asyncio.run(bare_aiokafka(r, count)), bare_confluent(r, count)
        rate, cpu_us, whole = ours(r, count)
        print(json.dumps({"symbols": symbols, "ticks": count, "aiokafka": round(aio), "confluent": round(conf), "ours": round(rate), "cpu_us": round(cpu_us, 2), "ratio": round(rate / aio, 2), "start_to_end_s": round(whole, 1)}))


if __name__ == "__main__":
    main()
