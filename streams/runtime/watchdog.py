"""Says who held the loop: one blocking call of 300 ms is everybody's 300 ms.

The loop beats a hundred times a second; a thread looks whether it does. Where it has not for longer than `BLOCK_S`, the stack of the loop's thread is
written to the log, once a block, with the CPU time that the thread had in it: none says that the machine gave it none, and the stack is not to
blame.
"""
import asyncio
import sys
import threading
import time
import traceback
from types import TracebackType
from typing import Self

from streams.runtime import logs
from streams.runtime.metrics import LOOP_BLOCKED

BEAT_S = 0.01
BLOCK_S = 0.05
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
        self._loop, self._loop_thread = asyncio.get_running_loop(), threading.get_ident()
        self._clock = _cpu_clock(self._loop_thread)
        self._beat()
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._ended.set()
        self._timer.cancel()
        self._thread.join()

    def _beat(self) -> None:
        self._beaten_at, self._cpu_at = time.monotonic(), time.clock_gettime(self._clock)
        self._timer = self._loop.call_later(BEAT_S, self._beat)

    def _watch(self) -> None:
        told_at = 0.0
        while not self._ended.wait(self.block_s / 2):
            beaten_at, cpu_at = self._beaten_at, self._cpu_at
            blocked_s = time.monotonic() - beaten_at
            if blocked_s > self.block_s and beaten_at != told_at:
                told_at = beaten_at
                self._tell(blocked_s, time.clock_gettime(self._clock) - cpu_at)

    def _tell(self, blocked_s: float, cpu_s: float) -> None:
        self.blocks += 1
        LOOP_BLOCKED.inc()
        stack = "".join(traceback.format_stack(sys._current_frames()[self._loop_thread])[-FRAMES:])
        _log.warning("the loop is blocked", blocked_ms=round(blocked_s * 1_000), cpu_ms=round(cpu_s * 1_000), stack=stack)


def _cpu_clock(thread: int) -> int:
    """Of the thread; of the whole process where the system has none for threads."""
    of = getattr(time, "pthread_getcpuclockid", None)
    return int(of(thread)) if of is not None else time.CLOCK_PROCESS_CPUTIME_ID
