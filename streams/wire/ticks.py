"""Ticks as they lie in the log, folded without becoming structs: what a million of them after a pause must cost, and no more.

Folding is the feed's own rule (`venue/fold.py`) once more: the last prices hold, high and low widen, the times span.

A long of Avro and a varint of Kafka are the same bytes, and aiokafka reads one in C in a quarter of the time that fastavro needs. What this reader
takes is what `codec.decode` would have read (tests/wire/test_ticks.py); what it is not sure of it leaves to that.
"""
import io
from functools import lru_cache

from aiokafka.record.util import decode_varint
from fastavro import schemaless_writer

from streams.core.events import Tick
from streams.wire.codec import HEADER_OF, PARSED
from streams.wire.topics import partition_of

_HEADER, _SCHEMA = HEADER_OF[Tick], PARSED[Tick]
_SYMBOL = len(_HEADER) + 1            # where it begins: one byte before it says its length
_END = bytes(16)                      # aiokafka's reader looks for no end, and stops at a zero: one for each number of a tick, and more

# Of a tick: last, bid, ask, mark, mark_is_mid, high, low, first_time, last_time, frames. Bare: a name for each would cost as much as three of them.
Fields = tuple[int, int, int, int, int, int, int, int, int, int]


class Held:
    """What ticks of a symbol fold into."""

    __slots__ = ("first_time", "frames", "high", "last_time", "latest", "low")

    def __init__(self, first: Fields) -> None:
        self.latest = first
        _, _, _, _, _, self.high, self.low, self.first_time, self.last_time, self.frames = first


@lru_cache(maxsize=65_536)
def _home(begin: bytes) -> tuple[bytes, int] | None:
    """Symbol and partition of what begins with these bytes; None where they are not the header of a tick and a symbol of less than 64 bytes."""
    symbol, length = begin[_SYMBOL:], begin[_SYMBOL - 1]
    if not begin.startswith(_HEADER) or length != len(symbol) << 1 or length > 127:
        return None
    try:
        symbol.decode()
    except UnicodeDecodeError:
        return None
    return symbol, partition_of(symbol)


class FoldableTick:
    """Ticks of one symbol fold. One with a number of zero or less does not: a price opens a breaker, and must be seen."""

    def read(self, value: bytes, partition: int) -> tuple[bytes, Fields] | None:
        if len(value) < _SYMBOL:
            return None
        at = _SYMBOL + (value[_SYMBOL - 1] >> 1)
        home = _home(value[:at])
        if home is None or home[1] != partition:
            return None
        body = value + _END
        try:
            last, at = decode_varint(body, at)
            bid, at = decode_varint(body, at)
            ask, at = decode_varint(body, at)
            mark, at = decode_varint(body, at)
            mark_is_mid = body[at]
            high, at = decode_varint(body, at + 1)
            low, at = decode_varint(body, at)
            first_time, at = decode_varint(body, at)
            last_time, at = decode_varint(body, at)
            frames, at = decode_varint(body, at)
        except ValueError:            # longer than any number of 64 bits
            return None
        whole = at == len(value) and mark_is_mid < 2
        if whole and last > 0 and bid > 0 and ask > 0 and mark > 0 and high > 0 and low > 0 and first_time >= 0 and last_time >= 0 and frames > 0:
            return home[0], (last, bid, ask, mark, mark_is_mid, high, low, first_time, last_time, frames)
        return None

    def begin(self, fields: Fields) -> Held:
        return Held(fields)

    def fold(self, held: Held, fields: Fields) -> None:
        held.latest = fields
        _, _, _, _, _, high, low, first_time, last_time, frames = fields
        held.frames += frames
        if high > held.high or low < held.low:               # asked first: most ticks widen nothing, and max and min are calls
            held.high, held.low = max(held.high, high), min(held.low, low)
        if first_time < held.first_time or last_time > held.last_time:
            held.first_time, held.last_time = min(held.first_time, first_time), max(held.last_time, last_time)

    def write(self, key: bytes, held: Held) -> bytes:
        last, bid, ask, mark, mark_is_mid, *_ = held.latest
        out = io.BytesIO()
        out.write(_HEADER)
        schemaless_writer(out, _SCHEMA, {
            "symbol": key.decode(), "last": last, "bid": bid, "ask": ask, "mark": mark, "mark_is_mid": bool(mark_is_mid),
            "high": held.high, "low": held.low, "first_time": held.first_time, "last_time": held.last_time, "frames": held.frames,
        })
        return out.getvalue()
