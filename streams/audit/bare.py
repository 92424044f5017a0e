"""For how long was each position without a living stop? Answered when a run is over, by the venue's clock and from the log alone.

`coverage` cries while it happens, and goes by the log's time: what is not told yet does not protect. Afterwards more is known. A guard may be told
before the fill that it protects, a fill may be booked long after the venue made it, the news of a close may come seconds after the venue was flat,
and a broker that is away holds back a word that was true all the time. So each word is put where the venue's own times say; one without a time of
the venue's where its place in the log does, by the least delay between the two clocks.

What comes out is what it was or more (a guard stands before the gateway knows), but for the milliseconds in which a cancel is told, and but for what
nobody told: a stop that somebody else cancelled while the venue's stream lost the word of it stands here until the gateway learns.
"""
from collections.abc import Iterator
from itertools import pairwise

import msgspec

from streams.audit.coverage import ENDED, LIVING, Told
from streams.audit.rules import Book
from streams.core.entry import Cover
from streams.core.events import EntryReported, ExitReported, PlanReported
from streams.core.ids import leg_of
from streams.core.ledger import EntryRecord, ExitRecord, OrderState
from streams.core.positions import Held
from streams.core.words import EntryState

Place = tuple[str, str]               # account and symbol


class Bare(msgspec.Struct, frozen=True):
    """A position without stops that cover it, between two times of the venue."""

    account: str
    symbol: str
    position_id: str
    start: int
    end: int

    @property
    def ms(self) -> int:
        return self.end - self.start


class Life(msgspec.Struct):
    """Of one stop. `position_id` is empty where nothing names it; `quantity` 0: all that is held. Times of the venue; None: not told."""

    position_id: str = ""
    quantity: int = 0
    start: int | None = None
    end: int | None = None

    def lives(self, time: int) -> None:
        self.start = time if self.start is None else min(self.start, time)

    def ends(self, time: int) -> None:
        self.end = time if self.end is None else min(self.end, time)

    def through(self, start: int, end: int) -> bool:
        return self.start is not None and self.start <= start and (self.end is None or self.end >= end)


class Line:
    """What one account held in one symbol, from which time on, and the stops that were told."""

    def __init__(self) -> None:
        self.held: list[tuple[int, Held]] = []
        self.stops: dict[str, Life] = {}

    def stop(self, name: str, position_id: str, quantity: int = 0) -> Life:
        life = self.stops.setdefault(name, Life())
        life.position_id, life.quantity = position_id or life.position_id, quantity or life.quantity
        return life

    def bare(self, until: int) -> Iterator[tuple[str, int, int]]:
        """Position, start and end of what was not covered, in order; neighbours are joined."""
        ends = [*(time for time, _ in self.held[1:]), until]
        open_now: tuple[str, int, int] | None = None
        for (start, held), end in zip(self.held, ends, strict=False):
            for piece in self._uncovered(held, start, end):
                if open_now and (held.position_id, piece[0]) == (open_now[0], open_now[2]):
                    open_now = (held.position_id, open_now[1], piece[1])
                    continue
                if open_now:
                    yield open_now
                open_now = (held.position_id, *piece)
        if open_now:
            yield open_now

    def _uncovered(self, held: Held, start: int, end: int) -> Iterator[tuple[int, int]]:
        if not held.quantity:
            return
        stops = [life for life in self.stops.values() if life.position_id in ("", held.position_id)]
        turns = {time for life in stops for time in (life.start, life.end) if time is not None and start < time < end}
        marks = [start, *sorted(turns), end]
        for since, until in pairwise(marks):
            there = [life for life in stops if life.through(since, until)]
            if since < until and not any(not life.quantity for life in there) and sum(life.quantity for life in there) < abs(held.quantity):
                yield since, until


class Bareness:
    """Takes what the log says in the order of its time; a run's end asks it."""

    def __init__(self) -> None:
        self._lines: dict[Place, Line] = {}
        self._timed: list[tuple[int, Told]] = []
        self._ahead: dict[str, int] = {}                 # account -> the venue's clock before the log's, ms, with the least delay that was seen
        self._last = 0                                   # log_time

    def filled(self, book: Book, time: int, venue_time: int) -> None:
        """After a fill. One that was booked late changed the books when they learned of it, and not before the one that overtook it."""
        self._hear(book.account, time, venue_time)
        line = self._line(book.account, book.symbol)
        line.held.append((max(venue_time, line.held[-1][0] if line.held else 0), book.held))

    def take(self, told: Told, time: int) -> None:
        if venue_time := venue_time_of(told):
            self._hear(told.account, time, venue_time)
        self._timed.append((time, told))
        self._last = max(self._last, time)

    def spans(self, now: int = 0) -> list[Bare]:
        """Of all positions, the longest first. `now`: log_time up to which one that is still bare counts; never before the last word."""
        for time, told in self._timed:
            self._place(told, venue_time_of(told) or time + self._ahead.get(told.account, 0))
        self._timed.clear()
        found = [
            Bare(account, symbol, *span)
            for (account, symbol), line in self._lines.items()
            for span in line.bare(max(now, self._last) + self._ahead.get(account, 0))
        ]
        return sorted(found, key=lambda one: (-one.ms, one.start, one.symbol))

    def _hear(self, account: str, time: int, venue_time: int) -> None:
        self._ahead[account] = max(self._ahead.get(account, venue_time - time), venue_time - time)
        self._last = max(self._last, time)

    def _line(self, account: str, symbol: str) -> Line:
        return self._lines.setdefault((account, symbol), Line())

    def _place(self, told: Told, at: int) -> None:
        line = self._line(told.account, told.symbol)
        match told:
            case EntryRecord(guard_id=str(guard), cover=Cover.PROTECTED) if guard:
                line.stop(guard, told.position_id).lives(at)
            case EntryReported(guard_id=str(guard), state=EntryState.PROTECTED) if guard:
                line.stop(guard, "").lives(at)
            case ExitRecord(leg="stop"):
                life = line.stop(told.client_order_id, told.position_id, told.quantity)
                if told.state is OrderState.WORKING:
                    life.lives(at)
                elif told.state.ended:
                    life.ends(at)
            case PlanReported():
                for name in told.cancelled:
                    line.stop(name, "").ends(at)
            case ExitReported() if told.state in ENDED + LIVING and leg_of(told.client_order_id) in ("guard", "stop"):
                life = line.stop(told.client_order_id, told.position_id)
                (life.lives if told.state in LIVING else life.ends)(at)


def venue_time_of(told: Told) -> int:
    """When the venue did what is told, or the gateway learned of it, by the venue's clock; 0 where the record has no such time."""
    match told:
        case EntryReported() | PlanReported() | ExitReported():
            return told.venue_time
        case ExitRecord(state=OrderState.WORKING):
            return told.answered_at
        case _:
            return 0
