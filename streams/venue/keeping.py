"""The mode that a gateway keeps. Pure: the tightest of risk's last word and of what has been asked for since and is not answered.

    anybody    asks for REDUCING or HALTED: in force at once, before risk has answered
    risk       its answer ends what it answers, and all that was asked before it: risk works the log in order

So an answer to an older request loosens nothing that was asked after it, and an ACTIVE that somebody asked for loosens nothing until risk says so.
"""
import msgspec

from streams.core.events import ModeSet, ModeWanted
from streams.core.ledger import ModeAsked, ModeRecord
from streams.core.words import Mode

KNOWN_MAX = 100                       # requests without an answer, where the loosest go first, and ids of those that were answered
replace = msgspec.structs.replace



def fresh(account: str) -> ModeRecord:
    return ModeRecord(account, Mode.ACTIVE)


def in_force(kept: ModeRecord) -> Mode:
    return max([kept.mode, *(one.mode for one in kept.asked)], key=lambda mode: mode.rank)


def why(kept: ModeRecord) -> str:
    """The reason of the mode in force; of equal ones the latest request's."""
    tightest = in_force(kept)
    asked = [one.reason for one in kept.asked if one.mode is tightest]
    return asked[-1] if asked else kept.reason


def asked(kept: ModeRecord, wanted: ModeWanted) -> ModeRecord:
    """After somebody's word. One that is known changes nothing; one without an id holds until risk's next word, since nothing could name it."""
    reason = f"{wanted.reason} ({wanted.by})"
    if not wanted.request_id:
        return replace(kept, mode=wanted.mode, reason=reason) if wanted.mode.rank > kept.mode.rank else kept
    if wanted.request_id in (*kept.answered, *(one.request_id for one in kept.asked)):
        return kept
    added = (*kept.asked, ModeAsked(wanted.request_id, wanted.mode, reason))
    if len(added) > KNOWN_MAX:
        loosest = min(added, key=lambda one: one.mode.rank)
        added = tuple(one for one in added if one is not loosest)
    return replace(kept, asked=added)


def answered(kept: ModeRecord, word: ModeSet) -> ModeRecord:
    """After risk's word."""
    ids = [one.request_id for one in kept.asked]
    known = ids.index(word.request_id) + 1 if word.request_id in ids else 0
    return replace(kept, mode=word.mode, reason=word.reason, asked=kept.asked[known:], answered=(*kept.answered, *ids[:known])[-KNOWN_MAX:])
