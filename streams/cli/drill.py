"""`streams drill`: the demo on paper, struck every few seconds while it trades, and a verdict: what is promised holds, or what did not."""
import asyncio
import contextlib
import os
import shutil
import signal
import time
from collections.abc import Awaitable, Callable, Mapping
from types import TracebackType
from typing import Annotated, Any, Self

import aiohttp
import typer

from streams.cli.common import configured, tell
from streams.cli.run import Running, Setting, demo_setting, run_of, say
from streams.core.events import FlattenWanted
from streams.core.ids import leg_of
from streams.core.values import e8
from streams.demo.source import Source
from streams.drill.blows import Blow, What, blows
from streams.drill.verdict import TOPICS, Rule, Seen, Span, told_of, verdict
from streams.errors import NotReachable
from streams.runtime.broker import EmbeddedBroker
from streams.wire.log import publish, read
from streams.wire.topics import ORDER_FILL

ACCOUNT = "main"
EXCHANGE = "paper"
LOOK_S, ORPHANS_S, SETTLE_S, CLOSED_S = 0.05, 0.25, 150.0, 120.0
FELT = ("gateway", "broker", "exchange")                 # blows that may leave a position without a stop for a while; the others cannot


def drill(
    minutes: Annotated[float, typer.Option(min=0.1, help="how long it is struck")] = 3.0,
    seed: Annotated[int | None, typer.Option(help="of prices, signals and blows; without it one is drawn, and said")] = None,
    json: Annotated[bool, typer.Option("--json", help="the verdict as JSON, the last line of standard output")] = False,
) -> None:
    """Kill and stop the demo's processes and break its venue while it trades on paper; exit code 1 where a promise did not hold."""
    environment = configured()
    drawn, folder = run_of(environment, seed)
    with EmbeddedBroker(folder, environment.cache_dir) as broker:
        rules, struck = asyncio.run(_drill(demo_setting(broker, folder, None, drawn), broker, drawn, minutes * 60))
    held = all(rule.held for rule in rules)
    if held:
        shutil.rmtree(folder / "kafka", ignore_errors=True)
    tell({"seed": drawn, "minutes": minutes, "held": held, "blows": struck, "rules": rules}, text(drawn, rules, struck), json=json)
    if not held:
        raise typer.Exit(1)


def text(seed: int, rules: list[Rule], struck: int) -> str:
    lines = [f"{'held  ' if rule.held else 'BROKEN'}  {rule.name}: {rule.figure}" for rule in rules]
    wrong = [f"          {reason}" for rule in rules for reason in rule.wrong]
    return "\n".join([f"{struck} blows, seed {seed}", *lines, *wrong])


async def _drill(setting: Setting, broker: EmbeddedBroker, seed: int, seconds: float) -> tuple[list[Rule], int]:
    source = Source(setting.bootstrap, seed, say)
    async with Running(setting, broker) as running, Striker(running, broker, setting.venue.rest) as striker:
        running.pipeline.on_tick = source.take
        striking = asyncio.create_task(striker.strike(seed))
        watching = [asyncio.create_task(striker.watch()), asyncio.create_task(striker.watch_orphans())]
        await running.hold(seconds)
        striking.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await striking
        await striker.release()
        say(f"{len(striker.struck)} blows; now it is left alone")
        running.pipeline.on_tick = None
        source.close()
        await _until(striker.settled, SETTLE_S)
        await _until(lambda: _told(setting.bootstrap), CLOSED_S)
        await _until(striker.flat, CLOSED_S)
        for task in watching:
            task.cancel()
        seen = await striker.look()
        told = await asyncio.to_thread(lambda: told_of(read(setting.bootstrap, TOPICS)))
        rules = verdict(told, seen, striker.felt, striker.away(seen.now))
        await running.end(_nothing)
    return rules, len(striker.struck)


async def _told(bootstrap: str) -> bool:
    """Close everything. The request has an id: told twice, it is worked once."""
    wish = FlattenWanted(ACCOUNT, "", "the drill is over", "drill", "the drill's end")
    try:
        await asyncio.to_thread(publish, bootstrap, [wish])
    except NotReachable:
        return False
    return True


async def _nothing() -> None:
    """Nobody has to be asked anything."""


async def _until(true: Callable[[], Awaitable[bool]], seconds: float) -> bool:
    """What does not come about in time, the verdict will say."""
    deadline = time.monotonic() + seconds
    while not await true():
        if time.monotonic() > deadline:
            return False
        await asyncio.sleep(0.5)
    return True


def now_ms() -> int:
    return time.time_ns() // 1_000_000


