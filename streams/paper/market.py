"""Where the prices come from: a seeded simulator, a recording, Binance's public streams, or a test's own hand.

Each source gives `Quote`s in the order of their time. The simulator is calibrated by recorded Binance frames of August 2024: a spread of one tick,
one-second returns of 1.4 bps for BTCUSDT; `volatility` multiplies that, so that a demo of minutes sees what a market does in hours.
"""
import asyncio
import gzip
import math
import random
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import aiohttp
import msgspec

from streams.core.values import e8
from streams.errors import WrongUse
from streams.paper.instruments import ALL, Rules
from streams.runtime import logs

RETURN_1S = 0.00014                   # standard deviation of a one-second return
REVERSAL_S = 20.0                     # mean time between two changes of the trend
TREND = 0.35                          # of the volatility, as a drift a second
AGAIN_S, QUOTES_MAX = 1.0, 10_000    # of live streams: between two openings; what may wait
REST_EVERY_S = 0.01                   # a recording that is behind its pace, or has none, still lets the requests through
STREAMS = {"public": ("bookTicker",), "market": ("aggTrade", "markPrice@1s")}
Prices = AsyncIterator["Quote"]
_log = logs.get(__name__)
_decode = msgspec.json.Decoder().decode


class Quote(msgspec.Struct, frozen=True):
    """Best bid and ask of a symbol, or a trade's price, or a mark; what a quote does not tell is 0. Prices and quantities in 1e-8."""

    symbol: str
    bid: int
    ask: int
    last: int = 0
    mark: int = 0
    bid_quantity: int = 0
    ask_quantity: int = 0


class Walk:
    """One symbol's price: a random walk with trends that turn. Same seed, same prices."""

    def __init__(self, rules: Rules, seed: int, volatility: float) -> None:
        self.rules, self._random = rules, random.Random(f"{seed}:{rules.symbol}")  # noqa: S311  (a simulation)
        self._price, self._volatility, self._trend = float(rules.price), RETURN_1S * volatility, 0.0

    def next(self, seconds: float) -> Quote:
        """The market `seconds` later; one tick wide."""
        if self._random.random() < seconds / REVERSAL_S:
            self._trend = self._random.gauss(0.0, TREND)
        change = self._volatility * (self._trend * seconds + self._random.gauss(0.0, math.sqrt(seconds)))
        home = math.log(self.rules.price / self._price) * 0.0005 * seconds         # keeps a long run near where it began
        self._price *= math.exp(change + home)
        bid = max(int(self._price) // self.rules.tick * self.rules.tick, self.rules.tick)
        ask = bid + self.rules.tick
        return Quote(self.rules.symbol, bid, ask, self._random.choice((bid, ask)))


async def simulated(symbols: list[str], seed: int, *, volatility: float = 8.0, rate: float = 20.0) -> AsyncIterator[Quote]:
    """`rate` quotes a second for each symbol, in real time, for ever."""
    walks = [Walk(ALL[symbol], seed, volatility) for symbol in symbols]
    loop = asyncio.get_running_loop()
    due = loop.time()
    while True:
        for walk in walks:
            yield walk.next(1 / rate)
        due = max(due + 1 / rate, loop.time() - 1)         # a machine that stood still does not make up for it in one burst
        await asyncio.sleep(due - loop.time())


async def recorded(path: Path, speed: float = 1.0) -> AsyncIterator[Quote]:
    """The frames of a recording (`<receive ns> <raw frame>`, plain or gzip), paced by their receive time. Ends with it."""
    loop = asyncio.get_running_loop()
    started, first, rested = loop.time(), 0, loop.time()
    for at, frame in lines(path):
        first = first or at
        quote = quoted(_decode(frame))
        if quote is None:
            continue
        wait = started + (at - first) / 1e9 / speed - loop.time() if speed else 0
        if wait > 0 or loop.time() - rested > REST_EVERY_S:
            await asyncio.sleep(max(wait, 0))
            rested = loop.time()
        yield quote


def lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """Receive time in ns, and the frame. Raises WrongUse for a file that is none."""
    with gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb") as file:
        for number, line in enumerate(file, 1):
            at, _, frame = line.partition(b" ")
            if not at.isdigit():
                raise WrongUse(f"line {number} of {path} is no frame", "a recording has lines of `<receive time, ns> <raw frame>`")
            yield int(at), frame


def symbols_of(path: Path, frames: int = 2_000) -> list[str]:
    """The symbols that the first frames speak of."""
    found: dict[str, None] = {}
    for number, (_, frame) in enumerate(lines(path)):
        quote = quoted(_decode(frame))
        if quote is not None:
            found.setdefault(quote.symbol)
        if number > frames:
            break
    return list(found)


def quoted(frame: dict[str, Any]) -> Quote | None:
    """What a frame of Binance's public streams says of a price; None for all else."""
    told = frame.get("data", frame)
    match told.get("e"):
        case "bookTicker":
            return Quote(told["s"], e8(told["b"]), e8(told["a"]), 0, 0, e8(told.get("B", "0")), e8(told.get("A", "0")))
        case "trade" | "aggTrade" if told.get("X", "MARKET") == "MARKET":
            return Quote(told["s"], 0, 0, e8(told["p"]))
        case "markPriceUpdate":
            return Quote(told["s"], 0, 0, 0, e8(told["p"]))
        case _:
            return None


async def live(ws_url: str, symbols: list[str]) -> AsyncIterator[Quote]:
    """Best bid and ask, trades and marks from public streams as Binance's are, for as long as they last; each is opened again when it ends."""
    quotes: asyncio.Queue[Quote] = asyncio.Queue(QUOTES_MAX)
    async with asyncio.TaskGroup() as readers:
        for category, kinds in STREAMS.items():
            names = [f"{symbol.lower()}@{kind}" for symbol in symbols for kind in kinds]
            readers.create_task(_listen(f"{ws_url}/{category}/ws", names, quotes))
        while True:
            yield await quotes.get()


async def _listen(url: str, names: list[str], quotes: "asyncio.Queue[Quote]") -> None:
    """The newest count: who is behind by a full queue loses the oldest."""
    async with aiohttp.ClientSession() as session:
        while True:
            try:
                async with session.ws_connect(url, heartbeat=10) as socket:
                    await socket.send_json({"method": "SUBSCRIBE", "params": names, "id": 1})
                    async for message in socket:
                        quote = quoted(_decode(message.data)) if message.type is aiohttp.WSMsgType.TEXT else None
                        if quote is not None:
                            if quotes.full():
                                quotes.get_nowait()
                            quotes.put_nowait(quote)
                _log.warning("the stream of prices has ended, and is opened again", url=url)
            except (aiohttp.ClientError, OSError) as reason:
                _log.warning("the stream of prices cannot be had, and is asked for again", url=url, reason=repr(reason))
            await asyncio.sleep(AGAIN_S)
