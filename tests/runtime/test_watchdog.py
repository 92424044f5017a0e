import asyncio
import threading
import time

import pytest

from streams.runtime import watchdog
from streams.runtime.watchdog import Watchdog

Told = asyncio.Queue[dict[str, object]]


@pytest.fixture
async def told(monkeypatch: pytest.MonkeyPatch) -> Told:
    told, loop = Told(), asyncio.get_running_loop()
    warning = staticmethod(lambda _, **fields: loop.call_soon_threadsafe(told.put_nowait, fields))
    monkeypatch.setattr(watchdog, "_log", type("Log", (), {"warning": warning}))
    return told


def holds_the_loop(seconds: float) -> None:
    until = time.thread_time() + seconds
    while time.thread_time() < until:
        pass


async def test_a_block_is_told_once_with_who_held_the_loop(told: Told) -> None:
    with Watchdog(block_s=0.2) as watching:
        holds_the_loop(0.6)
        block = await asyncio.wait_for(told.get(), 10)
    assert (watching.blocks, told.qsize()) == (1, 0)
    assert "in holds_the_loop" in str(block["stack"])


async def test_a_long_block_that_seemed_to_be_the_machine_s_is_judged_again(told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    """The loop's thread holds it, gets the processor now and then, and has had little of it when it is looked at first."""
    first = iter([10.0])
    monkeypatch.setattr(watchdog, "_starved_s", lambda _: next(first, 0.0) if threading.current_thread().name == "watchdog" else 0.0)
    monkeypatch.setattr(watchdog, "LONG_S", 0.1)
    with Watchdog(block_s=0.2) as watching:
        holds_the_loop(0.6)
        await asyncio.wait_for(told.get(), 10)
    assert (watching.blocks, told.qsize()) == (1, 0)
