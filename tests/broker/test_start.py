"""A worker that cannot work says why, what to do, and ends with the code of it."""
import os
import subprocess
import sys
from pathlib import Path

from streams.runtime.broker import EmbeddedBroker
from streams.wire import admin
from streams.wire.topics import TOPICS, TRADE_INTENT
from tests.broker.harness import INPUTS, Log
from tests.broker.processes import ROOT, workers
from tests.broker.worker import Setup


def test_without_its_topics(setup: Setup) -> None:
    log = Log(setup)
    log.make(setup.topic("in.a"), log.changelog)
    log.make(setup.topic("in.b"), partitions=3)
    with workers(setup) as start:
        worker = start()
        assert worker.ended() == 2
    assert f"these topics must exist with 12 partitions: {{'{setup.topic('in.b')}': 3}}; streams topics apply" in worker.said()


def test_with_a_changelog_that_forgets_by_age(setup: Setup) -> None:
    log = Log(setup)
    log.make(*map(setup.topic, INPUTS), log.changelog)
    with workers(setup) as start:
        worker = start()
        assert worker.ended() == 2
    assert f"{log.changelog} must be kept by cleanup.policy=compact, and is by delete; kafka-configs.sh" in worker.said()
    assert f"--entity-name {log.changelog} --add-config cleanup.policy=compact" in worker.said()


def test_with_a_topic_of_intents_that_forgets_all_but_the_last(own_broker: EmbeddedBroker, tmp_path: Path) -> None:
    """The pipeline's own worker, on a topic that somebody else made."""
    admin.apply(own_broker.bootstrap, [topic for topic in TOPICS if topic is not TRADE_INTENT])
    log = Log(Setup(bootstrap=own_broker.bootstrap, run="start", state_dir=str(tmp_path)))
    log.make(TRADE_INTENT.name, config={"cleanup.policy": "compact"})
    environment = {**os.environ, "STREAMS_KAFKA_BOOTSTRAP": own_broker.bootstrap, "STREAMS_STATE_DIR": str(tmp_path / "state")}
    command = [sys.executable, "-m", "streams.cli", "worker", "positions"]
    ended = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert (ended.returncode, "--entity-name trade.intent --add-config cleanup.policy=delete" in ended.stderr) == (2, True), ended.stderr


def test_without_a_broker(tmp_path: Path) -> None:
    with workers(Setup(bootstrap="127.0.0.1:9", run="none", state_dir=str(tmp_path))) as start:
        worker = start()
        assert worker.ended() == 4
    assert "no Kafka broker answers at 127.0.0.1:9" in worker.said()
    assert "streams kafka up" in worker.said()
