"""Whatever the bytes are, `decode` gives a message or says why not."""
import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.errors import Unreadable
from streams.wire.codec import HEADER, decode, encode
from streams.wire.intents import KNOWN
from streams.wire.topics import TOPICS
from tests.wire.examples import EXAMPLES

TICK, BEAT = encode(EXAMPLES["tick"]), encode(EXAMPLES["beat"])
PLAIN = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
FIELDS = st.sampled_from([*sorted(KNOWN), "else"])


@pytest.mark.parametrize(
    ("topic", "value", "reason"),
    [
        ("price.tick", b"", "EMPTY"),
        ("price.tick", b"\x00\x00", "HEADER"),
        ("price.tick", b"{}", "HEADER"),
        ("price.tick", HEADER.pack(0, 9_999) + TICK[5:], "SCHEMA_UNKNOWN"),
        ("order.fill", TICK, "TOPIC_WRONG"),
        ("order.fill", encode(EXAMPLES["filled"]) + b" " * 65_536, "TOO_LARGE"),
        ("no.such.topic", TICK, "TOPIC_WRONG"),
        ("price.tick", TICK[:-1], "AVRO"),
        ("price.tick", TICK + b"\x00", "AVRO"),
        ("price.tick", TICK[:5] + b"\xff" * 20, "AVRO"),
        ("order.fill", encode(EXAMPLES["filled"]).replace(b"\x08SELL", b"\x08SOLD"), "FIELD"),
        ("order.fill", encode(msgspec.structs.replace(EXAMPLES["filled"], quantity=10**18 + 1)), "FIELD"),
        ("trade.intent", b"[1]", "JSON"),
        ("trade.intent", b'{"symbol": "BTCUSDT"', "JSON"),
        ("trade.intent", b"[" * 100_000, "JSON"),
        ("trade.intent", b"\xff\xfe{}", "JSON"),
        ("trade.intent", b"{" + b" " * (1024 * 1024 - 10), "JSON"),
        ("trade.intent", b"{" + b" " * (1024 * 1024), "TOO_LARGE"),
    ],
)
def test_what_cannot_be_read_says_why(topic: str, value: bytes, reason: str) -> None:
    with pytest.raises(Unreadable) as told:
        decode(topic, value)
    assert told.value.reason == reason


@given(st.sampled_from([topic.name for topic in TOPICS]), st.binary(max_size=200))
def test_any_bytes(topic: str, value: bytes) -> None:
    _read_or_refuse(topic, value)


@given(st.sampled_from([(topic.name, message) for topic in TOPICS for message in EXAMPLES.values() if type(message) in topic.messages]), st.data())
def test_any_bytes_behind_a_true_header(case: tuple[str, object], data: st.DataObject) -> None:
    """A record of ours with some of its bytes changed, cut or doubled."""
    topic, message = case
    value = bytearray(encode(message))
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(5, len(value) - 1))
        value[at : at + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=4))
        if len(value) <= HEADER.size + 1:
            break
    _read_or_refuse(topic, bytes(value))


@given(st.recursive(PLAIN, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)), FIELDS)
def test_any_json_in_any_field(value: object, field: str) -> None:
    _read_or_refuse("trade.intent", json.dumps({"symbol": "BTCUSDT", "action": "BUY", field: value}).encode())


def _read_or_refuse(topic: str, value: bytes) -> None:
    """A message that is read can be written, keyed and read again."""
    try:
        message = decode(topic, value)
    except Unreadable as reason:
        assert reason.reason  # noqa: PT017
        return
    assert decode(topic, encode(message)) == message
