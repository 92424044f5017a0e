"""How an agent takes what waits for it: in order, nothing of an older generation, and never so much at once that others do not come to work."""
import asyncio
from collections import deque
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import faust
import pytest
from faust.types.tuples import ConsumerMessage

from streams.runtime import flow
from streams.runtime.faust import App, AsItLies, make_app
from streams.runtime.flow import AT_ONCE_S, KeyedFlow
from streams.runtime.records import Output


def waiting(app: App, *generations: int) -> Any:  # noqa: ANN401
    """A stream whose queue holds one event of each, at offsets from 0 on."""
    channel = app.topic("in", schema=AsItLies())
    for offset, generation in enumerate(generations):
        message = ConsumerMessage("in", 0, offset, 0.0, 1, [], b"key", b"value", None, generation_id=generation)
        channel.queue.force_put_nowait(faust.Event(app, b"key", b"value", None, message))
    return SimpleNamespace(channel=channel)


async def taken(app: App, stream: Any) -> list[int]:  # noqa: ANN401
    offsets = []
    while (message := app.waiting(stream)) is not None:
        offsets.append(message.offset)
    return offsets


async def test_what_waits_is_taken_in_order_and_without_what_an_older_generation_was_given(tmp_path: Path) -> None:
    app = make_app("agents-test", bootstrap="127.0.0.1:9", state_dir=tmp_path)
    app.consumer_generation_id = 4
    app.flow_control.resume()
    assert await taken(app, waiting(app, 4, 3, 4, 4, 3)) == [0, 2, 3]


async def test_nothing_is_taken_while_partitions_are_dealt_out(tmp_path: Path) -> None:
    app = make_app("agents-test", bootstrap="127.0.0.1:9", state_dir=tmp_path)
    stream = waiting(app, 0, 0)
    app.flow_control.suspend()
    assert await taken(app, stream) == []


async def test_an_agent_lets_others_work_after_a_millisecond(monkeypatch: pytest.MonkeyPatch) -> None:
    queue, worked = deque(range(12)), list[int]()
    monkeypatch.setattr(flow, "monotonic", lambda: len(worked) * AT_ONCE_S / 4)                 # an event takes a quarter of it

    class Stream:
        def noack(self) -> "Stream":
            return self

        async def events(self) -> AsyncIterator[Any]:
            while queue:
                await asyncio.sleep(0)
                yield SimpleNamespace(message=queue.popleft())

    async def event(message: int) -> bool:
        worked.append(message)
        return True

    app: Any = SimpleNamespace(
        Table=lambda name, **_: SimpleNamespace(name=name), reader=SimpleNamespace(begin=lambda _: None),
        waiting=lambda _: queue.popleft() if queue else None,
    )
    counts = KeyedFlow[int](app, "counts", int, lambda *_: None, lambda *_: Output("dead.letter", None, b""))
    counts._event = event                                                      # type: ignore[method-assign]  # what is worked is not asked here
    agent, seen = asyncio.create_task(counts.consume(Stream())), list[int]()
    while not agent.done():
        await asyncio.sleep(0)
        seen.append(len(worked))
    assert (sorted(set(seen)), worked) == ([0, 4, 8, 12], list(range(12)))
