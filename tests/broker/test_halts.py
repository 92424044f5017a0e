"""What cannot be done stops the worker, and its event is not committed; what cannot be read does not."""
import json
from pathlib import Path
from typing import Any

import pytest

from tests.broker.harness import CLEAN, Log, audit, numbered, tables, value_of, workers
from tests.broker.worker import Count, Setup


def test_an_agent_that_raises_loses_no_event(setup: Setup, log: Log, tmp_path: Path) -> None:
    mended = tmp_path / "mended"
    events: list[dict[str, Any]] = numbered(10, keys=1)
    events[5]["fails_without"] = str(mended)
    log.write("in.b", *events)
    with workers(setup) as start:
        worker = start()
        assert worker.ended() == 1
        assert "beside the worker: finished" in worker.said()
        assert max(log.committed().values(), default=0) <= 5
        mended.touch()
        start()
        log.until_worked()
    answers = log.answers()
    assert {name: set(texts) for name, texts in answers.items()} == {f"e{number}": {f"{number + 1} home"} for number in range(10)}
    assert audit(log, events)._replace(doubled=0) == CLEAN


def test_an_unreadable_record_is_a_dead_letter_and_the_next_one_is_worked(setup: Setup, log: Log) -> None:
    before, after = numbered(2, keys=1)
    junk = b'{"id": "\xff'
    with workers(setup) as start:
        log.write("in.b", before)
        log.put("in.b", junk, key=before["key"])
        log.put("in.b", None, key=before["key"])
        log.write("in.b", after)
        worker = start()
        log.until_worked()
        assert worker.stopped() == 0
        assert "beside the worker: finished" in worker.said()
    message, empty = sorted(log.read(setup.topic("dead")), key=lambda message: message.offset() or 0)
    place, _, value = value_of(message).partition(b"\n")
    partition = message.partition()
    assert (json.loads(place), value, message.key()) == (["JUNK", setup.topic("in.b"), partition, 1], junk, b"S0USDT")
    assert json.loads(value_of(empty)) == ["JUNK", setup.topic("in.b"), partition, 2]
    assert log.answers() == {"e0": ["1 home"], "e1": ["2 home"]}


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        pytest.param({"to": "nowhere"}, "UnknownTopicOrPartition", id="the output topic does not exist"),
        pytest.param({"large": 1_600_000}, "the limit is 1572864", id="the output is above our own limit"),
        pytest.param({"to": "narrow", "large": 60_000}, "MessageSizeTooLarge", id="the broker refuses it"),
    ],
)
def test_an_output_that_cannot_be_written_halts_and_nothing_is_committed(setup: Setup, log: Log, fault: dict[str, Any], said: str) -> None:
    log.make(setup.topic("narrow"), config={"max.message.bytes": "50000"})
    good, bad, next_one = numbered(3, keys=1)
    log.write("in.b", good, {**bad, **fault}, next_one)
    with workers(setup) as start:
        worker = start()
        assert worker.ended() == 1
    assert said in worker.said()
    assert max(log.committed().values(), default=0) <= 1


def test_an_event_that_comes_again_is_not_worked_again_but_answered_again(setup: Setup, log: Log) -> None:
    """The changelog took the event, its output went nowhere: at the next start the outbox sends what the first turn had made."""
    log.write("in.b", {"id": "e0", "key": "BTCUSDT", "to": "later"})
    with workers(setup) as start:
        assert start().ended() == 1
        held = tables(log)[b"BTCUSDT"]
        assert (held.seq, held.state, [len(outputs) for outputs in held.outbox.values()]) == (1, Count(1), [1])
        log.make(setup.topic("later"))
        log.write("in.b", {"id": "e1", "key": "BTCUSDT"})
        start()
        log.until_worked()
    assert [message.value() for message in log.read(setup.topic("later"))] == [b"e0 1 home"]
    assert log.answers() == {"e1": ["2 home"]}
    assert tables(log)[b"BTCUSDT"].seq == 2
