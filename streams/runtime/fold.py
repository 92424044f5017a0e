"""Records of a foldable topic, folded by key before Faust's machinery: a raw one costs its decoding and a comparison, not a task and a turn.

Only in a batch that one fetch brought, only of one partition, and never across a record that is not foldable: a beat, a record with headers, one
that cannot be read, one that lies in another key's partition. What a state has had already comes again by itself, as it lay in the log: its
outputs lie in the outbox under its own place.

The folded record stands at the place of its last one, and says where the first lay. The consumer commits nothing behind that one before the
fold is confirmed (`consumer.py`).
"""
from collections.abc import Callable, Sequence
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

from aiokafka.structs import ConsumerRecord

from streams.runtime.records import FOLDED

BATCH = 2_000                         # foldable records taken at a time: what else came is looked for between two of them
Fields = TypeVar("Fields")
Applied = Callable[[bytes, str, int], int]      # key, topic, partition -> the last offset that its state has had; -1: none


class Foldable(Protocol[Fields]):
    """How the records of a topic fold. `read` gives None for one that must come by itself, whatever the reason."""

    def read(self, value: bytes, partition: int) -> Fields | None: ...

    def key(self, fields: Fields) -> bytes: ...

    def fold(self, held: Fields, then: Fields) -> None:
        """Into `held`."""

    def write(self, held: Fields) -> bytes: ...


class Fold(NamedTuple, Generic[Fields]):
    """How a topic folds, and whom to ask what a key's state has had."""

    how: Foldable[Fields]
    applied: Applied

    def __call__(self, records: Sequence[ConsumerRecord[Any, Any]]) -> list[ConsumerRecord[Any, Any]]:
        """The records of one partition, in the order of the last offset of each."""
        out: list[ConsumerRecord[Any, Any]] = []
        runs: dict[bytes, _Run[Fields]] = {}
        had: dict[bytes, int] = {}
        for record in records:
            fields = None if record.headers or not record.value else self.how.read(record.value, record.partition)
            if fields is None:
                out += self._ended(runs)
                out.append(record)
                runs = {}
                continue
            key = self.how.key(fields)
            run = runs.get(key)
            if run is not None:
                self.how.fold(run.fields, fields)
                run.last = record
            elif record.offset <= (had[key] if key in had else had.setdefault(key, self.applied(key, record.topic, record.partition))):
                out += self._ended(runs)
                out.append(record)
                runs = {}
            else:
                runs[key] = _Run(record, fields)
        return out + self._ended(runs)

    def _ended(self, runs: dict[bytes, "_Run[Fields]"]) -> list[ConsumerRecord[Any, Any]]:
        ended = sorted(runs.values(), key=lambda run: run.last.offset)
        return [run.last if run.last is run.first else _folded(run, self.how.write(run.fields)) for run in ended]


class _Run(Generic[Fields]):
    """Records of one key with nothing between them that may not be crossed."""

    __slots__ = ("fields", "first", "last")

    def __init__(self, first: ConsumerRecord[Any, Any], fields: Fields) -> None:
        self.first = self.last = first
        self.fields = fields


def _folded(run: _Run[Any], value: bytes) -> ConsumerRecord[Any, Any]:
    """The offset of the first is a number, which no record from the wire has in a header."""
    last = run.last
    return ConsumerRecord(
        last.topic, last.partition, last.offset, last.timestamp, last.timestamp_type, last.key, value, last.checksum, last.serialized_key_size,
        len(value), ((FOLDED, run.first.offset),),
    )
