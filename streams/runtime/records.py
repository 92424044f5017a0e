"""What a turn reads and writes: the record that asked for it, the outputs that follow, and the state as it lies in the changelog."""
import re
from collections.abc import Iterable, Mapping
from typing import Any, Generic, TypeVar

import msgspec

State = TypeVar("State")
Place = tuple[str, int, int]                             # topic, partition, offset
FIRST = "streams-first"                                  # header of a record that was routed on: "<partition> <offset> <log_time>" of its first place
FOLDED = "streams-folded"                                 # "header" of a record that stands for several (`fold.py`): the offset of the first
_ROUTING = re.compile(rb"(\d{1,9}) (\d{1,18}) (\d{1,18})")


class Output(msgspec.Struct, frozen=True, array_like=True):
    """A record to be written. Without a partition it goes where murmur2 puts its key."""

    topic: str
    key: bytes | None
    value: bytes
    partition: int | None = None
    headers: tuple[tuple[str, bytes], ...] = ()

    @property
    def size(self) -> int:
        """Bytes, without Kafka's framing."""
        headers = sum(len(name) + len(value) for name, value in self.headers) if self.headers else 0
        return len(self.key or b"") + len(self.value) + headers


class Record(msgspec.Struct, frozen=True):
    """A record as a decision sees it. Times are epoch milliseconds of the broker's clock (`LogAppendTime`).

    `first` and `first_log_time` differ from the record's own only when it had been put into another key's partition and was routed on: ids and
    ages go by the first place, order and `applied` by the present one.
    """

    topic: str
    partition: int
    offset: int
    log_time: int
    key: bytes | None
    value: bytes | None
    first: Place
    first_log_time: int
    headers: tuple[tuple[str, bytes], ...] = ()
    folded_from: int | None = None                       # offset of the first record that this one stands for

    @property
    def place(self) -> Place:
        return self.topic, self.partition, self.offset

    @property
    def routed(self) -> bool:
        return self.first != self.place


class Rank(msgspec.Struct, array_like=True, order=True):
    """The head of every stored state. A higher epoch wins, then the higher seq: what a worker wrote that had lost its partition ranks low."""

    epoch: int = 0                                       # the group's generation when it was written, never lowered
    seq: int = 0                                         # the key's events so far


class Stored(Rank, Generic[State], array_like=True):
    """A key's value in the table. `step` sees only `state`; the rest is how an event that comes again is known, and answered as before."""

    applied: dict[tuple[str, int], int] = {}             # topic, partition -> last offset worked
    outbox: dict[Place, tuple[Output, ...]] = {}         # the outputs of every event that is not yet acknowledged
    state: State | None = None


def record_of(message: Any) -> Record:
    """The record of a Faust message."""
    folded_from = folded(message)
    headers = () if folded_from is not None or not message.headers else tuple(_pairs(message.headers))
    log_time = round(message.timestamp * 1000)
    first, first_log_time = (message.topic, message.partition, message.offset), log_time
    for name, value in headers:
        if name == FIRST and (routing := _ROUTING.fullmatch(value)):
            partition, offset, first_log_time = (int(part) for part in routing.groups())
            first, first_log_time = (message.topic, partition, offset), min(first_log_time, log_time)
    return Record(message.topic, message.partition, message.offset, log_time, message.key, message.value, first, first_log_time, headers, folded_from)


def folded(message: Any) -> int | None:
    """The offset of the first record that a Faust message stands for; None where it is as it lay in the log, whose headers hold bytes."""
    headers = message.headers
    return headers[0][1] if headers and isinstance(headers, tuple) and isinstance(headers[0][1], int) else None


def routed_on(record: Record, key: bytes, partition: int) -> Output:
    """The same record for the partition of its key, with its first place and time in a header."""
    first = f"{record.partition} {record.offset} {record.log_time}".encode()
    return Output(record.topic, key, record.value or b"", partition, (*record.headers, (FIRST, first)))


def _pairs(headers: Mapping[str, bytes] | Iterable[tuple[str, bytes]] | None) -> Iterable[tuple[str, bytes]]:
    return ((name, value or b"") for name, value in (headers.items() if isinstance(headers, Mapping) else headers or ()))

