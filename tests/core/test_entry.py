"""The life of an entry: the whole table, with the pairs that are missing in it."""
import itertools

import pytest

from streams.core.entry import ENDS, NEXT, advance
from streams.core.words import EntryState as S

HELD = {S.PROTECTED, S.CLOSED, S.COMMANDED}      # of its fills, or of a command: no state of the order
TABLE = {
    #              told: DENIED    EXPIRED    REFUSED    SENT      REJECTED    UNKNOWN    WORKING    DONE
    S.PROPOSED:  (S.DENIED, S.EXPIRED, S.REFUSED, S.SENT, S.REJECTED, S.UNKNOWN, S.WORKING, S.DONE),
    S.SENT:      (None, S.EXPIRED, None, S.SENT, S.REJECTED, S.UNKNOWN, S.WORKING, S.DONE),
    S.UNKNOWN:   (None, S.EXPIRED, None, S.UNKNOWN, S.REJECTED, S.UNKNOWN, S.WORKING, S.DONE),
    S.WORKING:   (None, S.EXPIRED, None, S.WORKING, S.REJECTED, S.UNKNOWN, S.WORKING, S.DONE),
}
TOLD = (S.DENIED, S.EXPIRED, S.REFUSED, S.SENT, S.REJECTED, S.UNKNOWN, S.WORKING, S.DONE)


@pytest.mark.parametrize(("state", "told"), list(itertools.product(TABLE, TOLD)), ids=str)
def test_the_table(state: S, told: S) -> None:
    assert advance(state, told) == TABLE[state][TOLD.index(told)]


@pytest.mark.parametrize(("end", "told"), list(itertools.product(sorted(ENDS), TOLD)), ids=str)
def test_an_end_is_an_end(end: S, told: S) -> None:
    assert advance(end, told) is end


def test_the_table_is_all_there_is() -> None:
    assert set(NEXT) == set(TABLE)
    assert ENDS | set(TABLE) | HELD == set(S)
    assert not any(HELD & following for following in NEXT.values())
