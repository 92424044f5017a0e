"""The real workers under faults, deaths and late news, and the auditor over what they wrote: it finds no fault where there is none."""
import asyncio
from random import Random

import msgspec
import pytest

from streams.audit.auditor import Auditor, against_venue, replay
from streams.audit.rules import Kind
from streams.wire.codec import decode
from streams.wire.log import Record
from streams.wire.topics import ORDER_FILL, ORDER_LEDGER, ORDER_STATUS, POSITION_UPDATE
from tests.simulation.loop import virtual
from tests.simulation.run import Run
from tests.simulation.script import ACTS_S, SYMBOLS, Act, Break, Script, drawn
from tests.simulation.world import World

SKEW_MS = 5                           # the clocks of gateway and exchange, and what is told after it was done
DOUBT_MS = 6_000                      # a guard that stood, and whose answer was lost, is asked for; a gateway that dies meanwhile, its successor asks
LOSSY = (134, 167, 168)               # in each a later fill of the same position comes first
READ = (POSITION_UPDATE.name, ORDER_FILL.name, ORDER_LEDGER.name, ORDER_STATUS.name)


def records(world: World) -> list[Record]:
    found = [
        Record(topic, partition, kept.offset, kept.timestamp, kept.key, decode(topic, kept.value), kept.value)
        for topic, partition in world.log.records if topic in READ for kept in world.log.read((topic, partition), 0) if kept.value
    ]
    return sorted(found, key=lambda record: (record.log_time, record.topic, record.partition, record.offset))


def played(seed: int, script: Script) -> tuple[list[Record], dict[str, float]]:
    """Everything that the run wrote, and by symbol for how many seconds at most the exchange saw a position without a stop."""
    with virtual() as loop:
        world = World(
            loop, seed, SYMBOLS, settings=script.settings, last_doors=script.last_doors, pause_s=script.pause_s, skews_ms=script.skews_ms,
        )
        world.restart_s = script.restart_s
        with world.inside():
            loop.run_until_complete(asyncio.ensure_future(Run(world, script).play(), loop=loop))
            return records(world), world.exchange.record.told(world.exchange.clock())["unprotected_seconds"]


@pytest.mark.parametrize("seed", range(6))
def test_the_workers_books_are_whole_whatever_happens_to_them(seed: int) -> None:
    written, least = played(seed, drawn(seed))
    auditor = Auditor(0)
    for record in written:
        auditor.take(record)
    auditor.judge(max(record.log_time for record in written))
    assert auditor.report().faults == []
    assert against_venue(auditor, "main", {}) == []                                      # every run ends flat
    assert auditor.coverage.gaps() == []
    longest = {symbol: max((one.ms for one in replay(written).bare if one.symbol == symbol), default=0) for symbol in SYMBOLS}
    seen = {symbol: int(1_000 * least.get(symbol, 0)) for symbol in SYMBOLS}
    assert [symbol for symbol in SYMBOLS if not seen[symbol] - SKEW_MS <= longest[symbol] <= seen[symbol] + DOUBT_MS] == []


def lossy(seed: int) -> Script:
    """Beside all else, what the user stream tells is lost or comes out of order again and again."""
    script, dice = drawn(seed), Random(seed)  # noqa: S311  (a drill, no secret)
    kinds = [{"kind": dice.choice(("mute", "reorder")), "count": 1} for _ in range(30)]
    acts = [*script.acts, *(Act(dice.uniform(0.5, ACTS_S), Break(kind)) for kind in kinds)]
    return msgspec.structs.replace(script, acts=tuple(sorted(acts, key=lambda act: act.at)))


def test_what_a_stream_loses_is_booked_late_and_that_is_no_fault() -> None:
    told = [replay(played(seed, lossy(seed))[0]) for seed in LOSSY]
    assert [fault for one in told for fault in one.report.faults] == []
    assert {one.kind for run in told for one in run.report.findings} == {Kind.LATE}
