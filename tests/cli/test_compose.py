"""The compose file and the image without Docker: that they name what there is, and keep to what a container that trades has to keep to."""
import re
from pathlib import Path

from streams.runtime import docker
from streams.runtime.jars import KAFKA

ROOT = Path(__file__).parents[2]
COMPOSE = (ROOT / "docker-compose.kafka.yml").read_text()
IMAGE = (ROOT / "Dockerfile").read_text()


def lines_of(service: str) -> dict[str, str]:
    """The plain `key: value` lines of one service."""
    block = re.split(r"\n  (?=\w+:\n)|\n(?=\w+:\n)", COMPOSE.partition("services:\n")[2])
    found = next(text for text in block if text.strip().startswith(f"{service}:"))
    pairs = (line.strip().partition(": ") for line in found.splitlines() if not line.lstrip().startswith("#"))
    return {name: value.strip('"') for name, _, value in pairs if value}


def test_the_broker_is_the_one_that_is_embedded() -> None:
    kafka = lines_of("kafka")
    assert (kafka["image"], kafka["ports"]) == (f"apache/kafka:{KAFKA}", f'["127.0.0.1:{docker.PORT}:{docker.PORT}"]')


def test_the_pipeline_finds_the_broker_where_it_says_it_is() -> None:
    """In the broker's own network: what it advertises to the host holds for the container too, and it publishes no port of its own."""
    pipeline = lines_of("pipeline")
    advertised = docker.environment()["KAFKA_ADVERTISED_LISTENERS"].removeprefix("BROKER://")
    assert (pipeline["network_mode"], pipeline["STREAMS_KAFKA_BOOTSTRAP"], pipeline.get("ports")) == ("service:kafka", advertised, None)


def test_the_pipeline_comes_only_when_it_is_asked_for_and_has_no_rights() -> None:
    pipeline = lines_of("pipeline")
    kept = {name: pipeline[name] for name in ("profiles", "user", "read_only", "cap_drop", "security_opt", "condition")}
    assert kept == {
        "profiles": '["pipeline"]', "user": "10001", "read_only": "true", "cap_drop": '["ALL"]', "security_opt": '["no-new-privileges:true"]',
        "condition": "service_healthy",
    }


def test_its_state_is_a_volume_where_the_image_keeps_it() -> None:
    pipeline = lines_of("pipeline")
    assert (pipeline["volumes"], pipeline["STREAMS_STATE_DIR"], "STREAMS_STATE_DIR=/state" in IMAGE) == ('["state:/state"]', "/state", True)


def test_it_has_longer_to_end_than_a_worker_takes() -> None:
    """The grace of a worker is 30 s: what filled is carried to its stop first."""
    assert int(lines_of("pipeline")["stop_grace_period"].removesuffix("s")) > 30


def test_the_image_copies_what_there_is_and_runs_as_nobody() -> None:
    sources = [name for line in re.findall(r"^COPY (?!--from)(.+) \S+$", IMAGE, re.MULTILINE) for name in line.split()]
    allowed = {line.removeprefix("!") for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    assert [name for name in sources if not (ROOT / name).exists() or name not in allowed] == []
    assert re.findall(r"^USER (.+)$", IMAGE, re.MULTILINE) == ["10001"]
    assert IMAGE.count("--require-hashes") == 2


def test_no_secret_and_no_state_gets_into_the_image() -> None:
    assert (ROOT / ".dockerignore").read_text().splitlines()[0] == "*"
    assert re.findall(r"(?i)(?:key|secret|token)\s*[=:]\s*\S+", IMAGE) == []
