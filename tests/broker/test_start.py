"""A worker that cannot work says why, what to do, and ends with the code of it."""
from pathlib import Path

from tests.broker.harness import Log, workers
from tests.broker.worker import Setup


def test_without_its_topics(setup: Setup) -> None:
    log = Log(setup)
    log.make(setup.topic("in.a"), log.changelog)
    log.make(setup.topic("in.b"), partitions=3)
    with workers(setup) as start:
        worker = start()
        assert worker.ended() == 2
    assert f"these topics must exist with 12 partitions: {{'{setup.topic('in.b')}': 3}}; streams topics apply" in worker.said()


def test_without_a_broker(tmp_path: Path) -> None:
    with workers(Setup(bootstrap="127.0.0.1:9", run="none", state_dir=str(tmp_path))) as start:
        worker = start()
        assert worker.ended() == 4
    assert "no Kafka broker answers at 127.0.0.1:9" in worker.said()
    assert "streams kafka up" in worker.said()
