"""The watch over one symbol: a position of ours has a live stop at all times, and nothing of ours outlives its position.

Uncovered for three seconds, whatever the reason (cancelled, rejected, triggered and stuck), the guard goes out again from the ledger's price; if none
is accepted, or if three within half a minute did not last, the position is closed. A person may move a stop, and remove any but the last.
"""
import msgspec

from streams.core.entry import Cover
from streams.core.events import ExitReported
from streams.core.ids import leg_of
from streams.core.ledger import EntryRecord
from streams.runtime import logs
from streams.runtime.metrics import UNPROTECTED
from streams.venue import guard, life
from streams.venue.answers import OrderSeen
from streams.venue.closing import agreed_flat, cancel, cancel_resting, close_all, due, saga_ids
from streams.venue.desk import Desk
from streams.venue.queues import SymbolQueues

replace = msgspec.structs.replace
PATIENCE_MS = 3_000
LOOK_S = 0.25
LOST_MAX, LOST_MS = 3, 30_000         # guards that went out again and did not last, within so long
_log = logs.get(__name__)


class Watch:
    """`at_once`: a starting gateway does not wait to see whether somebody else protects."""

    def __init__(self, desk: Desk, queues: SymbolQueues, *, at_once: bool = False) -> None:
        self.desk, self.queues = desk, queues
        self._patience_ms = 0 if at_once else PATIENCE_MS
        self._since = 0                                  # when the position was first seen without cover; 0: it is covered
        self._guards: list[tuple[int, str]] = []         # that went out again, and when

    async def run(self) -> None:
        while True:
            await self.look()
            await self.desk.change(LOOK_S)

    async def look(self) -> None:
        desk = self.desk
        for order in desk.orphans():
            await cancel(desk, order.client_order_id, conditional=True)
        for order in desk.stray_entries():
            await cancel(desk, order.client_order_id, conditional=False)
        if not desk.held:
            self._covered()
            self._guards.clear()
            left = any(leg_of(order.client_order_id) and due(desk, order.client_order_id) for order in desk.resting())
            if left and not self._saga_runs() and await agreed_flat(desk):
                await cancel_resting(desk, but=())
        elif desk.covered:
            self._covered()
        else:
            await self._uncovered()

    def _covered(self) -> None:
        self._since, self._patience_ms = 0, PATIENCE_MS
        UNPROTECTED.labels(self.desk.symbol).set(0)

    def _saga_runs(self) -> bool:
        """An entry under way may have its guard resting before its fills are known here."""
        return any(record.filled_at for record in self.desk.live_entries)

    async def _uncovered(self) -> None:
        desk = self.desk
        now = desk.office.clock.now()
        self._since = self._since or now
        UNPROTECTED.labels(desk.symbol).set((now - self._since) / 1_000)
        owner = self.owner()
        busy = self.queues.closing or any(self._covering(record) for record in desk.live_entries)
        if now - self._since >= self._patience_ms and owner is not None and not busy:
            self.queues.guarding = True
            await self._protect(owner)
            self.queues.guarding = False
            desk.wake()

    def _covering(self, record: EntryRecord) -> bool:
        """Whether its saga is at it. One that has filled nothing yet may rest for hours, and after its end there is no saga."""
        return record.cover is Cover.NONE and self.desk.filled(record) > 0 and record.entry_id in self.queues.sagas

    def owner(self) -> EntryRecord | None:
        """The newest entry of the position held: its price is the guard's. A position that strangers opened has none, and is left alone."""
        held = self.desk.book.held.position_id
        ours = [r for r in self.desk.entries.values() if r.quantity_filled and r.stop_price and (r.position_id == held or not held)]
        return max(ours, key=lambda record: record.created_at, default=None)

    async def _protect(self, owner: EntryRecord) -> None:
        desk = self.desk
        _log.error("a position is without a live stop: its guard goes out again", symbol=desk.symbol, position=owner.position_id)
        standing = await guard.place(desk, owner.entry_id) if self._guards_last() else None
        if standing is not None:
            self._guards.append((desk.office.clock.now(), standing.client_order_id))
            record = replace(desk.entries[owner.entry_id], guard_id=standing.client_order_id, cover=Cover.PROTECTED)
            desk.put(record, reports=[self._told(standing)])
        elif desk.held:
            _log.error("no guard stands: the position is closed", symbol=desk.symbol, position=owner.position_id)
            await close_all(desk, saga_ids(desk, owner.entry_id), owner.position_id, "flat", lambda: desk.held == 0)
            desk.put(replace(desk.entries[owner.entry_id], cover=Cover.CLOSED))

    def _guards_last(self) -> bool:
        """Whether it is worth another one: not where each is taken and soon over, whatever ends them."""
        now, resting = self.desk.office.clock.now(), {order.client_order_id for order in self.desk.resting()}
        self._guards = [(at, client_id) for at, client_id in self._guards if now - at < LOST_MS]
        return sum(client_id not in resting for _, client_id in self._guards) < LOST_MAX

    def _told(self, standing: OrderSeen) -> ExitReported:
        return life.exit_report(self.desk.office.account, self.desk.book.held.position_id, standing)
