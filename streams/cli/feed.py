"""`streams feed` and `streams record`: market data of the venue, of the simulator or of a recording, into the log or into a file."""
import asyncio
import os
import random
import signal
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from pathlib import Path
from typing import Annotated, Any, TypeVar

import msgspec
import typer
import uvloop

from streams.cli.common import configured
from streams.core.values import decimal
from streams.errors import WrongUse
from streams.paper.instruments import ALL
from streams.paper.market import simulated
from streams.runtime import logs, metrics
from streams.venue import feed as market_feed
from streams.venue import market_streams, recording
from streams.venue.addresses import addresses
from streams.venue.recording import Pace, Raw

Result = TypeVar("Result")
Clock = Callable[[], int]
Speed = Annotated[float, typer.Option(help="of a recording: 2 is twice as fast as it happened, 0 as fast as it goes")]
_log = logs.get(__name__)


def feed(
    source: Annotated[str, typer.Option(help="venue, simulator or recording:PATH")] = "venue",
    speed: Speed = 1.0,
    seed: Annotated[int | None, typer.Option(help="of the simulator; without it one is drawn, and said")] = None,
) -> None:
    """Write price.tick until the source ends, or until SIGTERM."""
    environment = configured()
    bootstrap = environment.bootstrap
    metrics.serve(environment.metrics_port)
    frames, clock = _source(source, speed, seed)
    until_stopped(market_feed.run(frames, bootstrap, now=clock))


def record(
    path: Annotated[Path, typer.Argument(help="a name that ends in .gz is compressed")],
    minutes: Annotated[float | None, typer.Option(min=0.0, help="without it until Ctrl-C")] = None,
) -> None:
    """Write the venue's market streams to a file, one frame a line with the time it was received."""
    configured()
    if path.exists():
        raise WrongUse(f"{path} exists", "choose another name: recordings are not overwritten")
    if not path.parent.is_dir() or not os.access(path.parent, os.W_OK):
        raise WrongUse(f"{path} cannot be written: {path.parent} is no folder that this user may write to", "make it, or choose another")
    until_stopped(_recorded(path, minutes))


async def _recorded(path: Path, minutes: float | None) -> None:
    writing = asyncio.create_task(recording.record(_venue(), path))
    try:
        await asyncio.wait([writing], timeout=None if minutes is None else minutes * 60)
    finally:
        writing.cancel()
        _log.info("recorded", frames=await writing, path=str(path))


def _source(source: str, speed: float, seed: int | None) -> tuple[AsyncIterator[Raw], Clock | None]:
    """The frames and the clock of their receive times. Raises WrongUse."""
    kind, _, path = source.partition(":")
    match kind:
        case "venue":
            return _venue(), time.time_ns
        case "simulator":
            drawn = random.SystemRandom().randrange(1_000_000) if seed is None else seed
            _log.info("simulated prices", seed=drawn)
            return _simulated(drawn), time.time_ns
        case "recording" if Path(path).is_file():
            pace = Pace(speed) if speed else None
            return recording.replayed(Path(path), pace), pace.now if pace else None
        case "recording":
            raise WrongUse(f"there is no recording {path!r}", "streams record PATH writes one")
        case _:
            raise WrongUse(f"there is no source {source!r}", "one of venue, simulator, recording:PATH")


async def _venue() -> AsyncIterator[Raw]:
    """The symbols of the settings, else all that the venue trades: asked once, before the streams."""
    environment = configured()
    there = addresses(environment.require_venue(), environment.binance_rest_url, environment.binance_ws_url)
    symbols = environment.decisions.symbols or tuple(await market_streams.listed(there.rest))
    async for raw in market_streams.frames(there.ws, symbols):
        yield raw


async def _simulated(seed: int) -> AsyncIterator[Raw]:
    """The paper exchange's simulator without the exchange, as the frames that Binance would send of it."""
    symbols = configured().decisions.symbols or tuple(ALL)
    if unknown := set(symbols) - set(ALL):
        raise WrongUse(f"the simulator does not know {', '.join(sorted(unknown))}", f"STREAMS_SYMBOLS may name {', '.join(ALL)}")
    async for quote in simulated(list(symbols), seed):
        now = time.time_ns()
        told = {"s": quote.symbol, "E": now // 1_000_000}
        yield now, msgspec.json.encode({"e": "bookTicker", **told, "b": decimal(quote.bid), "a": decimal(quote.ask)})
        yield now, msgspec.json.encode({"e": "aggTrade", **told, "p": decimal(quote.last)})


def until_stopped(work: Coroutine[Any, Any, Result]) -> Result | None:
    """Run it in a loop of its own until it ends or until SIGTERM or Ctrl-C, which give it the time to put away what it holds."""

    async def watched() -> Result | None:
        task = asyncio.ensure_future(work)
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, task.cancel)
        await asyncio.wait([task])
        return None if task.cancelled() else task.result()

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(watched())
