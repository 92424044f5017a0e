"""What each source and model has earned today: a line for each, in the account's state, and a record of it each time that it changes.

The day is the UTC day of the log's time, and what was realised, paid and received counts on the day on which it happened; a position counts as a
trade when it ends. A symbol tells totals of a position, so what is added is their difference to what was told before: a snapshot that comes again
adds nothing. The lines begin anew each day; those of earlier days are the records. More sources than `LINES_MAX` share one line, OTHERS.
"""
import msgspec

from streams.core.drawdown import DAY_MS
from streams.core.events import PositionUpdated

LINES_MAX = 64
POSITIONS_KEPT = 2                    # of a symbol: the one held, and the one before, whose funding may come later
OTHERS = "others"
replace = msgspec.structs.replace


class DayBooked(msgspec.Struct, frozen=True):
    """What a source and its model have earned on a day so far: a line of the books. Of one day, source and model the highest `seq` holds."""

    account: str
    day: int                          # UTC, days since the epoch, by log_time
    source: str
    model: str
    seq: int                          # of the account's state
    trades: int                       # positions that ended
    wins: int                         # of those: with more than they cost
    realised_pnl: int                 # without fees; also of positions that are still open
    fees: int
    funding: int                      # below zero is paid


class Line(msgspec.Struct, frozen=True, array_like=True):
    """Amounts in the quote asset; funding below zero is paid."""

    source: str
    model: str
    trades: int = 0
    wins: int = 0                     # of those: with more than they cost
    realised_pnl: int = 0             # without fees
    fees: int = 0
    funding: int = 0


class Known(msgspec.Struct, frozen=True, array_like=True):
    """What of a position is in the lines. Without names, as the lines: the state that holds them is written with every event."""

    position_id: str
    realised_pnl: int = 0
    fees: int = 0
    funding: int = 0
    ended: bool = False


class Earnings(msgspec.Struct, frozen=True):
    day: int = -1                     # UTC, since the epoch
    lines: tuple[Line, ...] = ()
    known: dict[str, tuple[Known, ...]] = {}   # by symbol, the last at the end


def earned(book: Earnings, update: PositionUpdated, seq: int, now: int) -> tuple[Earnings, tuple[DayBooked, ...]]:
    """After a snapshot, and the line that it changed. `seq` is the account's, `now` the log's time."""
    if not update.position_id:
        return book, ()
    before = next((one for one in book.known.get(update.symbol, ()) if one.position_id == update.position_id), Known(update.position_id))
    after = Known(update.position_id, update.realised_pnl, update.fees, update.funding, before.ended or bool(update.closed_at))
    if after == before:
        return book, ()
    others = (one for one in book.known.get(update.symbol, ()) if one.position_id != update.position_id)
    known = {**book.known, update.symbol: (*others, after)[-POSITIONS_KEPT:]}
    if now // DAY_MS > book.day:
        book = Earnings(now // DAY_MS)
    place, line = _line(book.lines, update)
    line = _added(line, before, after)
    book = Earnings(book.day, (*book.lines[:place], line, *book.lines[place + 1 :]), known)
    return book, (DayBooked(update.account, book.day, line.source, line.model, seq, *msgspec.structs.astuple(line)[2:]),)


def _line(lines: tuple[Line, ...], update: PositionUpdated) -> tuple[int, Line]:
    """The line of a source and model, and its place; the last one is shared where there are too many."""
    for place, line in enumerate(lines):
        if (line.source, line.model) == (update.source, update.model):
            return place, line
    if len(lines) < LINES_MAX - 1:
        return len(lines), Line(update.source, update.model)
    return LINES_MAX - 1, lines[LINES_MAX - 1] if len(lines) == LINES_MAX else Line(OTHERS, "")


def _added(line: Line, before: Known, after: Known) -> Line:
    ends = after.ended and not before.ended
    won = ends and after.realised_pnl + after.funding > after.fees
    return replace(
        line, trades=line.trades + ends, wins=line.wins + won, realised_pnl=line.realised_pnl + after.realised_pnl - before.realised_pnl,
        fees=line.fees + after.fees - before.fees, funding=line.funding + after.funding - before.funding,
    )
