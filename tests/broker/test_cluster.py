"""Three brokers, of which one dies under load: what was confirmed lies on another, and the worker does not halt."""
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.broker.cluster import NODES, Cluster
from tests.broker.harness import CLEAN, INPUTS, Log, audit, load, until
from tests.broker.processes import workers
from tests.broker.worker import Setup

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


@pytest.fixture
def cluster(tmp_path: Path, kafka_cache: Path) -> Iterator[Cluster]:
    with Cluster(tmp_path / "cluster", kafka_cache) as cluster:
        yield cluster


@pytest.mark.parametrize("victim", range(NODES))
def test_one_of_three_is_killed(cluster: Cluster, tmp_path: Path, victim: int) -> None:
    """Whichever of them leads the controllers, the group and the topics. It comes back while the load goes on."""
    setup = Setup(bootstrap=cluster.bootstrap, run=uuid.uuid4().hex[:8], state_dir=str(tmp_path))
    log = Log(setup, copies=NODES)
    until(lambda: len(log.admin.list_topics(timeout=5).brokers) == NODES, "three brokers", 60)
    log.make_all()
    with workers(setup) as start:
        worker = start().until_ready()
        with load(log, a_second=200) as events:
            log.until_answered(more=200, what="the worker at work")
            cluster.kill(victim)
            log.until_led(setup.topic("out"), *map(setup.topic, INPUTS))
            log.until_answered(more=500, what="the worker at work with two")
            cluster.revive(victim)
            log.until_answered(more=500, what="the worker at work with three")
        log.until_worked()
        assert worker.stopped() == 0
    assert audit(log, events) == CLEAN
