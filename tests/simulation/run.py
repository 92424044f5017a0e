"""One seed, one run: what `script` draws happens to a world, then it is left alone, looked at, closed, and looked at again."""
import asyncio
import hashlib

import msgspec

from streams.core.events import Intent
from streams.core.ledger import EntryRecord
from streams.core.values import PPM
from streams.core.words import Action
from streams.paper.instruments import ALL
from streams.wire.topics import ORDER_LEDGER
from tests.simulation import rules
from tests.simulation.loop import virtual
from tests.simulation.script import SYMBOLS, Break, Kill, Meddle, Price, Publish, Script, drawn
from tests.simulation.venue import KEY
from tests.simulation.world import World

QUIET_S, CLOSED_S = 80.0, 80.0
EXPLAINED_S = 70.0                    # the next reconciliation at the latest
BROKERS, APART_S = 3, (0.001, 0.3)    # of every second seed: its partitions have their leaders on several, some of which are slow
STEADY_S = 1.5                        # nothing may change for so long before it is looked at


class Result(msgspec.Struct, frozen=True):
    seed: int
    wrong: tuple[str, ...]
    digest: str                       # of the whole log: equal runs, equal digests
    orders: int
    trades: int
    deaths: int
    faults: int
    told: tuple[str, ...] = ()        # the script and the end of the logs, of a run that went wrong


class Run:
    def __init__(self, world: World, script: Script) -> None:
        self.world, self.script = world, script
        self.wrong: list[str] = []
        self._prices = {symbol: ALL[symbol].price for symbol in SYMBOLS}

    async def play(self) -> None:
        world, script = self.world, self.script
        for symbol in SYMBOLS:
            self._price(Price(symbol, 0))
        for name in ("gateway", "positions", "risk"):
            world.start(name, last_step=script.last_steps.get(name, 0))
        ticking = asyncio.create_task(self._tick())
        for act in script.acts:
            await asyncio.sleep(max(act.at - world.loop.now, 0))
            self._do(act.what)
        world.doors.last = frozenset()
        world.exchange.faults.armed.clear()
        if not await self._quiet(QUIET_S):
            self.wrong.append("it did not come to rest")
        self.wrong += rules.broken(world, script)
        for symbol in SYMBOLS:
            world.publish(Intent(f"end {symbol}", symbol, Action.CLOSE))
        await world.until(lambda: not world.held and not world.resting, CLOSED_S)
        await self._quiet(CLOSED_S)
        await world.until(lambda: not any(rules.wallets_are_explained(world, script)), EXPLAINED_S)
        self.wrong += rules.broken(world, script, *rules.LAST)
        ticking.cancel()

    def _do(self, what: Price | Publish | Break | Kill | Meddle) -> None:
        world = self.world
        match what:
            case Price():
                self._price(what)
            case Publish():
                world.publish(what.intent, partition=what.partition)
            case Break():
                world.fault(what.fault)
            case Meddle():
                world.cancel(what.leg)
            case Kill():
                world.restart_s = what.restart_s
                world.restarts_s.append(what.restart_s)
                world.alive(what.worker).kill()

    def _price(self, price: Price) -> None:
        tick = ALL[price.symbol].tick
        moved = self._prices[price.symbol] * (PPM + price.change_ppm) // PPM
        self._prices[price.symbol] = moved - moved % tick
        self.world.price(price.symbol, self._prices[price.symbol])

    async def _tick(self) -> None:
        """The market goes on when the script is over, without a move."""
        while True:
            await asyncio.sleep(1.0)
            for symbol in SYMBOLS:
                self._price(Price(symbol, 0))

    async def _quiet(self, seconds: float) -> bool:
        """Everybody is there, every entry is over, the three books agree, and it stays so for a while."""
        world, since = self.world, self.world.loop.now
        deadline = since + seconds
        while world.loop.now < deadline:
            await asyncio.sleep(0.25)
            if not self._at_rest():
                since = world.loop.now
            if world.loop.now - since >= STEADY_S:
                return True
        return False

    def _at_rest(self) -> bool:
        world = self.world
        if not all(lives[-1].alive for lives in world.lives.values()) or world.ready is not world.alive("gateway") or world.bare:
            return False
        entries = {record.key: record for record in world.log.messages(ORDER_LEDGER.name) if isinstance(record, EntryRecord)}
        working = {order.client_id for order in world.engine.accounts[KEY].working()}
        over = all(record.over or record.entry_id in working for record in entries.values())
        return over and world.booked == world.held == rules.positions_hold(world)


def simulated(seed: int) -> Result:
    script = drawn(seed)
    with virtual() as loop:
        world = World(
            loop, seed, SYMBOLS, settings=script.settings, last_doors=script.last_doors, pause_s=script.pause_s, skews_ms=script.skews_ms,
            sends_s=APART_S if seed % 2 else script.sends_s, leaders=BROKERS if seed % 2 else 1,
        )
        world.restart_s = script.restart_s
        run = Run(world, script)
        with world.inside():
            loop.run_until_complete(loop.create_task(run.play()))
        wrong = tuple(dict.fromkeys(run.wrong))
        deaths = sum(len(lives) - 1 for lives in world.lives.values())
        return Result(
            seed, wrong, digest(world), sum(world.exchange.record.created.values()), len(world.engine.accounts[KEY].trades), deaths,
            world.faults_armed, (*script.told(), *world.said) if wrong else (),
        )


def digest(world: World) -> str:
    whole = hashlib.blake2b(digest_size=8)
    for place, records in sorted(world.log.records.items()):
        for record in records:
            whole.update(repr((place, record.timestamp, record.key, record.value, record.state)).encode())
    return whole.hexdigest()
