"""Time is an event, and a record is worked where its key lives."""
from streams.wire.topics import PARTITIONS, partition_of
from tests.broker.harness import Log, tables, until, value_of
from tests.broker.processes import workers
from tests.broker.worker import Setup


def test_a_beat_a_second_to_every_partition_that_is_held(setup: Setup, log: Log) -> None:
    with workers(setup) as start:
        worker = start().until_ready()
        until(lambda: log.end(setup.topic("in.a")) >= 2 * PARTITIONS, "two beats a partition")
        assert worker.stopped() == 0
    beats = log.read(setup.topic("in.a"))
    assert {(message.key(), message.value()) for message in beats} == {(None, b"beat")}
    assert {message.partition() for message in beats} == set(range(PARTITIONS))
    for partition in range(PARTITIONS):
        first, second, *_ = sorted(message.timestamp()[1] for message in beats if message.partition() == partition)
        assert 700 < second - first < 1_500


def test_what_is_due_has_its_turn_at_the_next_beat(setup: Setup, log: Log) -> None:
    keys = [f"S{number}USDT" for number in range(30)]
    with workers(setup) as start:
        log.write("in.b", *({"id": f"e-{key}", "key": key, "remind": key != "S7USDT"} for key in keys))
        worker = start().until_ready()
        until(lambda: len(log.answers()) == 30 and sum(map(len, log.answers().values())) == 59, "every due key reminded")
        log.until_worked()
        assert worker.stopped() == 0
    wanted = {f"e-{key}": ["1 home", "reminded 1"] if key != "S7USDT" else ["1 home"] for key in keys}
    assert log.answers() == wanted
    held = tables(log)
    for key in keys:
        partition = partition_of(key.encode())
        beaten = (setup.topic("in.a"), partition) in held[key.encode()].applied
        assert (held[key.encode()].seq, beaten) == ((1, False) if key == "S7USDT" else (2, True))


def test_a_beat_that_comes_again_sends_again_and_steps_nothing(hasty: Setup, log: Log) -> None:
    """The reminder goes to a topic that is made only after the halt: the beat's place is in `applied`, its output in the outbox."""
    log.write("in.b", {"id": "e0", "key": "BTCUSDT", "remind": True, "remind_to": "later"})
    with workers(hasty) as start:
        assert start().ended() == 1
        held = tables(log)[b"BTCUSDT"]
        assert (held.seq, [topic for topic, _, _ in held.outbox]) == (2, [hasty.topic("in.a")])
        log.make(hasty.topic("later"))
        start()
        log.until_worked()
    assert {message.value() for message in log.read(hasty.topic("later"))} == {b"e0 reminded 1"}
    assert tables(log)[b"BTCUSDT"].seq == 2


def test_a_record_in_the_wrong_partition_is_routed_on_once(setup: Setup, log: Log) -> None:
    home = partition_of(b"BTCUSDT")
    wrong = (home + 1) % PARTITIONS
    body = b'{"id": "e0", "key": "BTCUSDT"}'
    log.put("in.b", body, partition=wrong, key=b"another", headers=[("trace", b"7")])
    log.producer.flush()
    with workers(setup) as start:
        worker = start()
        until(lambda: log.end(setup.topic("out")), "the answer")
        log.until_worked()
        assert worker.stopped() == 0
    first, routed = sorted(log.read(setup.topic("in.b")), key=lambda message: message.partition() == home)
    header = f"{wrong} 0 {first.timestamp()[1]}".encode()
    assert (routed.partition(), routed.key(), routed.value()) == (home, b"BTCUSDT", body)
    assert routed.headers() == [("trace", b"7"), ("streams-first", header)]
    assert log.answers() == {"e0": [f"1 {wrong}/0"]}
    (answer,) = log.read(setup.topic("out"))
    assert answer.partition() == home


def test_a_record_that_is_lost_twice_is_a_dead_letter(setup: Setup, log: Log) -> None:
    wrong = (partition_of(b"BTCUSDT") + 1) % PARTITIONS
    body = b'{"id": "e0", "key": "BTCUSDT"}'
    log.put("in.b", body, partition=wrong, headers=[("streams-first", b"3 12 1700000000000")])
    log.producer.flush()
    with workers(setup) as start:
        worker = start()
        log.until_worked()
        assert worker.stopped() == 0
    (letter,) = log.read(setup.topic("dead"))
    assert value_of(letter).startswith(b'["PARTITION_WRONG"')
    assert value_of(letter).endswith(body)
    assert log.answers() == {}
