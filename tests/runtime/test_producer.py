"""The line by which everything leaves: its order, when a turn counts as confirmed, and what follows a record that cannot leave."""
import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

from confluent_kafka import Consumer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

from streams.runtime.faust import make_app
from streams.runtime.producer import LARGE, Countdown, Producer
from streams.runtime.records import Output
from streams.wire.topics import RECORD_MAX

TURNS = 2_000
Place = tuple[str, int]


@asynccontextmanager
async def producing(bootstrap: str, folder: Path, topics: list[str], **settings: Any) -> AsyncIterator[Producer]:  # noqa: ANN401  (Faust's)
    admin = AdminClient({"bootstrap.servers": bootstrap, "log_level": 0})
    for made in admin.create_topics([NewTopic(name, 3, 1) for name in topics]).values():
        made.result(20)
    producer = make_app("producer-test", bootstrap=bootstrap, state_dir=folder, **settings).writer
    await producer.start()
    yield producer
    await producer.stop()


def logged(bootstrap: str, place: Place) -> list[bytes]:
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": "nobody", "log_level": 0})
    _, end = consumer.get_watermark_offsets(TopicPartition(*place), timeout=20)
    consumer.assign([TopicPartition(*place, 0)])
    found = [record.value() or b"" for record in consumer.consume(end, timeout=20)]
    consumer.close()
    return found


async def test_a_flood_keeps_its_order_and_each_turn_is_confirmed_once(kafka: str, tmp_path: Path) -> None:
    """Batches of two kilobytes are full most of the time, and large records go the client's own way: the order is the line's all the same."""
    states, decisions = topics = ["producer-test-states", "producer-test-decisions"]
    handed, confirmed, through = defaultdict[Place, list[bytes]](list), list[int](), asyncio.Event()

    def told(number: int) -> None:
        confirmed.append(number)
        if len(confirmed) == TURNS:
            through.set()

    async with producing(kafka, tmp_path, topics, producer_max_batch_size=2_000) as producer:
        for number in range(TURNS):
            text, large = b"%d " % number, b"x" * LARGE if number % 300 == 299 else b""
            turn = [Output(states, b"key", text, number % 3), Output(decisions, b"key", text + large, number % 2, (("trace", text),))]
            for output in turn:
                handed[output.topic, output.partition or 0].append(output.value)
            producer.hand_over(turn, partial(told, number))
            if number % 64 == 0:
                await asyncio.sleep(0)
        await asyncio.wait_for(through.wait(), 60)
    assert {place: logged(kafka, place) for place in handed} == handed
    assert sorted(confirmed) == list(range(TURNS))


async def test_after_a_record_that_cannot_leave_nothing_does(kafka: str, tmp_path: Path) -> None:
    place, first_is_there, told = ("producer-test-halt", 0), asyncio.Event(), list[str]()
    async with producing(kafka, tmp_path, [place[0]]) as producer:
        first, second = (Output(place[0], b"key", value, 0) for value in (b"first", b"second"))
        producer.hand_over([first], first_is_there.set)
        await asyncio.wait_for(first_is_there.wait(), 20)
        producer.hand_over([second, Output(place[0], b"key", b"x" * RECORD_MAX, 0)], partial(told.append, "second"))
        producer.hand_over([first], partial(told.append, "third"))
        await asyncio.wait_for(producer.app.wait_until_stopped(), 20)
        await producer.flush()
    assert (producer.app.halted is not None, logged(kafka, place), told) == (True, [b"first", b"second"], [])


def test_a_turn_is_confirmed_by_its_last_record() -> None:
    told: list[str] = []
    turn = Countdown(3, lambda: told.append("confirmed"))
    seen = []
    for _ in range(3):
        turn.done()
        seen.append(list(told))
    assert seen == [[], [], ["confirmed"]]
