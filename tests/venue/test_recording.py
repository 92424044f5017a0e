"""Recordings: written and read again, at their pace, and when they are broken."""
import asyncio
import gzip
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from streams.venue.recording import Pace, Raw, lines, record, replayed

FRAMES = [(1_000_000_000, b'{"e":"trade"}'), (1_050_000_000, '{"s":"币安人生USDT"}'.encode()), (1_200_000_000, b'{"a": 1}')]


async def given(frames: list[Raw]) -> AsyncIterator[Raw]:
    for raw in frames:
        yield raw


@pytest.mark.parametrize("name", ["frames.raw", "frames.raw.gz"])
async def test_what_is_recorded_is_read_again(tmp_path: Path, name: str) -> None:
    assert await record(given(FRAMES), tmp_path / name) == 3
    assert list(lines(tmp_path / name)) == FRAMES
    assert [raw async for raw in replayed(tmp_path / name, None)] == FRAMES


async def test_a_recording_that_is_stopped_is_whole(tmp_path: Path) -> None:
    taken = asyncio.Event()

    async def endless() -> AsyncIterator[Raw]:
        for raw in FRAMES:
            yield raw
        taken.set()
        await asyncio.Event().wait()

    running = asyncio.create_task(record(endless(), tmp_path / "frames.raw.gz"))
    await taken.wait()
    running.cancel()
    assert await running == 3
    assert list(lines(tmp_path / "frames.raw.gz")) == FRAMES


def test_a_line_that_is_none_comes_with_the_time_before_it(tmp_path: Path) -> None:
    (tmp_path / "frames.raw").write_bytes(b"nonsense\n5 {}\n-1 {}\n\n7 {}\n")
    assert list(lines(tmp_path / "frames.raw")) == [(0, b"nonsense"), (5, b"{}"), (5, b"-1 {}"), (5, b""), (7, b"{}")]


def test_a_recording_that_was_cut_off_ends_there(tmp_path: Path) -> None:
    whole = gzip.compress(b"".join(b'%d {"n":%d}\n' % (number, number * 7919 % 1000) for number in range(1000)))
    (tmp_path / "frames.raw.gz").write_bytes(whole[: len(whole) // 2])
    read = list(lines(tmp_path / "frames.raw.gz"))
    assert 0 < len(read) < 1000
    assert read[:2] == [(0, b'{"n":0}'), (1, b'{"n":919}')]


async def test_a_pace_of_forty_takes_a_fortieth_of_the_time(tmp_path: Path) -> None:
    frames = [(1_000_000_000, b"{}"), (1_500_000_000, b"{}"), (3_000_000_000, b"{}")]
    await record(given(frames), tmp_path / "frames.raw")
    pace = Pace(40)
    began = time.monotonic()
    seen = [(pace.now() >= received, received) async for received, _ in replayed(tmp_path / "frames.raw", pace)]
    assert seen == [(True, received) for received, _ in frames]
    assert 0.05 <= time.monotonic() - began < 1.0


def test_a_pace_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="must be above 0"):
        Pace(0)
