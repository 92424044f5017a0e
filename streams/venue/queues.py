"""Commands by symbol: no symbol waits for another, and no exit for an entry.

Each symbol has two queues, one for exits and one for entries. A command is acknowledged when its record is durable; from there its own task works it.
A close does not wait for the plan before it: the plan is left at its next step.
"""
import asyncio
from collections.abc import Callable

import msgspec

from streams.core.commands import Close, Enter, Plan, Withdraw
from streams.core.ids import client_order_id
from streams.core.ledger import PlanRecord, planned, wished
from streams.runtime import logs
from streams.venue import life, plans
from streams.venue.closing import cancel
from streams.venue.desk import Desk
from streams.venue.saga import Saga

replace = msgspec.structs.replace
Acknowledge = Callable[[], None]
ExitCommand = Plan | Close | Withdraw
_log = logs.get(__name__)


class SymbolQueues:
    """The two queues of a desk and the tasks that work them."""

    def __init__(self, desk: Desk) -> None:
        self.desk, self.office = desk, desk.office
        self._exits: asyncio.Queue[tuple[ExitCommand, Acknowledge]] = asyncio.Queue()
        self._entries: asyncio.Queue[tuple[Enter, Acknowledge]] = asyncio.Queue()
        self._planning: asyncio.Task[None] | None = None
        self._closing: asyncio.Task[None] | None = None
        self.sagas: dict[str, asyncio.Task[None]] = {}
        self.guarding = False                            # the watch sets a guard anew
        self.office.run(self._work_exits(), f"exits of {desk.symbol}")
        self.office.run(self._work_entries(), f"entries of {desk.symbol}")

    def put(self, command: Enter | ExitCommand, acknowledge: Acknowledge) -> None:
        if isinstance(command, Enter):
            self._entries.put_nowait((command, acknowledge))
        else:
            self._exits.put_nowait((command, acknowledge))

    def resume(self) -> None:
        """What a predecessor left: entries that are not over, a close that stands, a plan without its answer."""
        for record in self.desk.live_entries:
            self._start_saga(record.entry_id, fresh=False)
        if self.desk.close is not None and not self.desk.close.flat:
            self._start_close()
        if self.desk.plan is not None and not self.desk.plan.answered:       # beside a close it is answered as overtaken
            self._start_plan(self.desk.plan, fresh=False)

    @property
    def closing(self) -> bool:
        return self._closing is not None and not self._closing.done()

    @property
    def busy(self) -> bool:
        """Whether something is under way that must not be left: a saga that may fill or has filled, a guard, a close."""
        return self.guarding or self.closing or any(not task.done() for task in self.sagas.values())

    # ------------------------------------------------------------------------------------------------------------ exits

    async def _work_exits(self) -> None:
        while True:
            command, acknowledge = await self._exits.get()
            match command:
                case Plan():
                    await self._plan(command)
                case Close():
                    await self._close(command)
                case Withdraw():
                    await self._withdraw(command)
            acknowledge()

    async def _plan(self, plan: Plan) -> None:
        desk = self.desk
        known = desk.plan
        if known is not None and (known.position_id, known.revision) == (plan.position_id, plan.revision):
            if known.answered:
                await self.office.ledger.write(plans.report(known, self.office.clock.now()), first=True)
            return
        if plans.stale(desk, plan.position_id, plan.revision):
            await self.office.ledger.write(plans.stale_report(plan, self.office.clock.now()), first=True)
            return
        record = planned(plan, self.office.clock.now())
        await desk.put(record)
        self._start_plan(record, fresh=True)

    async def _close(self, close: Close) -> None:
        desk, now = self.desk, self.office.clock.now()
        if desk.close is not None and desk.close.client_order_id == close.client_order_id:
            return
        if close.position_id and close.position_id != desk.book.held.position_id and not close.intents:
            await self.office.ledger.write(plans.stale_report(close, now), first=True)
            return
        await plans.wish(desk, close)
        self._start_close()

    async def _withdraw(self, command: Withdraw) -> None:
        """One that was not sent yet is refused. Cancelling twice does no harm, so that needs no record."""
        entry_id = client_order_id(command.account, command.symbol, command.intent_id, "entry")
        if (written := plans.withdrawn(self.desk, command.account, command.intent_id, "WITHDRAWN")) is not None:
            await written
        elif not self.desk.entries[entry_id].state.ended:
            self.office.run(self._cancel_entry(entry_id), f"withdrawal of {entry_id}")

    async def _cancel_entry(self, entry_id: str) -> None:
        while not self.desk.entries[entry_id].state.ended:
            await cancel(self.desk, entry_id, conditional=False)
            await self.desk.until(lambda: self.desk.entries[entry_id].state.ended, 1.0)

    def _start_plan(self, record: PlanRecord, *, fresh: bool) -> None:
        self._planning = self.office.run(self._work_plan(record, self._planning, fresh=fresh), f"plan of {record.position_id}")

    async def _work_plan(self, record: PlanRecord, before: asyncio.Task[None] | None, *, fresh: bool) -> None:
        if before is not None:
            await asyncio.wait([before])
        await plans.PlanWork(self.desk, record).run(fresh=fresh)

    def _start_close(self) -> None:
        """One at a time: it reads the newest wish."""
        if not self.closing:
            self._closing = self.office.run(self._close_all(), f"close of {self.desk.symbol}")
            self._closing.add_done_callback(lambda _: self.desk.wake())

    async def _close_all(self) -> None:
        while self.desk.close is not None and not self.desk.close.flat:
            await plans.until_flat(self.desk)

    # ------------------------------------------------------------------------------------------------------------ entries

    async def _work_entries(self) -> None:
        while True:
            enter, acknowledge = await self._entries.get()
            known = self.desk.entries.get(enter.entry_id)
            if known is None:
                await self.desk.put(wished(enter, self.office.clock.now()), *self.desk.opened(), first=False)
                self._start_saga(enter.entry_id, fresh=True)
            elif reports := life.answers(known, self.office.clock.now()):
                await self.office.ledger.write(*reports)
            acknowledge()

    def _start_saga(self, entry_id: str, *, fresh: bool) -> None:
        saga = Saga(self.desk, self.desk.entries[entry_id])
        self.sagas[entry_id] = self.office.run(saga.run(fresh=fresh), f"entry {entry_id}")
        self.sagas[entry_id].add_done_callback(lambda _: self._saga_over(entry_id))

    def _saga_over(self, entry_id: str) -> None:
        self.sagas.pop(entry_id, None)
        self.desk.wake()                                 # whoever waits for the symbol to be idle
