"""A worker's own place in the state folder, and the static instance id that it keeps there over restarts."""
import fcntl
import uuid
from pathlib import Path
from typing import NamedTuple, TextIO

from streams.errors import NotReachable


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
        raise NotReachable(f"the state folder {state_dir} cannot be written: {error.strerror}", "free some disk, or set STREAMS_STATE_DIR") from None


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
