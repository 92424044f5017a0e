"""One walk of a position through a gateway that is killed at one of its doors.

In, guarded, a stop replaced, a rung of a ladder filled, a part sold, out. The commands are those that positions and risk would write. After the
kill everything that was ever commanded is delivered again, each record twice, to the gateway that comes up; the walk goes on where it stood.
"""
import asyncio
import itertools
from collections.abc import Callable
from typing import Any, Protocol

import msgspec

from streams.core.commands import Close, Enter, Plan, PlanStep, Step
from streams.core.entry import Cover
from streams.core.events import EntryReported, PlanReported
from streams.core.ids import client_order_id
from streams.core.ledger import EntryRecord
from streams.core.values import Side, e8
from streams.core.words import EntryState, Exit, OrderType
from streams.paper.matching import Exchange
from streams.paper.server import PaperExchange
from streams.wire.topics import EXIT_COMMAND, INSTRUMENT, ORDER_COMMAND, ORDER_FILL, ORDER_LEDGER, ORDER_STATUS
from tests.simulation.loop import virtual
from tests.simulation.venue import KEY, told
from tests.simulation.world import World

SYMBOL, INTENT = "BTCUSDT", "i1"
QUANTITY, RUNG, PART = e8("0.01"), e8("0.004"), e8("0.002")
STEP_S, PART_S, END_S, AFTER_S, SETTLE_S = 20.0, 5.0, 40.0, 3.0, 0.2
WHOLE, PARTLESS, UNSENT = "walked to its end", "so too, the part not sold", "never sent"
LIVES_MS = 2_000                      # of an entry's command, as risk gives it
RESTART_S = 1.0


class Ground(Protocol):
    """What a walk needs beneath it: a simulated world, or real processes."""

    account: str
    exchange: PaperExchange
    engine: Exchange
    doors: Any
    lives: Any
    loop: Any
    log: Any
    said: Any

    @property
    def held(self) -> dict[str, int]: ...
    @property
    def booked(self) -> dict[str, int]: ...
    @property
    def resting(self) -> list[str]: ...
    @property
    def bare(self) -> list[str]: ...
    def start(self, name: str, /) -> object: ...
    def price(self, symbol: str, bid: int, /) -> None: ...
    def publish(self, message: Any, /) -> None: ...  # noqa: ANN401
    async def until(self, holds: Callable[[], bool], seconds: float) -> bool: ...
    def unprotected_s(self) -> float: ...
    def flips(self) -> list[str]: ...


class Outcome(msgspec.Struct, frozen=True):
    """What a walk came to. `wrong` is empty, or the walk has shown a defect."""

    doors: tuple[tuple[str, str], ...]   # passed over all lives: the part of the walk, and what the door is
    reached: str
    wrong: tuple[str, ...]
    unprotected_s: float
    doubled: dict[str, int]           # client ids that were made more than once
    said: tuple[str, ...]             # for the person who looks


