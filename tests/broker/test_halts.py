"""What cannot be done stops the worker, and its event is not committed; what cannot be read does not."""
import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from confluent_kafka import Producer

from streams.wire.topics import record_max
from tests.broker.harness import CLEAN, Log, audit, numbered, tables, until, value_of
from tests.broker.processes import workers
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
        pytest.param({"large": 1_600_000}, f"the limit is {record_max('out')}", id="the output is above our own limit"),
        pytest.param({"to": "narrow", "large": 60_000}, "MessageSizeTooLarge", id="the broker refuses it"),
    ],
)
def test_an_output_that_cannot_be_written_halts_and_nothing_is_committed(hasty: Setup, log: Log, fault: dict[str, Any], said: str) -> None:
    log.make(hasty.topic("narrow"), config={"max.message.bytes": "50000"})
    good, bad, next_one = numbered(3, keys=1)
    log.write("in.b", good, {**bad, **fault}, next_one)
    with workers(hasty) as start:
        worker = start()
        assert worker.ended() == 1
    assert said in worker.said()
    assert max(log.committed().values(), default=0) <= 1


def test_the_outbox_holds_every_event_that_is_not_confirmed(setup: Setup, log: Log) -> None:
    """The broker refuses the first event's output; by then the changelog has taken later events too."""
    narrow = setup.topic("narrow")
    log.make(narrow, config={"max.message.bytes": "50000"})
    first, *later = numbered(6, keys=1)
    log.write("in.b", {**first, "to": "narrow", "large": 60_000}, *later)
    with workers(setup) as start:
        assert start().ended() == 1
        assert tables(log)[b"S0USDT"].seq > 1
        log.widen(narrow)
        start()
        log.until_worked()
    assert [value_of(message).split()[0] for message in log.read(narrow)] == [b"e0"]
    assert {name: set(texts) for name, texts in log.answers().items()} == {f"e{number}": {f"{number + 1} home"} for number in range(1, 6)}


def test_a_low_rank_is_ignored_wherever_it_lies_in_the_changelog(setup: Setup, log: Log) -> None:
    log.write("in.b", *numbered(3, keys=1))
    with workers(setup) as start:
        worker = start()
        log.until_worked()
        assert worker.stopped() == 0
        held = tables(log)[b"S0USDT"]
        stale = msgspec.structs.replace(held, epoch=held.epoch - 1, seq=held.seq + 5, state=Count(99))
        log.producer.produce(log.changelog, msgspec.msgpack.encode(stale), key=b"S0USDT")
        log.producer.flush()
        log.write("in.b", *numbered(1, keys=1, first=3))
        start()
        log.until_worked()
    assert log.answers()["e3"] == ["4 home"]


def test_a_changelog_that_cannot_be_read_halts_before_anything_is_worked(setup: Setup, log: Log) -> None:
    log.producer.produce(log.changelog, b"not a state", key=b"S0USDT")
    log.producer.flush()
    log.write("in.b", *numbered(1, keys=1))
    with workers(setup) as start:
        worker = start()
        assert worker.ended() == 1
    assert f"a record of {log.changelog} is no state of ours" in worker.said()
    assert (log.answers(), log.committed()) == ({}, {})


def test_what_a_transaction_took_back_is_never_seen(setup: Setup, log: Log) -> None:
    writer = Producer({"bootstrap.servers": setup.bootstrap, "transactional.id": setup.run, "partitioner": "murmur2_random"})
    writer.init_transactions()
    for name, end in (("taken back", writer.abort_transaction), ("kept", writer.commit_transaction)):
        writer.begin_transaction()
        writer.produce(setup.topic("in.b"), msgspec.json.encode({"id": name.replace(" ", "-"), "key": "BTCUSDT"}), key="BTCUSDT")
        writer.flush()
        end()
    with workers(setup) as start:
        start()
        until(log.answered, "the answer")
        log.write("in.b", {"id": "after", "key": "BTCUSDT"})
        log.until_worked()
    assert log.answers() == {"kept": ["1 home"], "after": ["2 home"]}


def test_an_event_that_comes_again_is_not_worked_again_but_answered_again(hasty: Setup, log: Log) -> None:
    """The changelog took the event, its output went nowhere: at the next start the outbox sends what the first turn had made."""
    log.write("in.b", {"id": "e0", "key": "BTCUSDT", "to": "later"})
    with workers(hasty) as start:
        assert start().ended() == 1
        held = tables(log)[b"BTCUSDT"]
        assert (held.seq, held.state, [len(outputs) for outputs in held.outbox.values()]) == (1, Count(1), [1])
        log.make(hasty.topic("later"))
        log.write("in.b", {"id": "e1", "key": "BTCUSDT"})
        start()
        log.until_worked()
    assert [message.value() for message in log.read(hasty.topic("later"))] == [b"e0 1 home"]
    assert log.answers() == {"e1": ["2 home"]}
    assert tables(log)[b"BTCUSDT"].seq == 2
