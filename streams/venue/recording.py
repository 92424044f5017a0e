"""Recordings of raw frames: one a line, `<receive time, ns since epoch> <frame>`, plain or gzip (by the name's `.gz`)."""
import asyncio
import gzip
import time
from collections.abc import AsyncIterable, AsyncIterator, Iterator
from contextlib import suppress
from pathlib import Path
from typing import IO, cast

from streams.runtime import logs

Raw = tuple[int, bytes]               # receive time in ns since epoch, and the frame as it came

BREATH = 1_000                        # frames between two turns of the loop where nothing else would let it turn
_log = logs.get(__name__)


def lines(path: Path) -> Iterator[Raw]:
    """Every line of a recording. One that is no line of a recording comes with the time of the line before, for the feed to refuse.

    A recording that was cut off (its recorder was killed) ends where it was cut. Raises OSError where the file cannot be read at all.
    """
    received = 0
    with _opened(path, "rb") as file:
        try:
            for line in file:
                head, _, frame = line.rstrip().partition(b" ")
                received = int(head) if head.isdigit() else received
                yield received, frame if head.isdigit() else line.rstrip()
        except EOFError:
            _log.warning("the recording was cut off", path=str(path))


class Pace:
    """The clock of a recording: from its first frame's receive time on, `speed` times as fast as it was recorded."""

    def __init__(self, speed: float) -> None:
        if speed <= 0:
            raise ValueError(f"a recording cannot be paced at speed {speed}: it must be above 0")
        self._speed = speed
        self._origin = self._started = 0

    def now(self) -> int:
        """In ns of the recording's clock; 0 before its first frame."""
        return self._origin + int((time.monotonic_ns() - self._started) * self._speed) if self._origin else 0

    async def wait(self, received: int) -> None:
        if not self._origin:
            self._origin, self._started = received, time.monotonic_ns()
        early = (received - self.now()) / self._speed / 1e9
        if early > 0:
            await asyncio.sleep(early)


async def replayed(path: Path, pace: Pace | None) -> AsyncIterator[Raw]:
    """The frames of a recording at its pace; without one as fast as they are taken."""
    for count, raw in enumerate(lines(path), start=1):
        if pace is not None:
            await pace.wait(raw[0])
        if count % BREATH == 0:
            await asyncio.sleep(0)
        yield raw


async def record(frames: AsyncIterable[Raw], path: Path) -> int:
    """Write what comes until it ends or the task is cancelled; the file is whole either way. Returns the count of frames."""
    count = 0
    with _opened(path, "wb") as file, suppress(asyncio.CancelledError):
        async for received, frame in frames:
            file.write(b"%d %s\n" % (received, frame.replace(b"\n", b" ")))
            count += 1
    return count


def _opened(path: Path, mode: str) -> IO[bytes]:
    return cast("IO[bytes]", gzip.open(path, mode) if path.suffix == ".gz" else path.open(mode))
