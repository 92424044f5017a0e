"""`streams demo` and `streams up`: the whole pipeline on one machine, with a signal source to look at, or for yours to join."""
import asyncio
import random
import shutil
import signal
import time
from collections.abc import Awaitable, Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Annotated, Any, Self

import msgspec
import typer
from rich.console import Console

from streams.audit.auditor import replayed
from streams.cli.common import configured, tell
from streams.cli.kafka import Kind
from streams.demo import summary, view
from streams.demo.pipeline import Pipeline, free_port, paper_answers
from streams.demo.processes import Health, Part, Processes, ours
from streams.demo.source import Source
from streams.errors import BrokerFailed, WrongUse
from streams.runtime import broker as kafka
from streams.runtime import docker, seat
from streams.runtime.broker import EmbeddedBroker
from streams.runtime.processes import alive
from streams.runtime.running import recorded
from streams.settings import Environment, Venue, for_children
from streams.venue.addresses import PAPER_PORT, Addresses, addresses
from streams.wire import admin

WORKERS = tuple(ours(kind, "worker", kind) for kind in ("positions", "risk", "gateway"))
FEED = ours("feed", "feed", "--source", "venue")
AUDIT = ours("audit", "worker", "audit")   # takes no part: it cries where a fill is amiss or a position has no stop
BROKER_LOOK_S = 1.0
SWEEP_S = 3_600.0
SPOKEN_S = 3.0                        # a gateway that lives has spoken meanwhile
_console = Console(stderr=True)


class Setting(msgspec.Struct, frozen=True):
    """One run of the pipeline: where it speaks, what it starts, where it keeps its logs."""

    title: str
    bootstrap: str
    venue: Addresses
    exchange: Part | None             # the paper exchange, where we run it
    folder: Path
    environment: dict[str, str]
    cwd: Path
    state_dir: Path                   # where the workers keep their instance ids
    account: str = "main"             # the gateway's
    parts: tuple[Part, ...] = (*WORKERS, FEED)


def demo(
    minutes: Annotated[float | None, typer.Option(min=0.1, help="end after so long; without it, at Ctrl-C")] = None,
    recording: Annotated[Path | None, typer.Option(help="prices of this recording instead of simulated ones")] = None,
    seed: Annotated[int | None, typer.Option(help="of prices and signals; without it one is drawn, and said")] = None,
    json: Annotated[bool, typer.Option("--json", help="the summary as JSON, the last line of standard output")] = False,
) -> None:
    """Kafka, exchange, feed, workers and a signal source of its own, whatever the environment says; a summary at the end."""
    if recording is not None and not recording.is_file():
        raise WrongUse(f"there is no recording {recording}", "streams record PATH writes one")
    environment = configured()
    drawn, folder = run_of(environment, seed)
    with EmbeddedBroker(folder, environment.cache_dir) as broker:
        told = asyncio.run(_demo(demo_setting(broker, folder, recording, drawn), broker, drawn, minutes))
    shutil.rmtree(folder / "kafka", ignore_errors=True)
    tell(told, summary.text(told), json=json)


def run_of(environment: Environment, seed: int | None) -> tuple[int, Path]:
    """The seed of a run, drawn where none is given, and a new folder for it; both are said."""
    drawn = random.SystemRandom().randrange(1_000_000) if seed is None else seed
    sweep(seat.made(environment.state_dir))
    folder = seat.within(environment.state_dir).absolute()
    say(f"seed {drawn}; logs in {folder / 'logs'}")
    return drawn, folder


def up(*, kafka: Kind = "embedded") -> None:
    """All of the demo but its signal source, on the environment's broker and venue, until Ctrl-C: publish to trade.intent and it trades."""
    environment = configured()
    venue = environment.require_venue()
    state_dir = environment.state_dir.absolute()
    with seat.alone(state_dir, "up"):
        _alone(environment, venue, state_dir, kafka)


