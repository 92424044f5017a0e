"""What an answer means: a row each. What may have been done is doubt, and nothing else is."""
import pytest

from streams.venue.answers import Doubt, Refused
from streams.venue.outcomes import MEANING, Meaning, judged, meaning

UNKNOWN_503 = "Unknown error, please check your request or try again later."


@pytest.mark.parametrize(("status", "code", "message", "expected"), [
    (400, -2019, "Margin is insufficient.", Refused(-2019, "Margin is insufficient.")),
    (400, -1000, "unknown", Doubt("-1000 unknown")),
    (408, -1007, "Timeout waiting", Doubt("-1007 Timeout waiting")),
    (400, -1006, "Unexpected response", Doubt("-1006 Unexpected response")),
    (503, -1008, "Service Unavailable.", Refused(-1008, "Service Unavailable.")),       # Binance: the request has failed
    (503, None, "Service Unavailable.", Refused(503, "Service Unavailable.")),
    (503, None, UNKNOWN_503, Doubt(f"HTTP 503 {UNKNOWN_503}")),                         # Binance: it may have succeeded
    (502, None, "Bad Gateway", Doubt("HTTP 502 Bad Gateway")),
    (504, None, "", Doubt("HTTP 504 ")),
    (408, None, "", Doubt("HTTP 408 ")),
    (403, None, "WAF", Refused(403, "WAF")),
    (404, None, "nowhere", Refused(404, "nowhere")),
])
def test_the_answer_behind_a_failure(status: int, code: int | None, message: str, expected: Refused | Doubt) -> None:
    assert judged(status, code, message) == expected


@pytest.mark.parametrize(("code", "expected"), [
    (-4046, Meaning.DONE), (-1021, Meaning.LATE), (-5028, Meaning.LATE), (-2011, Meaning.GONE), (-2013, Meaning.GONE), (-4116, Meaning.DUPLICATE),
    (-2021, Meaning.THROUGH), (-4142, Meaning.THROUGH), (-2022, Meaning.NOTHING_TO_REDUCE), (-4118, Meaning.NOTHING_TO_REDUCE),
    (-4130, Meaning.ONE_STANDS), (-4140, Meaning.EXITS_ONLY), (-4141, Meaning.CLOSED), (-2015, Meaning.ACCOUNT), (-4061, Meaning.ACCOUNT),
    (-1003, Meaning.BUSY), (-1015, Meaning.BUSY), (429, Meaning.BUSY), (-4131, Meaning.THIN), (-2019, Meaning.REFUSED), (-99999, Meaning.REFUSED),
])
def test_the_meaning_of_a_code(code: int, expected: Meaning) -> None:
    assert meaning(Refused(code, "")) is expected


def test_every_code_has_one_meaning() -> None:
    """The table is written by meaning: a code in two rows would silently take the later one."""
    from streams.venue.outcomes import _CODES  # noqa: PLC0415

    assert len(MEANING) == sum(len(codes) for codes in _CODES.values())
