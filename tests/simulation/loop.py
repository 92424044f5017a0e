"""An event loop whose clock is a number, and processes that can die inside it.

Time passes only when nobody has anything to do: then the clock jumps to the next timer. A process is a name in the context of its tasks. Killed, none
of their steps is ever run again: no `finally`, no handler, no goodbye, as after kill -9. What others hold of it (a record on its way, an order at
the exchange) lives on, since that happens in no process's context.
"""
import asyncio
import contextlib
import gc
import heapq
import selectors
from asyncio import Handle, TimerHandle
from collections.abc import Callable, Coroutine, Iterator
from contextvars import Context, ContextVar, copy_context
from typing import Any

BEHIND_S = 1e-6                       # between two things that must not overtake each other: timers of one moment have no order
PROCESS: ContextVar["Process | None"] = ContextVar("process", default=None)


class Process:
    """One life of a program. It dies of itself before step `last`, where that is given: between any two steps lies an await."""

    def __init__(self, name: str, last: int = 0) -> None:
        self.name, self.last, self.steps, self.alive = name, last, 0, True
        self.failure = ""                                # it ended of its own, and why
        self.tasks: list[asyncio.Task[Any]] = []         # kept, or the collector would run what a dead process runs no more
        self.mourners: list[Callable[[], None]] = []

    def may_step(self) -> bool:
        self.steps += 1
        if self.alive and self.steps == self.last:
            self.kill()
        return self.alive

    def kill(self) -> None:
        if self.alive:
            self.alive = False
            for told in self.mourners:
                told()


class _Handle(Handle):
    _context: Context

    def _run(self) -> None:
        process = self._context.get(PROCESS)
        if process is None or process.may_step():
            super()._run()


class _TimerHandle(TimerHandle):
    _context: Context

    def _run(self) -> None:
        process = self._context.get(PROCESS)
        if process is None or process.may_step():
            super()._run()


class _Clock:
    """In the place of a selector: nothing ever arrives from outside, so waiting is the passing of time."""

    def __init__(self, loop: "Loop") -> None:
        self._loop = loop

    def select(self, timeout: float | None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise AssertionError("everybody waits for somebody, and nobody for the time")
        self._loop.now += timeout
        return []


class Loop(asyncio.BaseEventLoop):
    """Seconds since it was made, in `now`."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.outside = copy_context()                    # in which no process runs
        self.strays: list[str] = []                      # exceptions that nobody took
        self._selector = _Clock(self)
        self._clock_resolution = 1e-7
        self.set_exception_handler(self._stray)

    def time(self) -> float:
        return self.now

    def beside(self, work: Coroutine[Any, Any, Any], process: Process | None = None) -> asyncio.Task[Any]:
        """A task in the context of a process, or of none."""
        context = self.outside.copy()
        if process is not None:
            context.run(PROCESS.set, process)
        return context.run(lambda: self.create_task(work, context=context))

    def after(self, seconds: float, call: Callable[..., Any], *arguments: Any) -> TimerHandle:  # noqa: ANN401
        """In no process's context: it happens whoever dies meanwhile."""
        return self.call_at(self.now + seconds, call, *arguments, context=self.outside.copy())

    def create_task(self, coro: Any, *, name: Any = None, context: Context | None = None) -> asyncio.Task[Any]:  # noqa: ANN401
        task = super().create_task(coro, name=name, context=context)
        process = PROCESS.get() if context is None else context.get(PROCESS)
        if process is not None:
            process.tasks.append(task)
        return task

    def call_at(self, when: float, callback: Any, *args: Any, context: Context | None = None) -> TimerHandle:  # type: ignore[override]  # noqa: ANN401
        timer = _TimerHandle(when, callback, args, self, context)
        heapq.heappush(self._scheduled, timer)           # type: ignore[attr-defined]
        timer._scheduled = True                          # type: ignore[attr-defined]
        return timer

    def call_later(self, delay: float, callback: Any, *args: Any, context: Context | None = None) -> TimerHandle:  # type: ignore[override]  # noqa: ANN401
        return self.call_at(self.now + delay, callback, *args, context=context)

    def call_soon(self, callback: Any, *args: Any, context: Context | None = None) -> Handle:  # type: ignore[override]  # noqa: ANN401
        handle = _Handle(callback, args, self, context)
        self._ready.append(handle)                       # type: ignore[attr-defined]
        return handle

    def _process_events(self, _events: object) -> None:
        """There are none."""

    def _write_to_self(self) -> None:
        """No other thread ever wakes it."""

    def _stray(self, _loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        failure = context.get("exception")
        if not isinstance(failure, Ended):
            self.strays.append(f"{context.get('message')}: {failure!r}")


class Ended(BaseException):
    """The process has ended itself; nothing of it goes on."""


@contextlib.contextmanager
def virtual() -> Iterator[Loop]:
    """A loop for one run. What died in it is let go in silence at the end."""
    loop = Loop()
    asyncio.set_event_loop(loop)
    gc.disable()                                         # or what died would be let go in the middle of the run
    try:
        yield loop
    finally:
        _let_go(loop)
        gc.enable()


def _let_go(loop: Loop) -> None:
    """Closes what never ran to its end; what it says to that is of no interest."""
    loop._ready.clear()                                  # type: ignore[attr-defined]
    loop._scheduled.clear()                              # type: ignore[attr-defined]
    for task in asyncio.all_tasks(loop):
        task._log_destroy_pending = False                # type: ignore[attr-defined]
        coroutine = task.get_coro()
        with contextlib.suppress(BaseException):
            coroutine.close()
    loop.close()
    asyncio.set_event_loop(None)
