import asyncio
import time

import pytest

from streams.runtime import watchdog
from streams.runtime.watchdog import Watchdog


async def test_a_block_is_told_once_with_who_held_the_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    told: asyncio.Queue[dict[str, object]] = asyncio.Queue()
    loop = asyncio.get_running_loop()
    warning = staticmethod(lambda _, **fields: loop.call_soon_threadsafe(told.put_nowait, fields))
    monkeypatch.setattr(watchdog, "_log", type("Log", (), {"warning": warning}))

    def holds_the_loop() -> None:
        until = time.thread_time() + 0.6
        while time.thread_time() < until:
            pass

    with Watchdog(block_s=0.2) as watching:
        holds_the_loop()
        block = await asyncio.wait_for(told.get(), 10)
    assert (watching.blocks, told.qsize()) == (1, 0)
    assert "in holds_the_loop" in str(block["stack"])
