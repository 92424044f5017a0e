"""What one, two and four positions workers here get through, what an event costs them and the broker, and how long a start reads its table.

Every event changes a state: a CLOSE of a symbol that holds nothing is read, denied, remembered in the symbol's state, and told in `decision.log`.
The start comes last, on the changelog that they have left, with its records repeated until it has a hundred thousand. Where workers, broker and
load share two cores, the rate says what this machine does; the CPU of an event says what a machine of another size would.
"""
import time
from collections.abc import Sequence
from contextlib import ExitStack
from itertools import cycle, islice
from pathlib import Path

from bench.figures import Figure
from bench.rig import POSITIONS, Rig, cpu_s, names, rig, until
from bench.starts import Decisions
from streams.core.events import Intent
from streams.core.words import Action
from streams.wire.codec import encode
from streams.wire.log import read
from streams.wire.topics import POSITIONS_CHANGELOG, TRADE_INTENT

SYMBOLS = 500
GONE_S = 60.0


class Through:
    """So many events through so many workers: events a second, and CPU microseconds of one, of the workers together and of the broker."""

    def __init__(self, r: Rig, workers: int, count: int) -> None:
        closes = [(symbol.encode(), encode(Intent(f"{workers}-{number}", symbol, Action.CLOSE, "main"))) for number, symbol in turns(count)]
        with ExitStack() as processes:
            running = [processes.enter_context(r.worker(*POSITIONS)) for _ in range(workers)]
            until(lambda: all(worker.ready() for worker in running), f"{workers} workers are ready", 60)
            shared(r)
            pids = [worker.process.pid for worker in running]
            cpu, broker, began = sum(map(cpu_s, pids)), cpu_s(r.broker.pid), time.monotonic()
            publish(r, closes)
            until(lambda: r.behind("positions", TRADE_INTENT.name) == 0, "all intents are decided", 150, pause_s=0.05)
            self.rate = count / (time.monotonic() - began)
            self.worker_us = (sum(map(cpu_s, pids)) - cpu) / count * 1e6
            self.broker_us = (cpu_s(r.broker.pid) - broker) / count * 1e6
            self.memory_mb = max(map(memory_mb, pids))
        until(lambda: not members(r), "the group has let them go", GONE_S)


class Start:
    """Seconds from the start of a worker until each partition has had a decision, and the CPU seconds that it took itself."""

    def __init__(self, r: Rig) -> None:
        with Decisions(r) as decisions:
            began = time.monotonic()
            with r.worker(*POSITIONS) as worker:
                until(lambda: decisions.all_since(began), "a decision in each partition", 120)
                self.cpu_s, self.seconds = worker.cpu_s(), decisions.longest_wait(began)
        until(lambda: not members(r), "the group has let it go", GONE_S)


def turns(count: int) -> list[tuple[int, str]]:
    known = names(SYMBOLS)
    return [(number, known[number % SYMBOLS]) for number in range(count)]


def publish(r: Rig, closes: Sequence[tuple[bytes, bytes]]) -> None:
    producer = r.producer(**{"queue.buffering.max.messages": 1_000_000})
    for key, value in closes:
        producer.produce(TRADE_INTENT.name, value, key=key)
    producer.flush(60)


def shared(r: Rig) -> None:
    """Every partition has somebody who decides, some time after the last has joined."""
    with Decisions(r) as decisions:
        moment = time.monotonic() + 3
        until(lambda: decisions.all_since(moment), "each partition is worked", 60)
    until(lambda: r.behind("positions", TRADE_INTENT.name) == 0, "what has been asked is decided", 60)


def members(r: Rig) -> int:
    """Static members are kept until their session ends."""
    return len(r.admin.describe_consumer_groups(["positions"])["positions"].result(30).members)


def lengthen(r: Rig, records: int) -> None:
    """The changelog, by what lies in it: one record after another a second time, and a third."""
    held = [message for message in read(r.bootstrap, [POSITIONS_CHANGELOG.name]) if message.key]
    producer = r.producer(**{"queue.buffering.max.messages": 1_000_000})
    for message in islice(cycle(held), max(records - len(held), 0)):
        producer.produce(POSITIONS_CHANGELOG.name, message.value, key=message.key, partition=message.partition)
        producer.poll(0)
    producer.flush(60)


def memory_mb(pid: int) -> float:
    """Resident."""
    line = next(line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1_024


def run(quick: bool) -> list[Figure]:  # noqa: FBT001  (the same for every file)
    count, workers, kept = (4_000, (1, 2), 20_000) if quick else (15_000, (1, 2, 4), 100_000)
    with rig() as r:
        empty = Start(r)
        through = {number: Through(r, number, count) for number in workers}
        lengthen(r, kept)
        records, stored = sum(r.ends(POSITIONS_CHANGELOG.name).values()), r.bytes(POSITIONS_CHANGELOG.name)
        start = Start(r)
    one, name = through[1], "intents denied by positions"
    return [
        Figure(name, one.rate, "per second", note="one worker"),
        *(Figure(f"{name}, {number} workers here", found.rate, "per second", "one", one.rate) for number, found in through.items() if number > 1),
        *(Figure(f"{name}: CPU of one, {number} workers", found.worker_us, "us", "the broker's for it", found.broker_us)
          for number, found in through.items()),
        Figure(f"memory of a worker with {SYMBOLS} symbols", one.memory_mb, "MB"),
        Figure("start to first decision", start.seconds, "s", "empty", empty.seconds, f"{records} changelog records, {stored / 1e6:.0f} MB"),
        Figure("the same, CPU of the worker", start.cpu_s, "s", "empty", empty.cpu_s),
        Figure("a changelog record at a start: CPU", max(start.cpu_s - empty.cpu_s, 0) / records * 1e6, "us", note=f"{stored / records:.0f} bytes"),
    ]
