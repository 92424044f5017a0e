"""Where the prices come from: the simulator by its seed, and recordings, plain or gzip, combined or bare."""
import asyncio
import gzip
import itertools
import math
import statistics
from pathlib import Path

import pytest

from streams.core.values import decimal, e8
from streams.errors import WrongUse
from streams.paper.instruments import ALL
from streams.paper.market import Quote, Walk, live, recorded, symbols_of
from streams.paper.server import PaperExchange
from tests.paper.bank import Bank

FRAMES = (
    b'1 {"stream":"btcusdt@bookTicker","data":{"e":"bookTicker","s":"BTCUSDT","b":"60000.00","B":"1","a":"60000.10","A":"1"}}',
    b'2 {"e":"trade","s":"ETHUSDT","p":"2650.01","q":"1","X":"MARKET"}',
    b'3 {"e":"trade","s":"ETHUSDT","p":"0","q":"1","X":"NA"}',
    b'4 {"e":"markPriceUpdate","s":"BTCUSDT","p":"60000.05"}',
    b'5 {"result":null,"id":1}',
)
QUOTES = [
    Quote("BTCUSDT", e8("60000"), e8("60000.1"), 0, 0, e8("1"), e8("1")),
    Quote("ETHUSDT", 0, 0, e8("2650.01")), Quote("BTCUSDT", 0, 0, 0, e8("60000.05")),
]


def walked(symbol: str, seed: int, seconds: int, volatility: float = 1.0) -> list[Quote]:
    walk = Walk(ALL[symbol], seed, volatility)
    return [walk.next(1.0) for _ in range(seconds)]


def test_a_seed_is_a_market() -> None:
    assert walked("BTCUSDT", 1, 100) == walked("BTCUSDT", 1, 100)
    assert walked("BTCUSDT", 1, 100) != walked("BTCUSDT", 2, 100)


@pytest.mark.parametrize("symbol", list(ALL))
def test_a_simulated_market_is_one_tick_wide_and_on_the_grid(symbol: str) -> None:
    tick = ALL[symbol].tick
    assert [(one.bid % tick, one.ask - one.bid, one.last in (one.bid, one.ask)) for one in walked(symbol, 3, 200)] == [(0, tick, True)] * 200


@pytest.mark.parametrize("volatility", [1.0, 8.0])
def test_it_moves_as_recorded_markets_did(volatility: float) -> None:
    """One-second returns of 1.4 bps, times the volatility that is asked for, and a little for the trend."""
    quotes = walked("BTCUSDT", 7, 20_000, volatility)
    returns = [math.log(after.bid / before.bid) * 10_000 for before, after in itertools.pairwise(quotes)]
    assert 1.3 < statistics.pstdev(returns) / volatility < 1.6


@pytest.mark.parametrize("packed", [False, True])
async def test_a_recording(tmp_path: Path, packed: bool) -> None:  # noqa: FBT001
    path, content = tmp_path / ("frames.gz" if packed else "frames"), b"\n".join(FRAMES) + b"\n"
    path.write_bytes(gzip.compress(content) if packed else content)
    assert ([quote async for quote in recorded(path, 0)], symbols_of(path)) == (QUOTES, ["BTCUSDT", "ETHUSDT"])


async def test_prices_from_the_public_streams_of_another_exchange(bank: Bank) -> None:
    """Top of book with its sizes, trades and marks; and again when the connection was lost."""
    source = live(bank.exchange.ws_url, ["BTCUSDT"])
    async with PaperExchange(source, symbols=["BTCUSDT"]) as second:
        async def arrives(bid: str) -> None:
            async with asyncio.timeout(10):
                while (top := second.engine.tops.get("BTCUSDT")) is None or top.bid != e8(bid):
                    bank.exchange.sockets.due_marks()
                    bank.price(bid)
                    await asyncio.sleep(0.02)

        await arrives("61000")
        await bank.panel("POST", "_faults", {"kind": "market_drop"})
        await arrives("62000")
        top = second.engine.tops["BTCUSDT"]
    assert (top.ask, top.last, top.ask_quantity) == (e8("62000.1"), e8("62000"), e8("48.387"))
    assert top.mark in (e8("61000.05"), e8("62000.05"))


def test_the_mark_is_the_sources_where_it_tells_one_and_else_the_mid() -> None:
    exchange = PaperExchange(symbols=["BTCUSDT"])
    marks = []
    for quote in (
        Quote("BTCUSDT", e8("60000"), e8("60001")), Quote("BTCUSDT", e8("60002"), e8("60003")), Quote("BTCUSDT", 0, 0, 0, e8("60100")),
        Quote("BTCUSDT", e8("60004"), e8("60005")), Quote("BTCUSDT", 0, 0, e8("60004"), 0),
    ):
        exchange.quote(quote)
        marks.append(decimal(exchange.engine.tops["BTCUSDT"].mark))
    assert marks == ["60000.5", "60002.5", "60100", "60100", "60100"]


async def test_a_file_that_is_no_recording(tmp_path: Path) -> None:
    path = tmp_path / "frames"
    path.write_text("time,price\n")
    with pytest.raises(WrongUse):
        _ = [quote async for quote in recorded(path)]
