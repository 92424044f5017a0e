"""One symbol's desk: its records, its book, the venue's last word on every order, and whoever waits for one of them to change.

`take` is the only door for what the venue says. In one turn of the loop it books the trades, brings the records up to date and hands everything that
follows to the pen as one transaction. The sagas, plans and closes around it send requests and wait; they own no facts.
"""
import asyncio
import contextlib
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import msgspec

from streams.core.entry import Cover
from streams.core.events import Filled
from streams.core.ids import leg_of
from streams.core.ledger import BooksRecord, CloseRecord, EntryRecord, ExitRecord, OrderState, PlanRecord
from streams.core.values import side_of
from streams.core.words import Mode
from streams.runtime import metrics
from streams.venue import life
from streams.venue.answers import OrderSeen, PositionSeen, Trade
from streams.venue.books import Book
from streams.venue.ledger import Written
from streams.venue.office import Blocked, Office

replace = msgspec.structs.replace
CONDITIONALS_MAX = 190                # of the 200 that may wait for their trigger in an account: the last ten are for positions that are held
SWEPT_LEGS = ("stop", "target", "rung", "guard")


class Desk:
    def __init__(self, symbol: str, office: Office, book: Book) -> None:
        self.symbol, self.office, self.book = symbol, office, book
        self.entries: dict[str, EntryRecord] = {}
        self.exits: dict[str, ExitRecord] = {}
        self.plan: PlanRecord | None = None
        self.close: CloseRecord | None = None
        self.orders: dict[str, OrderSeen] = {}           # the ordinary store, by client order id
        self.conditionals: dict[str, OrderSeen] = {}
        self.venue_position = PositionSeen(symbol, 0, 0)
        self.cancels: dict[str, tuple[int, float]] = {}  # ids that we asked to be cancelled, how often and when last: their end is no news
        self.surplus: set[str] = set()                   # orders that were given up in doubt: what shows up of them is cancelled
        self.chase = False                               # the trade list has something for us
        self.traded_at = 0                               # venue's time of the last trade
        self._changed = asyncio.Event()
        office.resting.append(lambda: len(self.resting()))

    # ------------------------------------------------------------------------------------------------------------ what is known

    @property
    def held(self) -> int:
        """Signed: the books', and what entries filled that is not booked yet."""
        return self.book.held.quantity + sum(record.side.sign * self.unbooked(record) for record in self.entries.values())

    @property
    def margin_asset(self) -> str:
        """Empty while the symbol's filters are not known."""
        instrument = self.office.instruments.get(self.symbol)
        return instrument.margin_asset if instrument else ""

    def unbooked(self, record: EntryRecord) -> int:
        told = self.orders.get(record.entry_id)
        return max(told.filled - record.quantity_filled, 0) if told else 0

    def filled(self, record: EntryRecord) -> int:
        return record.quantity_filled + self.unbooked(record)

    @property
    def live_entries(self) -> list[EntryRecord]:
        return [record for record in self.entries.values() if not record.over]

    def records(self) -> list[EntryRecord | ExitRecord]:
        return [*self.entries.values(), *self.exits.values()]

    def resting(self) -> list[OrderSeen]:
        """Conditional orders that wait for their trigger."""
        return [order for order in self.conditionals.values() if order.status == "NEW"]

    def stops(self) -> list[OrderSeen]:
        """The live stops that would reduce the position held, whoever placed them: a person may move a stop."""
        held = self.held
        if not held:
            return []
        closing = side_of(-held)
        return [o for o in self.resting() if o.kind == "STOP_MARKET" and o.side is closing and (o.close_position or o.reduce_only)]

    @property
    def covered(self) -> bool:
        """Whether live stops would close all of what is held."""
        return self._covered_without([])

    def _covered_without(self, others: list[OrderSeen]) -> bool:
        stops = [stop for stop in self.stops() if stop not in others]
        return any(stop.close_position for stop in stops) or sum(stop.quantity for stop in stops) >= abs(self.held)

    def told_flat(self) -> bool:
        """Whether the venue has said that nothing is held, no earlier than the last trade."""
        told = self.venue_position
        return not self.chase and told.quantity == 0 and told.time > 0 and told.time >= self.traded_at

    def blocked(self, record: EntryRecord) -> Blocked | None:
        """The last look before an entry's request, with nothing awaited in between."""
        office = self.office
        now, held_back = self.entries[record.entry_id], office.venue.entries_held
        refusals = (
            (now.state is OrderState.REFUSED, now.reason),
            (office.stopping, "GATEWAY_STOPPING"),
            (office.mode is not Mode.ACTIVE, f"MODE_{office.mode.value}"),
            (self.close is not None and not self.close.flat, "CLOSE_STANDING"),
            (any(one.entry_id != record.entry_id and one.sent_at and not one.state.ended for one in self.entries.values()), "ENTRY_IN_FLIGHT"),
            (self.exit_lives(), "EXIT_LIVES"),
            (not office.trades(self.symbol), "SYMBOL_NOT_TRADING"),
            (bool(held_back), f"VENUE_HOLDS {held_back}"),
            (office.conditionals() >= CONDITIONALS_MAX, "CONDITIONALS_FULL"),
        )
        for holds, reason in refusals:
            if holds:
                return Blocked(expired=False, reason=reason)
        return Blocked(expired=True, reason="EXPIRED") if office.clock.log_now() > record.expires_at else None

    def exit_lives(self) -> bool:
        """Whether an exit order of an earlier position rests, or may come to rest yet."""
        if self.held:
            return False
        planning = self.plan is not None and not self.plan.answered
        in_doubt = any(record.conditional and record.state is OrderState.UNKNOWN for record in self.exits.values())
        return planning or in_doubt or any(leg_of(order.client_order_id) in SWEPT_LEGS for order in self.resting())

    def stray_entries(self) -> list[OrderSeen]:
        """Orders of entries that live though their records have ended: they were thought gone, or refused, and were not."""
        return [
            order for order in self.orders.values() if order.live and leg_of(order.client_order_id) == "entry"
            and ((record := self.entries.get(order.client_order_id)) is None or record.state.ended)
        ]

    def orphans(self) -> list[OrderSeen]:
        """Resting exit orders of ours that belong to no position held: given up in doubt, or of an earlier position. No cover is among them."""
        held = self.book.held.position_id
        earlier = {name for name, record in self.exits.items() if held and record.position_id != held}
        found = [order for order in self.resting() if order.client_order_id in self.surplus | earlier]
        guards = [order for order in found if leg_of(order.client_order_id) == "guard"]
        return found if self._covered_without(guards) else [order for order in found if order not in guards]

    # ------------------------------------------------------------------------------------------------------------ what changes

    def take(
        self, orders: Iterable[OrderSeen] = (), trades: Iterable[Trade] = (), *messages: Any, asked_at: int = 0,  # noqa: ANN401
    ) -> asyncio.Future[list[Written]] | None:
        """The venue's word, asked for at this time. Everything that follows from it, and `messages`, is one transaction; None where nothing does."""
        told = [change for order in orders if (change := self._believed(order, asked_at)) is not None]
        fills = [
            self.office.cashbook.converted(self.book.book(trade, trade.client_order_id), self.margin_asset)
            for trade in trades if not self.book.knows(trade.trade_id)
        ]
        self.traded_at = max([self.traded_at, *(fill.venue_time for fill in fills)])
        booked: dict[str, int] = {}
        for fill in fills:
            booked[fill.client_order_id] = booked.get(fill.client_order_id, 0) + fill.quantity
            self._opened_anew(fill)
        worked_on = {fill.client_order_id: fill.position_id for fill in fills}
        touched = {*booked, *(order.client_order_id for _, order in told)}
        changes = [change for client_id in touched for change in self._change(client_id, booked.get(client_id, 0), worked_on.get(client_id, ""))]
        notices = [notice for before, order in told for notice in self._notices(before, order)]
        written = self._write(fills, [*changes, *notices, *messages])
        self.wake()
        return written

    def put(self, *records: Any, reports: Iterable[Any] = (), first: bool = True) -> asyncio.Future[list[Written]]:  # noqa: ANN401
        """Our own decision: in force at once, durable when the future is done. `first`: before the entries that wait to be written."""
        news = [*reports]
        for record in records:
            if isinstance(record, EntryRecord):
                news += life.entry_reports(self.entries.get(record.entry_id), record, self.office.clock.now())
            self.keep(record)
        written = self.office.ledger.write(*records, *news, first=first)
        self.wake()
        return written

    def opened(self) -> list[BooksRecord]:
        """A new book's record goes with the first entry or fill: a successor must know from where on the trade list is ours to read."""
        new, self.book.new = self.book.new, False
        return [self.book.record] if new else []

    def keep(self, record: Any) -> None:  # noqa: ANN401
        """In force, and not written."""
        match record:
            case EntryRecord():
                self.entries[record.entry_id] = record
            case ExitRecord():
                self.exits[record.client_order_id] = record
            case PlanRecord():
                self.plan = record
            case CloseRecord():
                self.close = record
        self.wake()

    def moved(self, position: PositionSeen) -> None:
        if position.time >= self.venue_position.time:
            self.venue_position = position
            self.wake()

    def forget(self, before: int) -> None:
        """What the venue said last of orders that were over before this time."""
        for store in (self.orders, self.conditionals):
            for client_id in [name for name, told in store.items() if told.ended and told.time < before]:
                del store[client_id]
        living = {*self.orders, *self.conditionals}
        self.cancels = {client_id: asked for client_id, asked in self.cancels.items() if client_id in living}
        self.surplus &= living | {*self.exits}

    def wake(self) -> None:
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()

    async def change(self, seconds: float) -> None:
        """Until anything changes, or so long."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):         # `wait_for` would lose a cancellation that meets the event
                await self._changed.wait()

    async def until(self, holds: Callable[[], bool], seconds: float) -> bool:
        """Waits for something here to make it hold; False when it did not in time."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + seconds
        while not holds():
            try:
                async with asyncio.timeout_at(deadline):
                    await self._changed.wait()
            except TimeoutError:
                return holds()
        return True

    def _believed(self, told: OrderSeen, asked_at: int) -> tuple[OrderSeen | None, OrderSeen] | None:
        """The word before and this one, where it says more."""
        store = self.conditionals if told.conditional else self.orders
        known = store.get(told.client_order_id)
        if (newest := life.newer(known, told, asked_at)) is known:
            return None
        self.surplus |= {told.client_order_id} if known is not None and known.inferred_at and told.live else set()
        store[told.client_order_id] = newest
        return known, newest

    def _change(self, client_id: str, booked: int, position_id: str) -> Iterator[Any]:
        """The record behind an order, if it is ours, after the order's newest word and what was booked of it, on which position."""
        told = self.orders.get(client_id)
        time = told.time if told else self.office.clock.now()
        if (entry := self.entries.get(client_id)) is not None:
            after = life.entry_after(entry, told, booked)
            if after.quantity_filled and not after.position_id:
                after = replace(after, position_id=position_id or self.book.held.position_id)
            if not after.filled_at and self.filled(after):
                after = replace(after, filled_at=self.office.clock.now())
            if after != entry:
                yield from (after, *life.entry_reports(entry, after, time))
                self.keep(after)
        elif (exit_order := self.exits.get(client_id)) is not None and (told := self._word(exit_order)) is not None:
            changed = life.exit_after(exit_order, told, booked)
            if changed != exit_order:
                yield changed
                self.keep(changed)

    def _opened_anew(self, fill: Filled) -> None:
        """An entry that fills again after what it had opened was closed has opened another position, which has no guard yet."""
        record = self.entries.get(fill.client_order_id)
        if record is not None and record.position_id not in ("", fill.position_id) and fill.position_id == self.book.held.position_id:
            self.keep(replace(record, position_id=fill.position_id, cover=Cover.NONE, guard_id=""))

    def _word(self, record: ExitRecord) -> OrderSeen | None:
        """The order that a conditional one became, once there is one, ends it; else its own word."""
        ordinary, conditional = self.orders.get(record.client_order_id), self.conditionals.get(record.client_order_id)
        return ordinary or conditional

    def _notices(self, before: OrderSeen | None, told: OrderSeen) -> Iterator[Any]:
        """A resting order of ours that changed without our asking."""
        client_id = told.client_order_id
        if not told.conditional or client_id in self.cancels or leg_of(client_id) is None:
            return
        if life.exit_word(told) == ("WORKING" if before is None else life.exit_word(before)):
            return
        guards = {record.guard_id: record.position_id for record in self.entries.values()}
        position_id = self.exits[client_id].position_id if client_id in self.exits else guards.get(client_id, "")
        yield life.exit_report(self.office.account, position_id or self.book.held.position_id, told)

    def _write(self, fills: list[Filled], changes: list[Any]) -> asyncio.Future[list[Written]] | None:
        if not fills and not changes:
            return None
        books = [*self.opened(), *self.office.cashbook.booked(fills, self.margin_asset)] if fills else []
        written = self.office.ledger.write(*fills, *changes, *books, first=True)
        if fills:
            written.add_done_callback(lambda done: self._booked(fills, done))
            metrics.POSITIONS.labels(self.symbol).set(self.book.held.quantity / 1e8)
        return written

    def _booked(self, fills: list[Filled], done: asyncio.Future[list[Written]]) -> None:
        if done.cancelled():                             # the process ends
            return
        for fill, written in zip(fills, done.result(), strict=False):
            self.book.written(fill.trade_id, written.offset)
            self.office.fill_ends[written.partition] = max(written.offset + 1, self.office.fill_ends.get(written.partition, 0))

