"""What `streams why` prints of a record: figures as a person writes them, and what to do about what was refused or could not be read."""
import pytest

from streams.cli import look
from streams.core.commands import Bury
from streams.core.events import Filled
from streams.core.values import Side, e8
from streams.wire.lineage import lineage
from streams.wire.log import Record

FILLED = Filled("main", "BTCUSDT", Side.BUY, e8("0.008"), e8("61648.6"), 0, "USDT", 0, "t1", "entry-1", "1", "p-1", False, 5)


def lines(message: object, wanted: str, topic: str = "order.fill") -> list[str]:
    [link] = lineage([Record(topic, 0, 0, 1_000, None, message, b"")], wanted)
    return look._line(link, 1_000).splitlines()


def test_amounts_are_decimals_for_people_and_the_wires_own_for_programs() -> None:
    [line] = lines(FILLED, "p-1")
    assert line.endswith("side=BUY  quantity=0.008  price=61648.6")
    [link] = lineage([Record("order.fill", 0, 0, 1_000, None, FILLED, b"")], "p-1")
    assert (link.detail["quantity"], link.detail["price"]) == (e8("0.008"), e8("61648.6"))


@pytest.mark.parametrize(("topic", "reason", "remedy"), [
    ("trade.intent", "RANGE", look.BURIED), ("trade.intent", "JSON", look.FORM), ("order.fill", "AVRO", look.FOREIGN),
])
def test_what_is_buried_is_told_with_its_reason_and_what_to_do(topic: str, reason: str, remedy: str) -> None:
    bury = Bury(topic, 4, 7, "positions", reason, "confidence lies between 0 and 1; 85 does not", None, b"{}", 1)
    told = lines(bury, f"{topic}-4-7", "dead.letter")
    assert (told[0].endswith(f"reason={reason}  detail=confidence lies between 0 and 1; 85 does not"), told[1].strip()) == (True, f"→ {remedy}")
