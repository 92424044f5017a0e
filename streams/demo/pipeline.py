"""The parts of the pipeline brought up in order, held ready, and brought down in order; one reader of the log tells what all of them do.

A part is ready when it did its own work once: the feed a tick, positions and risk a heartbeat, the gateway its reconciliation, the filters and the
balance of the venue. No part is believed because its process exists.
"""
import asyncio
import random
import socket
import time
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any

import aiohttp

from streams.core.events import Tick
from streams.demo.board import TOPICS, Board
from streams.demo.processes import Part, Processes, last_words
from streams.errors import Refused, StreamsError
from streams.wire.log import Record, tail

READY_S = 120.0                       # from the start of the parts until all of them have worked
LOOK_S = 0.05
TAKE_S = 0.02
PORTS = range(20_000, 32_000)         # below the ports that systems give to clients: a part that comes back finds its own port free
NEEDED = ("feed", "positions", "risk", "reconciled", "instruments", "balance")
SAID_BY = {"reconciled": "gateway", "instruments": "gateway", "balance": "gateway"}

OnTick = Callable[[Tick, int], None]


class Pipeline:
    """Beside `processes`, the log: what a person watches is read from it and from nowhere else."""

    def __init__(self, bootstrap: str, processes: Processes) -> None:
        self.bootstrap = bootstrap
        self.processes = processes
        self.board = Board()
        self.on_tick: OnTick | None = None
        self._arrived: deque[Record] = deque()
        self._stopped = False
        self._reading: asyncio.Task[None] | None = None
        self._beside: list[asyncio.Task[None]] = []

    def beside(self, work: Coroutine[Any, Any, None]) -> None:
        """Something that goes on as long as the pipeline is held; when it fails, the holding ends with its error."""
        self._beside.append(asyncio.create_task(work))

    async def start(self, exchange: Part | None, url: str, parts: Sequence[Part]) -> None:
        """Everything at once, but the feed, which asks the exchange what to listen to. Raises StreamsError with the words of what fails."""
        loop, listening = asyncio.get_running_loop(), asyncio.Event()

        def heard() -> None:
            loop.call_soon_threadsafe(listening.set)

        self._reading = asyncio.create_task(asyncio.to_thread(self._read, heard))
        self.beside(self._take())
        await self._first(listening.wait())
        later = [part for part in parts if part.name == "feed"]
        for part in (*([exchange] if exchange else []), *(part for part in parts if part not in later)):
            await self.processes.start(part)
        if exchange is not None:
            await self._until(lambda: answers(url), [exchange.name])
        for part in later:
            await self.processes.start(part)
        await self._until(self._all_heard, [part.name for part in parts])

    async def hold(self, seconds: float | None, stop: asyncio.Event) -> None:
        """Until the time is over or `stop` is set; raises what makes going on senseless."""
        waiting = asyncio.wait_for(stop.wait(), seconds)
        try:
            await self._first(waiting)
        except TimeoutError:
            return

    async def stop(self, exchange: Part | None, parts: Sequence[Part], before_exchange: Callable[[], Awaitable[None]]) -> None:
        """Ticks first, then the workers together; the exchange last, after somebody has asked it what it saw."""
        await self._quiet()
        names = [part.name for part in parts]
        await self.processes.stop(*(name for name in names if name == "feed"))
        await self.processes.stop(*(name for name in names if name != "feed"))
        await before_exchange()
        if exchange is not None:
            await self.processes.stop(exchange.name)

    async def close(self) -> None:
        """Whatever still runs, in whatever state it is."""
        await self._quiet()
        await self.processes.stop_all()
        self._stopped = True
        if self._reading is not None:
            await asyncio.gather(self._reading, return_exceptions=True)

    def _read(self, listening: Callable[[], None]) -> None:
        for record in tail(self.bootstrap, TOPICS, lambda: self._stopped):
            listening()
            if record is not None:
                self._arrived.append(record)

    async def _take(self) -> None:
        """In the loop, where the view reads the board: a thread would change it under its eyes."""
        while True:
            while self._arrived:
                record = self._arrived.popleft()
                self.board.take(record)
                if self.on_tick is not None and isinstance(record.message, Tick):
                    self.on_tick(record.message, record.log_time)
            await asyncio.sleep(TAKE_S)

    async def _quiet(self) -> None:
        beside, self._beside = self._beside, []
        for task in beside:
            task.cancel()
        await asyncio.gather(*beside, return_exceptions=True)

    async def _all_heard(self) -> bool:
        return all(name in self.board.heard for name in NEEDED)

    async def _until(self, true: Callable[[], Awaitable[bool]], names: Sequence[str]) -> None:
        deadline = time.monotonic() + READY_S
        while not await true():
            if time.monotonic() > deadline:
                raise self._not_ready(names)
            await self._first(asyncio.sleep(LOOK_S))

    async def _first(self, wanted: Awaitable[object]) -> None:
        """What is waited for, unless the reader or a part fails before."""
        task: asyncio.Future[Any] = asyncio.ensure_future(wanted)
        watched: list[asyncio.Future[Any]] = [self.processes.failed, *([self._reading] if self._reading else []), *self._beside]
        ended, _ = await asyncio.wait([task, *watched], return_when=asyncio.FIRST_COMPLETED)
        try:
            for one in ended:
                one.result()
        finally:
            task.cancel()

    def _not_ready(self, names: Sequence[str]) -> StreamsError:
        missing = [name for name in NEEDED if name not in self.board.heard] if len(names) > 1 else list(names)
        speakers = dict.fromkeys(SAID_BY.get(name, name) for name in missing)
        words = "\n".join(f"--- {name}\n{last_words(self.processes.log_of(name))}" for name in speakers)
        return StreamsError(f"not ready after {READY_S:g} s: {', '.join(missing)}\n{words}\n", f"the logs are in {self.processes.folder}")


async def answers(url: str) -> bool:
    """Whether an exchange speaks there."""
    try:
        async with aiohttp.ClientSession() as session, session.get(f"{url}/fapi/v1/ping", timeout=aiohttp.ClientTimeout(2)) as answer:
            return answer.status == 200
    except (aiohttp.ClientError, TimeoutError):
        return False


async def paper_answers(url: str) -> bool:
    """Whether a paper exchange of ours speaks there; False where nobody does. Raises Refused where it is something else."""
    try:
        async with aiohttp.ClientSession() as session, session.get(f"{url}/_state", timeout=aiohttp.ClientTimeout(2)) as answer:
            if answer.status == 200 and "accounts" in await answer.json():
                return True
            said = f"GET /_state gave {answer.status}"
    except aiohttp.ClientConnectorError:
        return False
    except (aiohttp.ClientError, TimeoutError, ValueError, TypeError) as reason:
        said = f"GET /_state gave {reason!r}"
    raise Refused(f"what answers at {url} is no paper exchange ({said})", "end what holds that port: `streams paper` and `streams up` use the same")


def free_port() -> int:
    """One that nobody listens on now."""
    for port in random.sample(PORTS, len(PORTS)):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise StreamsError(f"no port is free between {PORTS.start} and {PORTS.stop}", "end what holds them")
