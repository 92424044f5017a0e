"""Three brokers on loopback, each a controller too: topics are kept three times, and a record is confirmed when two have it.

With the jars, the flags and the configuration of the embedded broker, and what makes three of one.
"""
import shutil
import subprocess
from contextlib import suppress
from pathlib import Path
from string import Template
from types import TracebackType
from typing import Self

from streams.runtime import broker
from streams.runtime.processes import end, started

NODES = 3
CLUSTER = Template("""
node.id=$node
controller.quorum.voters=$voters
default.replication.factor=3
min.insync.replicas=2
offsets.topic.replication.factor=3
transaction.state.log.replication.factor=3
transaction.state.log.min.isr=2
""")


class Cluster:
    """Made and ended as a whole; `kill` and `revive` one of them, numbered from 0."""

    def __init__(self, folder: Path, cache: Path) -> None:
        self._java = broker._java(cache)
        self._homes = [folder / f"node-{node}" for node in range(NODES)]
        self.ports = [broker._free_port() for _ in range(NODES)]
        self._processes: dict[int, subprocess.Popen[bytes]] = {}

    @property
    def bootstrap(self) -> str:
        return ",".join(f"127.0.0.1:{port}" for port in self.ports)

    def __enter__(self) -> Self:
        cluster_id = broker._cluster_id()
        for node, home in enumerate(self._homes):
            self._configure(node, home)
            tool = [*self._java, "kafka.tools.StorageTool", "format", "-t", cluster_id, "-c", "server.properties"]
            subprocess.run(tool, cwd=home, capture_output=True, check=True)
        try:
            for node in range(NODES):
                self.revive(node)
            assert broker.answers(self.bootstrap, self._all_live), self._said()
        except BaseException:
            self._close()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._close()

    def revive(self, node: int) -> None:
        """Returns at once; the others lead meanwhile."""
        home = self._homes[node]
        with (home / "console.log").open("ab") as console:
            self._processes[node] = subprocess.Popen(
                ["sh", "-c", broker.GUARD, "sh", *self._java, "kafka.Kafka", "server.properties"],
                cwd=home, stdin=subprocess.PIPE, stdout=console, stderr=console, start_new_session=True,
            )

    def kill(self, node: int) -> None:
        process = self._processes.pop(node)
        assert process.stdin is not None
        end(process.pid, started(process.pid), patience_s=0)
        with suppress(BrokenPipeError):
            process.stdin.write(b"\n")                   # lets its guard go
            process.stdin.close()
        process.wait()

    def _close(self) -> None:
        for node in list(self._processes):
            self.kill(node)

    def _configure(self, node: int, home: Path) -> None:
        home.mkdir(parents=True)
        voters = ",".join(f"{number + 1}@127.0.0.1:{port + 1}" for number, port in enumerate(self.ports))
        one = Template((broker.HERE / "server.properties").read_text()).substitute(port=self.ports[node], controller_port=self.ports[node] + 1)
        (home / "server.properties").write_text(one + CLUSTER.substitute(node=node + 1, voters=voters))      # of two lines the later holds
        shutil.copy(broker.HERE / "log4j2.properties", home)

    def _all_live(self) -> bool:
        return all(process.poll() is None for process in self._processes.values())

    def _said(self) -> str:
        return "\n".join(line for home in self._homes for name in ("console.log", "broker.log") for line in broker._last_lines(home / name))
