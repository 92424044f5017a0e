"""kill −9 of each process in turn, with positions open and a request in flight: nothing twice, nothing lost, everything protected again."""
import shutil
from pathlib import Path

import pytest

from streams.paper.faults import Fault, Kind
from streams.paper.instruments import ALL
from streams.runtime.broker import EmbeddedBroker
from tests.chaos.house import House, buy, until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(500)]
SYMBOLS = list(ALL)
HELD = SYMBOLS[:4]
VICTIMS = ("feed", "positions", "risk", "gateway", "broker")


async def test_each_process_is_killed_with_a_request_in_flight(tmp_path: Path, own_broker: EmbeddedBroker) -> None:
    async with House(tmp_path, own_broker) as house:
        house.publish(buy(f"held-{symbol}", symbol) for symbol in HELD)
        await until(lambda: set(house.held()) >= set(HELD) and house.covered(), "four positions are open and covered")
        for victim, symbol in zip(VICTIMS, SYMBOLS[4:], strict=False):
            await _killed_in_flight(house, victim, symbol)
        assert house.twice() == {}
        assert await house.agrees()
        print(f"unprotected for at most {house.unprotected_s():.3f} s")  # noqa: T201


async def _killed_in_flight(house: House, victim: str, symbol: str) -> None:
    """The exchange has done what the gateway still waits for when the victim dies."""
    starts = house.processes.health[victim].starts if victim != "broker" else 0
    hanging = Fault(Kind.HANG, "POST", "order", symbol, "qs-entry", seconds=4)
    house.exchange.faults.armed.append(hanging)
    house.publish([buy(f"flight-{victim}", symbol)])
    try:
        await until(lambda: symbol in house.held(), f"the entry of {symbol} is executed and not answered")
    except AssertionError as failure:
        failure.add_note("\n".join(house.told(f"flight-{victim}")))
        raise
    assert len(house.held()) >= 3
    assert hanging.count == 0
    if victim == "broker":
        house.broker.kill()
        house.broker.start()
    else:
        house.kill(victim)
        if victim == "gateway":
            shutil.rmtree(house.folder / "state" / "gateway-0")      # its state is its topics and the venue
        await until(lambda: house.processes.health[victim].starts > starts and house.processes.health[victim].pid, f"{victim} is started again")
    again = house.exchange.clock()
    await until(lambda: house.works(again), f"feed, positions and risk after {victim}", 90)
    await until(house.agrees, f"books, positions and protection after {victim}", 90)
