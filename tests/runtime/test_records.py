import pytest
from faust.types.tuples import ConsumerMessage

from streams.runtime.records import FIRST, Output, Record, record_of, routed_on


def message(headers: list[tuple[str, bytes | None]]) -> ConsumerMessage:
    return ConsumerMessage("trade.intent", 4, 70, 1_700_000_000.123, 1, headers, b"key", b"value", None)   # type: ignore[arg-type]  # a header may be null


@pytest.mark.parametrize(
    ("headers", "first", "first_log_time"),
    [
        pytest.param([], ("trade.intent", 4, 70), 1_700_000_000_123, id="at home"),
        pytest.param([(FIRST, b"9 12 1699999999000")], ("trade.intent", 9, 12), 1_699_999_999_000, id="routed on"),
        pytest.param([(FIRST, b"9 12 1800000000000")], ("trade.intent", 9, 12), 1_700_000_000_123, id="a first time after the second is none"),
        pytest.param([(FIRST, b"nine")], ("trade.intent", 4, 70), 1_700_000_000_123, id="not a header of ours"),
        pytest.param([(FIRST, None)], ("trade.intent", 4, 70), 1_700_000_000_123, id="nor this"),
    ],
)
def test_first_place(headers: list[tuple[str, bytes | None]], first: tuple[str, int, int], first_log_time: int) -> None:
    kept = tuple((name, value or b"") for name, value in headers)
    wanted = Record("trade.intent", 4, 70, 1_700_000_000_123, b"key", b"value", first, first_log_time, kept)
    assert record_of(message(headers)) == wanted


def test_routing_keeps_the_record_and_names_its_first_place() -> None:
    record = record_of(message([("trace", b"7")]))
    wanted = Output("trade.intent", b"BTCUSDT", b"value", 11, (("trace", b"7"), (FIRST, b"4 70 1700000000123")))
    assert routed_on(record, b"BTCUSDT", 11) == wanted
    assert wanted.size == len(b"BTCUSDT" + b"value" + b"trace" + b"7" + FIRST.encode() + b"4 70 1700000000123")
