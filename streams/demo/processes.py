"""The pipeline's processes as children: started, watched, started again when they die, ended in order, and never left behind.

Each writes to a log file of its own. A child that ends with "wrong use" or "refused for safety" would do so again, and is not started again. Nor is a
gateway whose place another one has taken: each of the two would end the other at every start, with positions open.
"""
import asyncio
import os
import signal
import sys
import time
from collections.abc import Callable, Coroutine, Mapping
from pathlib import Path
from typing import Any

import msgspec

from streams.errors import Refused, StreamsError, WrongUse, word_of
from streams.runtime.processes import bound_to

BACKOFF_FIRST_S, BACKOFF_LONGEST_S = 0.5, 10.0
STEADY_S = 30.0                       # alive for so long, its next death is a first one again
GRACE_S = 35.0                        # from SIGTERM to SIGKILL: longer than a worker's own grace
HOPELESS = (WrongUse.exit_code, Refused.exit_code)
EXIT_UNWRITTEN = 72                   # a gateway's: fenced, or its broker away


class Part(msgspec.Struct, frozen=True):
    """A process of the pipeline, by its whole command line."""

    name: str
    command: tuple[str, ...]


def ours(name: str, *arguments: str) -> Part:
    """A part that is this program: `arguments` are what follows `streams` on the command line."""
    return Part(name, (sys.executable, "-m", "streams.cli", *arguments))


class Health(msgspec.Struct):
    """How a part fares. `pid` is 0 while it is down."""

    pid: int = 0
    starts: int = 0
    exit_code: int | None = None      # of its last end

    @property
    def word(self) -> str:
        if self.pid:
            return "up" if self.starts == 1 else f"up, started {self.starts} times"
        return "not started" if self.exit_code is None else f"down, ended with {self.exit_code}"


Rival = Callable[[], Coroutine[Any, Any, str]]


async def nobody() -> str:
    return ""


def told(code: int) -> str:
    """A code with its word."""
    return f"{code} ({word})" if (word := word_of(code)) else f"{code}"


class Processes:
    """All children of this process. `say` takes a line for the person who watches; `failed` is set by a part that cannot run at all.

    `rival` is asked when a part ended with 72: who has taken its place, empty where nobody has.
    """

    def __init__(self, folder: Path, environment: Mapping[str, str], say: Callable[[str], None], *, cwd: Path | None = None) -> None:
        self.folder = folder
        self.health: dict[str, Health] = {}
        self.rival: Rival = nobody
        self.failed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._environment = dict(environment)
        self._say = say
        self._cwd = cwd or folder
        self._children: dict[str, asyncio.subprocess.Process] = {}
        self._watches: dict[str, asyncio.Task[None]] = {}
        folder.mkdir(parents=True, exist_ok=True)

    def log_of(self, name: str) -> Path:
        return self.folder / f"{name}.log"

    async def start(self, part: Part) -> None:
        """Returns when the process exists; whether it works, its own signals say."""
        self.health[part.name] = Health()
        await self._spawn(part)
        self._watches[part.name] = asyncio.create_task(self._watch(part))

    async def stop(self, *names: str) -> None:
        """SIGTERM to these parts, in one go; SIGKILL to what is still there after the grace. Unknown names and dead parts are no error."""
        for name in names:
            if watch := self._watches.pop(name, None):
                watch.cancel()
        await asyncio.gather(*(self._end(name) for name in names))

    async def stop_all(self) -> None:
        await self.stop(*self._watches)

    async def _spawn(self, part: Part) -> None:
        with self.log_of(part.name).open("ab") as log:
            child = await asyncio.create_subprocess_exec(
                *part.command, cwd=self._cwd, env=self._environment, stdin=asyncio.subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True, preexec_fn=bound_to(os.getpid()),
            )
        self._children[part.name] = child
        health = self.health[part.name]
        health.pid, health.starts = child.pid, health.starts + 1

    async def _watch(self, part: Part) -> None:
        wait_s = BACKOFF_FIRST_S
        while True:
            began = time.monotonic()
            code = await self._children[part.name].wait()
            self._mourn(part.name, code)
            rival = await self.rival() if code == EXIT_UNWRITTEN else ""
            if code in HOPELESS or rival:
                self._give_up(part.name, code, rival)
                return
            wait_s = BACKOFF_FIRST_S if time.monotonic() - began > STEADY_S else wait_s
            self._say(f"{part.name} ended with {told(code)} and is started again in {wait_s:g} s: {self.log_of(part.name)}")
            await asyncio.sleep(wait_s)
            wait_s = min(2 * wait_s, BACKOFF_LONGEST_S)
            await self._spawn(part)

    def _mourn(self, name: str, code: int) -> None:
        self.health[name].pid, self.health[name].exit_code = 0, code

    def _give_up(self, name: str, code: int, rival: str) -> None:
        self._say(f"{name} ended with {told(code)} and is not started again: {rival or self.log_of(name)}")
        if not self.failed.done():
            self.failed.set_exception(Refused(rival) if rival else PartFailed(name, code, last_words(self.log_of(name))))

    async def _end(self, name: str) -> None:
        child = self._children.pop(name, None)
        if child is None:
            return
        if child.returncode is None:
            child.send_signal(signal.SIGTERM)
            try:
                await asyncio.wait_for(child.wait(), GRACE_S)
            except TimeoutError:
                self._say(f"{name} did not end within {GRACE_S:g} s and is killed: {self.log_of(name)}")
                child.kill()
                await child.wait()
        self._mourn(name, child.returncode or 0)


class PartFailed(StreamsError):
    """A part of the pipeline cannot run; its own exit code is ours."""

    def __init__(self, name: str, code: int, words: str) -> None:
        super().__init__(f"{name} ended with {told(code)} and said:\n{words}\n", "what it said names the remedy")
        self.exit_code = code


def last_words(log: Path, lines: int = 12) -> str:
    """The end of a part's log, for the person who has to mend it."""
    return "\n".join(log.read_text(errors="replace").splitlines()[-lines:]) if log.exists() else "nothing"
