import asyncio
import time

import pytest

from streams.runtime import watchdog
from streams.runtime.watchdog import Watchdog


async def test_a_block_is_told_once_with_who_held_the_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[dict[str, object]] = []
    monkeypatch.setattr(watchdog, "_log", type("Log", (), {"warning": staticmethod(lambda _, **fields: told.append(fields))}))

    def holds_the_loop() -> None:
        until = time.monotonic() + 0.6
        while time.monotonic() < until:
            pass

    with Watchdog(block_s=0.2) as watching:
        holds_the_loop()
        while not told:                                  # the test's own time limit ends it
            await asyncio.sleep(0.01)
    assert (watching.blocks, len(told)) == (1, 1)
    assert "in holds_the_loop" in str(told[0]["stack"])

