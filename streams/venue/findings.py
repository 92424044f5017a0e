"""What was looked at before trading, and how it was found."""
from enum import StrEnum

import msgspec

from streams.errors import NotReachable, Refused, StreamsError, WrongUse


class Verdict(StrEnum):
    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


class Finding(msgspec.Struct, frozen=True):
    """One thing that was looked at. `exit_code` is that of a program which ends over it; 0 where none has to."""

    name: str
    verdict: Verdict
    said: str
    remedy: str = ""
    exit_code: int = 0

    def error(self) -> StreamsError:
        """The error that a program ends with over it."""
        kind = {WrongUse.exit_code: WrongUse, NotReachable.exit_code: NotReachable}.get(self.exit_code, Refused)
        return kind(self.said, self.remedy)


def ok(name: str, said: str) -> Finding:
    return Finding(name, Verdict.OK, said)


def warn(name: str, said: str, remedy: str = "") -> Finding:
    return Finding(name, Verdict.WARN, said, remedy)


def fail(name: str, error: StreamsError) -> Finding:
    return Finding(name, Verdict.FAIL, error.what, error.remedy, error.exit_code)
