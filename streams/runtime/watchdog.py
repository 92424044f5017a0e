"""Says who held the loop: one blocking call of 300 ms is everybody's 300 ms.

The loop beats fifty times a second; a thread looks whether it does. Where it has not for longer than `BLOCK_S`, the stack of the loop's thread is
taken, and written to the log when the block is over, or after `LONG_S` of it. Time in which the thread wanted a processor and the machine had none
is no block of ours.
"""
import asyncio
import sys
import threading
import time
import traceback
from pathlib import Path
from types import TracebackType
from typing import Self

from streams.runtime import logs
from streams.runtime.metrics import LOOP_BLOCKED

BEAT_S = 0.02
BLOCK_S = 0.05
LONG_S = 1.0
FRAMES = 12                                              # of the stack, the innermost
_log = logs.get(__name__)


class Watchdog:
    """Watches the loop in which it is entered. `blocks` counts what it reported."""

    def __init__(self, block_s: float = BLOCK_S) -> None:
        self.block_s, self.blocks = block_s, 0
        self._beaten_at = time.monotonic()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="watchdog", daemon=True)

    def __enter__(self) -> Self:
        self._loop, self._thread_id, self._native_id = asyncio.get_running_loop(), threading.get_ident(), threading.get_native_id()
        self._beat()
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._ended.set()
        self._timer.cancel()
        self._thread.join()

    def _beat(self) -> None:
        self._beaten_at, self._starved_at = time.monotonic(), _starved_s(self._native_id)
        self._timer = self._loop.call_later(BEAT_S, self._beat)

    def _watch(self) -> None:
        while not self._ended.wait(self.block_s / 2):
            beaten_at, starved_at = self._beaten_at, self._starved_at
            if time.monotonic() - beaten_at > self.block_s:
                stack = "".join(traceback.format_stack(sys._current_frames()[self._thread_id])[-FRAMES:])
                self._judge(beaten_at, starved_at, stack)

    def _judge(self, beaten_at: float, starved_at: float, stack: str) -> None:
        """At the next beat, and each `LONG_S` until then: only a thread that runs again knows how long it was starved, and it may be both."""
        held_s, over = 0.0, False
        while held_s <= self.block_s and not over:
            over = self._beats_again(beaten_at, LONG_S)
            held_s = time.monotonic() - beaten_at - (_starved_s(self._native_id) - starved_at)
        if held_s > self.block_s:
            self.blocks += 1
            LOOP_BLOCKED.inc()
            _log.warning("the loop was blocked", blocked_ms=round(held_s * 1_000), stack=stack)
        while self._beaten_at == beaten_at and not self._ended.wait(self.block_s):
            pass

    def _beats_again(self, beaten_at: float, patience_s: float) -> bool:
        """Whether it did within so many seconds, or nobody watches any more."""
        deadline = time.monotonic() + patience_s
        while self._beaten_at == beaten_at and not self._ended.wait(0.005):
            if time.monotonic() > deadline:
                return False
        return True


def _starved_s(native_id: int) -> float:
    """How long the thread has waited for a processor in all (schedstat of proc(5)); 0 where the system does not say."""
    try:
        return int(Path(f"/proc/self/task/{native_id}/schedstat").read_text().split()[1]) / 1e9
    except (OSError, IndexError, ValueError):
        return 0.0
