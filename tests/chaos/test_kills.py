"""kill −9 of each process in turn, with positions open and a request in flight: nothing twice, nothing lost, everything protected again."""
import asyncio
import shutil
from functools import partial
from pathlib import Path

import msgspec
import pytest

from streams.paper.instruments import ALL
from streams.runtime.broker import EmbeddedBroker
from tests.chaos.house import AtExchange, House, buy, close, until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(500)]
SYMBOLS = list(ALL)
HELD, FLIGHTS = SYMBOLS[:3], SYMBOLS[3:]
HANG_S, ATTEMPTS = 8, 5


class Kill(msgspec.Struct, frozen=True):
    """Whom it hits while the exchange has done what the gateway still waits for."""

    victim: str
    forgets: bool = False             # its state folder is gone with it
    bare: bool = False                # the guard is not there yet

    @property
    def intent_id(self) -> str:
        return f"flight-{self.victim}-{self.forgets}-{self.bare}"


KILLS = (
    Kill("feed"), Kill("positions"), Kill("risk"), Kill("gateway"), Kill("gateway", forgets=True), Kill("gateway", forgets=True, bare=True),
    Kill("broker"),
)


async def test_each_process_is_killed_with_a_request_in_flight(tmp_path: Path, own_broker: EmbeddedBroker) -> None:
    async with House(tmp_path, own_broker) as house:
        house.publish(buy(f"held-{symbol}", symbol) for symbol in HELD)
        await until(lambda: _stands(house, HELD), "three positions are open and covered")
        for kill, symbol in zip(KILLS, FLIGHTS, strict=True):
            await _struck(house, kill, symbol)
        seen = await house.look()
        assert set(seen.held) >= set(HELD)
        house.publish(close(f"close-{symbol}", symbol) for symbol in SYMBOLS)
        await until(lambda: _is_empty(house), "everything is closed, and no stop outlives its position", 90)
        assert (await house.look()).twice == {}
        print(f"unprotected for at most {seen.unprotected_s:.3f} s, {len(seen.created)} orders")  # noqa: T201


async def _struck(house: House, kill: Kill, symbol: str) -> None:
    """Dead with the request in flight, back again, and everything in order."""
    before = house.pid(kill.victim) if kill.victim != "broker" else 0
    await house.arm(kind="hang", method="POST", path="order", symbol=symbol, client_id="qs-entry", seconds=HANG_S)
    if kill.bare:
        await house.arm(kind="drop", method="POST", path="algoOrder", symbol=symbol, count=1_000)
    await _enter(house, kill, symbol)
    await _dies(house, kill)
    _was_in_flight(await house.look(), kill, symbol)
    await house.disarm()
    if kill.victim == "broker":
        await asyncio.to_thread(house.broker.start)
    else:
        await until(lambda: house.pid(kill.victim) not in (0, before), f"{kill.victim} is started again")
    again = (await house.look()).now
    await until(lambda: house.works(again), f"everybody works after {kill}", 90)
    await until(house.agrees, f"books, positions and protection after {kill}", 90)


async def _enter(house: House, kill: Kill, symbol: str) -> None:
    """A gateway that came back under another name is given its partitions late, and what waited for it may have expired: it is asked again."""
    for attempt in range(ATTEMPTS):
        intent_id = f"{kill.intent_id}-{attempt}"
        house.publish([buy(intent_id, symbol)])
        try:
            await until(partial(_holds_or_ended, house, symbol, intent_id), f"the entry of {symbol} is executed and not answered")
        except AssertionError as failure:
            failure.add_note("\n".join(house.told(intent_id)))
            raise
        if symbol in (await house.look()).held:
            return
    raise AssertionError(f"no entry of {symbol} was executed in {ATTEMPTS} attempts")


async def _dies(house: House, kill: Kill) -> None:
    if kill.victim == "broker":
        await asyncio.to_thread(house.broker.kill)
        return
    house.kill(kill.victim)
    if kill.forgets:
        shutil.rmtree(house.folder / "state" / f"{kill.victim}-0")      # its memory is its topics and the venue


def _was_in_flight(seen: AtExchange, kill: Kill, symbol: str) -> None:
    """Or the test shows less than it says."""
    asked = seen.arrived(symbol, "qs-entry")
    assert len(asked) == 1
    assert seen.now - asked[0] < HANG_S * 1_000
    assert len(seen.held) >= 3 and symbol in seen.held
    assert not kill.bare or symbol in seen.bare


async def _stands(house: House, symbols: list[str]) -> bool:
    seen = await house.look()
    return set(seen.held) >= set(symbols) and not seen.bare


async def _holds_or_ended(house: House, symbol: str, intent_id: str) -> bool:
    return house.ended(intent_id) or symbol in (await house.look()).held


async def _is_empty(house: House) -> bool:
    seen = await house.look()
    return not seen.held and not seen.resting and not await asyncio.to_thread(house.booked)
