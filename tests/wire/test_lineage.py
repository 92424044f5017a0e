"""What belongs together, from whichever end somebody asks."""
from typing import Any

import pytest

from streams.core.commands import Decided, Denial, Deny, Verdict
from streams.core.events import EntryReported, Intent
from streams.core.ids import account_id
from streams.core.words import ALL, Action, EntryState
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


@pytest.mark.parametrize("asked", ["i1", MAIN, SECOND])
def test_an_intent_for_all_leads_to_what_became_of_it_in_each_account_and_back(asked: str) -> None:
    assert [(link.kind, link.id) for link in lineage(RECORDS, asked)] == [("Intent", "i1"), ("Decided", "i1"), ("EntryReported", MAIN)]
