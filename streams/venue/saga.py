"""An entry from its request until what it filled is protected or closed. One saga owns both.

    send ─► accepted ──► first fill ──► guard ─► accepted ─────────────────────────► PROTECTED
      │        │             │            ├─ -2021: the price is through it already ─┐
      │        │             │            └─ none accepted within 3 s ───────────────┴► close at market ─► CLOSED
      │        └ over without a fill: DONE with 0
      ├─ refused: REJECTED; refused late (-1021, -5028): EXPIRED
      └─ doubt ─► UNKNOWN: asked by its id until it is known. Absent after recvWindow and skew: EXPIRED. An entry is never sent twice.

The first fill counts wherever it is seen first, in the answer to the request or on the user stream. The entry's record holds everything that guard
and close need, so neither waits for the log.
"""
import asyncio
import contextlib

import msgspec

from streams.core.entry import Cover
from streams.core.ledger import EntryRecord, OrderState
from streams.core.values import Side
from streams.core.words import OrderType
from streams.runtime import logs
from streams.runtime.metrics import HOP
from streams.venue import guard
from streams.venue.answers import Accepted, Doubt, Kind, Order, OrderSeen, Refused
from streams.venue.binance import ORDER, RECV_WINDOW_MS
from streams.venue.closing import ask_position, cancel, close_all, saga_ids
from streams.venue.desk import Desk
from streams.venue.limits import Lane
from streams.venue.outcomes import HELD, Act, Meaning, act, gone, meaning, reason_of
from streams.venue.trades import chase, chase_soon

replace = msgspec.structs.replace
SKEW_MS = 1_000                       # Binance takes a timestamp up to this far in its future
ABSENT_AFTER_MS = RECV_WINDOW_MS + SKEW_MS
ASK_AFTER_S = (0.1, 0.2, 0.5, 1.0)    # and from then on every second
BOOKED_WITHIN_S = 1.0                 # trades come on the stream; later the list is asked. Without the stream, so long until an order is asked for
EXITS_OVER_S = 2.0
LOOK_S = 1.0
CANCEL_AGAIN_S = 1.0
_log = logs.get(__name__)


