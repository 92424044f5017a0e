"""The record of a decision: the event's place, what became of it, and the ids of what followed. Both doors are told the same way."""
from typing import Any

from streams.core import commands as c
from streams.core import events as e

VERDICTS: tuple[tuple[type | tuple[type, ...], c.Verdict], ...] = (      # the first kind that is among the outputs
    (c.Deny, c.Verdict.DENIED),
    (c.Propose, c.Verdict.PROPOSED),
    (c.Enter, c.Verdict.COMMANDED),
    ((c.Plan, c.Close, c.Withdraw), c.Verdict.EXITED),
)


def decided(group: str, key: str, seq: int, seen: e.Seen[Any], outputs: tuple[Any, ...], settings_hash: str) -> c.Decided:
    """`seq` is the state's after the event."""
    verdict, cause = next(((word, output) for kind, word in VERDICTS for output in outputs if isinstance(output, kind)), (c.Verdict.STEPPED, None))
    reason = getattr(cause, "reason", "")
    return c.Decided(
        group, key, seq, seen.topic, seen.partition, seen.offset, seen.offset, seen.log_time, type(seen.body).__name__, verdict,
        subject_of(seen.body) or (subject_of(cause) if cause is not None else ""), str(getattr(reason, "value", reason)),
        getattr(cause, "detail", ""),
        tuple(name for output in outputs for name in ids_of(output)), settings_hash,
    )


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
