"""Topics on a real broker: made once, compared, never changed."""
import time
from concurrent.futures import ThreadPoolExecutor

import msgspec
import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, AlterConfigOpType, ConfigEntry, ConfigResource, NewPartitions, ResourceType

from streams.errors import NotReachable
from streams.wire.admin import Fault, apply, check, copies, wanted
from streams.wire.topics import INSTRUMENT, ORDER_FILL, TOPICS, TRADE_INTENT


def test_every_topic_is_made_as_the_code_says_and_a_second_time_nothing_is(kafka: str) -> None:
    topics = [msgspec.structs.replace(topic, name=f"made.{topic.name}") for topic in TOPICS]
    assert check(kafka, topics) == [Fault(topic.name, "is missing", "streams topics apply") for topic in topics]
    assert apply(kafka, topics) == [topic.name for topic in topics]
    assert (apply(kafka, topics), check(kafka, topics)) == ([], [])


def test_two_who_apply_at_once_both_succeed(kafka: str) -> None:
    topics = [msgspec.structs.replace(ORDER_FILL, name=f"both.{number}") for number in range(4)]
    with ThreadPoolExecutor(2) as two:
        for done in [two.submit(apply, kafka, topics) for _ in range(2)]:
            done.result(timeout=30)
    assert check(kafka, topics) == []


def test_what_differs_is_named_with_the_command_that_mends_it(kafka: str) -> None:
    fill, intent = (msgspec.structs.replace(topic, name=f"differs.{topic.name}") for topic in (ORDER_FILL, TRADE_INTENT))
    apply(kafka, [fill, intent])
    admin = AdminClient({"bootstrap.servers": kafka})
    entry = ConfigEntry("retention.ms", "1000", incremental_operation=AlterConfigOpType.SET)
    for done in admin.incremental_alter_configs([ConfigResource(ResourceType.TOPIC, fill.name, incremental_configs=[entry])]).values():
        done.result(15)
    for done in admin.create_partitions([NewPartitions(intent.name, 13)]).values():
        done.result(15)
    alter = "kafka-configs.sh --bootstrap-server … --alter --entity-type topics"
    expected = [
        Fault(intent.name, "has 13 partitions instead of 12", "a key's partition is part of the contract: move to a new cluster"),
        Fault(fill.name, "retention.ms is 1000 instead of -1", f"{alter} --entity-name {fill.name} --add-config retention.ms=-1"),
    ]
    deadline = time.monotonic() + 15
    while (found := check(kafka, [fill, intent])) != expected and time.monotonic() < deadline:
        time.sleep(0.05)                                       # the broker tells changes of its own a moment later
    assert found == expected
    assert apply(kafka, [fill, intent]) == []
    assert len(check(kafka, [fill, intent])) == 2, "applying mends nothing that is there"


def test_the_limit_is_of_what_was_unpacked(kafka: str) -> None:
    """A worker has no codec but the one of its standard library, and a small record must not become a large one in its hands."""
    topic = msgspec.structs.replace(TRADE_INTENT, name="packed.trade.intent")
    apply(kafka, [topic])
    told: list[str | None] = []
    producer = Producer({"bootstrap.servers": kafka, "compression.type": "zstd", "message.max.bytes": 16_000_000, "log_level": 0})
    for size in (topic.bytes_max // 2, topic.bytes_max * 4):
        producer.produce(topic.name, b"\0" * size, on_delivery=lambda error, _: told.append(error.name() if error else None))
        assert producer.flush(20) == 0
    assert told == [None, "MSG_SIZE_TOO_LARGE"]


def test_a_cluster_keeps_three_copies_and_one_machine_one() -> None:
    kept = [(copies(brokers), wanted(INSTRUMENT, brokers)["min.insync.replicas"]) for brokers in (1, 2, 3, 5)]
    assert kept == [(1, "1"), (1, "1"), (3, "2"), (3, "2")]


def test_no_broker_is_said() -> None:
    with pytest.raises(NotReachable, match=r"127\.0\.0\.1:1"):
        check("127.0.0.1:1")
