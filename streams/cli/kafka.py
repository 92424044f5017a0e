"""`streams kafka`: a broker for this machine, up, down, status."""
from typing import Annotated, Literal

import typer

from streams.cli.common import JSON, configured, tell
from streams.errors import NotReachable
from streams.runtime import broker, docker
from streams.runtime.running import Running, recorded

app = typer.Typer(no_args_is_help=True, help="A broker for this machine: up, down, status.")
Kind = Annotated[Literal["embedded", "docker"], typer.Option("--kafka", help="the embedded one, or a container, kept until `streams kafka down`")]


@app.command()
def up(*, kafka: Kind = "embedded", json: JSON = False) -> None:
    """Start it, unless it runs, and leave it running; its data and its address are kept in the state folder."""
    environment = configured()
    running = docker.start(environment.state_dir) if kafka == "docker" else broker.start(environment.state_dir, environment.cache_dir)
    tell(_told(running), running.bootstrap, json=json)


@app.command()
def down(*, json: JSON = False) -> None:
    """Stop it; its data stays."""
    state_dir = configured().state_dir
    stopped = broker.stop(state_dir) or docker.stop(state_dir)
    tell({"stopped": stopped}, "stopped" if stopped else "there was none to stop", json=json)


@app.command()
def status(*, json: JSON = False) -> None:
    """The broker that commands use, and whether it answers (else exit code 4)."""
    environment = configured()
    if environment.kafka_bootstrap:
        running = Running(environment.kafka_bootstrap)
    else:
        running = recorded(environment.state_dir) or Running(environment.bootstrap)
    if not broker.answers(running.bootstrap, lambda: True, patience_s=5):
        where = f"no broker answers at {running.bootstrap}"
        if environment.kafka_bootstrap:
            raise NotReachable(f"{where} (STREAMS_KAFKA_BOOTSTRAP)", "mend or unset it")
        raise NotReachable(where, "streams kafka up")
    tell(_told(running), f"{running.bootstrap} answers", json=json)


def _told(running: Running) -> dict[str, str | int | None]:
    return {"bootstrap": running.bootstrap, "pid": running.pid or None, "container": running.container or None}
