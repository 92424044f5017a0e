"""Workers come and go under load, two call themselves by one name, the clock of one jumps, and the offsets are set back to the beginning."""
import signal
from pathlib import Path

import msgspec
import pytest

from streams.runtime.room import EVENTS_OF_KEY_MAX
from tests.broker.clock import jumping
from tests.broker.harness import CLEAN, INPUTS, Log, audit, load, numbered, set_back, until
from tests.broker.processes import workers
from tests.broker.worker import Setup


def test_one_that_is_ended_and_started_again(setup: Setup, log: Log) -> None:
    """SIGTERM: it finishes what it began, and commits it."""
    with workers(setup) as start:
        with load(log, a_second=200) as events:
            for _ in range(2):
                worker = start().until_ready()
                log.until_answered(more=200, what="the worker at work")
                assert worker.stopped() == 0
            start()
            log.until_answered(more=200, what="the third at work")
        log.until_worked()
    assert audit(log, events) == CLEAN


def test_one_joins_leaves_and_joins_again(setup: Setup, log: Log) -> None:
    with workers(setup) as start:
        start().until_ready()
        with load(log, a_second=200) as events:
            log.until_answered(more=100, what="the first at work")
            second = start().until_ready()
            log.until_answered(more=100, what="both at work")
            assert second.stopped() == 0
            start().until_ready()
            log.until_answered(more=200, what="both at work again")
        log.until_worked()
    assert audit(log, events) == CLEAN


def test_one_stands_still_for_less_than_its_session(setup: Setup, log: Log) -> None:
    """Longer than after which it holds its records back, and shorter than after which it loses its partitions."""
    with workers(setup) as start:
        worker = start().until_ready()
        with load(log, a_second=200) as events:
            log.until_answered(more=200, what="the worker at work")
            worker.send(signal.SIGSTOP)
            written = len(events)
            until(lambda: len(events) > written + 900, "4.5 s of load")
            worker.send(signal.SIGCONT)
            log.until_answered(more=200, what="the worker at work again")
        log.until_worked()
        assert worker.stopped() == 0
    assert audit(log, events) == CLEAN


def test_two_by_one_name(setup: Setup, log: Log) -> None:
    """The broker knows the later one; the earlier is told so at its next heartbeat, and ends. Its records in flight come again by their ids."""
    setup = msgspec.structs.replace(setup, instance_id="counter-0")
    with workers(setup) as start:
        first = start().until_ready()
        with load(log, a_second=200) as events:
            log.until_answered(more=200, what="the first at work")
            second = start()
            assert first.ended() == 70
            assert "does not know this worker any more" in first.said()
            log.until_answered(more=200, what="the second at work")
        log.until_worked()
        assert second.stopped() == 0
    found = audit(log, events)
    assert found._replace(doubled=0) == CLEAN
    assert found.doubled < 1_000                         # the room of one worker


@pytest.mark.parametrize("off_s", [3_600, pytest.param(-3_600, marks=pytest.mark.slow)])
def test_a_clock_that_jumps(setup: Setup, log: Log, tmp_path: Path, off_s: int) -> None:
    """Neither the session nor a produce request nor a reminder goes by it: the log's time is the broker's."""
    environment, jump = jumping(tmp_path, off_s)
    with workers(setup, environment=environment) as start:
        worker = start().until_ready()
        with load(log, a_second=200) as events:
            log.until_answered(more=200, what="the worker at work")
            jump.touch()
            log.until_answered(more=200, what="the worker at work")
            log.write("in.b", {"id": "r", "key": "S0USDT", "remind": True})
            until(lambda: len(log.answers().get("r", [])) == 2, "the beat after it reminds")
        log.until_worked()
        assert worker.stopped() == 0
    found = audit(log, [*events, {"id": "r", "key": "S0USDT"}])
    assert found == CLEAN._replace(doubled=1, disagreeing=1)         # the reminder is an answer of its own


def test_offsets_that_are_set_back_to_the_beginning(setup: Setup, log: Log) -> None:
    """Every event comes again, and every table knows it. What still lies in the outbox of a key's last state is sent again, by the same ids."""
    with workers(setup) as start:
        worker = start()
        events = numbered(2_000)
        log.write("in.a", *events[::2])
        log.write("in.b", *events[1::2])
        log.until_worked()
        assert worker.stopped() == 0
        set_back(log.admin, setup.group, map(setup.topic, INPUTS))
        assert set(log.committed().values()) == {0}
        more = numbered(100, first=2_000)
        log.write("in.b", *more)
        start()
        log.until_worked()
    found = audit(log, [*events, *more])
    assert found._replace(doubled=0) == CLEAN
    assert found.doubled <= 20 * EVENTS_OF_KEY_MAX       # of twenty keys

