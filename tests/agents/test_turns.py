"""A dead letter is always one that our producers can write, whatever the broker took from others."""
import pytest

from streams.agents.turns import KEY_KEPT, VALUE_KEPT, buried
from streams.errors import Unreadable
from streams.runtime.records import Record
from streams.wire.codec import encode
from streams.wire.topics import DEAD_LETTER, key_of, record_max

PLACE = ("price.tick", 3, 8)
CUT_KEY = "; of the 65537 bytes of its key the first 65536 are kept, all of them lie at its place"
CUT_VALUE = "; of the 1400001 bytes of its value the first 1400000 are kept, all of them lie at its place"


@pytest.mark.parametrize(
    ("key", "value", "told"),
    [
        (None, None, "why"),
        (b"", b"", "why"),
        (b"k" * KEY_KEPT, b"v" * VALUE_KEPT, "why"),
        (b"k" * (KEY_KEPT + 1), b"v", "why" + CUT_KEY),
        (b"k", b"v" * (VALUE_KEPT + 1), "why" + CUT_VALUE),
        (b"k" * (KEY_KEPT + 1), b"v" * (VALUE_KEPT + 1), "why" + CUT_KEY + CUT_VALUE),
    ],
)
def test_what_is_too_large_to_keep_is_cut_and_said(key: bytes | None, value: bytes | None, told: str) -> None:
    letter = buried("positions", Record(*PLACE, 1_000, key, value, PLACE, 1_000), Unreadable("JUNK", "why"))
    kept_key, kept_value = key and key[:KEY_KEPT], value and value[:VALUE_KEPT]
    assert (letter.detail, letter.key, letter.value) == (told, kept_key, kept_value)
    assert len(key_of(letter) or b"") + len(encode(letter)) <= record_max(DEAD_LETTER.name)


def test_a_reason_that_cites_the_whole_record_is_cut() -> None:
    letter = buried("positions", Record(*PLACE, 1_000, b"k", b"v", PLACE, 1_000), Unreadable("FIELD", "x" * 2_000_000))
    assert letter.detail == "x" * 1_000
