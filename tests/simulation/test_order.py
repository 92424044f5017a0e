"""What is in the log has its state behind it, where the partitions' leaders lie on several brokers, each with a line of its own."""
import asyncio
from collections import Counter
from collections.abc import Callable
from random import Random

from streams.errors import Unreadable
from streams.runtime.flow import KeyedFlow
from streams.runtime.records import Output, Record
from streams.wire.topics import partition_of
from tests.simulation.faust import App
from tests.simulation.log import Log
from tests.simulation.loop import Process, virtual

KEYS = [b"A", b"B", b"C", b"D"]
EVENTS = 40


def _count(key: bytes, count: int | None, record: Record) -> tuple[int, list[Output]]:
    return (count or 0) + 1, [Output("answers", key, b"%d" % (count or 0))]


def _bury(record: Record, error: Unreadable) -> Output:
    raise AssertionError(f"{record.place} cannot be read: {error}")


def _ahead(seed: int, leaders: int) -> int:
    """Answers that were in the log before their state, most of any moment; all are there in the end."""
    with virtual() as loop:
        log, ahead, seen = Log(lambda: 0), Counter[bytes](), [0]
        append: Callable[..., object] = log.append
        app = App("sums", loop, log, Process("sums"), Random(seed), (0.001, 0.004), (0.001, 0.3), repeat=False, leaders=leaders)  # noqa: S311
        KeyedFlow(app, "sums", int, _count, _bury).read("events")  # type: ignore[arg-type]  # the App of this simulation

        def arrives(topic: str, partition: int, key: bytes | None, *rest: object) -> object:
            ahead[key or b""] += {"answers": 1, "sums-sums-changelog": -1}.get(topic, 0)
            seen[0] = max(seen[0], *ahead.values())
            return append(topic, partition, key, *rest)

        log.append = arrives                             # type: ignore[assignment, method-assign]
        for number in range(EVENTS):
            key = KEYS[number % len(KEYS)]
            log.append("events", partition_of(key), key, b"x")
        living = loop.create_task(app.live())
        loop.run_until_complete(asyncio.wait([living], timeout=60))
        assert sum(len(log.records["answers", partition]) for partition in log.partitions("answers")) == EVENTS
        assert set(ahead.values()) == {0}
    return seen[0]


def test_an_answer_is_never_in_the_log_before_its_state() -> None:
    assert {leaders: max(_ahead(seed, leaders) for seed in range(5)) for leaders in (1, 3)} == {1: 0, 3: 0}
