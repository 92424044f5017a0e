"""`streams worker`: one of the three Faust workers, or all of them as children that die with this process."""
import asyncio
import os
import signal
import sys
from typing import Annotated

import typer

from streams.cli.audit import watching
from streams.cli.common import configured, venue_keys
from streams.errors import WrongUse
from streams.runtime import metrics, seat
from streams.runtime.faust import App
from streams.runtime.processes import bound_to
from streams.runtime.run import run
from streams.venue.addresses import addresses

KINDS = ("positions", "risk", "gateway")


def worker(kind: Annotated[str, typer.Argument(help="positions, risk, gateway, audit, or all: the first three")]) -> None:
    """A worker, until SIGTERM. It ends with an error rather than commit what it is not sure of; start it again, and it goes on where it was.

    `audit` takes no part: it watches books and protection by the log alone.
    """
    if kind == "audit":
        watching(configured())
        return
    if kind == "all":
        raise typer.Exit(asyncio.run(_all()))
    if kind not in KINDS:
        raise WrongUse(f"there is no worker {kind}", f"one of {', '.join((*KINDS, 'audit', 'all'))}")
    raise typer.Exit(_one(kind))


def _one(kind: str) -> int:
    environment = configured()
    taken = seat.take(environment.state_dir, kind)
    metrics.serve(environment.metrics_port)
    return _gateway(taken) if kind == "gateway" else run(_app(kind, taken))


def _app(kind: str, taken: seat.Seat) -> App:
    from streams.agents import positions, risk  # noqa: PLC0415  (faust is not needed by the other commands)

    environment = configured()
    build = {"positions": positions.build, "risk": risk.build}[kind]
    return build(environment.decisions, bootstrap=environment.bootstrap, state_dir=taken.folder, instance_id=taken.instance_id)


def _gateway(taken: seat.Seat) -> int:
    from streams.agents import gateway  # noqa: PLC0415  (ccxt costs seconds: only where it is needed)
    from streams.venue.binance import Keys  # noqa: PLC0415

    environment = configured()
    venue = addresses(environment.require_venue(), environment.binance_rest_url, environment.binance_ws_url)
    symbols = environment.decisions.symbols
    return gateway.main(gateway.Options(environment.account, environment.bootstrap, venue, Keys(*venue_keys(environment)), symbols), taken)


async def _all() -> int:
    """The three as children that die with this process. Where one ends, all end, with its code: whoever started this starts it again."""
    children = [
        await asyncio.create_subprocess_exec(sys.executable, "-m", "streams.cli", "worker", kind, preexec_fn=bound_to(os.getpid())) for kind in KINDS
    ]
    asked = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, asked.set)
    ends = [asyncio.create_task(child.wait()) for child in children]
    await asyncio.wait([asyncio.create_task(asked.wait()), *ends], return_when=asyncio.FIRST_COMPLETED)
    for child in children:
        if child.returncode is None:
            child.send_signal(signal.SIGTERM)
    codes = await asyncio.gather(*ends)
    return next((code for code in codes if code), 0)
