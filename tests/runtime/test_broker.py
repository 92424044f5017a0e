"""The embedded broker as its users meet it: it keeps what it was given, dies with its owner or outlives its starter, and kills no stranger."""
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from confluent_kafka import Consumer, KafkaError, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

from streams.errors import NotReachable, PortTaken
from streams.runtime import broker, jars
from streams.runtime.broker import EmbeddedBroker
from streams.runtime.processes import alive, started
from streams.runtime.running import Running, record

BIG = 2 * 1024 * 1024


def until(condition: Callable[[], bool], what: str, seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"{what} did not happen in {seconds} s"
        time.sleep(0.05)


def publish(bootstrap: str, topic: str, values: list[bytes]) -> None:
    producer = Producer({"bootstrap.servers": bootstrap, "acks": "all", "message.max.bytes": 4_000_000, "log_level": 0})
    for value in values:
        producer.produce(topic, value, partition=0)
    assert producer.flush(20) == 0


def read(bootstrap: str, topic: str, count: int) -> list[bytes]:
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": "nobody", "log_level": 0})
    consumer.assign([TopicPartition(topic, 0, 0)])
    found = consumer.consume(count, timeout=20)
    consumer.close()
    return [record.value() or b"" for record in found]


def make_topic(bootstrap: str, topic: str) -> None:
    client = AdminClient({"bootstrap.servers": bootstrap, "log_level": 0})
    client.create_topics([NewTopic(topic, 1, 1)])[topic].result(20)


def test_a_killed_broker_comes_back_with_its_records_at_its_address(own_broker: EmbeddedBroker) -> None:
    address = own_broker.bootstrap
    make_topic(address, "kept")
    publish(address, "kept", [b"%d" % n for n in range(200)])

    own_broker.kill()
    again = own_broker.start()

    assert again.bootstrap == address
    assert own_broker.start() == again
    assert read(address, "kept", 200) == [b"%d" % n for n in range(200)]


def test_it_takes_two_mebibytes(kafka: str) -> None:
    make_topic(kafka, "broker-test-big")
    publish(kafka, "broker-test-big", [b"x" * BIG])
    assert [len(value) for value in read(kafka, "broker-test-big", 1)] == [BIG]


def test_it_makes_no_topic_by_itself(kafka: str) -> None:
    told: list[KafkaError | None] = []
    producer = Producer({"bootstrap.servers": kafka, "log_level": 0, "topic.metadata.propagation.max.ms": 2_000, "allow.auto.create.topics": True})
    producer.produce("broker-test-typo", b"lost", on_delivery=lambda error, _: told.append(error))
    assert producer.flush(20) == 0
    assert [error.code() for error in told if error] == [KafkaError.UNKNOWN_TOPIC_OR_PART]


def test_it_dies_with_an_owner_that_is_killed(tmp_path: Path, kafka_cache: Path) -> None:
    owner = python(
        "from streams.runtime.broker import EmbeddedBroker; import sys, time\n"
        "print(EmbeddedBroker(Path(sys.argv[1]), Path(sys.argv[2])).start().pid, flush=True); time.sleep(600)",
        tmp_path, kafka_cache,
    )
    assert owner.stdout is not None
    pid = int(owner.stdout.readline())
    start = started(pid)
    assert start

    owner.send_signal(signal.SIGKILL)
    owner.wait()

    until(lambda: not alive(pid, start), "the broker's death")


def test_it_outlives_its_starter_and_is_found_and_stopped_once(tmp_path: Path, kafka_cache: Path) -> None:
    starter = python(
        "from streams.runtime.broker import start; import sys\nprint(start(Path(sys.argv[1]), Path(sys.argv[2])).bootstrap)", tmp_path, kafka_cache
    )
    bootstrap = starter.communicate()[0].strip()
    found = broker.find(tmp_path)
    try:
        assert found is not None
        assert found.bootstrap == bootstrap
        assert broker.start(tmp_path, kafka_cache) == found
        make_topic(bootstrap, "alive")
    finally:
        stopped = (broker.stop(tmp_path), broker.stop(tmp_path))
    assert stopped == (True, False)
    assert broker.find(tmp_path) is None


def test_a_recycled_pid_is_nobody_to_stop(tmp_path: Path) -> None:
    stranger = subprocess.Popen(["sleep", "60"])
    record(tmp_path, Running("127.0.0.1:1", stranger.pid, started="before it"))
    assert (broker.find(tmp_path), broker.stop(tmp_path)) == (None, False)
    assert stranger.poll() is None
    stranger.kill()
    stranger.wait()


def test_a_taken_port_is_named(own_broker: EmbeddedBroker) -> None:
    own_broker.stop()
    port = int(own_broker.bootstrap.rpartition(":")[2])
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind(("127.0.0.1", port))
        other.listen()
        with pytest.raises(PortTaken, match=f"port {port} of the broker"):
            own_broker.start()


def test_a_cache_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(NotReachable, match="cannot be used"):
        jars.fetched(tmp_path / "file" / "cache")


def test_a_torn_jar_is_never_used(tmp_path: Path, kafka_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = jars.fetched(kafka_cache)
    folder = tmp_path / whole[0].parent.name
    folder.mkdir()
    for jar in whole:
        os.link(jar, folder / jar.name)
    assert [jar.name for jar in jars.fetched(tmp_path)] == [jar.name for jar in whole]

    torn = folder / whole[0].name
    torn.unlink()
    torn.write_bytes(whole[0].read_bytes()[:1000])
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")      # nobody listens there
    with pytest.raises(NotReachable, match="could not be fetched from Maven Central"):
        jars.fetched(tmp_path)


def python(program: str, *arguments: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", "from pathlib import Path\n" + program, *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
