"""A tiny worker on the real runtime: `python -m tests.broker.worker '<Setup as JSON>'`. It counts the events of each key and answers every one.

An event is a JSON object: `{"id": …, "key": …}` and, where it should do something else, one of the other fields.
"""
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec

from streams.errors import Unreadable
from streams.runtime import logs
from streams.runtime.faust import make_app
from streams.runtime.flow import KeyedFlow
from streams.runtime.records import Output, Record
from streams.runtime.run import run

BEAT = b"beat"


class Setup(msgspec.Struct, frozen=True):
    bootstrap: str
    run: str                              # ends the name of every topic and group of this test
    state_dir: str
    session_timeout_s: float = 6.0
    produce_timeout_s: float = 30.0
    grace_s: float = 20.0
    instance_id: str | None = None

    @property
    def group(self) -> str:
        return f"counter-{self.run}"

    def topic(self, name: str) -> str:
        return f"{name}-{self.run}"


class Event(msgspec.Struct, frozen=True):
    id: str
    key: str
    fails_without: str = ""               # a path: raises for as long as it is missing
    freezes: str = ""                     # a path: where it is missing, the process makes it and stops itself in the midst of the turn
    large: int = 0                        # bytes of an answer
    to: str = "out"                       # where the answer goes
    remind: bool = False                  # answer at the next beat too
    remind_to: str = "out"


class Count(msgspec.Struct, frozen=True):
    total: int
    reminders: tuple[tuple[str, str], ...] = ()      # id, topic


class Rules:
    """The pure part, bound to the names of one test's topics."""

    def __init__(self, setup: Setup) -> None:
        self.setup = setup

    def place(self, record: Record) -> bytes | None:
        if record.value == BEAT:
            return None
        return _event(record).key.encode()

    def due(self, count: Count, log_time: int) -> bool:
        return log_time > 0 and bool(count.reminders)

    def bury(self, record: Record, error: Unreadable) -> Output:
        return Output(self.setup.topic("dead"), record.key, json.dumps([error.reason, *record.place]).encode() + b"\n" + (record.value or b""))

    def work(self, key: bytes, count: Count | None, record: Record) -> tuple[Count, list[Output]]:
        count = count or Count(0)
        if record.value == BEAT:
            answers = [Output(self.setup.topic(to), key, f"{name} reminded {count.total}".encode()) for name, to in count.reminders]
            return Count(count.total), answers
        event = _event(record)
        if event.fails_without and not Path(event.fails_without).exists():
            raise RuntimeError(f"told to fail at {event.id}")
        if event.freezes and not Path(event.freezes).exists():
            Path(event.freezes).touch()
            os.kill(os.getpid(), signal.SIGSTOP)
        total = count.total + 1
        reminders = (*count.reminders, (event.id, event.remind_to)) if event.remind else count.reminders
        place = f"{record.first[1]}/{record.first[2]}" if record.routed else "home"
        answer = Output(self.setup.topic(event.to), key, f"{event.id} {total} {place}".encode().ljust(event.large))
        return Count(total, reminders), [answer]


def _event(record: Record) -> Event:
    try:
        return msgspec.json.decode(record.value or b"", type=Event)
    except msgspec.DecodeError as error:
        raise Unreadable("JUNK", str(error)) from None


@asynccontextmanager
async def beside() -> AsyncIterator[None]:
    """What a gateway's sagas are: alive before the first record is read, and still after the last."""
    say = logs.get("beside")
    say.info("beside the worker: begun")
    yield
    say.info("beside the worker: finished")


def main(setup: Setup) -> int:
    logs.configure("console")
    rules = Rules(setup)
    app = make_app(
        setup.group,
        bootstrap=setup.bootstrap,
        state_dir=Path(setup.state_dir),
        instance_id=setup.instance_id,
        session_timeout_s=setup.session_timeout_s,
        produce_timeout_s=setup.produce_timeout_s,
    )
    flow = KeyedFlow(app, "counts", Count, rules.work, rules.bury, place=rules.place, due=rules.due, beat_topic=setup.topic("in.a"))
    flow.read(setup.topic("in.a"), setup.topic("in.b"))
    flow.beat(lambda: BEAT)
    return run(app, around=beside(), grace_s=setup.grace_s)


if __name__ == "__main__":
    sys.exit(main(msgspec.json.decode(sys.argv[1], type=Setup)))
