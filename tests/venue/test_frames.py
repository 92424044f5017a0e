"""Raw frames as the venue writes them, and as it should not."""
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.core.values import E8, decimal
from streams.venue.frames import Frame, Marked, Quote, Refusal, Traded, price, read

BOOK = '{"e":"bookTicker","u":1,"s":"BTCUSDT","b":"61800.20","B":"2.507","a":"61800.30","A":"2.510","T":1723161256313,"E":1723161256314}'
QUOTE = Quote("BTCUSDT", 6_180_020_000_000, 6_180_030_000_000, 1723161256314)


@pytest.mark.parametrize(
    ("raw", "told"),
    [
        pytest.param(BOOK, QUOTE, id="bookTicker, bare"),
        pytest.param('{"stream":"btcusdt@bookTicker","data":' + BOOK + "}", QUOTE, id="combined"),
        pytest.param('{"e":"trade","E":5,"s":"ETHUSDT","t":1,"p":"2500","X":"MARKET","m":true}', Traded("ETHUSDT", 2500 * E8, 5), id="trade"),
        pytest.param('{"e":"aggTrade","E":5,"a":1,"s":"1000PEPEUSDT","p":"0.0000001","q":"1"}', Traded("1000PEPEUSDT", 10, 5), id="aggTrade"),
        pytest.param('{"e":"markPriceUpdate","E":5,"s":"BTCUSDT","p":"1.5","P":"2","r":"0.1","T":9}', Marked("BTCUSDT", 3 * E8 // 2, 5), id="mark"),
        pytest.param('{"e":"trade","s":"币安人生USDT","p":"1"}', Traded("币安人生USDT", E8, 0), id="not ASCII, without a time"),
        pytest.param('{"e":"trade","s":"A","p":"0","X":"NA"}', Refusal.IGNORED, id="no trade of the book"),
        pytest.param('{"e":"depthUpdate","s":"A","b":[["1","2"]],"a":[]}', Refusal.IGNORED, id="depth"),
        pytest.param('{"e":"bookTicker","s":"A","b":"2","a":"1"}', Refusal.CROSSED, id="crossed"),
        pytest.param('{"e":"bookTicker","s":"A","b":"0.00","a":"1"}', Refusal.NOT_A_PRICE, id="an empty side"),
        pytest.param('{"e":"trade","s":"A","p":"-1"}', Refusal.NOT_A_PRICE, id="negative"),
        pytest.param('{"e":"trade","s":"A","p":"NaN"}', Refusal.NOT_A_PRICE, id="NaN"),
        pytest.param('{"e":"trade","s":"A","p":"1e5"}', Refusal.NOT_A_PRICE, id="an exponent"),
        pytest.param('{"e":"trade","s":"A","p":"1_0"}', Refusal.NOT_A_PRICE, id="Python's own digits"),
        pytest.param('{"e":"trade","s":"A","p":"1.000000001"}', Refusal.NOT_A_PRICE, id="finer than 1e-8"),
        pytest.param('{"e":"trade","s":"A","p":"92233720369"}', Refusal.NOT_A_PRICE, id="above 63 bits"),
        pytest.param('{"e":"trade","s":"A","p":""}', Refusal.NOT_A_PRICE, id="empty"),
        pytest.param('{"e":"trade","s":"A"}', Refusal.UNREADABLE, id="no price at all"),
        pytest.param('{"e":"trade","s":"A","p":5}', Refusal.UNREADABLE, id="a number where a string belongs"),
        pytest.param('{"e":"kline","s":"A"}', Refusal.UNREADABLE, id="an event that is not known"),
        pytest.param('{"result":null,"id":1}', Refusal.UNREADABLE, id="an answer"),
        pytest.param("[1,2", Refusal.UNREADABLE, id="no JSON"),
        pytest.param("", Refusal.UNREADABLE, id="nothing"),
    ],
)
def test_a_frame(raw: str, told: Frame | Refusal) -> None:
    assert read(raw.encode()) == told


@given(st.binary(max_size=200))
def test_no_bytes_raise(raw: bytes) -> None:
    assert isinstance(read(raw), Refusal)


@given(st.integers(1, 2**63 - 1))
def test_a_price_is_exact(value: int) -> None:
    assert price(decimal(value)) == value
