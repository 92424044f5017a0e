"""A real broker for whoever asks: `kafka` for one that all tests of a process share, `own_broker` for one to be killed.

`pytest --kafka docker` takes the shared one from the image of the compose file; without Docker those tests are skipped, with the reason.
"""
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from xdist.scheduler import LoadScopeScheduling

from streams.runtime import broker
from streams.runtime.broker import EmbeddedBroker

PIPELINES = ("tests/chaos/test_", "tests/demo/test_run.py")
# `addopts` chooses it: how long one example takes says what else the machine does, not whether a property holds.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])


def pytest_configure() -> None:
    """With xdist the workers share out the ports of brokers: two that start at the same moment cannot choose the same one."""
    worker, workers = os.environ.get("PYTEST_XDIST_WORKER", "gw0"), int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    broker.PORTS = broker.PORTS[int(worker.removeprefix("gw"))::workers]


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadScopeScheduling:  # noqa: ANN401
    """Each test goes to whichever worker is free, but those that start the whole pipeline go to the same one: each needs the cores to keep time."""
    scheduling = LoadScopeScheduling(config, log)
    scheduling._split_scope = lambda nodeid: "pipeline" if nodeid.startswith(PIPELINES) else nodeid
    return scheduling


@pytest.fixture(scope="session")
def kafka_cache() -> Path:
    """Where the jars are kept, the user's own: a test run fetches them once."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "quantum-streams"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--kafka", choices=("embedded", "docker"), default="embedded", help="the broker that tests share; docker: a container")


@pytest.fixture(scope="session")
def kafka(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, kafka_cache: Path) -> Iterator[str]:
    """The bootstrap address. One broker a session (with xdist: one a worker); a test keeps to itself by topics and groups of its own names."""
    if request.config.getoption("--kafka") == "docker":
        from tests.containers import kafka as container  # noqa: PLC0415  (needs a Docker daemon)

        with container() as bootstrap:
            yield bootstrap
        return
    with EmbeddedBroker(tmp_path_factory.mktemp("kafka"), kafka_cache) as shared:
        yield shared.bootstrap


@pytest.fixture
def own_broker(tmp_path: Path, kafka_cache: Path) -> Iterator[EmbeddedBroker]:
    """A broker of this test alone: `kill()` and `start()` it at will, it keeps its data and its address."""
    with EmbeddedBroker(tmp_path / "own", kafka_cache) as own:
        yield own
