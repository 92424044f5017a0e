"""Reads the log beside everybody else, in no group, and holds books and protection to it: once, or for as long as it is let.

`position.update` is kept for days only, and tells each position every second: it is read from a moment on, the fills from their beginning.
"""
import time
from collections.abc import Callable, Iterable, Iterator

import msgspec

from streams.audit.bare import Bare, Bareness
from streams.audit.coverage import Coverage, Gap
from streams.audit.rules import GRACE_MS, Audit, Book, Finding, Kind, Place
from streams.core.events import EntryReported, ExitReported, Filled, PlanReported, PositionUpdated
from streams.core.ledger import BeatRecord, EntryRecord, ExitRecord
from streams.core.values import decimal
from streams.runtime import logs
from streams.runtime.metrics import AUDIT_FAULTS, UNPROTECTED
from streams.wire.log import Record, follow, read
from streams.wire.topics import ORDER_FILL, ORDER_LEDGER, ORDER_STATUS, POSITION_UPDATE

REPLAYED = (POSITION_UPDATE.name, ORDER_FILL.name, ORDER_LEDGER.name, ORDER_STATUS.name)
LOOK_S = 0.1
PATIENCE_S = 5.0                      # for a moment in which all that has come is read, before it is judged all the same
BOUND_MS = 1_000                      # a position may be without a living stop for so long before somebody is told
_log = logs.get(__name__)


class Cash(msgspec.Struct, frozen=True):
    """What the fills of a symbol made, as decimal strings: by our arithmetic, by the venue's, and the fees by asset."""

    account: str
    symbol: str
    realised: str
    realised_venue: str
    fees: dict[str, str]
    held: str


class Report(msgspec.Struct, frozen=True):
    fills: int
    snapshots: int
    findings: tuple[Finding, ...]
    cash: tuple[Cash, ...]

    @property
    def faults(self) -> list[Finding]:
        return [one for one in self.findings if one.fault]


class Replay(msgspec.Struct, frozen=True):
    """What is known of a run when it is over. `bare`: the times without a stop, the longest first."""

    report: Report
    bare: tuple[Bare, ...]

    @property
    def late(self) -> list[Finding]:
        return [one for one in self.report.findings if one.kind is Kind.LATE]


class Auditor:
    """`since`: log_time from which snapshots of positions are read, and held to the fills."""

    def __init__(self, since: int, bound_ms: int = BOUND_MS) -> None:
        self.audit, self.coverage = Audit(), Coverage()
        self.fills = self.snapshots = 0
        self.caught_up = False
        self._since, self._bound_ms = since, bound_ms
        self._begins: dict[str, int] = {}                # account -> log_time of its first snapshot, where the topic begins later than `since`
        self._told: set[Finding] = set()
        self._alarms: set[tuple[str, str, int]] = set()  # gaps that were told

    def take(self, record: Record) -> None:
        place = Place(record.topic, record.partition, record.offset, record.log_time)
        match record.message:
            case Filled() as fill:
                self.fills += 1
                book = self.audit.book(fill.account, fill.symbol)
                book.take(fill, place)
                self._ended(self.coverage.filled(book, record.log_time))
            case PositionUpdated() as told:
                self.snapshots += 1
                begins = self._begins.get(told.account, record.log_time)
                self._begins[told.account] = min(begins, record.log_time)
                self.audit.book(told.account, told.symbol).tell(told, place)
            case EntryRecord() | ExitRecord() | EntryReported() | PlanReported() | ExitReported() as said:
                self._ended(self.coverage.take(said, record.log_time))

    def judge(self, now: int) -> list[Finding]:
        """Findings that are new, but for fills that may be booked late yet. `now`: log_time."""
        for book in self.audit.books.values():
            book.match(self._complete_from(book), now)
        pending = {one for book in self.audit.books.values() for one in book.pending(now)}
        new = [one for one in self.audit.findings() if one not in self._told and one not in pending]
        self._told.update(new)
        return new

    def alarms(self, now: int) -> list[Gap]:
        """Positions that have been without a stop for longer than the bound, each told once; the gauge by the way."""
        for symbol, seconds in self.coverage.seconds(now).items():
            UNPROTECTED.labels(symbol).set(seconds)
        late = [gap for gap in self.coverage.gaps() if now - gap.since > self._bound_ms]
        new = [gap for gap in late if (gap.account, gap.symbol, gap.since) not in self._alarms]
        self._alarms.update((gap.account, gap.symbol, gap.since) for gap in new)
        return new

    def report(self) -> Report:
        cash = [
            Cash(account, symbol, decimal(ours), decimal(venues), {asset: decimal(fee) for asset, fee in sorted(fees.items())},
                 decimal(self.audit.book(account, symbol).held.quantity))
            for account, symbol, ours, venues, fees in self.audit.cash()
        ]
        return Report(self.fills, self.snapshots, tuple(sorted(self.audit.findings(), key=_place)), tuple(cash))

    def _complete_from(self, book: Book) -> int:
        """A topic that begins with the account's first snapshot is complete from a little before it: that one follows its fill."""
        return max(self._since, self._begins.get(book.account, self._since) - GRACE_MS)

    def _ended(self, gap: Gap | None) -> None:
        """What ends while the past is read is history: only what happens under our eyes is told."""
        if gap is None or not self.caught_up or gap.until - gap.since <= self._bound_ms:
            return
        _log.warning("a position has its stop again", account=gap.account, symbol=gap.symbol, seconds=(gap.until - gap.since) / 1_000)


