"""Time to the next decision: after a start, after a restart of the same member, and after one of two workers is killed."""
import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Self

from confluent_kafka import OFFSET_END, Consumer, TopicPartition

from bench.figures import Figure
from bench.rig import POSITIONS, Rig, Worker, fill_ticks, names, rig, until
from streams.core.events import Intent
from streams.core.words import Action
from streams.errors import Unreadable
from streams.wire.codec import decode, encode
from streams.wire.topics import PARTITIONS, partition_of

EVERY_S = 0.1


class Decisions:
    """When each partition's intents were decided, by our clock. Ten times a second one goes to each: a CLOSE of a symbol that holds nothing."""

    def __init__(self, r: Rig) -> None:
        self.times: dict[int, list[float]] = {partition: [] for partition in range(PARTITIONS)}
        self._rig, self._ended = r, threading.Event()
        self._threads = [threading.Thread(target=run, daemon=True) for run in (self._read, self._publish)]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        for thread in self._threads:
            thread.join()

    def all_since(self, moment: float) -> bool:
        return all(times and times[-1] > moment for times in self.times.values())

    def longest_wait(self, moment: float) -> float:
        """Seconds from the moment until the last of the partitions had its next decision."""
        return max(next(time for time in times if time > moment) for times in self.times.values()) - moment

    def _publish(self) -> None:
        producer, number = self._rig.producer(**{"linger.ms": 0}), 0
        symbols = {partition_of(symbol.encode()): symbol for symbol in names(500)}
        while not self._ended.wait(EVERY_S):
            for symbol in symbols.values():
                number += 1
                close = Intent(f"close-{number}-{time.monotonic_ns()}", symbol, Action.CLOSE, "main", timestamp=int(time.time() * 1_000))
                producer.produce("trade.intent", encode(close), key=symbol.encode())
            producer.poll(0)
        producer.flush(10)

    def _read(self) -> None:
        consumer = Consumer({"bootstrap.servers": self._rig.bootstrap, "group.id": "bench-looks", "enable.auto.commit": False})
        consumer.assign([TopicPartition("decision.log", partition, OFFSET_END) for partition in range(PARTITIONS)])
        while not self._ended.is_set():
            for message in consumer.consume(500, 0.05):
                try:
                    decided = decode("decision.log", message.value() or b"")
                except Unreadable:
                    continue
                if getattr(decided, "event", "") == "Intent":
                    self.times[decided.partition].append(time.monotonic())
        consumer.close()


@contextmanager
def positions(r: Rig) -> Iterator[Worker]:
    with r.worker(*POSITIONS) as worker:
        until(worker.ready, "the worker is ready", 60)
        yield worker


def first_decision(r: Rig) -> float:
    with Decisions(r) as decisions:
        began = time.monotonic()
        with r.worker(*POSITIONS):
            until(lambda: decisions.all_since(began), "a decision in each partition", 120)
            return decisions.longest_wait(began)


def restarted(r: Rig, sign: int) -> float:
    """From the signal, given to the only worker and answered by starting it again at once."""
    with Decisions(r) as decisions, r.worker(*POSITIONS) as worker:
        until(lambda: decisions.all_since(0), "it decides", 60)
        moment = time.monotonic()
        os.kill(worker.process.pid, sign)
        worker.process.wait(60)
        with r.worker(*POSITIONS):
            until(lambda: decisions.all_since(moment + 0.5), "it decides again", 60)
            return decisions.longest_wait(moment + 0.5) + 0.5 if sign == signal.SIGKILL else decisions.longest_wait(moment)


def taken_over(r: Rig) -> float:
    """From kill -9 of one of two."""
    with Decisions(r) as decisions, positions(r), positions(r) as victim:
        settled = time.monotonic() + 3
        until(lambda: decisions.all_since(settled), "both decide", 60)
        moment = time.monotonic()
        os.kill(victim.process.pid, signal.SIGKILL)
        until(lambda: decisions.all_since(moment + 0.5), "the other decides", 60)
        return decisions.longest_wait(moment + 0.5) + 0.5


def run(quick: bool) -> list[Figure]:  # noqa: FBT001  (the same for every file)
    figures = []
    with rig() as r:
        figures.append(Figure("start to first decision, empty", first_decision(r), "s"))
        figures.append(Figure("kill -9 and restart, static member", restarted(r, signal.SIGKILL), "s"))
        figures.append(Figure("take-over after kill -9 of one of two", taken_over(r), "s", "session timeout", 10.0))
    with rig() as r:
        count = 100_000 if quick else 1_000_000
        fill_ticks(r, names(500), count)
        figures.append(Figure(f"start to first decision, 500 symbols and {count} ticks behind", first_decision(r), "s"))
        figures.append(Figure("start to first decision, 500 symbols known", first_decision(r), "s"))
    return figures
