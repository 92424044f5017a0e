"""Kills, joins, leaves and zombies under load: nothing lost, nothing worked twice, tables that count right, and a repeat is a repeat by its id."""
import signal
from pathlib import Path

import msgspec
import pytest

from tests.broker.harness import CLEAN, Log, audit, load, numbered, until
from tests.broker.processes import workers
from tests.broker.worker import Setup


def test_kill_9_on_a_backlog(setup: Setup, log: Log) -> None:
    """With static membership: the next process takes the partitions back at once."""
    setup = msgspec.structs.replace(setup, instance_id="counter-0")
    events = numbered(4_000)
    log.write("in.a", *events[::2])
    log.write("in.b", *events[1::2])
    with workers(setup) as start:
        for answers in (500, 1_000):
            worker = start()
            log.until_answered(more=answers, what="answers")
            assert worker.killed() == -signal.SIGKILL
        start()
        log.until_worked()
    found = audit(log, events)
    assert found._replace(doubled=0) == CLEAN
    assert found.doubled < 3_000


def test_a_second_worker_joins_and_leaves(setup: Setup, log: Log) -> None:
    _join_and_leave(setup, log)


@pytest.mark.slow
@pytest.mark.parametrize("times", range(6))
def test_it_does_so_again_and_again(setup: Setup, log: Log, times: int) -> None:
    """The races in a rebalance show in one run of three, or of ten."""
    _join_and_leave(setup, log)


def _join_and_leave(setup: Setup, log: Log) -> None:
    with workers(setup) as start:
        first = start().until_ready()
        with load(log, a_second=200) as events:
            log.until_answered(more=100, what="the first worker at work")
            second = start().until_ready()
            log.until_answered(more=200, what="both at work")
            assert second.stopped() == 0
            log.until_answered(more=200, what="the first alone again")
        log.until_worked()
        assert first.stopped() == 0
    assert audit(log, events) == CLEAN


def test_a_zombie_writes_nothing_and_ends_itself(setup: Setup, log: Log, tmp_path: Path) -> None:
    """It stops in the midst of a turn, its buffers full; another takes its partitions over, and then it wakes and hands over what it had."""
    frozen = tmp_path / "frozen"
    events = numbered(2_000)
    events[900]["freezes"] = str(frozen)
    log.write("in.b", *events)
    with workers(setup) as start:
        zombie = start()
        until(frozen.exists, "the worker stopped")
        second = start()
        log.until_worked()
        zombie.send(signal.SIGCONT)
        assert zombie.ended() == 70
        assert "does not know this worker any more" in zombie.said()
        events += numbered(100, first=len(events))
        log.write("in.b", *events[-100:])
        log.until_worked()
        assert second.stopped() == 0
    assert audit(log, events)._replace(doubled=0) == CLEAN
