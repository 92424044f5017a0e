"""What the app alone holds, for agents without the order of work (the gateway's is one), and what Faust's own app does in the same place."""
from functools import partial
from pathlib import Path

import msgspec
import pytest
from confluent_kafka import TopicPartition

from streams.wire.topics import partition_of
from tests.broker.harness import Log, numbered, until
from tests.broker.plain import Plain
from tests.broker.processes import workers
from tests.broker.worker import Setup

PLAIN = "tests.broker.plain"


def test_an_agent_that_raises_stops_the_worker_before_its_event_is_committed(setup: Setup, log: Log, tmp_path: Path) -> None:
    plain, mended = _plain(setup), tmp_path / "mended"
    events = numbered(10, keys=1)
    events[5]["fails_without"] = str(mended)
    log.write("in.b", *events)
    with workers(plain, PLAIN) as start:
        assert start().ended() == 1
        assert max(log.committed().values(), default=0) <= 5
        mended.touch()
        start()
        log.until_worked()
    assert set(log.answers()) == {event["id"] for event in events}


@pytest.mark.slow
def test_stock_faust_skips_the_event_and_commits_it(setup: Setup, log: Log, tmp_path: Path) -> None:
    """Why the hardening exists. Should this fail one day, Faust has changed: look which of its subclasses are still needed."""
    plain = _plain(setup, hardened=False)
    events = numbered(10, keys=1)
    events[5]["fails_without"] = str(tmp_path / "never")
    log.write("in.b", *events)
    with workers(plain, PLAIN) as start:
        start()
        log.until_worked()
    assert set(log.answers()) == {event["id"] for event in events} - {"e5"}


@pytest.mark.parametrize("at_work", [0, 3])
def test_what_is_acknowledged_out_of_order_is_not_committed_past_the_one_at_work(setup: Setup, log: Log, tmp_path: Path, at_work: int) -> None:
    """A second partition shows that commits have had their chance to go too far."""
    plain, done = _plain(setup, held=True), tmp_path / "done"
    events = numbered(10, keys=1)
    events[at_work]["fails_without"] = str(done)
    elsewhere = [{"id": f"other{number}", "key": "ETHUSDT"} for number in range(2)]
    here, there = (TopicPartition(setup.topic("in.b"), partition_of(key)) for key in (b"S0USDT", b"ETHUSDT"))
    assert here != there
    log.write("in.b", *events)
    with workers(plain, PLAIN) as start:
        worker = start()
        until(lambda: log.answered() == 9, "all answered but one")
        for number, event in enumerate(elsewhere):
            log.write("in.b", event)
            until(partial(log.committed_to, there, number + 1), "a commit after that")
        assert log.committed().get(here, 0) == at_work
        assert worker.killed() < 0
        done.touch()
        start()
        log.until_worked()
    assert set(log.answers()) == {event["id"] for event in (*events, *elsewhere)}


def _plain(setup: Setup, *, hardened: bool = True, held: bool = False) -> Plain:
    return Plain(**msgspec.structs.asdict(setup), hardened=hardened, held=held)
