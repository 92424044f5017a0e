"""Ticks as they lie in the log, folded without becoming structs: what a million of them after a pause must cost, and no more.

Folding is the feed's own rule (`venue/fold.py`) once more: the last prices hold, high and low widen, the times span.
"""
import io
from functools import lru_cache
from typing import Any

from fastavro import schemaless_reader, schemaless_writer

from streams.core.events import Tick
from streams.wire.codec import HEADER_OF, PARSED
from streams.wire.topics import partition_of

_HEADER, _SCHEMA = HEADER_OF[Tick], PARSED[Tick]
_BODY = len(_HEADER)
_PRICES = ("last", "bid", "ask", "mark", "high", "low")
_LAST = ("last", "bid", "ask", "mark", "mark_is_mid")
Fields = dict[str, Any]


@lru_cache(maxsize=65_536)
def _home(symbol: str) -> tuple[bytes, int]:
    key = symbol.encode()
    return key, partition_of(key)


class FoldableTick:
    """Ticks of one symbol fold. One with a price of zero or less does not: it opens a breaker, and must be seen."""

    def read(self, value: bytes, partition: int) -> Fields | None:
        if not value.startswith(_HEADER):
            return None
        body = io.BytesIO(value)
        body.seek(_BODY)
        try:
            fields: Fields = schemaless_reader(body, _SCHEMA, None)  # type: ignore[assignment]  # a record's reader gives a dict
        except Exception:  # noqa: BLE001  (whatever it meets: the record comes by itself, and is told for what it is)
            return None
        if body.tell() != len(value) or fields["low"] <= 0 or fields["bid"] <= 0 or fields["mark"] <= 0 or _home(fields["symbol"])[1] != partition:
            return None
        return fields if min(fields[name] for name in _PRICES) > 0 else None

    def key(self, fields: Fields) -> bytes:
        return _home(fields["symbol"])[0]

    def fold(self, held: Fields, then: Fields) -> None:
        for name in _LAST:
            held[name] = then[name]
        held["high"] = max(held["high"], then["high"])
        held["low"] = min(held["low"], then["low"])
        held["first_time"] = min(held["first_time"], then["first_time"])
        held["last_time"] = max(held["last_time"], then["last_time"])
        held["frames"] += then["frames"]

    def write(self, held: Fields) -> bytes:
        out = io.BytesIO()
        out.write(_HEADER)
        schemaless_writer(out, _SCHEMA, held)
        return out.getvalue()
