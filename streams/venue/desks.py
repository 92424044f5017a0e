"""All desks of the account, made when a symbol is first heard of, or from what the ledger remembers."""
from collections.abc import Iterator
from typing import Any

from streams.core.events import Filled
from streams.core.ledger import BooksRecord, CashRecord, CloseRecord, EntryRecord, ExitRecord, ModeRecord, OrderState, PlanRecord
from streams.venue.books import Book
from streams.venue.desk import Desk
from streams.venue.ledger import Forgotten
from streams.venue.office import Office
from streams.venue.queues import SymbolQueues
from streams.venue.trades import SINCE_MARGIN_MS
from streams.venue.watch import Watch
from streams.wire.topics import partition_of

KNOWN_MS = 24 * 3_600_000


class Desks:
    def __init__(self, office: Office) -> None:
        self.office = office
        self.queues: dict[str, SymbolQueues] = {}
        self._desks: dict[str, Desk] = {}
        self._watched: set[str] = set()
        self.watching = False

    def __iter__(self) -> Iterator[Desk]:
        return iter(tuple(self._desks.values()))

    def of(self, symbol: str) -> Desk:
        """The symbol's desk. A new one begins its book at the log's end as it was when we started, and the trade list a little before now."""
        if symbol not in self._desks:
            offset = self.office.fill_ends.get(partition_of(symbol.encode()), 0)
            since = self.office.clock.now() - SINCE_MARGIN_MS
            self._open(symbol, Book(BooksRecord(self.office.account, symbol, 0, offset, since), new=True))
        return self._desks[symbol]

    def remember(self, records: dict[str, Any], fills: list[tuple[int, int, Filled]]) -> None:
        """What the ledger holds, and the fills that came after the snapshots of its books."""
        for record in records.values():
            match record:
                case BooksRecord():
                    self._open(record.symbol, Book(record, new=False))
                case ModeRecord():
                    self.office.kept = record
                case CashRecord():
                    self.office.cashbook.remember(record)
        for record in records.values():
            if isinstance(record, EntryRecord | ExitRecord | PlanRecord | CloseRecord):
                desk = self.of(record.symbol)
                desk.keep(record)
                if isinstance(record, ExitRecord) and record.state is OrderState.UNKNOWN and record.conditional:
                    desk.surplus.add(record.client_order_id)
        for _, offset, fill in fills:
            desk = self.of(fill.symbol)
            if offset >= desk.book.record.offset:
                desk.book.read(fill, offset)

    def watch(self) -> None:
        """From here on every desk is watched, those that come later too."""
        self.watching = True
        for desk in self:
            self._watch(desk, at_once=True)

    def resume(self) -> None:
        for queues in self.queues.values():
            queues.resume()

    def forget(self) -> None:
        """Tombstones for orders that ended a day ago and belong to no position that is held; idle books move on to the log's end."""
        before = self.office.clock.now() - KNOWN_MS
        for desk in self:
            held = desk.book.held.position_id
            for old in [one for one in desk.records() if one.created_at < before]:
                over = old.over if isinstance(old, EntryRecord) else old.state.ended
                if over and (not held or old.position_id != held):
                    self.office.ledger.write(Forgotten(desk.symbol, old.key))
                    (desk.entries if isinstance(old, EntryRecord) else desk.exits).pop(old.key)
            desk.forget(before)
            if (record := desk.book.idle(self.office.fill_ends.get(partition_of(desk.symbol.encode()), 0))) is not None:
                self.office.ledger.write(record)

    def _open(self, symbol: str, book: Book) -> None:
        desk = self._desks[symbol] = Desk(symbol, self.office, book)
        desk.chase = not book.new                        # at our start every list may hold what nobody saw
        self.queues[symbol] = SymbolQueues(desk)
        if self.watching:
            self._watch(desk, at_once=False)

    def _watch(self, desk: Desk, *, at_once: bool) -> None:
        if desk.symbol not in self._watched:
            self._watched.add(desk.symbol)
            self.office.run(Watch(desk, self.queues[desk.symbol], at_once=at_once).run(), f"watch of {desk.symbol}")
