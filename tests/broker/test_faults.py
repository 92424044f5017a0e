"""Kills, joins, leaves and zombies under load: nothing lost, nothing worked twice, tables that count right, and a repeat is a repeat by its id."""
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.broker.harness import Audit, Log, audit, numbered, until, workers
from tests.broker.worker import Setup

CLEAN = Audit(lost=0, doubled=0, disagreeing=0, drift=0, stale=0)


@contextmanager
def load(log: Log, a_second: int) -> Iterator[list[dict[str, Any]]]:
    """Writes events to both inputs until the block ends; the list grows as it goes."""
    written: list[dict[str, Any]] = []
    ended = threading.Event()

    def write() -> None:
        while not ended.wait(0.02):
            events = numbered(a_second // 50, first=len(written))
            written.extend(events)
            for event in events:
                log.write_soon("in.a" if int(event["id"][1:]) % 2 else "in.b", event)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        yield written
    finally:
        ended.set()
        writer.join()
        log.producer.flush()


def answered(log: Log) -> int:
    return log.end(log.setup.topic("out"))


def test_kill_9_on_a_backlog(setup: Setup, log: Log) -> None:
    events = numbered(4_000)
    log.write("in.a", *events[::2])
    log.write("in.b", *events[1::2])
    with workers(setup) as start:
        for answers in (500, 1_500):
            worker = start()
            until(lambda worked=answers: answered(log) >= worked, f"{answers} answers")
            assert worker.killed() == -signal.SIGKILL
        start()
        log.until_worked()
    found = audit(log, events)
    assert found._replace(doubled=0) == CLEAN
    assert found.doubled < 3_000


def test_a_second_worker_joins_and_leaves(setup: Setup, log: Log) -> None:
    with workers(setup) as start:
        first = start().until_ready()
        with load(log, a_second=400) as events:
            until(lambda: answered(log) > 200, "the first worker at work")
            second = start().until_ready()
            joined = len(events)
            until(lambda: answered(log) > joined + 400, "both at work")
            assert second.stopped() == 0
            left = len(events)
            until(lambda: answered(log) > left + 400, "the first alone again")
        log.until_worked()
        assert first.stopped() == 0
    assert audit(log, events) == CLEAN


def test_a_zombie_writes_nothing_and_ends_itself(setup: Setup, log: Log) -> None:
    """It is stopped under load with its buffers full, another takes its partitions over, and then it wakes."""
    with workers(setup) as start, load(log, a_second=600) as events:
        zombie = start().until_ready()
        until(lambda: answered(log) > 300, "the first worker at work")
        zombie.send(signal.SIGSTOP)
        stopped = len(events)
        start()
        until(lambda: answered(log) > stopped + 600, "the second at work with all partitions")
        zombie.send(signal.SIGCONT)
        assert zombie.ended() == 70
        assert "does not know this worker any more" in zombie.said()
        woken = len(events)
        until(lambda: answered(log) > woken + 300, "the second undisturbed")
    with workers(setup) as start:
        start()
        log.until_worked()
    assert audit(log, events)._replace(doubled=0) == CLEAN