def _alone(environment: Environment, venue: Venue, state_dir: Path, kind: str) -> None:
    there = addresses(venue, environment.binance_rest_url, environment.binance_ws_url)
    exchange = ours("paper", "paper", "--port", str(PAPER_PORT)) if venue == "paper" else None
    found = _found(environment) or (docker.start(environment.state_dir).bootstrap if kind == "docker" else "")
    with EmbeddedBroker(state_dir, environment.cache_dir) if not found else nullcontext() as broker:
        bootstrap = broker.bootstrap if broker else found
        say(f"broker {bootstrap}: set STREAMS_KAFKA_BOOTSTRAP to it for your bot")
        children = {**for_children(ours=True), "STREAMS_KAFKA_BOOTSTRAP": bootstrap}
        title, parts = f"Quantum Streams · up · {venue}", (*WORKERS, AUDIT, FEED)
        if others := [name for name in environment.decisions.accounts if name != environment.account]:
            say(f"the gateway is of {environment.account} alone; for {', '.join(others)}: STREAMS_ACCOUNT=NAME streams worker gateway, with its keys")
        setting = Setting(title, bootstrap, there, exchange, state_dir / "logs", children, Path.cwd(), state_dir, environment.account, parts)
        asyncio.run(_up(setting, broker))


def _found(environment: Environment) -> str:
    """The address of the broker that the environment names or that runs in the state folder; empty where there is none."""
    running = recorded(environment.state_dir)
    if environment.kafka_bootstrap or (running and running.container):
        return environment.bootstrap
    return running.bootstrap if (running := kafka.find(environment.state_dir)) else ""


def say(text: str) -> None:
    """To the person who watches, on standard error."""
    _console.print(text, highlight=False, markup=False, soft_wrap=True)


def demo_setting(broker: EmbeddedBroker, folder: Path, recording: Path | None, seed: int) -> Setting:
    """Nothing of the environment's own: no variable, no .env, no streams.toml; the working directory is the run's folder."""
    port = free_port()
    venue = Addresses(f"http://127.0.0.1:{port}", f"ws://127.0.0.1:{port}")
    source = f"recording:{recording.absolute()}" if recording else "simulator"
    ours_alone = {
        "STREAMS_KAFKA_BOOTSTRAP": broker.bootstrap, "STREAMS_VENUE": "custom",
        "STREAMS_BINANCE_REST_URL": venue.rest, "STREAMS_BINANCE_WS_URL": venue.ws,
        "STREAMS_BINANCE_API_KEY": "demo", "STREAMS_BINANCE_API_SECRET": "demo", "STREAMS_STATE_DIR": str(folder / "state"),
    }
    exchange = ours("paper", "paper", "--port", str(port), "--source", source, "--seed", str(seed))
    title = f"Quantum Streams · demo · seed {seed}"
    return Setting(title, broker.bootstrap, venue, exchange, folder / "logs", {**for_children(ours=False), **ours_alone}, folder, folder / "state")


async def _demo(setting: Setting, broker: EmbeddedBroker, seed: int, minutes: float | None) -> dict[str, Any]:
    """The summary of a run. Raises what kept the pipeline from running."""
    seen: list[summary.Exchange] = []

    async def ask() -> None:
        seen.append(await summary.exchange(setting.venue.rest))

    source = Source(setting.bootstrap, seed, say)
    async with Running(setting, broker) as running:
        began = time.monotonic()
        running.pipeline.on_tick = source.take
        await running.hold(None if minutes is None else minutes * 60)
        running.pipeline.on_tick = None
        source.close()
        seconds = time.monotonic() - began
        say("stopping")
        await running.end(ask)
    told = await asyncio.to_thread(summary.of_log, setting.bootstrap, seen[0], seconds)
    return {**told, "audit": await asyncio.to_thread(_audited, setting.bootstrap)}


def _audited(bootstrap: str) -> dict[str, Any]:
    """What a reader that took no part finds in the log of the run."""
    told = replayed(bootstrap)
    return {
        "faults": [str(one) for one in told.report.faults],
        "booked_late": len(told.late),
        "unprotected_seconds_max": max((one.ms for one in told.bare), default=0) / 1_000,
    }


async def _up(setting: Setting, broker: EmbeddedBroker | None) -> None:
    async def nothing() -> None:
        """Nobody has to be asked anything."""

    async with Running(setting, broker) as running:
        say(f"up: publish to trade.intent at {setting.bootstrap}, for example with `streams intent BTCUSDT BUY`; Ctrl-C ends it")
        await running.hold(None)
        say("stopping")
        await running.end(nothing)


