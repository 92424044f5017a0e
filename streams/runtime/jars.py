"""The jars of Apache Kafka, exactly those of `kafka.lock`: fetched once from Maven Central, verified by SHA-256, kept in a cache.

A jar enters the cache by a rename after its hash was right, and every use hashes it again (50 ms): a torn download, a full disk or a
changed file is fetched anew and can never run. `python -m streams.runtime.jars > streams/runtime/kafka.lock` locks another version.
"""
import fcntl
import hashlib
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import msgspec
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn

from streams.errors import NotReachable

if TYPE_CHECKING:
    from jgo.maven import MavenContext

KAFKA = "4.3.1"
ROOTS = (f"org.apache.kafka:kafka_2.13:{KAFKA}", "org.apache.logging.log4j:log4j-slf4j-impl:2.25.4")   # the second: or its log goes nowhere
LOCK = Path(__file__).with_name("kafka.lock")
DOWNLOADS_AT_ONCE = 8
ATTEMPTS = 3                          # one reset connection in 46 must not end a set-up


class Jar(msgspec.Struct, frozen=True):
    """`coordinate` is group:artifact:version."""

    coordinate: str
    sha256: str

    @property
    def file(self) -> str:
        _, artifact, version = self.coordinate.split(":")
        return f"{artifact}-{version}.jar"


def locked() -> list[Jar]:
    return [Jar(*line.split()) for line in LOCK.read_text().splitlines() if not line.startswith("#")]


def fetched(cache: Path) -> list[Path]:
    """The verified jars in class path order, downloading what is missing. `cache` is shared: a file lock lets one process fetch.

    Raises NotReachable when Maven Central does not answer, or answers with other bytes than were locked.
    """
    folder = cache / f"kafka-{KAFKA}"
    faults: list[str] = []
    with alone(cache):
        for _ in range(ATTEMPTS):
            missing = [jar for jar in locked() if _sha256(folder / jar.file) != jar.sha256]
            if not missing:
                return [folder / jar.file for jar in locked()]
            faults = _download(missing, folder)
    raise NotReachable(
        f"Apache Kafka's jars could not be fetched from Maven Central: {faults[0] if faults else 'the cache does not keep them'}",
        "look at the network (HTTPS_PROXY is honoured) and try again, or use your own broker with STREAMS_KAFKA_BOOTSTRAP",
    )


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """One process at a time in this folder; the kernel lets go when the holder dies. Raises NotReachable where nothing can be written."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = (folder / ".lock").open("w")
    except OSError as error:
        raise NotReachable(f"{folder} cannot be used: {error}", "choose another with XDG_CACHE_HOME (jars) or STREAMS_STATE_DIR (data)") from None
    with lock as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield


def _download(jars: list[Jar], folder: Path) -> list[str]:
    """Fetch all that can be fetched; what went wrong with the others."""
    folder.mkdir(exist_ok=True)
    for stale in folder.glob("ahead/*.aot"):                 # made of the jars that change now
        stale.unlink()
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn())
    with (
        Progress(*columns, console=Console(stderr=True)) as progress,
        TemporaryDirectory(dir=folder) as staging,
        ThreadPoolExecutor(DOWNLOADS_AT_ONCE) as threads,
    ):
        bar = progress.add_task(f"Apache Kafka {KAFKA}, {len(jars)} jars (once)", total=0)

        @contextmanager
        def counted(_file: str, size: int) -> Iterator[partial[None]]:
            progress.update(bar, total=(progress.tasks[0].total or 0) + size)
            yield partial(progress.advance, bar)

        maven = _maven(Path(staging), progress_callback=counted)
        return [fault for fault in threads.map(lambda jar: _place(maven, jar, folder), jars) if fault]


def _maven(staging: Path, **options: Any) -> "MavenContext":
    from jgo.maven import MavenContext, PythonResolver  # noqa: PLC0415  (0.3 s at every start, for something that happens once)

    return MavenContext(resolver=PythonResolver(**options), repo_cache=staging, local_repos=[], timeout=30)


def _place(maven: "MavenContext", jar: Jar, folder: Path) -> str:
    """Download one jar and move it in; what went wrong, or nothing."""
    try:
        path = maven.create_dependency(jar.coordinate).artifact.resolve()
    except (OSError, RuntimeError) as error:            # of the network, the disk, and jgo's own
        return f"{jar.coordinate}: {error}"
    if _sha256(path) != jar.sha256:
        path.unlink()
        return f"{jar.coordinate} has another hash than the locked one"
    path.replace(folder / jar.file)
    return ""


def _sha256(path: Path) -> str:
    """Hex digest; empty where there is no such file."""
    if not path.exists():
        return ""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _lock() -> Iterator[str]:
    """Resolve the roots' graph anew: one line a jar. Kafka's own choice of a version wins, so the others come raw (not as a bill of materials)."""
    from jgo.parse import Coordinate  # noqa: PLC0415  (see above)

    with TemporaryDirectory() as staging:
        maven = _maven(Path(staging))
        roots = [maven.create_dependency(replace(Coordinate.parse(root), scope="compile", raw=root != ROOTS[0])) for root in ROOTS]
        found, transitive = maven.resolver.resolve(roots)
        for dependency in [*found, *(d for d in transitive if d.scope in {"compile", "runtime"})]:
            path = dependency.artifact.resolve()
            yield f"{dependency.groupId}:{dependency.artifactId}:{dependency.version} {_sha256(path)}"


if __name__ == "__main__":
    sys.stdout.write("# Jars of the embedded broker; made by `python -m streams.runtime.jars`.\n" + "".join(f"{line}\n" for line in _lock()))
