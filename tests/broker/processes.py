"""Workers as processes, on their own or under a supervisor; none outlives its test."""
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import msgspec

from tests.broker.harness import until
from tests.broker.worker import Setup

ROOT = Path(__file__).parents[2]
PATIENCE_S = 60.0                     # with a process that has to be started first: on a machine with ten at work for each core, 30 were too few


class Worker:
    """A worker in a process of its own."""

    def __init__(self, folder: Path, arguments: Iterable[str], environment: dict[str, str]) -> None:
        self.errors = folder / f"worker-{time.monotonic_ns()}.log"
        with self.errors.open("w") as errors:
            command = [sys.executable, "-m", *arguments]
            self.process = subprocess.Popen(command, cwd=ROOT, env={**os.environ, **environment}, stderr=errors, stdout=errors)

    def until_ready(self) -> "Worker":
        until(lambda: "the worker is ready" in self.said() or self.process.poll() is not None, "the worker ready", PATIENCE_S)
        assert self.process.poll() is None, self.said()
        return self

    def said(self) -> str:
        return self.errors.read_text()

    def send(self, number: signal.Signals) -> None:
        os.kill(self.process.pid, number)

    def ended(self, seconds: float = PATIENCE_S) -> int:
        """Its exit code; fails if it lives on."""
        until(lambda: self.process.poll() is not None, f"the worker ended; it said {self.said()[-2000:]}", seconds)
        return self.process.returncode

    def killed(self) -> int:
        self.send(signal.SIGKILL)
        return self.ended()

    def stopped(self) -> int:
        self.send(signal.SIGTERM)
        return self.ended()


def workers(
    setup: Setup, module: str = "tests.broker.worker", environment: dict[str, str] | None = None,
) -> AbstractContextManager[Callable[[], Worker]]:
    """Starts workers of a test's own; none outlives it."""
    return processes(Path(setup.state_dir), [module, msgspec.json.encode(setup).decode()], environment or {})


@contextmanager
def processes(folder: Path, arguments: Iterable[str], environment: dict[str, str]) -> Iterator[Callable[[], Worker]]:
    """Starts Python modules; none outlives the test."""
    started: list[Worker] = []

    def start() -> Worker:
        started.append(Worker(folder, arguments, environment))
        return started[-1]

    try:
        yield start
    finally:
        for worker in started:
            if worker.process.poll() is None:
                worker.process.kill()
                worker.process.wait()


@contextmanager
def kept(setup: Setup) -> Iterator[list[Worker]]:
    """A worker under a supervisor, which starts it again whenever it ends: the list of its lives."""
    lives: list[Worker] = []
    over = threading.Event()

    def keep(start: Callable[[], Worker]) -> None:
        while not over.wait(0.1):
            if not lives or lives[-1].process.poll() is not None:
                lives.append(start())

    with workers(setup) as start:
        keeper = threading.Thread(target=keep, args=(start,))
        keeper.start()
        try:
            until(lambda: lives and "the worker is ready" in lives[-1].said(), "the worker ready", PATIENCE_S)
            yield lives
        finally:
            over.set()
            keeper.join()