class Running:
    """The pipeline from its first process to its last, with the view on it and an eye on our broker."""

    def __init__(self, setting: Setting, broker: EmbeddedBroker | None) -> None:
        self._setting = setting
        self._broker = broker
        self._stop = asyncio.Event()
        self.processes = Processes(setting.folder, setting.environment, say, cwd=setting.cwd)
        self.pipeline = Pipeline(setting.bootstrap, self.processes)
        self.processes.rival = self._rival
        self._parts = setting.parts

    async def __aenter__(self) -> Self:
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, self._asked, number)
        try:
            await self._start()
        except BaseException:
            await self.pipeline.close()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.pipeline.close()

    async def _start(self) -> None:
        await asyncio.to_thread(admin.apply, self._setting.bootstrap)
        if self._broker is not None:
            self.processes.health["broker"] = Health(pid=self._broker.pid, starts=1)
            self.pipeline.beside(_kept(self._broker, self.processes.health["broker"]))
        exchange = self._setting.exchange
        if exchange is not None and await paper_answers(self._setting.venue.rest):
            say(f"a paper exchange answers at {self._setting.venue.rest} already, and is used")
            exchange = None
        say("starting exchange, feed and workers" if exchange else "starting feed and workers")
        began = time.monotonic()
        await self._unless_stopped(self.pipeline.start(exchange, self._setting.venue.rest, self._parts))
        say(f"every part works, {time.monotonic() - began:.0f} s after its start")
        self.pipeline.beside(view.watch(self.pipeline.board, self.processes.health, self._setting.title, _console))

    async def _rival(self) -> str:
        """Ours is dead: whether one that is not ours speaks now in the account's ledger, as each does that has a second of rest."""
        account, beats = self._setting.account, self.pipeline.board.beats
        before = beats.get(account)
        await asyncio.sleep(SPOKEN_S)
        newest = beats.get(account)
        if newest is None or newest == before or newest[0] in seat.instances(self._setting.state_dir, "gateway"):
            return ""
        return f"another gateway of account {account} runs on {self._setting.bootstrap}; stop one: two of them end each other at every start"

    @property
    def stopped(self) -> bool:
        """Somebody has asked for the end: Ctrl-C or SIGTERM."""
        return self._stop.is_set()

    async def hold(self, seconds: float | None) -> None:
        await self.pipeline.hold(seconds, self._stop)

    async def end(self, before_exchange: Callable[[], Awaitable[None]]) -> None:
        await self.pipeline.stop(self._setting.exchange, self._parts, before_exchange)

    async def _unless_stopped(self, work: Awaitable[None]) -> None:
        """The start, unless somebody wants none of it any more."""
        starting, stopping = asyncio.ensure_future(work), asyncio.create_task(self._stop.wait())
        await asyncio.wait([starting, stopping], return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        if not starting.done():
            starting.cancel()
            await asyncio.gather(starting, return_exceptions=True)
            raise typer.Exit(1)
        starting.result()

    def _asked(self, number: signal.Signals) -> None:
        """The first Ctrl-C ends in order; a second one ends."""
        asyncio.get_running_loop().remove_signal_handler(number)
        self._stop.set()


async def _kept(broker: EmbeddedBroker, health: Health) -> None:
    """Our broker is started again when it dies: the others wait for it, or end and come back."""
    while True:
        await asyncio.sleep(BROKER_LOOK_S)
        if alive(broker.pid, broker.running.started):
            continue
        health.pid = 0
        say("the broker died and is started again")
        try:
            await asyncio.to_thread(broker.start)
        except BrokerFailed as reason:
            say(f"the broker does not come back yet: {reason}")
            continue
        health.pid, health.starts = broker.pid, health.starts + 1


def sweep(state_dir: Path) -> None:
    """Broker data of demos that could not put it away themselves; their logs stay. A younger one may be starting just now."""
    for data in state_dir.glob("demo-*/kafka"):
        if time.time() - data.stat().st_mtime > SWEEP_S and kafka.find(data.parent) is None:
            shutil.rmtree(data, ignore_errors=True)
