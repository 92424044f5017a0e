"""What belongs together, from whichever end somebody asks."""
import io
from typing import Any

import msgspec
import pytest
from fastavro import schemaless_writer

from streams.core.commands import Bury, Decided, Denial, Deny, Verdict
from streams.core.events import EntryReported, Intent
from streams.core.ids import account_id
from streams.core.words import ALL, Action, EntryState
from streams.errors import Unreadable
from streams.wire.codec import HEADER_OF, PARSED, decode
from streams.wire.lineage import lineage
from streams.wire.log import Record

MAIN, SECOND = account_id("main", "i1"), account_id("second", "i1")
REFUSED = Deny("second", "BTCUSDT", SECOND, Denial.POSITION_OPEN, "a position is held")
SAID: list[tuple[str, Any]] = [
    ("trade.intent", Intent("i1", "BTCUSDT", Action.BUY, ALL)),
    ("decision.log", Decided(
        "positions", "BTCUSDT", 1, "trade.intent", 0, 0, 0, 1, "Intent", Verdict.PROPOSED, "i1", "", "", (MAIN,), "hash", (REFUSED,),
    )),
    ("order.status", EntryReported("main", "BTCUSDT", MAIN, EntryState.DENIED, reason="MODE_HALTED")),
    ("order.status", EntryReported("main", "BTCUSDT", "i2", EntryState.DENIED)),
]
RECORDS = [Record(topic, 0, offset, 1 + offset, None, message, b"") for offset, (topic, message) in enumerate(SAID)]


def avro(fields: dict[str, Any]) -> bytes:
    """An intent's Avro, whatever its fields say; what is not given is none."""
    out = io.BytesIO()
    out.write(HEADER_OF[Intent])
    schemaless_writer(out, PARSED[Intent], fields)
    return out.getvalue()


@pytest.mark.parametrize("asked", ["i1", MAIN, SECOND])
def test_an_intent_for_all_leads_to_what_became_of_it_in_each_account_and_back(asked: str) -> None:
    assert [(link.kind, link.id) for link in lineage(RECORDS, asked)] == [("Intent", "i1"), ("Decided", "i1"), ("EntryReported", MAIN)]


WEAK = {"intent_id": "weak", "symbol": "BTCUSDT", "action": "BUY", "confidence": 85}
BURIED = [
    pytest.param(msgspec.json.encode(WEAK), "weak", "RANGE", id="JSON that is out of range"),
    pytest.param(avro({"symbol": "", "action": "BUY", "intent_id": "nameless"}), "nameless", "SYMBOL", id="Avro without a symbol"),
    pytest.param(b"no json", "trade.intent-4-7", "JSON", id="nothing that has an id"),
    pytest.param(msgspec.json.encode({**WEAK, "intent_id": ["weak"]}), "trade.intent-4-7", "TEXT", id="an id that is none"),
]


@pytest.mark.parametrize(("value", "known_as", "reason"), BURIED)
def test_an_intent_that_cannot_be_read_is_found_by_its_id_or_its_place(value: bytes, known_as: str, reason: str) -> None:
    with pytest.raises(Unreadable) as refused:
        decode("trade.intent", value)
    sent = Record("trade.intent", 4, 7, 1, None, None, value, str(refused.value))
    bury = Bury("trade.intent", 4, 7, "positions", refused.value.reason, refused.value.what, None, value, 1)
    records = [sent, Record("dead.letter", 0, 3, 2, None, bury, b"")]
    told = [("Unreadable", known_as, str(refused.value)), ("Bury", known_as, refused.value.what)]
    for asked in (known_as, "trade.intent-4-7"):
        assert [(link.kind, link.id, link.detail["detail"]) for link in lineage(records, asked)] == told
    assert refused.value.reason == reason
