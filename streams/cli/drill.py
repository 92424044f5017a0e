"""`streams drill`: the demo on paper, struck every few seconds while it trades, and a verdict: what is promised holds, or what did not."""
import asyncio
import contextlib
import os
import shutil
import signal
import time
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Annotated, Self

import aiohttp
import msgspec
import typer

from streams.audit.auditor import replayed
from streams.cli.common import configured, tell
from streams.cli.run import Running, Setting, demo_setting, run_of, say
from streams.core.events import FlattenWanted
from streams.demo.source import Source
from streams.drill.blows import Blow, What, blows
from streams.drill.exchange import Exchange
from streams.drill.report import report, text
from streams.drill.verdict import TOPICS, Audited, Seen, Shown, Span, Told, told_of, verdict
from streams.errors import NotReachable, StreamsError
from streams.runtime.broker import EmbeddedBroker
from streams.wire.log import publish, read

ACCOUNT = "main"
EXCHANGE = "paper"
LOOK_S, SETTLE_S, CLOSED_S = 0.05, 150.0, 120.0
HURRY_S = 40.0                        # instead of these, where it ends early
FELT = ("gateway", "broker", "exchange")                 # blows that may leave a position without a stop for a while; the others cannot
HANGS = (aiohttp.ClientError, TimeoutError)              # the exchange does not answer


class Outcome(msgspec.Struct, frozen=True):
    """`ended`: why it ended early; empty where it did not."""

    ended: str
    blows: list[Span]
    shown: Shown


def drill(
    minutes: Annotated[float, typer.Option(min=0.1, help="how long it is struck")] = 3.0,
    seed: Annotated[int | None, typer.Option(help="of prices, signals and blows; without it one is drawn, and said")] = None,
    json: Annotated[bool, typer.Option("--json", help="the verdict as JSON, the last line of standard output")] = False,
) -> None:
    """Kill and stop the demo's processes and break its venue while it trades on paper; exit code 1 where a promise did not hold or it ended early."""
    environment = configured()
    drawn, folder = run_of(environment, seed)
    with EmbeddedBroker(folder, environment.cache_dir) as broker:
        outcome = asyncio.run(_drill(demo_setting(broker, folder, None, drawn), broker, drawn, minutes * 60))
    shown = outcome.shown
    bare_ms = shown.audited.bare_ms if shown.audited else None
    told = report(drawn, minutes, outcome.ended, outcome.blows, shown.away, bare_ms, verdict(shown))
    if told.held:
        shutil.rmtree(folder / "kafka", ignore_errors=True)
    tell(told, text(told, str(folder / "logs")), json=json)
    if not told.held:
        raise typer.Exit(1)


async def _drill(setting: Setting, broker: EmbeddedBroker, seed: int, seconds: float) -> Outcome:
    source = Source(setting.bootstrap, seed, say)
    async with Running(setting, broker) as running, Exchange(setting.venue.rest) as exchange, Striker(running, broker, exchange) as striker:
        running.pipeline.on_tick = source.take
        striker.begin(seed)
        ended = await _held(running, seconds)
        await striker.release()
        say(f"{len(striker.struck)} blows; now it is left alone")
        running.pipeline.on_tick = None
        source.close()
        rest = await _comes_to_rest(setting.bootstrap, running, striker, hurry=bool(ended))
        ended = ended or ("interrupted while it was closed" if running.stopped else "")
        seen = await striker.seen()
        told, audited = await asyncio.to_thread(_read, setting.bootstrap)
        shown = Shown(told, audited, seen, striker.felt, striker.away(now_ms()), rest)
        await running.end(_nothing)
    return Outcome(ended, striker.struck, shown)


async def _held(running: Running, seconds: float) -> str:
    """Until the time is over; why it ended before."""
    began = time.monotonic()
    try:
        await running.hold(seconds)
    except StreamsError as reason:
        return f"after {time.monotonic() - began:.0f} s of {seconds:.0f} the pipeline could not go on: {reason}"
    return f"interrupted after {time.monotonic() - began:.0f} s of {seconds:.0f}" if running.stopped else ""


async def _comes_to_rest(bootstrap: str, running: Running, striker: "Striker", *, hurry: bool) -> bool:
    """Whether everything has been worked, closed and cancelled. What does not come about in time, the verdict will say."""
    def patience(seconds: float) -> float:
        return min(seconds, HURRY_S) if hurry or running.stopped else seconds

    await _until(striker.settled, lambda: patience(SETTLE_S))
    await _until(lambda: _told(bootstrap), lambda: patience(CLOSED_S))
    return await _until(striker.flat, lambda: patience(CLOSED_S))


async def _told(bootstrap: str) -> bool:
    """Close everything. The request has an id: told twice, it is worked once."""
    wish = FlattenWanted(ACCOUNT, "", "the drill is over", "drill", "the drill's end")
    try:
        await asyncio.to_thread(publish, bootstrap, [wish])
    except NotReachable:
        return False
    return True


def _read(bootstrap: str) -> tuple[Told | None, Audited | None]:
    try:
        told, replay = told_of(read(bootstrap, TOPICS)), replayed(bootstrap)
    except NotReachable as reason:
        say(f"the log cannot be read: {reason}")
        return None, None
    faults, late = tuple(map(str, replay.report.faults)), tuple(map(str, replay.late))
    return told, Audited(faults, late, max((one.ms for one in replay.bare), default=0))


async def _nothing() -> None:
    """Nobody has to be asked anything."""


async def _until(true: Callable[[], Awaitable[bool]], seconds: Callable[[], float]) -> bool:
    """`seconds` may become less while it is waited."""
    began = time.monotonic()
    while True:
        with contextlib.suppress(*HANGS):
            if await true():
                return True
        if time.monotonic() - began > seconds():
            return False
        await asyncio.sleep(0.5)


