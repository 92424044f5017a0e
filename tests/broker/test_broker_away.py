"""The broker dies under load. A worker holds, and goes on when it is back; one that is told to end meanwhile ends without it."""
import signal
import uuid
from pathlib import Path

from streams.runtime.broker import EmbeddedBroker
from tests.broker.harness import CLEAN, Log, audit, load, workers
from tests.broker.worker import Setup


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