class Saga:
    """Run once for each entry that is not over: `fresh` right after its record became durable, else found again after a restart."""

    def __init__(self, desk: Desk, record: EntryRecord) -> None:
        self.desk, self.entry_id = desk, record.entry_id
        self.venue, self.clock = desk.office.venue, desk.office.clock

    @property
    def record(self) -> EntryRecord:
        return self.desk.entries[self.entry_id]

    @property
    def uncovered(self) -> bool:
        return self.record.cover is Cover.NONE and self.desk.filled(self.record) > 0

    async def run(self, *, fresh: bool) -> None:
        asking = asyncio.create_task(self._send() if fresh else self._find_out(self.desk.office.started_at))
        try:
            while not self.record.over:
                if self.uncovered:
                    await self._cover()
                elif self._unwanted():
                    await cancel(self.desk, self.entry_id, conditional=False)
                    await self.desk.until(lambda: self.uncovered or self.record.state.ended, CANCEL_AGAIN_S)
                elif not await self.desk.until(lambda: self.uncovered or self.record.over, self._patience_s()):
                    await self._look()
                if asking.done():
                    asking.result()                      # a fault of ours in it must not leave us waiting
            await asking
        finally:
            asking.cancel()

    async def _look(self) -> None:
        """Nothing has changed for a while: what filled and is not booked is fetched, and an order that nobody tells us of is asked for."""
        if self.desk.unbooked(self.record):
            await chase_soon(self.desk)
        elif not self.desk.office.reconciled and self.record.state is OrderState.WORKING:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK_S):
                    answer = await self.venue.find(self.desk.symbol, self.entry_id, conditional=False)
                    if isinstance(answer, Accepted):
                        self.desk.take([answer.body])

    # ------------------------------------------------------------------------------------------------------------ the entry order

    async def _send(self) -> None:
        desk, record = self.desk, self.record
        await self._room()
        reason, code = await desk.office.preparation.before_entry(desk.symbol, record.leverage)
        if reason:
            self._end(OrderState.REFUSED if code == HELD else OrderState.REJECTED, reason, code)
            return
        if desk.exit_lives():
            await desk.until(lambda: not desk.exit_lives(), EXITS_OVER_S)
        if blocked := desk.blocked(record):
            self._end(OrderState.EXPIRED if blocked.expired else OrderState.REFUSED, blocked.reason)
            return
        sent_at = self.clock.now()                       # from the look to the request nothing is awaited
        desk.keep(replace(self.record, sent_at=sent_at))
        answer = await self.venue.place(_entry(record), sent_at, Lane.ENTRIES)
        desk.keep(replace(self.record, answered_at=self.clock.now()))
        HOP.labels("rest").observe((self.clock.now() - sent_at) / 1_000)
        await self._answered(answer, sent_at)

    async def _room(self) -> None:
        """Waits until we see what the venue holds, and for its rates, if the entry lives that long; else the last look refuses it."""
        office = self.desk.office
        if not office.reconciled:
            await self.desk.until(lambda: office.reconciled, max(self.record.expires_at - self.clock.log_now(), 0) / 1_000)
        wait_ms = self.venue.limits.wait_ms(Lane.ENTRIES, *ORDER, self.clock.now())
        if wait_ms and self.clock.log_now() + wait_ms < self.record.expires_at and not office.stopping:
            await asyncio.sleep(wait_ms / 1_000)

    async def _answered(self, answer: Accepted[OrderSeen] | Refused | Doubt, sent_at: int) -> None:
        match answer:
            case Accepted():
                self.desk.take([answer.body])
                if not self.record.state.ended and self.record.state is OrderState.WISHED:
                    self.desk.put(replace(self.record, state=OrderState.WORKING))
            case Refused() if meaning(answer) is not Meaning.DUPLICATE:
                await self._refused(answer)
            case _:
                self._doubt(reason_of(answer)[0])
                await self._find_out(sent_at)

    async def _refused(self, answer: Refused) -> None:
        """It is over: no entry is asked for again, whatever it was refused for."""
        match act(answer):
            case Act.RESYNC:
                self._end(OrderState.EXPIRED, f"the venue found it late: {answer}", answer.code)
                await self.venue.synchronise()
            case Act.STOP:
                self._end(OrderState.REJECTED, answer.message, answer.code)
                self.desk.office.ask_to_halt(f"the venue refuses the account: {answer}")
            case _ if meaning(answer) is Meaning.NOT_TAKEN:
                self._end(OrderState.DONE, f"{self.record.time_in_force}: {answer.message}", answer.code)
            case _:
                self._end(OrderState.REJECTED, answer.message, answer.code)

    def _doubt(self, reason: str) -> None:
        if not self.record.state.ended and not self.desk.filled(self.record):
            _log.warning("an entry is in doubt: the venue is asked", order=self.entry_id, reason=reason)
            self.desk.put(replace(self.record, state=OrderState.UNKNOWN, reason=reason))

    async def _find_out(self, asked_since: int) -> None:
        """Until it is known. `asked_since`: no request of it can have been made after this (venue's time)."""
        attempt = 0
        while not self.record.state.ended:
            answer = await self.venue.find(self.desk.symbol, self.entry_id, conditional=False)
            if isinstance(answer, Accepted):
                self.desk.take([answer.body])
                return
            if gone(answer) and self._too_late(asked_since) and await self._absent():
                self._end(OrderState.EXPIRED, "the venue never had it", answer.code)
                return
            await self.desk.until(lambda: self.entry_id in self.desk.orders, ASK_AFTER_S[min(attempt, len(ASK_AFTER_S) - 1)])
            if self.entry_id in self.desk.orders:
                return
            attempt += 1

    async def _absent(self) -> bool:
        """Whether open orders and trades know nothing of it either: what answers a question about one order may lag behind."""
        resting = await self.venue.open_orders(self.desk.symbol)
        if not isinstance(resting, Accepted) or not isinstance(await chase(self.desk), int):
            return False
        self.desk.take([order for order in resting.body if order.client_order_id == self.entry_id])
        return self.entry_id not in self.desk.orders and not self.desk.filled(self.record)

    def _too_late(self, asked_since: int) -> bool:
        """A request that has not reached the venue by now is refused there."""
        return self.clock.now() > asked_since + ABSENT_AFTER_MS and self.clock.log_now() > self.record.expires_at

    def _end(self, state: OrderState, reason: str, code: int = 0) -> None:
        if not self.record.state.ended:
            self.desk.put(replace(self.record, state=state, reason=reason[:200], venue_code=code))

    def _left_ms(self) -> int:
        """Until a LIMIT that still works has had its time."""
        return (self.record.sent_at or self.record.created_at) + self.record.lives_ms - self.clock.now()

    def _unwanted(self) -> bool:
        """It still works, and has had its time, or what it filled could not be guarded."""
        outlived = self.record.lives_ms > 0 and self._left_ms() <= 0
        return self.record.state is OrderState.WORKING and (outlived or self.record.cover is Cover.CLOSED)

    def _patience_s(self) -> float:
        timed = self.record.lives_ms > 0 and self.record.state is OrderState.WORKING
        return min(BOOKED_WITHIN_S, max(self._left_ms(), 1) / 1_000) if timed else BOOKED_WITHIN_S

    # ------------------------------------------------------------------------------------------------------------ what it filled

    async def _cover(self) -> None:
        """At once, from the record; then what came of it is written. Books that lack the list are completed first: a guard may have fired since."""
        desk = self.desk
        if desk.chase and await self._gone_again():
            await desk.until(lambda: not desk.chase, LOOK_S)
            return
        standing = await guard.place(desk, self.entry_id)
        HOP.labels("fill_to_stop").observe((self.record.guard_sent_at - self.record.filled_at) / 1_000)
        if standing is not None:
            desk.put(replace(self.record, cover=Cover.PROTECTED, guard_id=standing.client_order_id, stop_price=standing.trigger_price))
        else:
            if desk.held:
                _log.error("no guard stands: the position is closed", symbol=desk.symbol, intent=self.record.intent_id)
            if not self.record.state.ended:
                desk.office.run(self._taken_back(), f"cancel of {self.entry_id}")      # beside the close, which does not wait for it
            await close_all(desk, saga_ids(desk, self.entry_id), self.record.position_id, "flat", lambda: desk.held == 0)
            desk.put(replace(self.record, cover=Cover.CLOSED))

    async def _gone_again(self) -> bool:
        """Whether the list cannot be had, and the venue holds nothing: what was filled is closed, and a guard for it would be a second one."""
        await chase_soon(self.desk)
        return self.desk.chase and await ask_position(self.desk) == 0

    async def _taken_back(self) -> None:
        await cancel(self.desk, self.entry_id, conditional=False)


def _entry(record: EntryRecord) -> Order:
    kind = Kind.LIMIT if record.order_type is OrderType.LIMIT else Kind.MARKET
    price = record.limit_price if kind is Kind.LIMIT else 0
    return Order(record.symbol, Side(record.side), kind, record.entry_id, record.quantity, price, time_in_force=record.time_in_force)
