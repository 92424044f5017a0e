"""Is what is held covered by stops, by the log's word alone: fills say what is held, the gateway's records and reports say which stops live.

It asks nobody who takes part, so it also sees what the gateway's own watch gets wrong. A guard covers all of its position, other stops their
quantity. A stop that a person placed at the venue is in no record, and does not count here. Times are log_time: what is measured is the gap between
two records, not when they were read. What a gap came to by the venue's clock is known afterwards (`bare`).
"""
import msgspec

from streams.audit.rules import Book
from streams.core.entry import Cover
from streams.core.events import EntryReported, ExitReported, PlanReported
from streams.core.ids import leg_of
from streams.core.ledger import EntryRecord, ExitRecord, OrderState
from streams.core.positions import FLAT, Held

LIVING, ENDED = ("WORKING",), ("TRIGGERED", "FINISHED", "CANCELLED", "REJECTED", "EXPIRED")
Told = EntryRecord | ExitRecord | EntryReported | PlanReported | ExitReported


class Stop(msgspec.Struct, frozen=True):
    """`quantity` 0: all that is held. `position_id` is empty where it is not known yet."""

    position_id: str
    quantity: int = 0


class Gap(msgspec.Struct, frozen=True):
    """A position without a stop, from one log_time to another; `until` 0: still."""

    account: str
    symbol: str
    position_id: str
    since: int
    until: int = 0


class Cell:
    """One account's position in one symbol, and its stops."""

    def __init__(self) -> None:
        self.held: Held = FLAT
        self.stops: dict[str, Stop] = {}                 # by client order id, living or not
        self.word: dict[str, tuple[int, bool]] = {}      # id -> when it was told last, and whether it lived; a record that is told again says less
        self.since = 0                                   # log_time from which it has been uncovered; 0: it is not

    @property
    def covered(self) -> bool:
        """Flat, or with a living stop for all that is held."""
        if not self.held.quantity:
            return True
        stops = [stop for name, stop in self.stops.items() if self.word.get(name, (0, False))[1] and stop.position_id in ("", self.held.position_id)]
        return any(not stop.quantity for stop in stops) or sum(stop.quantity for stop in stops) >= abs(self.held.quantity)

    def say(self, name: str, time: int, *, lives: bool) -> None:
        if time >= self.word.get(name, (0, False))[0]:
            self.word[name] = (time, lives)

    def take(self, told: Told, time: int) -> None:
        match told:
            case EntryRecord(guard_id=str(guard), cover=Cover.PROTECTED) if guard:
                self.stops[guard] = Stop(told.position_id)
                self.word.setdefault(guard, (0, True))   # what was said of the guard itself since weighs more
            case ExitRecord(leg="stop"):
                self.stops[told.client_order_id] = Stop(told.position_id, told.quantity)
                self.say(told.client_order_id, time, lives=told.state is OrderState.WORKING)
            case PlanReported():
                for name in told.cancelled:
                    self.say(name, time, lives=False)
            case ExitReported() if told.state in ENDED + LIVING and leg_of(told.client_order_id) in ("guard", "stop"):
                self.stops.setdefault(told.client_order_id, Stop(told.position_id))
                self.say(told.client_order_id, time, lives=told.state in LIVING)

    def forget(self) -> None:
        """At flat the gateway cancels what rests: only what is not known to belong to the position that ended goes on."""
        ended = [name for name, stop in self.stops.items() if stop.position_id == self.held.position_id]
        for name in ended:
            self.stops.pop(name)
            self.word.pop(name, None)


class Coverage:
    def __init__(self) -> None:
        self.cells: dict[tuple[str, str], Cell] = {}

    def filled(self, book: Book, time: int) -> Gap | None:
        """After a fill; the gap that it ended."""
        cell = self._cell(book.account, book.symbol)
        if cell.held.position_id and book.held.position_id != cell.held.position_id:
            cell.forget()
        cell.held = book.held
        return self._looked(book.account, book.symbol, cell, time)

    def take(self, told: Told, time: int) -> Gap | None:
        cell = self._cell(told.account, told.symbol)
        cell.take(told, time)
        return self._looked(told.account, told.symbol, cell, time)

    def gaps(self) -> list[Gap]:
        """Those that are open."""
        return [Gap(account, symbol, cell.held.position_id, cell.since) for (account, symbol), cell in self.cells.items() if cell.since]

    def seconds(self, now: int) -> dict[str, float]:
        """By symbol, for how long something of it has been without a stop; 0 where all is covered."""
        found = dict.fromkeys((symbol for _, symbol in self.cells), 0.0)
        for gap in self.gaps():
            found[gap.symbol] = max(found[gap.symbol], max(now - gap.since, 0) / 1_000)
        return found

    def _cell(self, account: str, symbol: str) -> Cell:
        return self.cells.setdefault((account, symbol), Cell())

    def _looked(self, account: str, symbol: str, cell: Cell, time: int) -> Gap | None:
        if not cell.covered:
            cell.since = cell.since or time
            return None
        if not cell.since:
            return None
        gap = Gap(account, symbol, cell.held.position_id, cell.since, max(time, cell.since))
        cell.since = 0
        return gap
