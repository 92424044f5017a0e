"""What a state needed to know nothing of comes never again once a later event was worked, though it left no record of its own."""
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

from streams.runtime.flow import KeyedFlow
from streams.runtime.records import Output, Record, Stored

KEY, QUIET, LOUD = b"k", "in.quiet", "in.loud"


class Flow:
    """The flow's own rule on one key, with nothing of Faust but what that asks for."""

    def __init__(self) -> None:
        app: Any = SimpleNamespace(
            Table=lambda name, **_: SimpleNamespace(name=name), consumer_generation_id=1, reader=SimpleNamespace(settled=lambda *_: True),
        )
        self.flow, self.held, self.worked = KeyedFlow[int](app, "counts", int, self.work, self.bury), Stored[int](), []

    worked: list[tuple[str, int]]

    def work(self, _key: bytes, state: int | None, record: Record) -> tuple[int, Sequence[Output]] | None:
        self.worked.append((record.topic, record.offset))
        return None if record.topic == QUIET else ((state or 0) + 1, ())

    def bury(self, record: Record, error: Exception) -> Output:
        raise AssertionError(f"{record} can be read: {error}")

    def sees(self, topic: str, offset: int) -> None:
        stored = self.flow._worked(KEY, self.held, Record(topic, 0, offset, 0, KEY, b"", (topic, 0, offset), 0))
        self.held = self.held if stored is None else stored


def test_the_next_state_knows_what_was_left_out_before_it() -> None:
    flow = Flow()
    for topic, offset in ((QUIET, 4), (QUIET, 5), (LOUD, 0), (QUIET, 4), (QUIET, 5), (QUIET, 6)):
        flow.sees(topic, offset)
    assert (flow.held.state, flow.held.applied) == (1, {(QUIET, 0): 5, (LOUD, 0): 0})
    assert flow.worked == [(QUIET, 4), (QUIET, 5), (LOUD, 0), (QUIET, 6)]


def test_what_another_worker_has_worked_since_counts_more() -> None:
    flow = Flow()
    flow.sees(QUIET, 4)
    flow.held = Stored(2, 9, {(QUIET, 0): 7}, {}, 3)
    flow.sees(LOUD, 0)
    assert (flow.held.state, flow.held.applied) == (4, {(QUIET, 0): 7, (LOUD, 0): 0})
