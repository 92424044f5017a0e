"""Publishes what the momentum rule wants, as bots do: every other intent as JSON, every other as Avro, keyed by its symbol."""
from collections.abc import Callable

import msgspec
from confluent_kafka import KafkaError, Message, Producer

from streams.core.events import Tick
from streams.demo.momentum import Momentum
from streams.wire import intents
from streams.wire.codec import encode
from streams.wire.topics import TRADE_INTENT


class Source:
    """For one thread: whoever reads the ticks also publishes. `say` is told of an intent that the broker did not take."""

    def __init__(self, bootstrap: str, seed: int, say: Callable[[str], None]) -> None:
        self._producer = Producer(
            {"bootstrap.servers": bootstrap, "partitioner": "murmur2_random", "acks": "all", "message.timeout.ms": 30_000, "log_level": 0},
        )
        self._rule = Momentum(seed)
        self._say = say
        self._count = 0

    def take(self, tick: Tick, log_time: int) -> None:
        wish = self._rule.take(tick, log_time)
        if wish is not None:
            self._count += 1
            json = msgspec.json.encode(wish)
            value = json if self._count % 2 else encode(intents.from_json(json))
            self._producer.produce(TRADE_INTENT.name, value, key=wish["symbol"].encode(), on_delivery=self._delivered)
        self._producer.poll(0)

    def close(self) -> None:
        self._producer.flush(5)

    def _delivered(self, error: KafkaError | None, message: Message) -> None:
        if error is not None:
            self._say(f"an intent was not published: {error.str()} ({(message.key() or b'').decode()})")
