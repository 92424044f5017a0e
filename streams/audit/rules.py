"""The books, audited: positions and cash rebuilt from `order.fill` alone, each fill held to those before it, each position to what positions tells.

A fill names the position that it worked on and the profit that the venue made of it, so a fill betrays most of what went wrong before it:

    DOUBLED     its trade stands earlier already; it is not counted again
    REORDERED   a later trade stands before it. A fault where the order changes positions or profit, else only told
    LATE        as REORDERED, but the gateway learned of it late and the books went on in this order: the stream lost it, the trade list brought it.
                Told, and no fault: nothing is lost, and what was decided since was decided by the books as they stand here
    LOST        it names another position or profit than the fills before it lead to, or positions tells of one: a fill before it is missing
    UNWORKED    positions went on without it
    DIFFERENT   positions, or the venue, has another position or profit than the fills lead to

Snapshots come from another topic, in an order of their own: they are matched with the fills by the sequence of positions that both tell.
"""
from collections import deque
from collections.abc import Iterator
from enum import StrEnum

import msgspec

from streams.core.events import Filled, PositionUpdated
from streams.core.ids import position_id
from streams.core.positions import FLAT, Held, Trade, filled
from streams.core.values import decimal, notional

GRACE_MS = 5_000                      # for a snapshot of a fill, or a fill behind a snapshot, to arrive
SLACK_PPM = 10                        # of the notional: between the venue's rounding of a profit and ours
SLACK_MIN = 1_000                     # 1e-5 of the quote asset
BEFORE = 16                           # positions looked ahead for the next on which both agree
LATE_MS = 500                         # behind the fill that overtook it, at least: what comes out of order in less is no news that was lost
PROMPT_MS = 3_000                     # the overtaking fill itself, at most: in a log that was written anew every fill is late
LEARNED_MS = 75_000                   # the gateway reads the trade list every minute: a fill that is missing may be booked yet for so long
OPENING = "opening-"                  # a fill made of a difference that no trade explains: the venue named no profit of it


class Kind(StrEnum):
    DOUBLED = "DOUBLED"
    REORDERED = "REORDERED"
    LATE = "LATE"
    LOST = "LOST"
    UNWORKED = "UNWORKED"
    DIFFERENT = "DIFFERENT"


class Place(msgspec.Struct, frozen=True):
    topic: str
    partition: int
    offset: int
    log_time: int = 0

    def __str__(self) -> str:
        return f"{self.topic}-{self.partition}@{self.offset}"


class Finding(msgspec.Struct, frozen=True):
    """`place` is that of the fill; of a LOST one the first that betrays it. `fault`: false where it is only told."""

    kind: Kind
    place: str
    account: str
    symbol: str
    said: str
    fault: bool = True

    def __str__(self) -> str:
        return f"{self.kind:<10} {self.place}  {self.account} {self.symbol}: {self.said}"


class Point(msgspec.Struct, frozen=True):
    """A position as somebody tells it: by fills, or by a snapshot. `realised` is of the position that has just ended, None elsewhere."""

    state: tuple[str, int]            # position id and signed quantity; ("", 0) is flat
    place: Place
    realised: int | None = None


class Suspicion(msgspec.Struct, frozen=True):
    """A LOST fill, as a later one betrays it: withdrawn where the missing one is booked after all."""

    number: int                       # of the trade that betrays it
    log_time: int
    finding: Finding
    by_position: bool                 # it names another position; else another profit


class Overtaken(msgspec.Struct, frozen=True):
    """A fill behind a later trade. Delays are of log_time behind venue_time, which are two clocks: only their differences mean something."""

    finding: Finding
    delay: int
    overtaker_delay: int
    consistent: bool                  # the position that it and the overtaking ones name is the one that this order leads to


