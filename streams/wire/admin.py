"""Topics on a broker: made where they are missing, compared with the code where they are there. Never deleted, never repartitioned."""
from collections.abc import Sequence

import msgspec
from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient, ConfigResource, NewTopic, ResourceType

from streams.errors import NotReachable, StreamsError
from streams.wire.topics import PARTITIONS, TOPICS, Topic

TIMEOUT_S = 15.0
CLUSTER_MIN = 3                       # brokers from which on records are kept three times


class Fault(msgspec.Struct, frozen=True):
    """A topic that is not as the code wants it, and what mends it."""

    topic: str
    what: str
    remedy: str


def apply(bootstrap: str, topics: Sequence[Topic] = TOPICS) -> list[str]:
    """Makes the missing topics; their names. Raises NotReachable, or StreamsError where the broker refuses one."""
    admin = _admin(bootstrap)
    found, brokers = _found(admin, bootstrap)
    missing = [topic for topic in topics if topic.name not in found]
    if not missing:
        return []
    replication = 3 if brokers >= CLUSTER_MIN else 1
    asked = [NewTopic(topic.name, PARTITIONS, replication, config=wanted(topic, brokers)) for topic in missing]
    made = admin.create_topics(asked, operation_timeout=TIMEOUT_S)
    for name, done in made.items():
        try:
            done.result(TIMEOUT_S)
        except KafkaException as reason:
            raise StreamsError(f"the broker did not make {name}: {reason.args[0].str()}", "mend what it names and apply again") from None
    return [topic.name for topic in missing]


def check(bootstrap: str, topics: Sequence[Topic] = TOPICS) -> list[Fault]:
    """Everything that differs from the code; empty where nothing does. Raises NotReachable."""
    admin = _admin(bootstrap)
    found, brokers = _found(admin, bootstrap)
    faults = [Fault(topic.name, "is missing", "streams topics apply") for topic in topics if topic.name not in found]
    there = [topic for topic in topics if topic.name in found]
    faults += [
        Fault(topic.name, f"has {found[topic.name]} partitions instead of {PARTITIONS}", "move to a new cluster: a key's partition is part of the contract")
        for topic in there if found[topic.name] != PARTITIONS
    ]
    return faults + [fault for topic, config in zip(there, _configs(admin, there), strict=True) for fault in _differing(topic, config, brokers)]


def wanted(topic: Topic, brokers: int) -> dict[str, str]:
    """A topic's configuration; on a cluster a record is confirmed when two brokers have it."""
    return {**topic.config, "min.insync.replicas": "2" if brokers >= CLUSTER_MIN else "1"}


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


def _found(admin: AdminClient, bootstrap: str) -> tuple[dict[str, int], int]:
    """Partitions of each topic, and how many brokers there are."""
    try:
        cluster = admin.list_topics(timeout=TIMEOUT_S)
    except KafkaException as reason:
        raise NotReachable(f"no Kafka broker answers at {bootstrap}: {reason.args[0].str()}", "streams kafka up") from None
    return {name: len(topic.partitions) for name, topic in cluster.topics.items()}, len(cluster.brokers)


def _configs(admin: AdminClient, topics: Sequence[Topic]) -> list[dict[str, str]]:
    if not topics:
        return []
    resources = [ConfigResource(ResourceType.TOPIC, topic.name) for topic in topics]
    answers = admin.describe_configs(resources)
    return [{name: entry.value for name, entry in answers[resource].result(TIMEOUT_S).items()} for resource in resources]
