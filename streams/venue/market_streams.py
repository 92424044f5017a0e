"""The venue's public market streams: best bid and ask under `/public/ws`, aggregate trades and the mark under `/market/ws`.

Source of the routes and their limits: Binance USDⓈ-M WebSocket market streams (200 streams a subscription, 10 messages a second, a connection ends
after 24 h). A connection that breaks or falls silent is made again, for as long as the feed runs; no REST is asked for what was missed meanwhile.
"""
import asyncio
import random
import time
from collections import deque
from collections.abc import AsyncGenerator, Iterable, Sequence

import aiohttp
import msgspec

from streams.errors import NotReachable
from streams.runtime import logs
from streams.venue.recording import Raw

ROUTES = {"public": ("bookTicker",), "market": ("aggTrade", "markPrice@1s")}
SYMBOLS_MAX = 100                     # of a connection: no more than 200 streams
SILENCE_S = 30.0                      # the mark alone comes each second
BACKOFF_FIRST_S, BACKOFF_LONGEST_S = 0.25, 15.0
SECOND_NS = 1_000_000_000
WAITING_MAX = 50_000                  # frames; beyond, the sockets are read no further until the feed has caught up
_FRAME_HEADS = (b'{"e"', b'{"stream"')
_DATA = (aiohttp.WSMsgType.TEXT, aiohttp.WSMsgType.BINARY)
_log = logs.get(__name__)


async def frames(ws_url: str, symbols: Sequence[str]) -> AsyncGenerator[Raw]:
    """Every raw frame of the symbols, with the time it was received. Ends only when it is closed."""
    arrived = _Arrived()
    async with aiohttp.ClientSession() as session:
        connections = [
            asyncio.create_task(_connection(session, f"{ws_url.rstrip('/')}/{route}/ws", _streams(some, names), arrived))
            for route, names in ROUTES.items() for some in _batched(symbols, SYMBOLS_MAX)
        ]
        try:
            while True:
                await arrived.wait()
                while arrived.frames:
                    yield arrived.frames.popleft()
        finally:
            for connection in connections:
                connection.cancel()
            await asyncio.gather(*connections, return_exceptions=True)


class _Arrived:
    """What the connections have received and the feed has not taken yet. An asyncio.Queue would cost as much as reading the frame does."""

    def __init__(self) -> None:
        self.frames: deque[Raw] = deque()
        self.count = 0
        self.something, self.room = asyncio.Event(), asyncio.Event()

    def put(self, raw: Raw) -> None:
        self.frames.append(raw)
        self.count += 1
        self.something.set()
        if len(self.frames) > WAITING_MAX:
            self.room.clear()

    async def wait(self) -> None:
        """Until there is something; what waited has been taken."""
        self.something.clear()
        self.room.set()
        await self.something.wait()


async def listed(rest_url: str) -> list[str]:
    """The symbols that the venue trades now, asked once before a feed without a list of its own. Raises NotReachable."""
    url = f"{rest_url.rstrip('/')}/fapi/v1/exchangeInfo"
    try:
        async with aiohttp.ClientSession(raise_for_status=True) as session, session.get(url, timeout=aiohttp.ClientTimeout(10)) as answer:
            known = (await answer.json())["symbols"]
    except (aiohttp.ClientError, TimeoutError, KeyError, ValueError) as reason:
        what = f"{url} does not list the venue's symbols: {reason!r}"
        raise NotReachable(what, "check the venue, or name the symbols in STREAMS_SYMBOLS") from reason
    return [symbol["symbol"] for symbol in known if symbol["status"] == "TRADING"]


async def _connection(session: aiohttp.ClientSession, url: str, streams: list[str], arrived: _Arrived) -> None:
    """One connection, made again whenever it is lost. The wait doubles until a frame has come."""
    wait = BACKOFF_FIRST_S
    while True:
        before = arrived.count
        try:
            why = f"closed with code {await _listen(session, url, streams, arrived)}"
        except TimeoutError:
            why = f"silent for {SILENCE_S:g} s"
        except (aiohttp.ClientError, OSError) as reason:
            why = repr(reason)
        wait = BACKOFF_FIRST_S if arrived.count > before else min(2 * wait, BACKOFF_LONGEST_S)
        _log.warning("the connection is lost and made again", url=url, reason=why, wait_s=wait)
        await asyncio.sleep(wait * random.uniform(0.5, 1.0))  # noqa: S311  (only spreads the reconnects)


async def _listen(session: aiohttp.ClientSession, url: str, streams: list[str], arrived: _Arrived) -> int | None:
    """Until the venue closes; its code. TimeoutError when nothing came for too long, which is looked at once a second: not on every frame."""
    clock = asyncio.get_running_loop().time
    async with asyncio.timeout(SILENCE_S) as patience, session.ws_connect(url, heartbeat=10, decode_text=False) as socket:
        await socket.send_json({"method": "SUBSCRIBE", "params": streams, "id": 1})
        _log.info("connected", url=url, streams=len(streams))
        renewed = 0
        while (message := await socket.receive()).type in _DATA:
            received = time.time_ns()
            if received - renewed > SECOND_NS:
                renewed = received
                patience.reschedule(clock() + SILENCE_S)
            if message.data.startswith(_FRAME_HEADS) or not _answers(message.data):
                arrived.put((received, message.data))
                if len(arrived.frames) > WAITING_MAX:
                    await arrived.room.wait()
        return socket.close_code


def _answers(frame: bytes) -> bool:
    """Whether it answers the subscription; a refusal of it is told, and the silence that follows makes the connection again."""
    try:
        content = msgspec.json.decode(frame)
    except msgspec.DecodeError:
        return False
    if not isinstance(content, dict) or not content.keys() & {"result", "error", "code"}:
        return False
    if content.get("result", True) is not None:
        _log.error("the venue refused the subscription", answer=frame.decode()[:300])
    return True


def _streams(symbols: Iterable[str], names: Sequence[str]) -> list[str]:
    return [f"{symbol.lower()}@{name}" for symbol in symbols for name in names]


def _batched(symbols: Sequence[str], size: int) -> list[Sequence[str]]:
    return [symbols[start:start + size] for start in range(0, len(symbols), size)]
