"""A worker's own place in the state folder, and the static instance id that it keeps there over restarts; and what may run there only once."""
import fcntl
import os
import uuid
from pathlib import Path
from tempfile import mkdtemp
from typing import NamedTuple, TextIO

from streams.errors import NotReachable, Refused


class Seat(NamedTuple):
    """`lock` is held for as long as the process lives; the operating system gives it back whatever ends it."""

    folder: Path
    instance_id: str
    lock: TextIO


def take(state_dir: Path, kind: str) -> Seat:
    """The first free seat for a worker of this kind; two of a kind on one machine never share one.

    Raises NotReachable where the folder cannot be written: without an id that outlives it a worker would be a stranger at each start.
    """
    try:
        return _take(state_dir, kind)
    except OSError as error:
        raise _unwritable(state_dir, error) from None


def made(state_dir: Path) -> Path:
    """The state folder, made where it is missing. Raises NotReachable."""
    try:
        state_dir.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _unwritable(state_dir, error) from None
    return state_dir


def within(state_dir: Path) -> Path:
    """A new folder of its own for one demo. Raises NotReachable."""
    try:
        return Path(mkdtemp(prefix="demo-", dir=made(state_dir)))
    except OSError as error:
        raise _unwritable(state_dir, error) from None


def alone(state_dir: Path, name: str) -> TextIO:
    """The lock of what may run once in a state folder, held while it is open. Raises Refused where another holds it, NotReachable."""
    try:
        lock = (made(state_dir) / f"{name}.lock").open("a+", encoding="ascii")
    except OSError as error:
        raise _unwritable(state_dir, error) from None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.seek(0)
        pid = lock.read().strip()
        lock.close()
        what = f"`streams {name}` runs in {state_dir} already (process {pid}): two of them would end each other's gateway, with positions open"
        raise Refused(what, "stop it first; for another account or broker set STREAMS_STATE_DIR to a folder of its own") from None
    lock.truncate(0)
    lock.write(f"{os.getpid()}\n")
    lock.flush()
    return lock


def _unwritable(state_dir: Path, error: OSError) -> NotReachable:
    return NotReachable(f"the state folder {state_dir} cannot be written: {error.strerror}", "free some disk, or set STREAMS_STATE_DIR")


def instances(state_dir: Path, kind: str) -> set[str]:
    """The ids that workers of a kind have had in this state folder."""
    return {path.read_text(encoding="ascii").strip() for path in state_dir.glob(f"{kind}-*/instance")}


def _take(state_dir: Path, kind: str) -> Seat:
    number = 0
    while True:
        folder = state_dir / f"{kind}-{number}"
        folder.mkdir(parents=True, exist_ok=True)
        lock = (folder / "instance").open("a+", encoding="ascii")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.close()
            number += 1
            continue
        return Seat(folder, _instance_id(lock, kind), lock)


def _instance_id(lock: TextIO, kind: str) -> str:
    lock.seek(0)
    known = lock.read().strip()
    if not known:
        known = f"{kind}-{uuid.uuid4().hex[:12]}"
        lock.write(known)
        lock.flush()
    return known
