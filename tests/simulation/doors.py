"""The doors between the gateway and the world, in the order in which it passes them.

The code says where they are: every call to the log and to the venue is one. At those with the numbers of `last` the process dies. A send to the log
has a door before it and one behind it, and so have the start and the commit of a transaction. A request has three: before it leaves, when the venue
has done it and nobody knows, and when its answer has come and nobody has read it.
"""
import asyncio
from collections.abc import Iterable

from tests.simulation.loop import PROCESS, Process


class Doors:
    """Of the process with this name, over all its lives."""

    def __init__(self, name: str, last: Iterable[int] = ()) -> None:
        self.labels: list[str] = []
        self.last = frozenset(last)
        self._name = name

    async def passed(self, label: str) -> None:
        process = PROCESS.get()
        self.passed_by(label, process)
        if process is not None and not process.alive:
            await asyncio.get_running_loop().create_future()

    def passed_by(self, label: str, process: Process | None) -> None:
        if process is None or process.name != self._name or not process.alive:
            return
        self.labels.append(label)
        if len(self.labels) - 1 in self.last:
            process.kill()
