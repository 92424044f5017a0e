"""Records of a foldable topic, folded by key before Faust's machinery: a raw one costs its decoding and a comparison, not a task and a turn.

They come as aiokafka's C reads them from a batch, without topic and partition. The `ConsumerRecord` that aiokafka makes of each costs as much as all
the rest, so it is made here, of what is delivered.

Only in a batch that one fetch brought, only of one partition, and never across a record that is not foldable: a beat, a record with headers, one
that cannot be read, one that lies in another key's partition. What a state has had already comes again by itself, as it lay in the log: its
outputs lie in the outbox under its own place.

The folded record stands at the place of its last one, and says where the first lay. The consumer commits nothing behind that one before the
fold is confirmed (`consumer.py`).
"""
from collections.abc import Callable, Sequence
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

from aiokafka.consumer.fetcher import FetchResult
from aiokafka.structs import ConsumerRecord

from streams.runtime.records import FOLDED

BATCH = 6_000                         # foldable records taken at a time: what else came is looked for between two of them, some 15 ms apart
Fields = TypeVar("Fields")
Held = TypeVar("Held")
Applied = Callable[[bytes, str, int], int]      # key, topic, partition -> the last offset that its state has had; -1: none


class Fetched(Protocol):
    """What folding asks of a record: aiokafka's own from a batch, or a `ConsumerRecord`."""

    @property
    def offset(self) -> int: ...
    @property
    def timestamp(self) -> int: ...
    @property
    def timestamp_type(self) -> int: ...
    @property
    def key(self) -> bytes | None: ...
    @property
    def value(self) -> bytes | None: ...
    @property
    def headers(self) -> Sequence[tuple[str, bytes | None]]: ...


class Foldable(Protocol[Fields, Held]):
    """How the records of a topic fold."""

    def read(self, value: bytes, partition: int) -> tuple[bytes, Fields] | None:
        """Key and fields; None for one that must come by itself, whatever the reason."""

    def begin(self, fields: Fields) -> Held: ...

    def fold(self, held: Held, fields: Fields) -> None:
        """Into `held`."""

    def write(self, key: bytes, held: Held) -> bytes: ...


class Fold(NamedTuple, Generic[Fields, Held]):
    """How a topic folds, and whom to ask what a key's state has had."""

    how: Foldable[Fields, Held]
    applied: Applied

    def __call__(self, place: tuple[str, int], records: Sequence[Fetched]) -> list[ConsumerRecord[Any, Any]]:
        """The records of one topic and partition, in the order of the last offset of each."""
        out: list[ConsumerRecord[Any, Any]] = []
        runs: dict[bytes, _Run[Held]] = {}
        had: dict[bytes, int] = {}
        read, fold, partition = self.how.read, self.how.fold, place[1]
        for record in records:
            value = record.value
            found = None if not value or record.headers else read(value, partition)
            if found is not None:
                key, fields = found
                run = runs.get(key)
                if run is not None:
                    fold(run.held, fields)
                    run.last = record
                    continue
                if record.offset > (had[key] if key in had else had.setdefault(key, self.applied(key, *place))):
                    runs[key] = _Run(record, self.how.begin(fields))
                    continue
            out += self._ended(place, runs)
            out.append(_whole(place, record))
            runs = {}
        return out + self._ended(place, runs)

    def _ended(self, place: tuple[str, int], runs: dict[bytes, "_Run[Held]"]) -> list[ConsumerRecord[Any, Any]]:
        ended = sorted(runs.items(), key=lambda keyed: keyed[1].last.offset)
        return [
            _whole(place, run.last) if run.last is run.first else _folded(place, run, self.how.write(key, run.held)) for key, run in ended
        ]


class _Run(Generic[Held]):
    """Records of one key with nothing between them that may not be crossed."""

    __slots__ = ("first", "held", "last")

    def __init__(self, first: Fetched, held: Held) -> None:
        self.first = self.last = first
        self.held = held


def as_read(fetched: object) -> None:
    """Has a partition's fetched records come as they are read."""
    if isinstance(fetched, FetchResult) and fetched.has_more():
        fetched._partition_records._consumer_record = _itself


def _itself(_: object, record: Fetched) -> Fetched:
    return record


def _whole(place: tuple[str, int], record: Fetched) -> ConsumerRecord[Any, Any]:
    """As aiokafka makes it."""
    return record if isinstance(record, ConsumerRecord) else _made(place, record, record.value, tuple(record.headers))


def _folded(place: tuple[str, int], run: _Run[Any], value: bytes) -> ConsumerRecord[Any, Any]:
    """The offset of the first is a number, which no record from the wire has in a header."""
    return _made(place, run.last, value, ((FOLDED, run.first.offset),))


def _made(place: tuple[str, int], record: Fetched, value: bytes | None, headers: tuple[tuple[str, Any], ...]) -> ConsumerRecord[Any, Any]:
    key = record.key
    key_size, value_size = -1 if key is None else len(key), -1 if value is None else len(value)
    return ConsumerRecord(*place, record.offset, record.timestamp, record.timestamp_type, key, value, None, key_size, value_size, headers)
