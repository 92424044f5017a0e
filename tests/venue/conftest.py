"""The one topic that the feed writes."""
import pytest
from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient, NewTopic

from streams.wire.topics import PARTITIONS, PRICE_TICK


@pytest.fixture(scope="session")
def ticked(kafka: str) -> str:
    """The address of a broker that has `price.tick`. Others may write to it too: a test keeps to symbols of its own."""
    make_topic(kafka)
    return kafka


def make_topic(bootstrap: str) -> None:
    admin = AdminClient({"bootstrap.servers": bootstrap})                                      # the futures die with it
    made = admin.create_topics([NewTopic(PRICE_TICK.name, PARTITIONS, 1, config=PRICE_TICK.config)])
    try:
        made[PRICE_TICK.name].result()
    except KafkaException as reason:
        if reason.args[0].name() != "TOPIC_ALREADY_EXISTS":
            raise
