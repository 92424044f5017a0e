"""Folding: nothing is lost by it, nothing is crossed, and what came before comes again as it was."""
from typing import Any

from aiokafka.consumer.fetcher import FetchResult, PartitionRecords
from aiokafka.record.default_records import DefaultRecordBatchBuilder
from aiokafka.record.memory_records import MemoryRecords
from aiokafka.structs import ConsumerRecord, TopicPartition
from hypothesis import given
from hypothesis import strategies as st

from streams.core.events import Beat, Tick
from streams.runtime.fold import Fold, as_read
from streams.runtime.records import FOLDED
from streams.wire.codec import decode, encode
from streams.wire.ticks import FoldableTick
from streams.wire.topics import partition_of

TOPIC = "price.tick"
NOON = 1_766_577_600_000
PARTITION = partition_of(b"BTCUSDT")
NEIGHBOUR = next(name for name in (f"COIN{number}USDT" for number in range(1_000)) if partition_of(name.encode()) == PARTITION)
ELSEWHERE = next(name for name in ("ETHUSDT", "SOLUSDT", "XRPUSDT") if partition_of(name.encode()) != PARTITION)


def tick(last: int, *, symbol: str = "BTCUSDT", time: int = 0) -> Tick:
    return Tick(
        symbol, last, last - 1, last + 1, last, mark_is_mid=False, high=last + 5, low=last - 5, first_time=time, last_time=time + 10, frames=2,
    )


Written = tuple[bytes | None, bytes, list[tuple[str, bytes]]]


class Partition:
    """A partition's records as a broker sends them, and as aiokafka holds them until they are taken."""

    def __init__(self, *written: Written) -> None:
        batch = DefaultRecordBatchBuilder(2, 0, 0, -1, -1, -1, 1 << 20)
        for offset, (key, value, headers) in enumerate(written):
            batch.append(offset, NOON + offset, key, value, headers)
        place = TopicPartition(TOPIC, PARTITION)
        self.records = PartitionRecords(place, MemoryRecords(bytes(batch.build())), None, 0, None, None, True, 1)
        self.fetched = FetchResult(place, assignment=None, partition_records=self.records, backoff=0)


def record(offset: int, body: Tick | Beat | bytes, headers: tuple[tuple[str, bytes], ...] = ()) -> ConsumerRecord[Any, Any]:
    value = body if isinstance(body, bytes) else encode(body)
    return ConsumerRecord(TOPIC, PARTITION, offset, NOON + offset, 1, None, value, None, -1, len(value), headers)


def fold(*records: ConsumerRecord[Any, Any], had: int = -1) -> list[tuple[int, int, Any]]:
    """First offset, last offset, body."""
    folded = Fold(FoldableTick(), lambda *_: had)((TOPIC, PARTITION), records)
    return [(one.headers[0][1] if one.headers and one.headers[0][0] == FOLDED else one.offset, one.offset, _body(one)) for one in folded]


def _body(one: ConsumerRecord[Any, Any]) -> Any:  # noqa: ANN401  (a tick, a beat, or bytes)
    return one.value if one.value == b"?" else decode(TOPIC, one.value)


def test_ticks_of_a_symbol_are_one_that_spans_them() -> None:
    wanted = Tick("BTCUSDT", 90, 89, 91, 90, mark_is_mid=False, high=125, low=85, first_time=1, last_time=13, frames=6)
    assert fold(record(4, tick(100, time=1)), record(7, tick(120, time=2)), record(9, tick(90, time=3))) == [(4, 9, wanted)]


def test_symbols_of_a_partition_fold_apart_and_come_by_their_last_place() -> None:
    ours, other = tick(100), tick(7, symbol=NEIGHBOUR)
    folded = fold(record(1, ours), record(2, other), record(3, ours))
    assert [(first, last, body.symbol) for first, last, body in folded] == [(2, 2, NEIGHBOUR), (1, 3, "BTCUSDT")]


def test_nothing_folds_across_a_record_that_must_come_by_itself() -> None:
    """A beat, a record that cannot be read, a price of zero, a record with headers, one that lies in a partition that is not its own."""
    marked = record(2, tick(99), (("trace", b"7"),))
    for alone in (record(2, Beat("positions-0")), record(2, b"?"), record(2, tick(0)), marked, record(2, tick(99, symbol=ELSEWHERE))):
        folded = fold(record(0, tick(100)), record(1, tick(101)), alone, record(3, tick(102)), record(4, tick(103)))
        assert [(first, last) for first, last, _ in folded] == [(0, 1), (2, 2), (3, 4)]


def test_what_a_state_has_had_comes_again_as_it_lay() -> None:
    ticks = [tick(100 + offset) for offset in range(6)]
    folded = fold(*(record(offset, one) for offset, one in enumerate(ticks)), had=2)
    assert [(first, last) for first, last, _ in folded] == [(0, 0), (1, 1), (2, 2), (3, 5)]
    assert [body for _, _, body in folded[:3]] == ticks[:3]


def test_records_as_they_are_read_fold_into_what_they_would_as_aiokafka_gives_them() -> None:
    """Also those that come alone or by themselves: every field that Faust is given, topic and partition among them."""
    ours, other = encode(tick(100)), encode(tick(7, symbol=NEIGHBOUR))
    marked: Written = b"h", ours, [("trace", b"7")]
    written: list[Written] = [(b"k", ours, []), (None, other, []), (b"k", ours, []), (None, b"?", []), marked, (None, other, [])]
    as_given, as_were_read = Partition(*written), Partition(*written)
    as_read(as_were_read.fetched)
    given_records, read_records = list(as_given.records), list(as_were_read.records)
    fold_them = Fold(FoldableTick(), lambda *_: -1)
    folded = fold_them((TOPIC, PARTITION), read_records)
    assert [isinstance(one, ConsumerRecord) for one in (*given_records, *read_records)] == [True] * 6 + [False] * 6
    assert folded == fold_them((TOPIC, PARTITION), given_records)
    assert [one.offset for one in folded] == [1, 2, 3, 4, 5]
    assert [one for one in folded if one.offset != 2] == [given_records[offset] for offset in (1, 3, 4, 5)]


@given(st.lists(st.tuples(st.booleans(), st.integers(10, 10_000)), min_size=1, max_size=40))
def test_every_frame_and_every_extreme_is_in_exactly_one_record(prices: list[tuple[bool, int]]) -> None:
    ticks = [tick(price, symbol="BTCUSDT" if ours else NEIGHBOUR, time=number) for number, (ours, price) in enumerate(prices)]
    folded = fold(*(record(offset, one) for offset, one in enumerate(ticks)))
    assert [last for _, last, _ in folded] == sorted(last for _, last, _ in folded)
    for symbol in {one.symbol for one in ticks}:
        raw = [(at, one) for at, one in enumerate(ticks) if one.symbol == symbol]
        [(first, last, whole)] = [one for one in folded if one[2].symbol == symbol]
        assert (first, last, whole.last) == (raw[0][0], raw[-1][0], raw[-1][1].last)
        assert (whole.high, whole.low) == (max(one.high for _, one in raw), min(one.low for _, one in raw))
        assert whole.frames == sum(one.frames for _, one in raw)
