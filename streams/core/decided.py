"""The record of a decision: the event's place, what became of it, and the ids of what followed. Both doors are told the same way."""
from typing import Any

from streams.core import commands as c
from streams.core import events as e

VERDICT_OF: dict[type, c.Verdict] = {      # in this order: the first kind that is among the outputs is what became of the event
    c.Deny: c.Verdict.DENIED, c.Propose: c.Verdict.PROPOSED, c.Enter: c.Verdict.COMMANDED,
    c.Close: c.Verdict.EXITED, c.Plan: c.Verdict.PLANNED, c.Withdraw: c.Verdict.WITHDRAWN, c.Note: c.Verdict.IGNORED,
}
RANK = {kind: rank for rank, kind in enumerate(VERDICT_OF)}


def decided(
    group: str, key: str, seq: int, seen: e.Seen[Any], outputs: tuple[Any, ...], settings_hash: str, folded_from: int | None = None,
) -> c.Decided:
    """`seq` is the state's after the event; `folded_from` the offset of the first of the records that were folded into it."""
    own = subject_of(seen.body)
    cause = min((output for output in outputs if type(output) in RANK), key=lambda output: (_beside(output, own), RANK[type(output)]), default=None)
    subject = own or (subject_of(cause) if cause is not None else "")
    denials = tuple(output for output in outputs if isinstance(output, c.Deny))
    verdict = VERDICT_OF[type(cause)] if cause is not None else c.Verdict.STEPPED
    reason = getattr(cause, "reason", "")
    if reason == c.Verdict.REPEATED:
        verdict = c.Verdict.REPEATED
    return c.Decided(
        group, key, seq, seen.topic, seen.partition, seen.offset, seen.offset if folded_from is None else folded_from,
        seen.log_time, type(seen.body).__name__, verdict,
        subject, str(getattr(reason, "value", reason)), getattr(cause, "detail", ""),
        tuple(name for output in outputs for name in ids_of(output)), settings_hash,
        () if [denial.intent_id for denial in denials] == [subject] else denials,
    )


def _beside(output: Any, own: str) -> bool:  # noqa: ANN401
    """Whether it is the end of another intent than the event's own: that says less of what became of the event than all else."""
    return bool(own) and isinstance(output, c.Deny) and output.intent_id != own


def subject_of(body: Any) -> str:  # noqa: ANN401  (any fact)
    """What a record is about: an intent, an order or a position; nothing for prices and beats, whose decision is about what followed."""
    for field in ("intent_id", "client_order_id", "position_id", "request_id"):
        if getattr(body, field, ""):
            return str(getattr(body, field))
    return ""


def ids_of(output: Any) -> tuple[str, ...]:  # noqa: ANN401  (any output)
    """The ids by which an output is known further on."""
    match output:
        case c.Enter():
            return (output.entry_id,)
        case c.Plan():
            return tuple(step.client_order_id for step in output.steps)
        case c.Close():
            return (output.client_order_id,)
        case c.Propose() | c.Withdraw() | e.Intent():
            return (output.intent_id,)
        case _:
            return ()
