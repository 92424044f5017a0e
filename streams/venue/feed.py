"""The feed: raw frames of any source in, `price.tick` out.

A symbol has at most one tick under way to the broker; what comes meanwhile is folded into the next. So a broker that was away for long is told
where the price is and how far it went, and not a queue of old prices that the log would stamp as new.
"""
import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterable, Callable
from functools import partial

import msgspec
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from streams.core.events import Tick
from streams.errors import NotReachable, no_broker
from streams.runtime import logs, metrics
from streams.venue.fold import Fold
from streams.venue.frames import Refusal, read
from streams.venue.recording import Raw
from streams.wire.codec import encode
from streams.wire.topics import PRICE_TICK, RECORD_MAX, key_of

FLUSH_S = 0.01                        # how late a tick may be whose symbol has fallen silent
TELL_S = 60.0
_log = logs.get(__name__)


class Counts(msgspec.Struct):
    """Since the start. `refused` counts frames by why they told nothing."""

    frames: int = 0
    ticks: int = 0
    refused: Counter[Refusal] = msgspec.field(default_factory=Counter)


async def run(frames: AsyncIterable[Raw], bootstrap: str, *, now: Callable[[], int] | None = time.time_ns) -> Counts:
    """Until the frames end or the task is cancelled; what is folded by then is still sent.

    `now` is the clock of the frames' receive times, in ns: the wall's, or a recording's pace. None says that there is none (a recording read as
    fast as it goes): then the producer's buffer sets the pace, and every tick is sent that the recording's own times make due.
    Raises NotReachable where the broker is not there, or does not take a tick in time.
    """
    producer = AIOKafkaProducer(
        bootstrap_servers=bootstrap, enable_idempotence=True, acks="all", linger_ms=5, request_timeout_ms=30_000, max_request_size=RECORD_MAX,
    )
    await _start(producer, bootstrap)
    feed = Feed(producer, hold=now is not None)
    work = [asyncio.create_task(feed.consume(frames)), asyncio.create_task(feed.tell())]
    if now is not None:
        work.append(asyncio.create_task(feed.flush_late(now)))
    try:
        ended, _ = await asyncio.wait([*work, feed.failed], return_when=asyncio.FIRST_COMPLETED)
        for task in ended:
            task.result()
    finally:
        for task in work:
            task.cancel()
        await asyncio.gather(*work, return_exceptions=True)
        await feed.send_rest()
        await producer.stop()
        _log.info("the feed ends", **feed.said())
    if feed.failed.done():
        feed.failed.result()
    return feed.counts


async def _start(producer: AIOKafkaProducer, bootstrap: str) -> None:
    try:
        await producer.start()
        known = (await producer.client.fetch_all_metadata()).topics()
    except KafkaError as reason:
        await producer.stop()
        raise no_broker(bootstrap, reason) from None
    if PRICE_TICK.name not in known:
        await producer.stop()
        raise NotReachable(f"the topic {PRICE_TICK.name} does not exist at {bootstrap}", "streams topics apply")


class Feed:
    """One fold a symbol, one tick of it under way."""

    def __init__(self, producer: AIOKafkaProducer, *, hold: bool) -> None:
        self.counts = Counts()
        self.failed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._producer = producer
        self._hold = hold
        self._folds: dict[str, Fold] = {}
        self._under_way: set[str] = set()

    async def consume(self, frames: AsyncIterable[Raw]) -> None:
        async for received, raw in frames:
            self.counts.frames += 1
            frame = read(raw)
            if isinstance(frame, Refusal):
                self._refuse(frame, raw)
                continue
            fold = self._folds.get(frame.symbol)
            if fold is None:
                fold = self._folds[frame.symbol] = Fold(frame.symbol)
            fold.add(frame, received)
            if fold.due(received) and frame.symbol not in self._under_way:
                await self._send(fold.take(received))

    async def flush_late(self, now: Callable[[], int]) -> None:
        """The last frame of a burst does not wait for the next burst."""
        while True:
            await asyncio.sleep(FLUSH_S)
            for fold in list(self._folds.values()):
                if fold.symbol not in self._under_way and fold.due(moment := now()):
                    await self._send(fold.take(moment))

    async def tell(self) -> None:
        while True:
            await asyncio.sleep(TELL_S)
            _log.info("feed", **self.said())

    async def send_rest(self) -> None:
        if not self.failed.done():
            for fold in self._folds.values():
                if fold.waits():
                    await self._send(fold.take(fold.heard_at))

    def said(self) -> dict[str, object]:
        refused = {str(reason): count for reason, count in self.counts.refused.items()}
        return {"symbols": len(self._folds), "frames": self.counts.frames, "ticks": self.counts.ticks, "refused": refused}

    def _refuse(self, reason: Refusal, raw: bytes) -> None:
        self.counts.refused[reason] += 1
        if reason is not Refusal.IGNORED:
            metrics.FRAMES_REFUSED.labels(reason).inc()
            if self.counts.refused[reason] == 1:
                _log.warning("a frame is refused, later ones are only counted", reason=reason, frame=raw[:200].decode(errors="replace"))

    async def _send(self, tick: Tick) -> None:
        if self._hold:
            self._under_way.add(tick.symbol)
        self.counts.ticks += 1
        metrics.TICKS.inc()
        try:
            delivery = await self._producer.send(PRICE_TICK.name, encode(tick), key=key_of(tick))
        except KafkaError as reason:
            raise _not_taken(tick.symbol, reason) from None
        delivery.add_done_callback(partial(self._delivered, tick.symbol))

    def _delivered(self, symbol: str, delivery: "asyncio.Future[object]") -> None:
        self._under_way.discard(symbol)
        reason = None if delivery.cancelled() else delivery.exception()
        if reason is not None and not self.failed.done():
            self.failed.set_exception(_not_taken(symbol, reason))


def _not_taken(symbol: str, reason: BaseException) -> NotReachable:
    return NotReachable(f"the broker did not take a tick of {symbol}: {reason!r}", "streams kafka status")
