"""The real workers under faults, deaths and late news, and the auditor over what they wrote: it finds no fault where there is none."""
import asyncio

import pytest

from streams.audit.auditor import Auditor, against_venue, replay
from streams.wire.codec import decode
from streams.wire.log import Record
from streams.wire.topics import ORDER_FILL, ORDER_LEDGER, ORDER_STATUS, POSITION_UPDATE
from tests.simulation.loop import virtual
from tests.simulation.run import Run
from tests.simulation.script import SYMBOLS, drawn
from tests.simulation.world import World

SKEW_MS = 5                           # the clocks of gateway and exchange, and what is told after it was done
DOUBT_MS = 4_000                      # a guard that stood, and whose answer was lost, is asked for; a gateway that dies meanwhile, its successor asks
READ = (POSITION_UPDATE.name, ORDER_FILL.name, ORDER_LEDGER.name, ORDER_STATUS.name)


def records(world: World) -> list[Record]:
    found = [
        Record(topic, partition, kept.offset, kept.timestamp, kept.key, decode(topic, kept.value), kept.value)
        for topic, partition in world.log.records if topic in READ for kept in world.log.read((topic, partition), 0) if kept.value
    ]
    return sorted(found, key=lambda record: (record.log_time, record.topic, record.partition, record.offset))


@pytest.mark.parametrize("seed", range(6))
def test_the_workers_books_are_whole_whatever_happens_to_them(seed: int) -> None:
    script, auditor = drawn(seed), Auditor(0)
    with virtual() as loop:
        world = World(
            loop, seed, SYMBOLS, settings=script.settings, last_doors=script.last_doors, pause_s=script.pause_s, skews_ms=script.skews_ms,
        )
        world.restart_s = script.restart_s
        with world.inside():
            loop.run_until_complete(asyncio.ensure_future(Run(world, script).play(), loop=loop))
        for record in records(world):
            auditor.take(record)
        auditor.judge(max(record.log_time for record in records(world)))
        seen = world.exchange.record.told(world.exchange.clock())
    assert auditor.report().faults == []                                                 # a trade that is learned of late is no fault
    assert against_venue(auditor, "main", {}) == []                                      # every run ends flat
    assert auditor.coverage.gaps() == []
    spans = {symbol: max((one.ms for one in replay(records(world)).bare if one.symbol == symbol), default=0) for symbol in SYMBOLS}
    least = {symbol: int(1_000 * seen["unprotected_seconds"].get(symbol, 0)) for symbol in SYMBOLS}
    assert all(spans[symbol] >= least[symbol] - SKEW_MS for symbol in SYMBOLS)
    assert all(spans[symbol] <= least[symbol] + DOUBT_MS for symbol in SYMBOLS)
