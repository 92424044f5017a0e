"""Two walls inside the consumer that a broker shows in one run of thirty; everything else of it is tested in tests/broker."""
import asyncio
from collections import defaultdict, deque
from types import SimpleNamespace
from typing import Any

import pytest
from faust.transport.drivers import aiokafka as driver
from faust.types import TP

from streams.runtime.consumer import Consumer, ConsumerThread

TICKS, FILLS, CHANGELOG = TP("price.tick", 2), TP("order.fill", 2), TP("positions-positions-changelog", 2)


async def test_a_fetch_keeps_to_the_partitions_it_was_asked_for_and_is_waited_for() -> None:
    """aiokafka takes an empty set for all partitions, and the set empties when a rebalance begins: records would be taken, and dropped."""
    asked, answered, active = list[set[TP]](), asyncio.Event(), {TICKS}

    async def getmany(partitions: set[TP], timeout: float) -> dict[TP, Any]:  # noqa: ASYNC109
        asked.append(partitions)
        await answered.wait()
        return {}

    consumer = Consumer.__new__(Consumer)
    consumer._thread = SimpleNamespace(getmany=getmany)                        # type: ignore[assignment]  # all that a fetch asks of it
    consumer.not_waiting_next_records = asyncio.Event()
    consumer.not_waiting_next_records.set()
    fetch = asyncio.create_task(consumer._getmany(active, 1.0))
    await asyncio.sleep(0)
    active.clear()
    stopped = asyncio.create_task(consumer.wait_for_stopped_flow())
    await asyncio.sleep(0)
    assert (asked, stopped.done()) == ([{TICKS}], False)
    answered.set()
    await asyncio.wait_for(asyncio.gather(fetch, stopped), 1)


async def test_where_nothing_is_committed_a_seek_goes_to_the_beginning(monkeypatch: pytest.MonkeyPatch) -> None:
    """aiokafka leaves such a partition where it is; the changelogs, which are never committed, have seeks of their own."""
    sought: list[TP] = []

    async def committed(thread: ConsumerThread) -> dict[TP, int | None]:
        return {TICKS: None, FILLS: 7, CHANGELOG: None}

    async def beginning(*partitions: TP) -> None:
        sought.extend(partitions)

    monkeypatch.setattr(driver.AIOKafkaConsumerThread, "seek_to_committed", committed)
    thread = ConsumerThread.__new__(ConsumerThread)
    topics = SimpleNamespace(acks_enabled_for=lambda topic: topic != CHANGELOG.topic)
    thread.app = SimpleNamespace(topics=topics)                                # type: ignore[assignment]  # all that a seek asks of it
    monkeypatch.setattr(thread, "seek_to_beginning", beginning)
    assert await thread.seek_to_committed() == {TICKS: None, FILLS: 7, CHANGELOG: None}
    assert sought == [TICKS]


def test_no_commit_passes_the_first_record_of_a_fold_at_work() -> None:
    """Of ticks 1 to 5 those of one symbol are folded into 5, and 3 is another's: once 3 is confirmed, a start must still find 1."""
    consumer = Consumer.__new__(Consumer)
    consumer._delivered = defaultdict(deque, {TICKS: deque([(3, 3), (5, 1), (8, 6)])})
    consumer._acked_index, consumer._acked = defaultdict(set), defaultdict(list)
    committed = []
    for acknowledged in (3, 5, 8):
        consumer._acked_index[TICKS].add(acknowledged)
        consumer._acked[TICKS].append(acknowledged)
        committed.append(consumer._new_offset(TICKS))
    assert committed == [1, 6, 9]
