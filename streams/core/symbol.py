"""One symbol's only door. Facts come in, in the past tense; requests go out, in the imperative.

    Intent            -> Propose, or Deny; CLOSE -> Close or a Plan that reduces; CANCEL -> Withdraw; what meets no price or filters yet waits
    EntryReported     the entry's life goes on; PROTECTED lets Exit Brain place; an end frees the symbol for the next entry
    Filled            -> PositionUpdated, and the Plan that the new quantity needs
    Funded            -> PositionUpdated
    PlanReported      what rests now; the next Plan is made from the newest state
    Tick              -> at most one Plan (a stop moves) or Close (time, a price through a stop); waiting intents try again
    Beat              what is due without a tick; -> PositionUpdated of what is open
    Instrument, SymbolControlled   filters, status, a person's word

One entry per account is in flight at a time, one plan of a position is under way at a time. A Close goes at once and ends all planning. State is a
value: the same events give the same bytes.
"""
from typing import Any

import msgspec

from streams.core import breakers
from streams.core.acting import acted, addressed
from streams.core.book import Book, snapshot
from streams.core.commands import Close, Deny, Note, Plan, Propose, Withdraw
from streams.core.events import (
    Beat,
    EntryReported,
    ExitReported,
    Filled,
    Instrument,
    Intent,
    PlanReported,
    PositionUpdated,
    Seen,
    SymbolControlled,
    Tick,
)
from streams.core.exits import Wanted, adopted, overdue, passed, peak_of, seen_price, watched
from streams.core.fills import booked
from streams.core.funding import Funded, funded
from streams.core.ids import leg_of
from streams.core.known import forgotten, is_known, remembered
from streams.core.leaving import closed
from streams.core.market import controlled, listed, ticked
from streams.core.planning import planned, price_believed, price_of, wish
from streams.core.reports import entry_reported, exit_reported, plan_reported, unmoved
from streams.core.settings import Ages, Settings
from streams.core.symbol_state import SymbolState, new
from streams.core.words import EntryState, Exit

__all__ = ["Output", "SymbolState", "due", "new", "step"]
Output = Propose | Plan | Close | Withdraw | PositionUpdated | Deny | Note
Outputs = tuple[Output, ...]
replace = msgspec.structs.replace
LINEAGE_MAX = 200                     # characters of an intent's source, model and regime that travel on; its own record keeps them whole


def due(state: SymbolState, log_time: int, settings: Settings) -> bool:  # noqa: ARG001  (what is open reports each second, whatever the limits)
    """Whether a beat at this time would do anything."""
    return any(book.busy for book in state.books.values())


def step(state: SymbolState, seen: Seen[Any], settings: Settings) -> tuple[SymbolState, Outputs]:
    """Apply one event; say what must happen next."""
    now = max(state.time, seen.log_time)
    state = replace(state, seq=state.seq + 1, time=now)
    match seen.body:
        case Tick():
            return _ticked(state, seen.body, settings)
        case Beat():
            return _beaten(state, settings)
        case Intent():
            return _intended(state, seen.body, seen.log_time, settings)
        case Filled():
            return _filled(state, seen.body, settings)
        case Funded():
            return _funded(state, seen.body)
        case EntryReported():
            return _entry_reported(state, seen.body, settings)
        case PlanReported():
            return _plan_reported(state, seen.body, settings)
        case ExitReported():
            return _exit_reported(state, seen.body, settings)
        case Instrument() | SymbolControlled():
            return _told(state, seen.body, settings)
        case _:
            raise AssertionError(f"no branch for {seen.body!r}")


def _told(state: SymbolState, fact: Instrument | SymbolControlled, settings: Settings) -> tuple[SymbolState, Outputs]:
    """The venue's filters, or a person's word."""
    if isinstance(fact, SymbolControlled):
        return replace(state, market=controlled(state.market, fact)), ()
    return _retried(replace(state, market=listed(state.market, fact, state.time)), settings)


