"""The quick reader of ticks takes what the codec reads, as the codec reads it, and nothing else."""
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import astuple, replace

from streams.core.events import Beat, Tick
from streams.core.values import INT64_MAX
from streams.errors import Unreadable
from streams.wire.codec import HEADER, decode, encode
from streams.wire.ticks import FoldableTick
from streams.wire.topics import partition_of

TICK = Tick("BTCUSDT", 100, 99, 101, 100, mark_is_mid=False, high=105, low=95, first_time=1, last_time=1_766_577_600_000, frames=2)
VALUE = encode(TICK)
TIMES = st.integers(0, INT64_MAX)
NUMBERS = st.one_of(st.integers(1, 200), st.integers(1, INT64_MAX))
TICKS = st.builds(
    Tick, symbol=st.text(max_size=24), last=NUMBERS, bid=NUMBERS, ask=NUMBERS, mark=NUMBERS, mark_is_mid=st.booleans(), high=NUMBERS, low=NUMBERS,
    first_time=TIMES, last_time=TIMES, frames=NUMBERS,
)


def read(value: bytes, symbol: str = TICK.symbol) -> Tick | None:
    """What the quick reader makes of it, in the partition of this symbol."""
    found = FoldableTick().read(value, partition_of(symbol.encode()))
    if found is None:
        return None
    key, (last, bid, ask, mark, mark_is_mid, *rest) = found
    return Tick(key.decode(), last, bid, ask, mark, bool(mark_is_mid), *rest)


def read_slowly(value: bytes) -> Any:  # noqa: ANN401  (any message of price.tick; None where it is none)
    try:
        return decode("price.tick", value)
    except Unreadable:
        return None


@given(TICKS)
def test_a_tick_is_read_as_the_codec_reads_it(tick: Tick) -> None:
    quickly = read(encode(tick), tick.symbol)
    assert quickly == (tick if len(tick.symbol.encode()) < 64 else None)


@given(TICKS, st.data())
def test_no_bytes_are_taken_that_the_codec_reads_otherwise(tick: Tick, data: st.DataObject) -> None:
    value = bytearray(encode(tick))
    for _ in range(data.draw(st.integers(1, 3), "changes")):
        at, byte = data.draw(st.integers(0, max(len(value) - 1, 0)), "at"), data.draw(st.integers(0, 255), "byte")
        value[at:at + data.draw(st.integers(0, 2), "cut")] = bytes([byte]) * data.draw(st.sampled_from([0, 1, 1, 2, 9]), "put")
    quickly, slowly = read(bytes(value), tick.symbol), read_slowly(bytes(value))
    assert quickly in (None, slowly)


@pytest.mark.parametrize("length", range(1, len(VALUE)))
def test_the_end_is_where_the_value_ends(length: int) -> None:
    """The reader in C knows no end: behind a value that is cut short it would read on."""
    assert (read(VALUE[:length]), read(VALUE[:length] + VALUE)) == (None, None)


@pytest.mark.parametrize("field", ["last", "bid", "ask", "mark", "high", "low", "first_time", "last_time", "frames"])
def test_a_number_below_its_least_must_be_seen(field: str) -> None:
    assert [read(encode(replace(TICK, **{field: number}))) for number in (-1, -INT64_MAX - 1)] == [None, None]


def test_what_is_no_tick_of_this_partition_comes_by_itself() -> None:
    other_schema, elsewhere = HEADER.pack(0, 9) + VALUE[HEADER.size:], next(one for one in ("ETHUSDT", "SOLUSDT") if _home(one) != _home("BTCUSDT"))
    assert [read(value) for value in (b"", other_schema, encode(Beat("positions-0")), encode(replace(TICK, symbol=elsewhere)))] == [None] * 4


def test_the_length_of_a_symbol_is_one_byte_and_no_negative_one() -> None:
    """Two bytes of length are the codec's: the first, taken for all of it, would be 65."""
    symbol, numbers = "A" * 65, VALUE[HEADER.size + 1 + len("BTCUSDT"):]
    values = [VALUE[:HEADER.size] + bytes([length]) + name.encode() + numbers for length, name in ((14, "BTCUSDT"), (15, "BTCUSDT"), (130, symbol))]
    assert [read(value, name) for value, name in zip(values, ("BTCUSDT", "BTCUSDT", symbol), strict=True)] == [TICK, None, None]


def test_a_boolean_is_zero_or_one() -> None:
    at = HEADER.size + 1 + len("BTCUSDT") + 4 * 2
    values = [VALUE[:at] + bytes([byte]) + VALUE[at + 1:] for byte in range(256)]
    assert [read(value) for value in values] == [TICK, replace(TICK, mark_is_mid=True), *[None] * 254]


def test_a_fold_is_written_as_the_codec_writes_it() -> None:
    how, later = FoldableTick(), replace(TICK, last=90, mark_is_mid=True, low=90, last_time=1_766_577_600_100)
    held = how.begin(_fields(TICK))
    how.fold(held, _fields(later))
    assert how.write(b"BTCUSDT", held) == encode(replace(later, high=105, low=90, frames=4))


def _fields(tick: Tick) -> Any:  # noqa: ANN401  (a tuple of ten numbers)
    return tuple(map(int, astuple(tick)[1:]))


def _home(symbol: str) -> int:
    return partition_of(symbol.encode())
