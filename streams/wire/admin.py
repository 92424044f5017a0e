"""Topics on a broker: made where they are missing, compared with the code where they are there. Never deleted, never repartitioned."""
import time
from collections.abc import Iterator, Sequence

import msgspec
from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient, ConfigResource, NewTopic, ResourceType

from streams.errors import StreamsError, no_broker
from streams.wire.topics import PARTITIONS, TOPICS, Topic

TIMEOUT_S = 15.0
ANSWER_S = 5.0                        # within which a broker that is there tells what it has
CLUSTER_MIN = 3                       # brokers from which on records are kept three times


class Fault(msgspec.Struct, frozen=True):
    """A topic that is not as the code wants it, and what mends it."""

    topic: str
    what: str
    remedy: str


class Found(msgspec.Struct, frozen=True):
    """A topic as the broker has it: `copies` of the partition that has the fewest."""

    partitions: int
    copies: int


def apply(bootstrap: str, topics: Sequence[Topic] = TOPICS) -> list[str]:
    """Makes the missing topics; their names. Raises NotReachable, or StreamsError where the broker refuses one."""
    admin = _admin(bootstrap)
    found, brokers = _found(admin, bootstrap)
    missing = [topic for topic in topics if topic.name not in found]
    if not missing:
        return []
    asked = [NewTopic(topic.name, PARTITIONS, copies(brokers), config=wanted(topic, brokers)) for topic in missing]
    made = admin.create_topics(asked, operation_timeout=TIMEOUT_S)
    for name, done in made.items():
        try:
            done.result(TIMEOUT_S)
        except KafkaException as reason:
            if reason.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:          # somebody else applies at the same time
                raise StreamsError(f"the broker did not make {name}: {reason.args[0].str()}", "mend what it names and apply again") from None
    _await_leaders(admin, [topic.name for topic in missing])
    return [topic.name for topic in missing]


def _await_leaders(admin: AdminClient, names: Sequence[str]) -> None:
    """A broker confirms a topic a moment before it lists it: whoever starts next must find it."""
    deadline = time.monotonic() + TIMEOUT_S
    while time.monotonic() < deadline:
        listed = admin.list_topics(timeout=TIMEOUT_S).topics
        if all(name in listed and all(partition.leader >= 0 for partition in listed[name].partitions.values()) for name in names):
            return
        time.sleep(0.05)
    raise StreamsError(f"the broker made {', '.join(names)} but does not list them", "streams topics check")


def check(bootstrap: str, topics: Sequence[Topic] = TOPICS) -> list[Fault]:
    """Everything that differs from the code; empty where nothing does. Raises NotReachable."""
    admin = _admin(bootstrap)
    found, brokers = _found(admin, bootstrap)
    faults = [Fault(topic.name, "is missing", "streams topics apply") for topic in topics if topic.name not in found]
    there = [topic for topic in topics if topic.name in found]
    faults += [fault for topic in there for fault in _misplaced(topic, found[topic.name], brokers)]
    return faults + [fault for topic, config in zip(there, _configs(admin, there), strict=True) for fault in _differing(topic, config, brokers)]


def copies(brokers: int) -> int:
    return 3 if brokers >= CLUSTER_MIN else 1


def wanted(topic: Topic, brokers: int) -> dict[str, str]:
    """A topic's configuration; on a cluster a record is confirmed when two brokers have it."""
    return {**topic.config, "min.insync.replicas": "2" if brokers >= CLUSTER_MIN else "1"}


def _misplaced(topic: Topic, found: Found, brokers: int) -> Iterator[Fault]:
    if found.partitions != PARTITIONS:
        what = f"has {found.partitions} partitions instead of {PARTITIONS}"
        yield Fault(topic.name, what, "a key's partition is part of the contract: move to a new cluster")
    if found.copies < copies(brokers):
        raised = f"kafka-reassign-partitions.sh --bootstrap-server … --execute, with {copies(brokers)} replicas for each partition of {topic.name}"
        yield Fault(topic.name, f"is kept {found.copies} times instead of {copies(brokers)}", raised)


def _differing(topic: Topic, config: dict[str, str], brokers: int) -> list[Fault]:
    return [
        Fault(
            topic.name, f"{name} is {config.get(name)} instead of {value}",
            f"kafka-configs.sh --bootstrap-server … --alter --entity-type topics --entity-name {topic.name} --add-config {name}={value}",
        )
        for name, value in wanted(topic, brokers).items() if config.get(name) != value
    ]


def _admin(bootstrap: str) -> AdminClient:
    return AdminClient({"bootstrap.servers": bootstrap, "log_level": 0, "socket.connection.setup.timeout.ms": 5_000})


def _found(admin: AdminClient, bootstrap: str) -> tuple[dict[str, Found], int]:
    """Each topic that is there, and how many brokers there are."""
    try:
        cluster = admin.list_topics(timeout=ANSWER_S)
    except KafkaException as reason:
        raise no_broker(bootstrap, reason.args[0].str()) from None
    found = {
        name: Found(len(topic.partitions), min((len(partition.replicas) for partition in topic.partitions.values()), default=0))
        for name, topic in cluster.topics.items()
    }
    return found, len(cluster.brokers)


def _configs(admin: AdminClient, topics: Sequence[Topic]) -> list[dict[str, str]]:
    if not topics:
        return []
    resources = [ConfigResource(ResourceType.TOPIC, topic.name) for topic in topics]
    answers = admin.describe_configs(resources)
    return [{name: entry.value for name, entry in answers[resource].result(TIMEOUT_S).items()} for resource in resources]