class Walk:
    def __init__(self, world: Ground) -> None:
        self.world = world
        self.reached = UNSENT
        self.plans = 0
        self._parts: list[tuple[str, int]] = []

    async def run(self) -> None:
        world = self.world
        self._begins("start")
        world.price(SYMBOL, e8("60000"))
        world.start("gateway")
        await world.until(lambda: bool(world.log.messages(INSTRUMENT.name)), STEP_S)
        await asyncio.sleep(SETTLE_S)
        self._begins("entry and guard")
        self._enter()
        await world.until(self._entry_over, STEP_S)
        if world.held:
            await self._manage()
        await self._leave()

    async def _manage(self) -> None:
        world, stop, rung = self.world, self._id("stop", 0), self._id("rung1", 0)
        self.reached = "entered"
        self._begins("stop and rung placed")
        await self._plan(PlanStep(Step.PLACE_STOP, stop, QUANTITY, e8("59500")), PlanStep(Step.PLACE_TARGET, rung, RUNG, e8("61000")))
        self._begins("stop replaced")
        await self._plan(PlanStep(Step.PLACE_STOP, self._id("stop", 1), QUANTITY, e8("59700")), PlanStep(Step.CANCEL, stop))
        self._begins("rung filled")
        world.price(SYMBOL, e8("61000"))
        if await world.until(lambda: world.booked.get(SYMBOL) == QUANTITY - RUNG, STEP_S):
            self.reached = PARTLESS
        self._begins("part sold")
        await self._plan(PlanStep(Step.REDUCE, self._id("exit", 0), PART))
        if await world.until(lambda: world.booked.get(SYMBOL) == QUANTITY - RUNG - PART, PART_S):
            self.reached = WHOLE
        self._begins("stop for what is left")
        left = world.held.get(SYMBOL, 0)
        await self._plan(PlanStep(Step.PLACE_STOP, self._id("stop", 2), left, e8("59700")), PlanStep(Step.CANCEL, self._id("stop", 1)))

    async def _leave(self) -> None:
        self._begins("close")
        position = self._position()
        name = client_order_id(self.world.account, SYMBOL, position or INTENT, "exit", 1)
        self.world.publish(Close(self.world.account, SYMBOL, position, self.plans, (INTENT,), name, Exit.CLOSE, self.world.log.now()))
        await self.world.until(lambda: not self.world.held and not self.world.resting and not self.world.booked, END_S)
        await asyncio.sleep(AFTER_S)                     # for what should have happened no more

    def _begins(self, part: str) -> None:
        self._parts.append((part, len(self.world.doors.labels)))

    def doors(self) -> tuple[tuple[str, str], ...]:
        labels, found = self.world.doors.labels, []
        for (part, first), (_, end) in itertools.pairwise([*self._parts, ("", len(labels))]):
            found += [(part, label) for label in labels[first:end]]
        return tuple(found)

    # ------------------------------------------------------------------------------------------------------------ commands

    def _enter(self) -> None:
        entry, guard, flat = (client_order_id(self.world.account, SYMBOL, INTENT, leg) for leg in ("entry", "guard", "flat"))
        now = self.world.log.now()
        account, lives = self.world.account, now + LIVES_MS
        self.world.publish(Enter(
            account, SYMBOL, INTENT, entry, guard, flat, Side.BUY, QUANTITY, OrderType.MARKET, 0, e8("59000"), 5, now, lives, now, 0,
        ))

    async def _plan(self, *steps: PlanStep) -> None:
        """Answered, or there is nothing to answer for any more."""
        revision, self.plans = self.plans, self.plans + 1
        self.world.publish(Plan(self.world.account, SYMBOL, self._position(), revision, Side.SELL, steps, Exit.STOP, self.world.log.now()))

        def answered() -> bool:
            reports = self.world.log.messages(ORDER_STATUS.name)
            return any(isinstance(report, PlanReported) and report.revision == revision for report in reports)

        await self.world.until(answered, STEP_S)

    def _entry_over(self) -> bool:
        """As the gateway's own books have it."""
        ends = (EntryState.EXPIRED, EntryState.REFUSED, EntryState.REJECTED)
        for report in self.world.log.messages(ORDER_STATUS.name):
            if isinstance(report, EntryReported) and report.state in ends:
                return True
        last = {record.key: record for record in self.world.log.messages(ORDER_LEDGER.name) if isinstance(record, EntryRecord)}
        return any(record.cover is not Cover.NONE and record.state.ended for record in last.values()) and bool(self._position())

    def _position(self) -> str:
        return next((fill.position_id for fill in self.world.log.messages(ORDER_FILL.name)), "")

    def _id(self, leg: str, revision: int) -> str:
        return client_order_id(self.world.account, SYMBOL, self._position(), leg, revision)


def walked(*last_doors: int) -> Outcome:
    """The whole of it, with the gateway's death at each of these doors, counted over all its lives."""
    with virtual() as loop:
        world = World(loop, 1, [SYMBOL], last_doors=last_doors, pause_s=(0.002, 0.002), repeat=True)
        world.restart_s = RESTART_S
        world.when_restarted = lambda: twice(world)
        walk = Walk(world)
        with world.inside():
            loop.run_until_complete(loop.create_task(walk.run()))
        return outcome(world, walk)


def twice(world: World) -> None:
    """All commands once more, behind the first ones; the group begins anew, so that each is delivered twice."""
    for topic in (ORDER_COMMAND.name, EXIT_COMMAND.name):
        for partition in world.log.partitions(topic):
            for record in world.log.read((topic, partition), 0):
                world.log.append(topic, partition, record.key, record.value)


def outcome(world: Ground, walk: Walk) -> Outcome:
    created = world.exchange.record.created
    deaths = [f"{life.name}: {life.failure}" for lives in world.lives.values() for life in lives if life.failure]
    rules: tuple[tuple[str, Callable[[], bool]], ...] = (
        ("a client id was made twice", lambda: all(count == 1 for count in created.values())),
        ("the books are not the venue's", lambda: world.booked == world.held),
        ("it is not flat", lambda: not world.held),
        ("a position has no stop", lambda: not world.bare),
        ("an order outlives its position", lambda: not world.resting),
        ("a position was turned over", lambda: not world.flips()),
        ("a process ended of its own", lambda: not deaths),
        ("an error that nobody took", lambda: not world.loop.strays),
        ("a trade is booked twice or not at all", lambda: _trades(world) == _fills(world)),
    )
    return Outcome(
        walk.doors(), walk.reached, tuple(rule for rule, holds in rules if not holds()), world.unprotected_s(),
        {told(name): count for name, count in created.items() if count != 1}, (*world.said, *deaths, *world.loop.strays),
    )


def _trades(world: Ground) -> list[str]:
    return sorted(str(trade.trade_id) for trade in world.engine.accounts[KEY].trades)


def _fills(world: Ground) -> list[str]:
    return sorted(fill.trade_id for fill in world.log.messages(ORDER_FILL.name))