class Book:
    """One account's fills in one symbol. Amounts in 1e-8."""

    def __init__(self, account: str, symbol: str) -> None:
        self.account, self.symbol = account, symbol
        self.held: Held = FLAT
        self.trades: dict[str, Place] = {}
        self.realised = self.realised_venue = 0
        self.fees: dict[str, int] = {}
        self.last: Place | None = None
        self._number = 0                                 # the highest trade of the venue's
        self._earned = 0                                 # by the position held
        self._findings: list[Finding] = []
        self._suspicions: list[Suspicion] = []
        self._overtaken: list[Overtaken] = []
        self._delay_least: int | None = None
        self._delay_newest = 0                           # of the highest trade
        self._by_fills: deque[Point] = deque()
        self._told: deque[Point] = deque()
        self._told_last: tuple[int, set[tuple[str, int]]] = (-1, set())
        self._told_newest: tuple[str, int] | None = None
        self._before: tuple[str, int] = ("", 0)          # of the fills that lie before the snapshots
        self._matching = False

    # ------------------------------------------------------------------------------------------------------------ fills

    def take(self, fill: Filled, place: Place) -> None:
        """The next fill of the topic."""
        if (known := self.trades.get(fill.trade_id)) is not None:
            self._find(Kind.DOUBLED, place, f"trade {fill.trade_id} stands at {known} already")
            return
        self.trades[fill.trade_id] = place
        wrong = self._wrong_position(fill)
        before, (after, earned) = self.held, filled(self.held, Trade(fill.account, fill.symbol, fill.trade_id, fill.signed, fill.price))
        if wrong and not before.quantity:
            after = msgspec.structs.replace(after, position_id=fill.position_id)
        self._judge(fill, place, wrong, self._wrong_profit(fill, earned))
        self.held, self.last = after, place
        self.realised, self.realised_venue = self.realised + earned, self.realised_venue + fill.realised_pnl
        self.fees[fill.fee_asset] = self.fees.get(fill.fee_asset, 0) + fill.fee
        self._earned += earned
        if before.quantity and after.position_id != before.position_id:
            self._by_fills.append(Point(("", 0), place, self._earned))
            self._earned = 0
        if after.quantity:
            self._by_fills.append(Point((after.position_id, after.quantity), place))

    def _wrong_position(self, fill: Filled) -> str:
        """What the fill's own word on its position contradicts; the book goes on by that word."""
        opens = position_id(fill.account, fill.symbol, fill.trade_id)
        if fill.position_id in ("", self.held.position_id or opens):
            return ""
        said = f"it worked on {fill.position_id}, but the fills before it lead to {self.held.position_id or 'flat'}"
        if fill.position_id == opens:
            self.held, self._earned = FLAT, 0
        else:
            self.held = msgspec.structs.replace(self.held, position_id=fill.position_id)
        return said

    def _wrong_profit(self, fill: Filled, earned: int) -> str:
        slack = max(SLACK_MIN, abs(notional(fill.quantity, fill.price)) * SLACK_PPM // 1_000_000)
        if fill.trade_id.startswith(OPENING) or abs(earned - fill.realised_pnl) <= slack:
            return ""
        return f"the venue made {decimal(fill.realised_pnl)} of it, the fills before it lead to {decimal(earned)}"

    def _judge(self, fill: Filled, place: Place, wrong_position: str, wrong_profit: str) -> None:
        delay, wrong = place.log_time - fill.venue_time, wrong_position or wrong_profit
        self._delay_least = delay if self._delay_least is None else min(self._delay_least, delay)
        number = int(fill.trade_id) if fill.trade_id.isdecimal() else self._number + 1
        if number < self._number:
            explained = [one for one in self._suspicions if one.number > number]      # what it explains was not lost
            self._suspicions = [one for one in self._suspicions if one not in explained]
            self._findings = [one for one in self._findings if all(one is not other.finding for other in explained)]
            said = f"trade {number} stands after {self._number}" + (f"; {wrong}" if wrong else "")
            consistent = not wrong_position and not any(one.by_position for one in explained)
            self._find(Kind.REORDERED, place, said, fault=bool(wrong or explained))
            self._overtaken.append(Overtaken(self._findings[-1], delay, self._delay_newest, consistent))
        elif wrong:
            self._find(Kind.LOST, place, f"a fill before it is missing: {wrong}")
            self._suspicions.append(Suspicion(number, place.log_time, self._findings[-1], bool(wrong_position)))
        if fill.trade_id.isdecimal() and number > self._number:
            self._number, self._delay_newest = number, delay

    @property
    def findings(self) -> list[Finding]:
        """In the order in which they were found."""
        late = {id(one.finding): one for one in self._overtaken if self._late(one)}
        return [_as_late(found, late[id(found)]) if id(found) in late else found for found in self._findings]

    def pending(self, now: int) -> list[Finding]:
        """LOST ones that the next reading of the trade list may still withdraw. `now`: log_time."""
        return [one.finding for one in self._suspicions if now - one.log_time < LEARNED_MS]

    def _late(self, one: Overtaken) -> bool:
        """Whether the gateway learned of it late, and wrote it when it did; else somebody has changed the order of what was written."""
        prompt = one.overtaker_delay - (self._delay_least or 0) <= PROMPT_MS
        return one.consistent and prompt and one.delay - one.overtaker_delay >= LATE_MS

    # ------------------------------------------------------------------------------------------------------------ snapshots

    def tell(self, told: PositionUpdated, place: Place) -> None:
        """The next snapshot of the topic; one that was told before changes nothing."""
        seq, states = self._told_last
        state = (told.position_id, told.quantity) if told.quantity else ("", 0)
        if told.seq < seq or (told.seq == seq and state in states):
            return
        self._told_last = (told.seq, {state} if told.seq > seq else states | {state})
        if state != self._told_newest:
            self._told_newest = state
            self._told.append(Point(state, place, told.realised_pnl if told.closed_at else None))

    def match(self, since: int, now: int) -> None:
        """Holds positions' word to the fills'. `since`: log_time from which snapshots are complete; `now`: what is older than the grace is judged."""
        while self._by_fills and self._by_fills[0].place.log_time < since:
            self._before = self._by_fills.popleft().state
        if self._told and not self._matching:
            self._matching = True
            if self._told[0].state == self._before and self._told[0].realised is None:     # it tells what was held already
                self._told.popleft()
        while self._by_fills and self._told:
            ours, theirs = self._by_fills[0], self._told[0]
            if ours.state == theirs.state:
                self._agreed(ours, theirs)
            elif now - max(ours.place.log_time, theirs.place.log_time) > GRACE_MS:
                self._part(ours, theirs)
            else:
                return
        for ours in [one for one in self._by_fills if now - one.place.log_time > GRACE_MS]:
            self._by_fills.popleft()
            self._find(Kind.UNWORKED, ours.place, f"positions told of nothing after it; the fills lead to {_words(ours.state)}")
        for theirs in [one for one in self._told if now - one.place.log_time > GRACE_MS]:
            self._told.popleft()
            self._find(Kind.LOST, self.last or theirs.place, f"positions tells {_words(theirs.state)} at {theirs.place}, and no fill leads there")

    def _agreed(self, ours: Point, theirs: Point) -> None:
        self._by_fills.popleft()
        self._told.popleft()
        if ours.realised is not None and theirs.realised is not None and ours.realised != theirs.realised:
            said = f"positions tells a profit of {decimal(theirs.realised)} at {theirs.place}, the fills lead to {decimal(ours.realised)}"
            self._find(Kind.DIFFERENT, ours.place, said)

    def _part(self, ours: Point, theirs: Point) -> None:
        """They disagree: on to the next position that both tell."""
        missed = _ahead(self._by_fills, theirs)
        unexplained = _ahead(self._told, ours)
        if missed:
            for _ in range(missed):
                one = self._by_fills.popleft()
                self._find(Kind.UNWORKED, one.place, f"positions went on without it to {_words(theirs.state)}")
        else:
            for _ in range(unexplained or 1):
                one = self._told.popleft()
                kind = Kind.LOST if unexplained else Kind.DIFFERENT
                self._find(kind, ours.place, f"positions tells {_words(one.state)} at {one.place}, the fills lead to {_words(ours.state)}")
            if not unexplained:
                self._by_fills.popleft()

    def _find(self, kind: Kind, place: Place, said: str, *, fault: bool = True) -> None:
        self._findings.append(Finding(kind, str(place), self.account, self.symbol, said, fault))


def _as_late(found: Finding, one: Overtaken) -> Finding:
    said = f"{found.said.partition(';')[0]}: booked {(one.delay - one.overtaker_delay) / 1_000:.1f} s late, and in this order everywhere"
    return msgspec.structs.replace(found, kind=Kind.LATE, said=said, fault=False)


def _ahead(points: deque[Point], wanted: Point) -> int:
    """How many come before one that tells the same; 0 where none does soon."""
    return next((number for number, one in zip(range(BEFORE), points, strict=False) if one.state == wanted.state), 0)


def _words(state: tuple[str, int]) -> str:
    return f"{decimal(state[1])} of {state[0]}" if state[1] else "flat"


class Audit:
    """All books, by account and symbol."""

    def __init__(self) -> None:
        self.books: dict[tuple[str, str], Book] = {}

    def book(self, account: str, symbol: str) -> Book:
        return self.books.setdefault((account, symbol), Book(account, symbol))

    def findings(self) -> list[Finding]:
        return [one for book in self.books.values() for one in book.findings]

    def cash(self) -> Iterator[tuple[str, str, int, int, dict[str, int]]]:
        """Account, symbol, profit by our arithmetic and by the venue's, fees by asset."""
        for (account, symbol), book in sorted(self.books.items()):
            yield account, symbol, book.realised, book.realised_venue, book.fees
