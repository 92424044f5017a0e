"""The mode that a gateway keeps: whoever asks and whenever risk answers, the tightest of what is not answered holds."""
from functools import reduce

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.core.events import ModeSet, ModeWanted
from streams.core.ledger import ModeRecord
from streams.core.words import Mode
from streams.venue import keeping

ACTIVE, REDUCING, HALTED = Mode
Word = ModeWanted | ModeSet


def asks(mode: Mode, request_id: str) -> ModeWanted:
    return ModeWanted("main", mode, f"why {request_id}", "ann", request_id)


def risk(mode: Mode, request_id: str = "") -> ModeSet:
    return ModeSet("main", mode, "because", request_id)


def kept(words: list[Word]) -> ModeRecord:
    def after(record: ModeRecord, word: Word) -> ModeRecord:
        return keeping.answered(record, word) if isinstance(word, ModeSet) else keeping.asked(record, word)

    return reduce(after, words, keeping.fresh("main"))


@pytest.mark.parametrize(("words", "expected"), [
    ([], ACTIVE),
    ([asks(HALTED, "r1")], HALTED),                                                        # at once
    ([asks(HALTED, "r1"), risk(HALTED, "r1")], HALTED),
    ([asks(HALTED, "r1"), risk(HALTED, "r1"), asks(ACTIVE, "r2")], HALTED),                # nobody but risk loosens
    ([asks(HALTED, "r1"), risk(HALTED, "r1"), asks(ACTIVE, "r2"), risk(ACTIVE, "r2")], ACTIVE),
    ([asks(ACTIVE, "r1"), asks(HALTED, "r2"), risk(ACTIVE, "r1")], HALTED),                # the answer to an older request loosens no fresh one
    ([asks(ACTIVE, "r1"), asks(HALTED, "r2"), risk(ACTIVE, "r1"), risk(HALTED, "r2")], HALTED),
    ([asks(HALTED, "r1"), risk(ACTIVE)], HALTED),                                          # nor does a new day, said before risk has read of it
    ([asks(HALTED, "r1"), risk(REDUCING, "r1")], REDUCING),                                # risk's own answer does
    ([asks(REDUCING, "r1"), asks(HALTED, "r2"), risk(HALTED, "r2")], HALTED),              # an answer ends what was asked before it, too
    ([asks(REDUCING, "r1"), asks(ACTIVE, "r2"), risk(ACTIVE, "r2")], ACTIVE),
    ([risk(HALTED), asks(REDUCING, "r1"), risk(ACTIVE, "r0")], REDUCING),
    ([asks(HALTED, "r1"), risk(HALTED, "r1"), asks(ACTIVE, "r2"), risk(ACTIVE, "r2"), asks(HALTED, "r1")], ACTIVE),   # a repeated record asks nothing
    ([asks(HALTED, "")], HALTED),                                                          # without an id, until risk's next word
    ([asks(HALTED, ""), risk(ACTIVE)], ACTIVE),
    ([risk(HALTED), asks(REDUCING, "")], HALTED),
])
def test_the_mode_in_force(words: list[Word], expected: Mode) -> None:
    assert keeping.in_force(kept(words)) is expected


def test_the_reason_is_that_of_the_mode_in_force() -> None:
    record = kept([asks(HALTED, "r1"), asks(HALTED, "r2"), asks(REDUCING, "r3")])
    assert (keeping.why(record), keeping.why(kept([risk(HALTED), asks(REDUCING, "r1")]))) == ("why r2 (ann)", "because")


def test_of_more_requests_than_are_remembered_the_tightest_stays() -> None:
    record = kept([asks(HALTED, "first"), *(asks(REDUCING, f"r{number}") for number in range(2 * keeping.KNOWN_MAX))])
    assert (keeping.in_force(record), len(record.asked)) == (HALTED, keeping.KNOWN_MAX)


@given(st.lists(st.tuples(st.sampled_from(Mode), st.integers(0, 250)), max_size=250))
def test_what_is_asked_and_not_answered_is_never_loosened(requests: list[tuple[Mode, int]]) -> None:
    """Also of more requests than are remembered."""
    words: list[Word] = [asks(mode, f"r{number}") for mode, number in requests]
    first: dict[int, Mode] = {}
    for mode, number in requests:
        first.setdefault(number, mode)
    assert keeping.in_force(kept([*words, risk(ACTIVE)])) is max([ACTIVE, *first.values()], key=lambda mode: mode.rank)