def _ticked(state: SymbolState, tick: Tick, settings: Settings) -> tuple[SymbolState, Outputs]:
    before = state.market.mark_time
    state = replace(state, market=ticked(state.market, tick, state.time, settings.breaker))
    outputs: list[Output] = []
    for account, book in state.books.items():
        if not book.busy:
            continue
        if book.position is not None and state.market.believed:
            seen = seen_price(book.position, peak_of(book.position, tick, before))
            seen = watched(seen, price_of(state.market, seen), state.time)
            state = state if seen is book.position else _with(state, replace(book, position=seen))
        state, followed = _acting(state, account, settings, tick_time=state.time)
        outputs += followed
    return state, tuple(outputs)


def _beaten(state: SymbolState, settings: Settings) -> tuple[SymbolState, Outputs]:
    outputs: list[Output] = []
    for account, book in state.books.items():
        if book.position is not None and book.position.beyond_since and state.market.last:
            state = _with(state, replace(book, position=watched(book.position, price_of(state.market, book.position), state.time)))
        state, followed = _acting(state, account, settings, tick_time=0)
        outputs += followed
        if state.books[account].busy and not any(isinstance(output, PositionUpdated) for output in followed):
            outputs.append(snapshot(state.books[account], state.symbol, state.seq, state.market))
    return state, tuple(outputs)


def _acting(state: SymbolState, account: str, settings: Settings, *, tick_time: int) -> tuple[SymbolState, Outputs]:
    """What time and price ask of one book: close, or plan, or let a waiting intent try again."""
    book, market, now = state.books.get(account), state.market, state.time
    if book is None:
        return state, ()
    if settings.adopt and book.position and not book.position.intent_id and not book.position.stop_first and state.market.believed:
        book = replace(book, position=adopted(book.position, settings.policies["default"], state.market.last))
        state = _with(state, book)
    price = price_believed(market, book.position, now, settings.ages.mark_max) if book.position else 0
    want = wish(book, market, now, adopt=settings.adopt)
    reason = _leaving(book, want, price, now, settings.ages)
    if reason is not None:
        book, close = closed(book, state.symbol, reason, now, tick_time)
        return _with(state, book), (close,)
    if book.waiting or (book.flip and book.position is None and book.entry is None):
        return _tried(state, account, settings)
    book, plan = planned(book, want, price, market.instrument, now, tick_time)
    return (_with(state, book), (plan,)) if plan else (state, ())


def _leaving(book: Book, want: Wanted | None, price: int, now: int, ages: Ages) -> Exit | None:
    """Why a book must be closed at market now, by its time or by a price that no order can wait for any more."""
    position = book.position
    if position is None or book.closing:
        return None
    reason = overdue(position, ages, price, now)
    return passed(position, want, price) if reason is None and want is not None and price else reason


def _intended(state: SymbolState, intent: Intent, log_time: int, settings: Settings) -> tuple[SymbolState, Outputs]:
    intent = _carried(intent, settings)
    known = forgotten(state.known, state.time, settings.ages.known_max)
    first = not is_known(known, intent.intent_id)
    state = replace(state, known=remembered(known, intent.intent_id, state.time) if first else known)
    outputs: list[Output] = []
    for one in addressed(intent, settings) if first else (intent,):
        book, followed = acted(_book(state, one.account), one, state, log_time, settings, first=first)
        state = _with(state, book) if one.account in settings.accounts else state
        outputs += followed
    return state, tuple(outputs)


def _carried(intent: Intent, settings: Settings) -> Intent:
    """What of an intent may lie in a state and go into commands: it can be a megabyte, they cannot."""
    source, model, regime = (text[:LINEAGE_MAX] for text in (intent.source, intent.model, intent.regime))
    return replace(intent, account=intent.account or settings.default_account, source=source, model=model, regime=regime, comment="", extra="")


