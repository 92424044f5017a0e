"""Everything that may go wrong and is not the market's, an intent's or the venue's business: those are values with a reason.

    StreamsError               1  failed
    ├── BrokenInvariant        1  a rule of ours does not hold: the worker stops, loudly
    ├── Unreadable             1  a record that cannot be read: agents bury it and go on
    ├── WrongUse               2  a command, setting or file that says something it may not
    ├── Refused                3  it would not be safe
    └── NotReachable           4  something needed does not answer or is not there
        ├── PortTaken          4
        └── BrokerFailed       4  the embedded broker ended or did not answer

The number is the exit code of the command that meets it (0 is done). Each says what happened, why, and what to do.
`ENDED` has the codes of a worker that ends itself in the middle of its work: whoever keeps it starts it again.
"""
import signal

ENDED = {
    70: "its group gave its partitions to another worker (it slept, or was cut off)",
    71: "it could not stop in time",
    72: "its ledger could not be written, or another gateway of the account took over",
}


def word_of(exit_code: int) -> str:
    """What a code says of a part that ended with it; empty where its log alone can tell. A negative one is a signal's."""
    if exit_code < 0:
        return f"by {signal.Signals(-exit_code).name}"
    own = {2: "wrong use", 3: "refused for safety", 4: "something needed is not reachable"}
    return own.get(exit_code) or ENDED.get(exit_code, "")


class StreamsError(Exception):
    """`what` happened and why, one sentence; `remedy` is what to do about it, as a command where there is one."""

    exit_code = 1

    def __init__(self, what: str, remedy: str = "") -> None:
        super().__init__(what, remedy)
        self.what = what
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.what}; {self.remedy}" if self.remedy else self.what


class BrokenInvariant(StreamsError):
    """Ours to mend: the process must not go on."""


class Unreadable(StreamsError):
    """`reason` is a word for counting (`KEY_MISSING`), `what` says it to a person."""

    def __init__(self, reason: str, what: str) -> None:
        super().__init__(what)
        self.reason = reason

    def __str__(self) -> str:
        return f"{self.reason}: {self.what}"


class WrongUse(StreamsError):
    exit_code = 2


class Refused(StreamsError):
    exit_code = 3


class NotReachable(StreamsError):
    exit_code = 4


def no_broker(bootstrap: str, said: object) -> NotReachable:
    """`said`: by the client that tried."""
    return NotReachable(f"no Kafka broker answers at {bootstrap}: {said}", "streams kafka up; where STREAMS_KAFKA_BOOTSTRAP is set, mend or unset it")


class PortTaken(NotReachable):
    """Somebody else listens where the broker has to."""


class BrokerFailed(NotReachable):
    """`what` carries the last lines that the broker wrote."""
