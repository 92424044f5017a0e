"""The life of an entry, as a table.

    PROPOSED ──► DENIED                       risk says no
       │  ─────► EXPIRED, REFUSED             the gateway did not send it: too late, or told not to
       ▼
      SENT ────► REJECTED                     the venue says no
       │  ─────► UNKNOWN ──► …                no answer, or none to believe; it is asked for until known
       ▼
    WORKING ───► DONE                         over, with whatever it filled: all, a part, nothing

Exactly one of DENIED, EXPIRED, REFUSED, REJECTED, DONE ends it. What becomes of its fills is another matter (`Cover`): they may be PROTECTED, or
CLOSED again, before the order itself is DONE. The ugly rows are real: statuses are told again after a crash, an order can be WORKING after it was
UNKNOWN, DONE comes before the fills that it counts, and a cancelled order may have filled. What is told after the end changes nothing; a pair that is
not in the table is an error value, and changes nothing either.
"""
from enum import StrEnum

from streams.core.words import EntryState as S

ENDS = frozenset({S.DENIED, S.EXPIRED, S.REFUSED, S.REJECTED, S.DONE})


class Cover(StrEnum):
    """What became of an entry's fills."""

    NONE = "NONE"                     # nothing filled, or the guard is under way
    PROTECTED = "PROTECTED"
    CLOSED = "CLOSED"                 # no guard could be had: closed at market


NEXT: dict[S, frozenset[S]] = {
    S.PROPOSED: frozenset({S.DENIED, S.EXPIRED, S.REFUSED, S.SENT, S.UNKNOWN, S.WORKING, S.REJECTED, S.DONE}),
    S.SENT: frozenset({S.SENT, S.UNKNOWN, S.WORKING, S.REJECTED, S.EXPIRED, S.DONE}),
    S.UNKNOWN: frozenset({S.UNKNOWN, S.SENT, S.WORKING, S.REJECTED, S.EXPIRED, S.DONE}),
    S.WORKING: frozenset({S.WORKING, S.SENT, S.UNKNOWN, S.REJECTED, S.EXPIRED, S.DONE}),
}


def advance(state: S, told: S) -> S | None:
    """The state after a report; None where there is no such step. An entry that has ended stays as it ended."""
    if state in ENDS:
        return state
    if told not in NEXT[state]:
        return None
    return state if told is S.SENT and state is not S.PROPOSED else told      # SENT again says less than what is known