def _tried(state: SymbolState, account: str, settings: Settings) -> tuple[SymbolState, Outputs]:
    """A waiting intent, or one that waits for flat, once more."""
    book = state.books[account]
    waiting = book.waiting or book.flip
    if waiting is None:
        raise AssertionError("no intent waits")
    freed = replace(book, waiting=None, flip=None)
    since = waiting.since if book.waiting else 0              # one that waited for flat comes to the ladder now
    book, outputs = acted(freed, waiting.intent, state, state.time, settings, first=True, since=since)
    return _with(state, book), outputs


def _retried(state: SymbolState, settings: Settings) -> tuple[SymbolState, Outputs]:
    outputs: list[Output] = []
    for account, book in state.books.items():
        if book.waiting:
            state, followed = _tried(state, account, settings)
            outputs += followed
    return state, tuple(outputs)


def _filled(state: SymbolState, fill: Filled, settings: Settings) -> tuple[SymbolState, Outputs]:
    before = _book(state, fill.account)
    book, told = booked(before, fill, state.market, state.seq, state.time)
    if book is before:
        return state, (Note("REPEATED", f"trade {fill.trade_id} is in the book"),)
    if leg_of(fill.client_order_id) == "flat":
        state = _broken(state, "NO_GUARD")
    state, followed = _acting(_with(state, book), fill.account, settings, tick_time=0)
    return state, (*told, *followed)


def _funded(state: SymbolState, fact: Funded) -> tuple[SymbolState, Outputs]:
    before = _book(state, fact.account)
    book, told = funded(before, fact, state.market, state.seq)
    return (state if book is before else _with(state, book)), told


def _entry_reported(state: SymbolState, report: EntryReported, settings: Settings) -> tuple[SymbolState, Outputs]:
    before = _book(state, report.account)
    book = entry_reported(before, report)
    if book == before:
        return state, (unmoved(before, report),)
    state = _with(state, book)
    market = state.market
    if report.state is EntryState.REJECTED:
        state = replace(state, market=replace(market, breaker=breakers.rejected(market.breaker, settings.breaker, state.time)))
    if report.state is EntryState.CLOSED:
        state = _broken(state, "NO_GUARD")
    if report.state is EntryState.PROTECTED:
        state = replace(state, market=replace(market, breaker=breakers.succeeded(market.breaker)))
    told = snapshot(book, state.symbol, state.seq, market)
    state, followed = _acting(state, report.account, settings, tick_time=0)
    return state, (told, *followed)


def _plan_reported(state: SymbolState, report: PlanReported, settings: Settings) -> tuple[SymbolState, Outputs]:
    before = _book(state, report.account)
    book, refused_stop = plan_reported(before, report, state.time)
    if book is before:
        return state, (Note("PLAN_UNKNOWN", f"revision {report.revision} is not under way"),)
    state = _with(state, book)
    return _acting(_broken(state, "STOP_REFUSED") if refused_stop else state, report.account, settings, tick_time=0)


def _exit_reported(state: SymbolState, report: ExitReported, settings: Settings) -> tuple[SymbolState, Outputs]:
    before = _book(state, report.account)
    book = exit_reported(before, report, state.time)
    if book is before and (book.position is None or book.position.held.position_id != report.position_id):
        return state, (Note("POSITION_UNKNOWN", f"{report.state} of an order of a position that is not held"),)
    return _acting(_with(state, book), report.account, settings, tick_time=0)


def _book(state: SymbolState, account: str) -> Book:
    return state.books.get(account) or Book(account)


def _with(state: SymbolState, book: Book) -> SymbolState:
    return state if state.books.get(book.account) is book else replace(state, books={**state.books, book.account: book})


def _broken(state: SymbolState, reason: str) -> SymbolState:
    return replace(state, market=replace(state.market, breaker=breakers.opened(state.market.breaker, reason, state.time)))
