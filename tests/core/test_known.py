"""What is remembered of intents: a day's ids, in few bytes, and a bound for a producer gone wild."""
from hypothesis import given
from hypothesis import strategies as st

from streams.core.commands import Deny
from streams.core.known import KEPT, RECORD, forgotten, is_known, remembered
from streams.core.symbol import new, step
from tests import make

DAY = 86_400_000


@given(st.lists(st.text(max_size=5), max_size=50), st.text(max_size=5))
def test_an_id_is_known_if_it_came(ids: list[str], asked: str) -> None:
    memory = b""
    for intent_id in ids:
        memory = remembered(memory, intent_id, make.NOON)
    assert is_known(memory, asked) == (asked in ids)
    assert len(memory) == RECORD.size * len(ids)


def test_bytes_across_two_records_are_no_id() -> None:
    record = remembered(b"", "i1", make.NOON)
    assert not is_known(bytes(4) + record + bytes(8), "i1")
    assert is_known(bytes(4) + record[:8] + record, "i1")


def test_an_id_is_forgotten_after_a_day() -> None:
    memory = remembered(remembered(b"", "old", make.NOON), "young", make.NOON + 10_000)
    assert [is_known(forgotten(memory, make.NOON + DAY, DAY), name) for name in ("old", "young")] == [True, True]
    assert [is_known(forgotten(memory, make.NOON + DAY + 1_000, DAY), name) for name in ("old", "young")] == [False, True]


def test_of_too_many_the_oldest_go() -> None:
    memory = b""
    for number in range(KEPT + 1):
        memory = remembered(memory, str(number), make.NOON)
    assert len(memory) == RECORD.size * KEPT
    assert (is_known(memory, "0"), is_known(memory, "1"), is_known(memory, str(KEPT))) == (False, True, True)


def test_an_id_may_be_used_again_after_a_day() -> None:
    state = new(make.SYMBOL)
    said = []
    for offset, days in enumerate((0, 1, 1)):
        state, outputs = step(state, make.seen(make.intent("i1", "CANCEL"), make.NOON + days * (DAY + 1_000), offset), make.SETTINGS)
        said += [output.reason for output in outputs if isinstance(output, Deny)]
    assert said == ["ENTRY_MISSING", "ENTRY_MISSING", "INTENT_KNOWN"]


def test_all_that_are_old_are_forgotten() -> None:
    memory = b""
    for number in range(4):
        memory = remembered(memory, str(number), make.NOON + number * 1_000)
    left = forgotten(memory, make.NOON + DAY + 3_000, DAY)
    assert [is_known(left, str(number)) for number in range(4)] == [False, False, False, True]