def now_ms() -> int:
    return time.time_ns() // 1_000_000


class Striker:
    """Strikes a running pipeline, and keeps what it did and when. Whatever was stopped goes on when it leaves, however it leaves."""

    def __init__(self, running: Running, broker: EmbeddedBroker, exchange: Exchange) -> None:
        self.struck: list[Span] = []
        self._running, self._broker, self._exchange = running, broker, exchange
        self._striking: asyncio.Task[None] | None = None
        self._watching: list[asyncio.Task[None]] = []
        self._stopped: set[int] = set()
        self._absent: list[Span] = []
        self._gone_since = 0                             # 0: a gateway is at work
        self._gateway = 0                                # its pid, as last seen
        self._released = 0                               # when the last blow had ended

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Nobody asks the exchange any more when its session is closed."""
        tasks = [*self._watching, *([self._striking] if self._striking else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._all_go_on()

    def begin(self, seed: int) -> None:
        self._striking = asyncio.create_task(self._strike(seed))
        self._watching = [asyncio.create_task(self._watch()), asyncio.create_task(self._exchange.watch_orphans(now_ms))]

    async def release(self) -> None:
        """No blow falls any more: what was stopped goes on, and no fault is armed. Raises what ended the striking before, if anything did."""
        if self._striking is not None:
            self._striking.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._striking
        self._all_go_on()
        with contextlib.suppress(*HANGS):
            await self._exchange.mend()
        self._released = now_ms()

    # ------------------------------------------------------------------------------------------------------------ blows

    async def _strike(self, seed: int) -> None:
        for blow in blows(seed):
            await asyncio.sleep(blow.after)
            begun, struck = now_ms(), True               # also one that is broken off has been struck
            try:
                struck = await self._struck(blow)
            finally:
                if struck:
                    say(f"    {blow}")
                    self.struck.append(Span(str(blow), begun, now_ms()))

    async def _struck(self, blow: Blow) -> bool:
        """Whether there was anything to strike: what is dead already is left in peace."""
        if blow.what is What.FAULT:
            return await self._break(blow)
        pid = self._pid(blow.victim)
        if not pid:
            return False
        try:
            os.kill(pid, signal.SIGKILL if blow.what is What.KILL else signal.SIGSTOP)
        except ProcessLookupError:                       # it has ended by itself, a moment ago: it is started again without a blow
            return False
        if blow.victim == "gateway":
            self._gone_since = self._gone_since or now_ms()
        if blow.what is What.STOP:
            self._stopped.add(pid)
            await asyncio.sleep(blow.seconds)
            self._go_on(pid)
        return True

    def _go_on(self, pid: int) -> None:
        self._stopped.discard(pid)
        try:
            os.kill(pid, signal.SIGCONT)
        except ProcessLookupError:                       # it has been ended meanwhile
            return
        if pid == self._gateway and self._gone_since:
            self._back(now_ms())

    async def _break(self, blow: Blow) -> bool:
        try:
            await self._exchange.arm(blow.fault)
            await asyncio.sleep(blow.seconds)
            await self._exchange.mend()
        except HANGS as reason:
            say(f"    the exchange does not answer ({reason!r}): {blow} may be left out, or go on")
        return True

    def _all_go_on(self) -> None:
        for pid in tuple(self._stopped):
            self._go_on(pid)

    def _pid(self, victim: str) -> int:
        name = EXCHANGE if victim == "exchange" else victim
        return self._broker.pid if victim == "broker" else self._running.processes.health[name].pid

    # ------------------------------------------------------------------------------------------------------------ what is seen

    async def _watch(self) -> None:
        """When no gateway was at work: from its death until its successor has reconciled."""
        while True:
            pid = self._running.processes.health["gateway"].pid
            if pid != self._gateway:
                self._gone_since = self._gone_since or (now_ms() if self._gateway else 0)
                self._gateway = pid
            reconciled = self._running.pipeline.board.heard.get("reconciled", 0)
            if self._gone_since and pid and pid not in self._stopped and reconciled > self._gone_since:
                self._back(reconciled)
            await asyncio.sleep(LOOK_S)

    def _back(self, at: int) -> None:
        self._absent.append(Span("no gateway", self._gone_since, at))
        self._gone_since = 0

    def away(self, now: int) -> list[Span]:
        return [*self._absent, *([Span("no gateway", self._gone_since, now)] if self._gone_since else [])]

    @property
    def felt(self) -> list[Span]:
        return [span for span in self.struck if span.what.startswith(What.FAULT.value) or any(victim in span.what for victim in FELT)]

    async def seen(self) -> Seen | None:
        try:
            return await self._exchange.look()
        except HANGS as reason:
            say(f"the exchange does not show its record: {reason!r}")
            return None

    async def settled(self) -> bool:
        """Nothing is under way: everybody has been heard of since the last blow, every intent has its end, and the books are the exchange's.

        What is closed before that may be opened again: by an intent that waited for a worker which had just been killed.
        """
        heard = self._running.pipeline.board.heard
        if not all(heard.get(name, 0) > self._released for name in ("feed", "gateway", "positions", "risk")):
            return False
        told = await self._log()
        return told is not None and not told.unanswered and told.held == (await self._exchange.look()).held

    async def flat(self) -> bool:
        seen = await self._exchange.look()
        if seen.held or seen.resting:
            return False
        told = await self._log()
        return told is not None and not told.held

    async def _log(self) -> Told | None:
        try:
            return await asyncio.to_thread(lambda: told_of(read(self._broker.bootstrap, TOPICS)))
        except NotReachable:
            return None
