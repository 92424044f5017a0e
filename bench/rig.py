"""A broker of this run's own, its topics, records to read, and workers as processes: what every figure on the log stands on."""
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient

from streams.core.events import Instrument, Tick
from streams.core.values import e8
from streams.runtime.broker import EmbeddedBroker
from streams.runtime.running import Running
from streams.settings import Environment
from streams.wire import admin
from streams.wire.codec import encode
from streams.wire.topics import PARTITIONS

DEADLINE_S = 300.0
POSITIONS = "streams.cli", "worker", "positions"
TICK_E8 = e8("0.01")
# A fork beside the threads of a Kafka client may crash: what binds a child to us is called in the child itself.
BOUND = """
import os, sys
from streams.runtime.processes import bound_to
bound_to(int(sys.argv[1]))()
os.execv(sys.executable, [sys.executable, "-m", *sys.argv[2:]])
"""


class Rig:
    """One broker with our topics, in a folder that goes with it."""

    def __init__(self, broker: EmbeddedBroker | Running, folder: Path) -> None:
        self.broker, self.folder = broker, folder
        self.bootstrap = broker.bootstrap
        self.admin = AdminClient({"bootstrap.servers": self.bootstrap})
        self._lookers: dict[str, Consumer] = {}

    def producer(self, **more: object) -> Producer:
        return Producer({"bootstrap.servers": self.bootstrap, "partitioner": "murmur2_random", "enable.idempotence": True, "linger.ms": 20, **more})

    def ends(self, topic: str) -> dict[int, int]:
        looker = self._looker("bench-looks")
        return {partition: looker.get_watermark_offsets(TopicPartition(topic, partition), timeout=30)[1] for partition in range(PARTITIONS)}

    def committed(self, group: str, topic: str) -> dict[int, int]:
        """By a consumer that never joins: asked by the admin client while its coordinator is being made, confluent-kafka 2.x crashed."""
        places = [TopicPartition(topic, partition) for partition in range(PARTITIONS)]
        try:
            return {place.partition: max(place.offset, 0) for place in self._looker(group).committed(places, timeout=30)}
        except KafkaException:                           # the group's coordinator is still being made
            return {}

    def _looker(self, group: str) -> Consumer:
        if group not in self._lookers:
            self._lookers[group] = Consumer({"bootstrap.servers": self.bootstrap, "group.id": group})
        return self._lookers[group]

    def behind(self, group: str, topic: str) -> int:
        """Records that the group has not committed."""
        committed = self.committed(group, topic)
        return sum(end - committed.get(partition, 0) for partition, end in self.ends(topic).items())

    def bytes(self, topic: str) -> int:
        """Of the files that hold it."""
        data = next(self.folder.rglob("meta.properties")).parent
        return sum(path.stat().st_size for number in range(PARTITIONS) for path in (data / f"{topic}-{number}").glob("*.log"))

    def environment(self, **more: str) -> dict[str, str]:
        return {
            **os.environ, "STREAMS_KAFKA_BOOTSTRAP": self.bootstrap, "STREAMS_STATE_DIR": str(self.folder / "state"), "STREAMS_METRICS_PORT": "0",
            **more,
        }

    @contextmanager
    def worker(self, module: str, *arguments: str, **more: str) -> Iterator["Worker"]:
        """A Python process, ended with the block, and with us however we end."""
        log = self.folder / f"{arguments[-1].replace('/', '-')[-20:]}-{time.monotonic_ns()}.log"
        command = [sys.executable, "-c", BOUND, str(os.getpid()), module, *arguments]
        with log.open("wb") as out:
            process = subprocess.Popen(command, env=self.environment(**more), stdout=out, stderr=out)
            try:
                yield Worker(process, log)
            finally:
                if process.poll() is None:
                    process.send_signal(signal.SIGTERM)
                    process.wait(60)


class Worker:
    def __init__(self, process: "subprocess.Popen[bytes]", log: Path) -> None:
        self.process, self.log = process, log

    def ready(self) -> bool:
        return "the worker is ready" in self.log.read_text(errors="replace")

    def cpu_s(self) -> float:
        return cpu_s(self.process.pid)


def cpu_s(pid: int) -> float:
    """CPU seconds of a process so far, user and system."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def rig() -> Iterator[Rig]:
    with tempfile.TemporaryDirectory(prefix="streams-bench-") as folder, EmbeddedBroker(Path(folder), Environment().cache_dir) as broker:
        admin.apply(broker.bootstrap)
        yield Rig(broker, Path(folder))


def until(condition: Callable[[], bool], what: str, seconds: float = DEADLINE_S, pause_s: float = 0.02) -> float:
    """Seconds until the condition came true."""
    began = time.monotonic()
    while not condition():
        if time.monotonic() - began > seconds:
            raise TimeoutError(f"after {seconds} s still not: {what}")
        time.sleep(pause_s)
    return time.monotonic() - began


def names(count: int) -> list[str]:
    return [f"COIN{number}USDT" for number in range(count)]


def instrument(symbol: str) -> Instrument:
    return Instrument(
        symbol=symbol, status="TRADING", base=symbol.removesuffix("USDT"), margin_asset="USDT", tick_size=TICK_E8, quantity_step=e8("0.001"),
        quantity_min=e8("0.001"), quantity_max=e8("1000"), notional_min=e8("5"), price_min=TICK_E8, price_max=e8("1000000"),
        price_up_ppm=1_050_000, price_down_ppm=950_000, leverage_max=125, maintenance_ppm=4_000, taker_fee_ppm=500,
    )


def tick(symbol: str, number: int, now_ms: int) -> Tick:
    """A price that walks by a step or two of its grid, as most of them do."""
    last = e8("100") + (number * 7919 % 21 - 10) * TICK_E8
    return Tick(
        symbol, last, last - TICK_E8, last + TICK_E8, last, mark_is_mid=False, high=last + TICK_E8, low=last - TICK_E8,
        first_time=now_ms, last_time=now_ms,
    )


def fill_ticks(rig: Rig, listed: list[str], count: int) -> None:
    """This many raw ticks of these symbols, in turn."""
    producer = rig.producer(**{"queue.buffering.max.messages": 1_000_000})
    for symbol in listed:
        producer.produce("instrument", encode(instrument(symbol)), key=symbol.encode())
    now_ms = int(time.time() * 1_000)
    for number in range(count):
        symbol = listed[number % len(listed)]
        producer.produce("price.tick", encode(tick(symbol, number, now_ms + number // 100)), key=symbol.encode())
        if number % 1_000 == 0:
            producer.poll(0)
    producer.flush(60)