def _place(found: Finding) -> tuple[str, int]:
    """In the order of the fills: what betrays a fault first is read first."""
    partition, _, offset = found.place.partition("@")
    return partition, int(offset or 0)


def once(bootstrap: str, since: int) -> Auditor:
    """The books as they stand. Raises NotReachable."""
    auditor, now = Auditor(since), time.time_ns() // 1_000_000
    for topic, start in ((POSITION_UPDATE, since), (ORDER_FILL, None)):          # what is filled meanwhile is younger than the grace
        for record in read(bootstrap, [topic.name], since=start):
            auditor.take(record)
    auditor.judge(now)
    return auditor


def replayed(bootstrap: str) -> Replay:
    """Everything that a broker holds: for a run that is over. Raises NotReachable."""
    return replay(read(bootstrap, REPLAYED))


def replay(records: Iterable[Record]) -> Replay:
    """Of topics read one after another, partition by partition; protection goes by the order of the log's time.

    What was filled after positions' last word is not held against it: it had ended.
    """
    auditor, bareness, told, last = Auditor(0), Bareness(), list[Record](), 0
    for record in records:
        if isinstance(record.message, PositionUpdated):
            auditor.take(record)
            last = max(last, record.log_time)
        elif record.topic in REPLAYED and not isinstance(record.message, BeatRecord):
            told.append(record)
    for record in sorted(told, key=lambda record: (record.log_time, record.topic, record.partition, record.offset)):
        auditor.take(record)
        match record.message:
            case Filled() as fill:
                bareness.filled(auditor.audit.book(fill.account, fill.symbol), record.log_time, fill.venue_time)
            case EntryRecord() | ExitRecord() | EntryReported() | PlanReported() | ExitReported() as said:
                bareness.take(said, record.log_time)
    auditor.judge(last)
    return Replay(auditor.report(), tuple(bareness.spans()))


def watched(bootstrap: str, auditor: Auditor, since: int, until: Callable[[], bool]) -> Iterator[Finding | Gap]:
    """What is found, as it is found: faults of the books, and positions without a stop. Raises NotReachable."""
    starts = {ORDER_LEDGER.name: None, ORDER_STATUS.name: None, ORDER_FILL.name: None, POSITION_UPDATE.name: since}
    for found in judged(follow(bootstrap, starts, until), auditor):
        tell(found)
        yield found


def judged(records: Iterable[Record | None], auditor: Auditor, clock: Callable[[], float] = time.monotonic) -> Iterator[Finding | Gap]:
    """What the records let know; None among them: all that has come is read. `clock`: in seconds.

    Partitions come one after another: a fill is read seconds before the guard that was told a moment after it, where this process had to wait for its
    turn. So it is judged when nothing is left to read; or all the same, when that has not been so for a while.
    """
    last, at, looked, behind = 0, clock(), 0.0, 0.0      # `behind`: since when there was something to read; 0: all was read
    for record in records:
        now = clock()
        if record is None:
            auditor.caught_up, behind = True, 0.0
        else:
            auditor.take(record)
            last, at = max((last, at), (record.log_time, now))
            behind = behind or now
        waits = behind and now - behind < PATIENCE_S
        if not auditor.caught_up or waits or now - looked < LOOK_S:
            continue
        looked = now
        log_now = last + int(1_000 * (now - at)) if last else 0
        yield from auditor.judge(log_now)
        yield from auditor.alarms(log_now)


def tell(found: Finding | Gap) -> None:
    if isinstance(found, Gap):
        _log.error(
            "a position has no living stop", account=found.account, symbol=found.symbol, position=found.position_id, since=found.since,
            remedy="streams status; close it at the venue where the gateway does not",
        )
    elif found.fault:
        AUDIT_FAULTS.labels(found.kind.value).inc()
        _log.error("the books are not whole", kind=found.kind.value, place=found.place, account=found.account, symbol=found.symbol, said=found.said)
    else:
        _log.info("told by the books", kind=found.kind.value, place=found.place, symbol=found.symbol, said=found.said)


class Traded(msgspec.Struct, frozen=True):
    """A trade of the venue's own list: what of it names a fill."""

    symbol: str
    trade_id: str
    said: str                         # "BUY 0.01 at 60000"


def unbooked(auditor: Auditor, account: str, traded: Iterable[Traded]) -> list[Finding]:
    """Trades of the venue that are no fill, each named by the next fill of the symbol that is one; the last where none follows."""
    found = []
    for one in traded:
        book = auditor.audit.book(account, one.symbol)
        if one.trade_id in book.trades:
            continue
        later = [(int(known), place) for known, place in book.trades.items() if known.isdecimal() and int(known) > int(one.trade_id)]
        place = min(later)[1] if later else book.last
        said = f"trade {one.trade_id} of the venue ({one.said}) is no fill; it belongs {'before this one' if later else 'after this one'}"
        found.append(Finding(Kind.LOST, str(place or ORDER_FILL.name), account, one.symbol, said))
    return found


def against_venue(auditor: Auditor, account: str, held: dict[str, int]) -> list[Finding]:
    """What the venue holds, signed, by symbol, against the books of the account."""
    symbols = {symbol for name, symbol in auditor.audit.books if name == account} | set(held)
    found = []
    for symbol in sorted(symbols):
        book = auditor.audit.books.get((account, symbol))
        ours, theirs = book.held.quantity if book else 0, held.get(symbol, 0)
        if ours != theirs:
            place = str(book.last) if book and book.last else ORDER_FILL.name
            said = f"the venue holds {decimal(theirs)}, the fills up to here lead to {decimal(ours)}"
            found.append(Finding(Kind.DIFFERENT, place, account, symbol, said))
    return found
