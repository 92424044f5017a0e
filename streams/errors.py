"""The errors of this project. Each says what happened, and what to do about it.

    StreamsError
    ├── Unreadable         a record that cannot be read: it goes to `dead.letter`, and the worker goes on
    ├── BrokenInvariant    a promise of our own is broken: the worker stops, and nothing more is committed
    ├── NotReachable       something needed does not answer (exit code 4)
    ├── WrongUse           settings or arguments that cannot be meant (exit code 2)
    └── Refused            refused for safety (exit code 3)
"""


class StreamsError(Exception):
    """`what` happened; `remedy` is a command or a sentence, empty where there is none."""

    exit_code = 1

    def __init__(self, what: str, remedy: str = "") -> None:
        super().__init__(f"{what}. Do: {remedy}" if remedy else what)
        self.what, self.remedy = what, remedy


class Unreadable(StreamsError):
    """A record that cannot be read. `reason` is one word for counting, `what` the rest for people."""

    def __init__(self, reason: str, what: str) -> None:
        super().__init__(f"{reason}: {what}")
        self.reason = reason


class BrokenInvariant(StreamsError):
    pass


class NotReachable(StreamsError):
    exit_code = 4


class WrongUse(StreamsError):
    exit_code = 2


class Refused(StreamsError):
    exit_code = 3
