"""What is done to a running pipeline, drawn from a seed: processes killed or stopped for a while, and the venue's bad days by its fault panel.

The exchange is never killed: it is the judge, and its memory is its record. It is stopped, and then it hangs like a venue that nobody reaches.
"""
import random
from collections.abc import Iterator
from enum import StrEnum
from typing import Any

import msgspec


class What(StrEnum):
    KILL = "kill"                     # SIGKILL; whoever watches it starts it again
    STOP = "stop"                     # SIGSTOP, and SIGCONT after `seconds`
    FAULT = "fault"                   # armed at the exchange, for `seconds`


class Blow(msgspec.Struct, frozen=True):
    """One blow, `after` seconds behind the one before."""

    after: float
    what: What
    victim: str                       # a process; with FAULT the kind
    seconds: float = 0.0
    fault: dict[str, Any] = {}

    def __str__(self) -> str:
        where = " ".join(str(value) for name, value in self.fault.items() if name not in ("kind", "count", "seconds"))
        return f"{self.what.value} {self.victim}" + (f" {where}" if where else "") + (f" for {self.seconds:.1f} s" if self.seconds else "")


PAUSE_S = (2.0, 6.0)
KILLED = ("gateway", "gateway", "positions", "risk", "feed", "broker")
STOPPED = (("gateway", 4.0), ("positions", 8.0), ("risk", 8.0), ("feed", 4.0), ("exchange", 2.5), ("broker", 3.0))
DONE_OR_NOT = ("execute_then_drop", "drop", "error_503_executed", "error_503_not_executed", "timeout_1007", "empty_202", "hang", "delay", "http_429")
STREAM = ("duplicate", "reorder", "ws_drop", "expire_key")
LEGS = ("qs-entry", "qs-guard", "qs-stop", "qs-target", "qs-exit", "qs-flat")


def blows(seed: int) -> Iterator[Blow]:
    """For ever, the same for the same seed."""
    dice = random.Random(f"drill {seed}")  # noqa: S311  (a drill, no secret)
    while True:
        after = dice.uniform(*PAUSE_S)
        match dice.choice((What.KILL, What.STOP, What.FAULT, What.FAULT)):
            case What.KILL:
                yield Blow(after, What.KILL, dice.choice(KILLED))
            case What.STOP:
                victim, most = dice.choice(STOPPED)
                yield Blow(after, What.STOP, victim, dice.uniform(0.5, most))
            case _:
                yield _fault(dice, after)


def _fault(dice: random.Random, after: float) -> Blow:
    if dice.random() < 0.3:
        kind = dice.choice(STREAM)
        return Blow(after, What.FAULT, kind, 4.0, {"kind": kind, "count": dice.choice((1, 2, 5))})
    kind = dice.choice(DONE_OR_NOT)
    told = {"kind": kind, "method": "POST", "client_id": dice.choice(LEGS), "count": dice.choice((1, 1, 2)), "seconds": dice.choice((0.5, 1.0, 2.0))}
    return Blow(after, What.FAULT, kind, 4.0, told)
