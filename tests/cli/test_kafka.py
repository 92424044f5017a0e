"""`streams kafka`, run as a person runs it: in a folder of its own, by exit code and standard output."""
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from confluent_kafka.admin import AdminClient, NewTopic

from streams.runtime import docker
from tests.containers import docker_answers

ROOT = Path(__file__).parent.parent.parent
STREAMS = (sys.executable, "-m", "streams.cli")


def streams(folder: Path, *arguments: str, **variables: str) -> tuple[int, str]:
    """Exit code and standard output."""
    silent = {name: value for name, value in os.environ.items() if not name.startswith("STREAMS_")}
    done = subprocess.run([*STREAMS, *arguments], cwd=folder, env={**silent, **variables}, capture_output=True, text=True, check=False, timeout=90)
    return done.returncode, done.stdout.strip()


def test_up_status_down_and_up_again_at_the_same_address_with_the_same_data(tmp_path: Path) -> None:
    code, said = streams(tmp_path, "kafka", "up", "--json")
    up = json.loads(said)
    try:
        assert (code, up["container"]) == (0, None)
        client = AdminClient({"bootstrap.servers": up["bootstrap"], "log_level": 0})
        client.create_topics([NewTopic("kept", 1, 1)])["kept"].result(20)
        assert streams(tmp_path, "kafka", "up", "--json") == (0, said)
        assert streams(tmp_path, "kafka", "status", "--json") == (0, said)
        assert streams(tmp_path, "kafka", "down", "--json") == (0, '{"stopped":true}')
        assert streams(tmp_path, "kafka", "down", "--json") == (0, '{"stopped":false}')
        assert streams(tmp_path, "kafka", "status")[0] == 4
        assert streams(tmp_path, "kafka", "up") == (0, up["bootstrap"])
        assert "kept" in client.list_topics(timeout=20).topics
    finally:
        streams(tmp_path, "kafka", "down")


def test_status_is_of_the_broker_that_the_environment_names(tmp_path: Path, kafka: str) -> None:
    assert streams(tmp_path, "kafka", "status", STREAMS_KAFKA_BOOTSTRAP=kafka) == (0, f"{kafka} answers")


@pytest.mark.parametrize(("arguments", "variables", "code"), [
    (("kafka", "status"), {}, 4),
    (("kafka", "status"), {"STREAMS_KAFKA_BOOTSTRAP": "127.0.0.1:1"}, 4),
    (("kafka", "status"), {"STREAMS_VENUE": "moon"}, 2),
    (("kafka", "sideways"), {}, 2),
    (("kafka", "up", "--kafka", "docker"), {"DOCKER_HOST": "tcp://127.0.0.1:1"}, 4),
    (("kafka", "up", "--kafka", "docker"), {"PATH": ""}, 4),
    (("up", "--kafka", "docker"), {"PATH": ""}, 4),
    (("kafka", "down"), {}, 0),
])
def test_exit_codes(arguments: tuple[str, ...], variables: dict[str, str], code: int, tmp_path: Path) -> None:
    assert streams(tmp_path, *arguments, **variables) == (code, "" if code else "there was none to stop")


def test_the_compose_file_says_what_the_embedded_broker_does() -> None:
    lines = (ROOT / "docker-compose.kafka.yml").read_text().splitlines()
    pairs = (line.strip().partition(": ") for line in lines if line.strip().startswith("KAFKA_"))
    assert {name: value.strip('"') for name, _, value in pairs} == docker.environment()


@pytest.mark.docker
def test_a_container_comes_up_and_goes_down(tmp_path: Path) -> None:
    if not docker_answers():
        pytest.skip("no Docker daemon answers here")
    assert streams(tmp_path, "kafka", "up", "--kafka", "docker") == (0, f"127.0.0.1:{docker.PORT}")
    assert streams(tmp_path, "kafka", "down") == (0, "stopped")
