"""Frames in, ticks in the log: of a list, of a silent market, of a recording, through a broker's absence."""
import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable
from pathlib import Path

import pytest

from streams.core.events import Tick
from streams.core.values import E8
from streams.errors import NotReachable
from streams.runtime.broker import EmbeddedBroker
from streams.venue import feed
from streams.venue.feed import Counts
from streams.venue.frames import Quote, Refusal, Traded, read
from streams.venue.recording import Raw, lines, replayed
from streams.wire import admin
from streams.wire.log import Record
from streams.wire.log import read as read_log
from streams.wire.topics import PRICE_TICK, partition_of

RECORDED = Path(__file__).parents[3] / "shared" / "data" / "ticks" / "btcusdt_usdm_20240808.raw.gz"
START = 1_700_000_000_000_000_000
MS = 1_000_000


def traded(symbol: str, price: str) -> bytes:
    return f'{{"e":"trade","E":7,"s":"{symbol}","p":"{price}"}}'.encode()


async def given(frames: Iterable[Raw]) -> AsyncIterator[Raw]:
    for raw in frames:
        yield raw


async def live(frames: Iterable[bytes], hold: asyncio.Event) -> AsyncIterator[Raw]:
    """All at once, now; then nothing more comes, and the stream stays open."""
    for raw in frames:
        yield time.time_ns(), raw
    await hold.wait()


def records(bootstrap: str, *symbols: str) -> list[Record]:
    return [record for record in read_log(bootstrap, [PRICE_TICK.name]) if isinstance(record.message, Tick) and record.message.symbol in symbols]


def ticks(bootstrap: str, *symbols: str) -> list[Tick]:
    return [record.message for record in records(bootstrap, *symbols)]


async def until(true: Callable[[], object], seconds: float = 20.0) -> None:
    deadline = time.monotonic() + seconds
    while not await asyncio.to_thread(true):
        assert time.monotonic() < deadline, "it did not come about in time"
        await asyncio.sleep(0.02)


async def test_frames_become_ticks_at_the_key_of_their_symbol(ticked: str) -> None:
    frames = [(START + offset * MS, traded("FEEDUSDT", price)) for offset, price in enumerate(("100", "110", "105"))]
    counts = await feed.run(given([*frames, (START, b"{}")]), ticked, now=None)
    first, second = records(ticked, "FEEDUSDT")
    assert counts == Counts(frames=4, ticks=2, refused=Counter({Refusal.UNREADABLE: 1}))
    assert [first.message, second.message] == [
        Tick("FEEDUSDT", 100 * E8, 100 * E8, 100 * E8, 100 * E8, mark_is_mid=True, high=100 * E8, low=100 * E8, first_time=7, last_time=7, frames=1),
        Tick("FEEDUSDT", 105 * E8, 105 * E8, 105 * E8, 105 * E8, mark_is_mid=True, high=110 * E8, low=105 * E8, first_time=7, last_time=7, frames=2),
    ]
    assert (first.key, first.partition) == (b"FEEDUSDT", partition_of(b"FEEDUSDT"))


async def test_the_last_frame_of_a_burst_does_not_wait_for_the_next(ticked: str) -> None:
    hold = asyncio.Event()
    running = asyncio.create_task(feed.run(live([traded("LASTUSDT", "100"), traded("LASTUSDT", "90")], hold), ticked))
    await until(lambda: [tick.last for tick in ticks(ticked, "LASTUSDT")] == [100 * E8, 90 * E8])
    assert not running.done()
    hold.set()
    assert (await running).ticks == 2


async def test_what_is_folded_when_the_feed_is_stopped_is_still_sent(ticked: str) -> None:
    taken = asyncio.Event()

    async def frames() -> AsyncIterator[Raw]:
        now = time.time_ns()
        yield now, traded("STOPUSDT", "100")
        yield now, traded("STOPUSDT", "120")
        taken.set()
        await asyncio.Event().wait()

    running = asyncio.create_task(feed.run(frames(), ticked, now=lambda: START))               # a clock that stands: no timer sends the second
    await taken.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert [tick.last for tick in ticks(ticked, "STOPUSDT")] == [100 * E8, 120 * E8]


async def test_a_broker_that_was_away_is_told_the_extremes_and_no_queue_of_old_prices(own_broker: EmbeddedBroker) -> None:
    admin.apply(own_broker.bootstrap, [PRICE_TICK])
    prices: asyncio.Queue[str | None] = asyncio.Queue()

    async def frames() -> AsyncIterator[Raw]:
        while (price := await prices.get()) is not None:
            yield time.time_ns(), traded("AWAYUSDT", price)

    running = asyncio.create_task(feed.run(frames(), own_broker.bootstrap))
    prices.put_nowait("100")
    await until(lambda: ticks(own_broker.bootstrap, "AWAYUSDT"))
    own_broker.kill()
    for price in ("101", "150", "50", "102"):                                                  # each later than a tick's 100 ms
        prices.put_nowait(price)
        await asyncio.sleep(0.15)
    await asyncio.to_thread(own_broker.start)
    await until(lambda: ticks(own_broker.bootstrap, "AWAYUSDT")[-1].last == 102 * E8, 60)
    prices.put_nowait(None)
    await running
    assert [(tick.last, tick.high, tick.low) for tick in ticks(own_broker.bootstrap, "AWAYUSDT")] == [
        (100 * E8, 100 * E8, 100 * E8), (101 * E8, 101 * E8, 101 * E8), (102 * E8, 150 * E8, 50 * E8),
    ]


async def test_a_broker_that_is_not_there_is_named() -> None:
    with pytest.raises(NotReachable, match=r"no Kafka broker answers at 127\.0\.0\.1:1.*streams kafka up"):
        await feed.run(given([]), "127.0.0.1:1")


async def test_a_topic_that_is_not_there_is_named(own_broker: EmbeddedBroker) -> None:
    with pytest.raises(NotReachable, match=r"price\.tick does not exist.*streams topics apply"):
        await feed.run(given([]), own_broker.bootstrap)


@pytest.mark.skipif(not RECORDED.exists(), reason="the recorded market data is not beside the project")
async def test_a_recorded_market_loses_no_extreme(ticked: str) -> None:
    counts = await feed.run(replayed(RECORDED, None), ticked, now=None)
    told = ticks(ticked, "BTCUSDT")
    read_frames = [frame for _, raw in lines(RECORDED) if not isinstance(frame := read(raw), Refusal)]
    trades = [frame.price for frame in read_frames if isinstance(frame, Traded)]
    quotes = [frame for frame in read_frames if isinstance(frame, Quote)]
    assert counts.frames == 93_954
    assert counts.refused == {Refusal.IGNORED: 6_551, Refusal.UNREADABLE: 1}                   # depth, and one snapshot of the book by REST
    assert sum(tick.frames for tick in told) == len(read_frames) == 87_402
    assert (max(tick.high for tick in told), min(tick.low for tick in told), told[-1].last) == (max(trades), min(trades), trades[-1])
    assert (told[-1].bid, told[-1].ask, told[-1].mark_is_mid) == (quotes[-1].bid, quotes[-1].ask, True)
    assert len(told) == counts.ticks <= 345 * 10                                               # 345 seconds