class Striker:
    """Strikes a running pipeline, and keeps what it did and when."""

    def __init__(self, running: Running, broker: EmbeddedBroker, url: str) -> None:
        self.struck: list[Span] = []
        self._running, self._broker, self._url = running, broker, url
        self._stopped: set[int] = set()
        self._absent: list[Span] = []
        self._gone_since = 0                             # 0: a gateway is at work
        self._gateway = 0                                # its pid, as last seen
        self._orphaned: dict[str, int] = {}              # symbol -> since when exit orders of ours rest where nothing is held
        self._orphans: list[Span] = []

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(self._url, raise_for_status=True, timeout=aiohttp.ClientTimeout(10))
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._all_go_on()
        await self._session.close()

    # ------------------------------------------------------------------------------------------------------------ blows

    async def strike(self, seed: int) -> None:
        for blow in blows(seed):
            await asyncio.sleep(blow.after)
            begun = now_ms()
            if await self._struck(blow):
                say(f"    {blow}")
                self.struck.append(Span(str(blow), begun, now_ms()))

    async def _struck(self, blow: Blow) -> bool:
        """Whether there was anything to strike: what is dead already is left in peace."""
        if blow.what is What.FAULT:
            await self._break(blow)
            return True
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

    async def _break(self, blow: Blow) -> None:
        try:
            async with self._session.post("/_faults", json=blow.fault):
                pass
            await asyncio.sleep(blow.seconds)
        finally:
            await self._mend()

    async def _mend(self) -> None:
        async with self._session.delete("/_faults"):
            pass

    async def release(self) -> None:
        """Whatever was stopped goes on, and no fault is armed any more."""
        self._all_go_on()
        await self._mend()

    def _all_go_on(self) -> None:
        for pid in tuple(self._stopped):
            self._go_on(pid)

    def _pid(self, victim: str) -> int:
        name = EXCHANGE if victim == "exchange" else victim
        return self._broker.pid if victim == "broker" else self._running.processes.health[name].pid

    # ------------------------------------------------------------------------------------------------------------ what is seen

    async def watch(self) -> None:
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

    async def look(self) -> Seen:
        state, record = await self._get("/_state"), await self._get("/_record?since=1000000000")
        account = next(iter(state["accounts"].values()))
        held = {symbol: e8(quantity) for symbol, quantity in account["positions"].items()}
        bare = [Span(one["symbol"], one["start"], one["end"] or record["now"]) for one in record["unprotected"]]
        resting = [*account["orders"], *(algo["client_id"] for algo in account["algos"])]
        return Seen(record["now"], held, resting, state["created"], account["trades"], bare, self.orphans(record["now"]))

    async def watch_orphans(self) -> None:
        while True:
            await asyncio.sleep(ORPHANS_S)
            with contextlib.suppress(aiohttp.ClientError, TimeoutError):     # the exchange is stopped: it is asked again
                account = next(iter((await self._get("/_state"))["accounts"].values()))
                self._compare({algo["symbol"] for algo in account["algos"] if leg_of(algo["client_id"])} - account["positions"].keys(), now_ms())

    def _compare(self, orphaned: set[str], now: int) -> None:
        for symbol in self._orphaned.keys() - orphaned:
            self._orphans.append(Span(symbol, self._orphaned.pop(symbol), now))
        for symbol in orphaned:
            self._orphaned.setdefault(symbol, now)

    def orphans(self, now: int) -> list[Span]:
        return [*self._orphans, *(Span(symbol, since, now) for symbol, since in self._orphaned.items())]

    async def settled(self) -> bool:
        """The books are the exchange's, and everybody has been heard of lately."""
        heard = self._running.pipeline.board.heard
        lately = all(heard.get(name, 0) > now_ms() - 5_000 for name in ("feed", "gateway", "positions", "risk"))
        return lately and await self._booked() == (await self.look()).held

    async def flat(self) -> bool:
        seen = await self.look()
        return not seen.held and not seen.resting and not await self._booked()

    async def _booked(self) -> dict[str, int]:
        try:
            fills = [record.message for record in await asyncio.to_thread(lambda: list(read(self._broker.bootstrap, [ORDER_FILL.name])))]
        except NotReachable:
            return {"the broker": 0}
        total: dict[str, int] = {}
        for fill in fills:
            total[fill.symbol] = total.get(fill.symbol, 0) + fill.signed
        return {symbol: quantity for symbol, quantity in total.items() if quantity}

    async def _get(self, path: str) -> Mapping[str, Any]:
        async with self._session.get(path) as answer:
            return dict(await answer.json())
