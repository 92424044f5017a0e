"""`kafka.json` in the state folder: which broker was started there, for every command that looks for one."""
from pathlib import Path

import msgspec

NAME = "kafka.json"


class Running(msgspec.Struct, frozen=True):
    """A broker and what it is: a process (`started` tells it from another one with the same pid) or a container."""

    bootstrap: str
    pid: int = 0
    started: str = ""
    container: str = ""


def recorded(state_dir: Path) -> Running | None:
    """What was written last, whether it still holds or not."""
    try:
        return msgspec.json.decode((state_dir / NAME).read_bytes(), type=Running)
    except (FileNotFoundError, msgspec.DecodeError):
        return None


def record(state_dir: Path, running: Running) -> None:
    state_dir.mkdir(parents=True, exist_ok=True)
    fresh = state_dir / f"{NAME}.new"
    fresh.write_bytes(msgspec.json.encode(running))
    fresh.replace(state_dir / NAME)


def forget(state_dir: Path) -> None:
    (state_dir / NAME).unlink(missing_ok=True)
