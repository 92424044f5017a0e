"""Candles and 24-hour figures: made of the ticks since the exchange began."""
import pytest

from streams.core.values import e8
from streams.paper.history import MINUTE_MS, History
from tests.paper.bank import Bank

NOW = 1_800_000_000_000               # a whole quarter of an hour


def seen(*prints: tuple[int, int]) -> History:
    """Minutes after NOW, and prices."""
    history = History()
    for minute, price in prints:
        history.seen(price, NOW + minute * MINUTE_MS)
    return history


@pytest.mark.parametrize(
    ("interval", "candles"),
    [
        ("1m", [(0, 10, 12, 9, 9, 3), (1, 11, 11, 11, 11, 1), (5, 8, 8, 8, 8, 1)]),
        ("3m", [(0, 10, 12, 9, 11, 4), (3, 8, 8, 8, 8, 1)]),
        ("15m", [(0, 10, 12, 8, 8, 5)]),
    ],
)
def test_candles_of_every_length_come_from_those_of_a_minute(interval: str, candles: list[tuple[int, ...]]) -> None:
    history = seen((0, 10), (0, 12), (0, 9), (1, 11), (5, 8))
    told = [((one.opened - NOW) // MINUTE_MS, one.open, one.high, one.low, one.close, one.trades) for one in history.candles(interval)]
    assert told == candles


def test_a_day_and_no_more_is_kept() -> None:
    history = seen((0, 99), *((minute, 10) for minute in range(1, 1_441)))
    day = history.day()
    assert (len(history.minutes), day.high, day.trades, day.total, day.first_id) == (1_440, 10, 1_440, 14_400, 2)


async def test_what_is_told_of_them(bank: Bank) -> None:
    now = (bank.exchange.clock() // MINUTE_MS + 5) * MINUTE_MS
    bank.exchange.clock = lambda: now
    bank.price("60600")
    bank.exchange.clock = lambda: now + MINUTE_MS
    bank.price("60300")
    [candle] = await bank.body("GET", "v1/klines", symbol="BTCUSDT", interval="1m", limit=1)
    since = await bank.body("GET", "v1/klines", symbol="BTCUSDT", interval="1m", startTime=now)
    wrong = (await bank.ask("GET", "v1/klines", symbol="BTCUSDT", interval="7m"))[1]["code"]
    day = await bank.body("GET", "v1/ticker/24hr", symbol="BTCUSDT")
    [last] = await bank.body("GET", "v1/aggTrades", symbol="BTCUSDT", limit=1)
    assert (candle[:6], [one[0] for one in since], wrong) == (
        [now + MINUTE_MS, "60300", "60300", "60300", "60300", "0.001"], [now, now + MINUTE_MS], -1120)
    assert (day["lastPrice"], day["highPrice"], last["p"], e8(last["q"])) == ("60300", "61800", "60300", e8("0.001"))
