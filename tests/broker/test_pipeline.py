"""The pipeline's own workers where the log is read anew from its beginning, and where a clock is wrong: no order more, none other."""
from collections import Counter
from pathlib import Path

import pytest

from streams.agents.turns import Turns
from streams.core.commands import Decided, Enter, Verdict
from streams.core.events import BalanceSeen
from streams.core.symbol import new, step
from streams.core.values import e8
from streams.runtime.broker import EmbeddedBroker
from streams.runtime.records import Record
from streams.settings import load
from streams.wire.log import read
from streams.wire.topics import DECISION_LOG, EXIT_COMMAND, ORDER_COMMAND, ORDER_PROPOSAL
from tests.broker.clock import jumping
from tests.broker.harness import set_back, until
from tests.broker.positions import ACCOUNT, READ, Positions, close, tick
from tests.broker.processes import processes

ORDERS = (ORDER_PROPOSAL.name, ORDER_COMMAND.name, EXIT_COMMAND.name)
BALANCE = BalanceSeen(ACCOUNT, "USDT", e8("10000"), e8("10000"), "RECONCILED")
BEATS = 60                            # of five seconds: what is never quite committed


@pytest.mark.slow
def test_offsets_set_back_to_the_beginning_give_no_order(own_broker: EmbeddedBroker, tmp_path: Path) -> None:
    positions = Positions(own_broker, tmp_path)
    positions.publish(BALANCE)
    worker = [processes(tmp_path, ["streams.cli", "worker", kind], positions.environment) for kind in READ]
    with worker[0] as start_positions, worker[1] as start_risk:
        started = start_positions().until_ready(), start_risk().until_ready()
        positions.opened("AAAUSDT", "BBBUSDT")
        positions.backlog(tick("AAAUSDT", "100") for _ in range(1_000))
        positions.publish(close("BBBUSDT"))
        until(lambda: _entered(positions) == {"AAAUSDT", "BBBUSDT"} and positions.decided([close("BBBUSDT")]), "entries and a close commanded")
        until(lambda: _behind(positions) < BEATS, "both have worked all")
        assert [one.stopped() for one in started] == [0, 0]
        before = _orders(positions)
        for group, topics in READ.items():
            set_back(positions.log.admin, group, topics)
        assert _behind(positions) > 1_000
        start_positions().until_ready()
        start_risk().until_ready()
        until(lambda: _behind(positions) < BEATS, "both have read all of it again")
        after = _orders(positions)
        assert after.keys() == before.keys()
        positions.opened("CCCUSDT")
        until(lambda: "CCCUSDT" in _entered(positions), "what is new is worked")
    print(f"{before.total()} records before, {after.total() - before.total()} again, {len(after.keys() - before.keys())} new")  # noqa: T201


@pytest.mark.parametrize("off_s", [3_600, pytest.param(-3_600, marks=pytest.mark.slow)])
def test_a_clock_that_is_wrong_decides_nothing(own_broker: EmbeddedBroker, tmp_path: Path, off_s: int) -> None:
    """An hour is sixty times the age at which an intent or a price is too old."""
    positions = Positions(own_broker, tmp_path)
    environment, jump = jumping(tmp_path, off_s)
    jump.touch()
    with processes(tmp_path, ["streams.cli", "worker", "positions"], {**positions.environment, **environment}) as start:
        start()
        positions.opened("AAAUSDT")
        positions.publish(close("AAAUSDT"))
        until(lambda: positions.decided([close("AAAUSDT")]), "the close decided")
    told = [record for record in read(positions.bootstrap, [DECISION_LOG.name]) if record.key == b"AAAUSDT"]
    assert [record.value for record in told] == _replayed(positions, [record.message for record in told])
    assert [one.verdict for one in positions.decisions() if one.event == "Intent"] == [Verdict.PROPOSED, Verdict.EXITED]


def _replayed(positions: Positions, order: list[Decided]) -> list[bytes]:
    """What the core decides from the log alone, event by event."""
    turns, state, decisions = Turns("positions", load().decisions, new, step), new("AAAUSDT"), list[bytes]()
    records = {(record.topic, record.partition, record.offset): record for record in read(positions.bootstrap, READ["positions"])}
    for one in order:
        place = one.topic, one.partition, one.offset
        found = records[place]
        state, outputs = turns.work(b"AAAUSDT", state, Record(*place, found.log_time, found.key, found.value, place, found.log_time))
        decisions.append(outputs[-1].value)
    return decisions


def _entered(positions: Positions) -> set[str]:
    commands = (record.message for record in read(positions.bootstrap, [ORDER_COMMAND.name]))
    return {command.symbol for command in commands if isinstance(command, Enter)}


def _orders(positions: Positions) -> Counter[bytes]:
    """Every record that may become an order."""
    return Counter(record.value for record in read(positions.bootstrap, ORDERS))


def _behind(positions: Positions) -> int:
    return sum(positions.behind(topic, group) for group, topics in READ.items() for topic in topics)

