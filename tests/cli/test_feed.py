"""The feed's sources by name, and the simulator's frames as the feed reads them."""
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from streams.cli import feed
from streams.cli.common import configured
from streams.errors import WrongUse
from streams.paper.instruments import ALL
from streams.venue.frames import Quote, Refusal, Traded, read
from streams.venue.recording import Raw


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("nothing", "there is no source 'nothing'; one of venue, simulator, recording:PATH"),
        ("recording:", "there is no recording ''; streams record PATH writes one"),
        ("recording:nowhere.raw", "there is no recording 'nowhere.raw'; streams record PATH writes one"),
    ],
)
def test_a_source_that_is_none_is_named(source: str, said: str) -> None:
    with pytest.raises(WrongUse) as refused:
        feed._source(source, 1.0, None)
    assert str(refused.value) == said


def test_a_recording_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "there.raw").write_bytes(b"1 {}")
    with pytest.raises(WrongUse, match=r"there\.raw exists"):
        feed.record(tmp_path / "there.raw")


async def _first(frames: AsyncIterator[Raw], count: int) -> AsyncIterator[Raw]:
    for _ in range(count):
        yield await anext(frames)


async def test_the_simulator_speaks_as_binance_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)                                                                    # no .env of a developer's
    monkeypatch.delenv("STREAMS_SYMBOLS", raising=False)
    configured.cache_clear()
    frames, clock = feed._source("simulator", 1.0, 7)
    assert clock is not None
    told = [(clock() - received < 60_000_000_000, read(raw)) async for received, raw in _first(frames, 2 * len(ALL))]
    assert all(recent for recent, _ in told)
    quotes, trades = [frame for _, frame in told[::2]], [frame for _, frame in told[1::2]]
    assert [(type(quote), quote.symbol) for quote in quotes if not isinstance(quote, Refusal)] == [(Quote, symbol) for symbol in ALL]
    assert [(type(trade), trade.symbol) for trade in trades if not isinstance(trade, Refusal)] == [(Traded, symbol) for symbol in ALL]
