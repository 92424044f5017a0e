"""The broker dies under load. A worker holds, and goes on when it is back; one that is told to end meanwhile ends without it.

Where a worker ends with records in flight, its successor sends them again: twice in the log, by the same id and with the same bytes.
"""
import os
import signal
import time
import uuid
from pathlib import Path

import pytest

from streams.runtime.broker import EmbeddedBroker
from tests.broker.harness import CLEAN, Log, audit, load, until
from tests.broker.processes import kept, workers
from tests.broker.worker import Setup

pytestmark = pytest.mark.slow


def test_a_broker_that_is_killed_and_comes_back_costs_nothing(own_broker: EmbeddedBroker, tmp_path: Path) -> None:
    setup, log = _on(own_broker, tmp_path, grace_s=20.0)
    with workers(setup) as start:
        worker = start().until_ready()
        with load(log, a_second=200) as events:
            log.until_answered(more=200, what="the worker at work")
            own_broker.kill()
            own_broker.start()
            log.until_led(setup.topic("out"))
            log.until_answered(more=200, what="the worker at work again")
        log.until_worked()
        assert worker.stopped() == 0
    found = audit(log, events)
    assert found._replace(doubled=0) == CLEAN
    assert found.doubled < 50


def test_a_broker_that_is_ended_and_comes_back_costs_nothing(own_broker: EmbeddedBroker, tmp_path: Path) -> None:
    """SIGTERM: what is on its way is written, and answered."""
    setup, log = _on(own_broker, tmp_path, grace_s=20.0)
    with workers(setup) as start:
        worker = start().until_ready()
        with load(log, a_second=200) as events:
            log.until_answered(more=200, what="the worker at work")
            own_broker.stop()
            own_broker.start()
            log.until_led(setup.topic("out"))
            log.until_answered(more=200, what="the worker at work again")
        log.until_worked()
        assert worker.stopped() == 0
    assert audit(log, events) == CLEAN


def test_a_broker_that_stands_still_past_the_session_costs_nothing(own_broker: EmbeddedBroker, tmp_path: Path) -> None:
    """SIGSTOP: every connection stands, and nobody answers. When it wakes it may take its members for dead, and tell them so."""
    setup, log = _on(own_broker, tmp_path, grace_s=20.0)
    with kept(setup) as lives:
        with load(log, a_second=200) as events:
            log.until_answered(more=200, what="the worker at work")
            os.kill(own_broker.pid, signal.SIGSTOP)
            _pass(setup.session_timeout_s + 1)
            os.kill(own_broker.pid, signal.SIGCONT)
            log.until_led(setup.topic("out"))
            log.until_answered(more=200, what="the worker at work again")
        log.until_worked()
    print("ends of the worker:", [life.process.returncode for life in lives[:-1]])  # noqa: T201
    found = audit(log, events)
    assert found._replace(doubled=0) == CLEAN
    assert found.doubled < 1_000                         # a worker that was taken for dead ends itself; what it had in flight comes again


@pytest.mark.timeout(300)
@pytest.mark.parametrize("away_s", [5, 35, 90])
def test_a_broker_that_is_gone_for_a_while_costs_nothing(own_broker: EmbeddedBroker, tmp_path: Path, away_s: int) -> None:
    """The worker holds, also past `produce_timeout_s`: while the group is silent everything waits at the socket."""
    setup, log = _on(own_broker, tmp_path, grace_s=10.0)
    with kept(setup) as lives:
        with load(log, a_second=100) as events:
            log.until_answered(more=100, what="the worker at work")
            own_broker.kill()
            _pass(away_s)
            own_broker.start()
            log.until_led(setup.topic("out"))
            log.until_answered(more=100, what="the worker at work again")
        log.until_worked()
    print("ends of the worker:", [life.process.returncode for life in lives[:-1]])  # noqa: T201
    found = audit(log, events)
    assert found._replace(doubled=0) == CLEAN
    assert found.doubled < 50


def _pass(seconds: float) -> None:
    """The fault itself lasts so long."""
    over = time.monotonic() + seconds
    until(lambda: time.monotonic() > over, "time passes", seconds + 5)


def test_without_its_broker_a_worker_still_ends_in_its_grace(own_broker: EmbeddedBroker, tmp_path: Path) -> None:
    setup, log = _on(own_broker, tmp_path, grace_s=4.0)
    with workers(setup) as start:
        worker = start().until_ready()
        with load(log, a_second=200):
            log.until_answered(more=100, what="the worker at work")
            own_broker.kill()
            worker.send(signal.SIGTERM)
            assert worker.ended(seconds=8.0) in {0, 71}
            assert "beside the worker: finished" in worker.said()
            own_broker.start()


def _on(broker: EmbeddedBroker, folder: Path, grace_s: float) -> tuple[Setup, Log]:
    setup = Setup(bootstrap=broker.bootstrap, run=uuid.uuid4().hex[:8], state_dir=str(folder), grace_s=grace_s)
    log = Log(setup)
    log.make_all()
    return setup, log
