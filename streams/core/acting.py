"""An intent at the book: the ladder from its first question to what follows. BUY and SELL may enter, CLOSE and CANCEL may only end something."""
import msgspec

from streams.core.book import Book, Entry, UnderWay, Waiting
from streams.core.commands import Close, Denial, Deny, Plan, PlanStep, Propose, Step, Withdraw
from streams.core.events import Instrument, Intent
from streams.core.ids import client_order_id
from streams.core.intents import ENTERING, No, Terms, deny_symbol, expires_at, judged, too_old
from streams.core.market import Market
from streams.core.settings import Settings
from streams.core.symbol_state import SymbolState
from streams.core.values import PPM, Side, down, notional, share
from streams.core.words import Action, Exit, OrderType

replace = msgspec.structs.replace
Output = Propose | Plan | Close | Withdraw | Deny
Acted = tuple[Book, tuple[Output, ...]]


def acted(book: Book, intent: Intent, state: SymbolState, log_time: int, settings: Settings, *, first: bool, since: int = 0) -> Acted:
    """The book after the intent. `first`: its id was not known; `since`: when it began to wait, 0 for one that has just come."""
    refusal = _known_or_old(intent, log_time, settings, first=first)
    if refusal is not None:
        return _denied(book, intent, state.symbol, refusal)
    match intent.action:
        case Action.CLOSE:
            return _closing(book, intent, state.symbol, state.market, state.time)
        case Action.CANCEL:
            return _cancelling(book, intent, state.symbol, state.time)
        case _:
            return _entering(book, intent, state, settings, since or state.time)


def closed(book: Book, symbol: str, reason: Exit, now: int, tick_time: int = 0) -> tuple[Book, Close]:
    """A standing wish to be flat: it names the entry in flight, and ends all planning."""
    intent_id = book.entry.intent.intent_id if book.entry else ""
    position_id = book.position.held.position_id if book.position else ""
    name = client_order_id(book.account, symbol, position_id or intent_id, "exit", book.legs.exit)
    close = Close(book.account, symbol, position_id, book.revision, (intent_id,) if intent_id else (), name, reason, now, tick_time)
    legs = replace(book.legs, exit=book.legs.exit + 1)
    return replace(book, closing=reason, under_way=None, revision=book.revision + 1, legs=legs), close


def _known_or_old(intent: Intent, log_time: int, settings: Settings, *, first: bool) -> No | None:
    if not first:
        return No(Denial.INTENT_KNOWN, "it was answered before")
    if too_old(intent, log_time, settings):
        return No(Denial.INTENT_EXPIRED, f"made at {intent.timestamp}, it was too old at {log_time}")
    if intent.account not in settings.accounts:
        return No(Denial.ACCOUNT_UNKNOWN, f"no account {intent.account} in the settings")
    if settings.symbols and intent.symbol not in settings.symbols and intent.action in ENTERING:
        return No(Denial.SYMBOL_NOT_LISTED, "not one of the symbols in the settings")
    return None


def _closing(book: Book, intent: Intent, symbol: str, market: Market, now: int) -> Acted:
    part = _part(book, intent, market.instrument, market.mark)
    if part and book.closing:
        return _denied(book, intent, symbol, No(Denial.POSITION_MISSING, "all of it is being closed already"))
    if part and (book.under_way is not None or book.waiting is not None):
        if book.waiting is not None:
            return _denied(book, intent, symbol, No(Denial.ENTRY_IN_FLIGHT, f"{book.waiting.intent.intent_id} waits to be worked first"))
        return replace(book, waiting=Waiting(intent, now)), ()      # after the plan that is under way
    if part:
        return _reduced(book, symbol, part, now)
    book, withdrawn = _withdrawn(book, symbol, intent)
    if book.position is None and book.entry is None:
        return _denied(book, intent, symbol, No(Denial.POSITION_MISSING, "nothing is held or in flight"), *withdrawn)
    book, close = closed(book, symbol, intent.reason or Exit.CLOSE, now)
    return book, (*withdrawn, close)


def _withdrawn(book: Book, symbol: str, by: Intent) -> tuple[Book, tuple[Deny, ...]]:
    """Without what waits: each intent has an end, and is told it."""
    waiting = [waits.intent for waits in (book.waiting, book.flip) if waits]
    detail = f"taken back by {by.action} {by.intent_id}"
    return replace(book, waiting=None, flip=None), tuple(
        Deny(book.account, symbol, intent.intent_id, Denial.INTENT_WITHDRAWN, detail) for intent in waiting
    )


def _part(book: Book, intent: Intent, instrument: Instrument | None, mark: int) -> int:
    """The quantity of a partial close; 0 where all is meant, or what would be left is less than the venue takes."""
    if not intent.partial_ppm or book.position is None or instrument is None or book.entry is not None:
        return 0
    size = abs(book.position.held.quantity)
    part = down(share(size, intent.partial_ppm, PPM), instrument.quantity_step)
    left = size - part
    return part if part >= instrument.quantity_min and left >= instrument.quantity_min and notional(left, mark) >= instrument.notional_min else 0


def _reduced(book: Book, symbol: str, quantity: int, now: int) -> Acted:
    """A part is a step of a plan, once."""
    position = book.position
    if position is None:
        raise AssertionError("a part of nothing")
    name = client_order_id(book.account, symbol, position.held.position_id, "exit", book.legs.exit)
    step = PlanStep(Step.REDUCE, name, quantity)
    plan = Plan(book.account, symbol, position.held.position_id, book.revision, position.side.opposite, (step,), Exit.CLOSE, now)
    legs = replace(book.legs, exit=book.legs.exit + 1)
    return replace(book, under_way=UnderWay(plan, ()), revision=book.revision + 1, legs=legs), (plan,)


def _cancelling(book: Book, intent: Intent, symbol: str, now: int) -> Acted:
    if book.waiting is not None or book.flip is not None:
        return _withdrawn(book, symbol, intent)
    if book.entry is None:
        return _denied(book, intent, symbol, No(Denial.ENTRY_MISSING, "no entry is working"))
    return book, (Withdraw(book.account, symbol, book.entry.intent.intent_id, now),)


def _entering(book: Book, intent: Intent, state: SymbolState, settings: Settings, since: int) -> Acted:
    symbol, now = state.symbol, state.time
    probed = any(other.entry is not None for other in state.books.values())
    refusal = deny_symbol(state.market, probed=probed and book.entry is None)
    if refusal is not None:
        return _denied(book, intent, symbol, refusal)
    if book.entry is not None or book.waiting is not None or book.flip is not None or book.closing:
        return _denied(book, intent, symbol, No(Denial.ENTRY_IN_FLIGHT, "one entry at a time; the last has not ended"))
    if book.position is not None:
        return _against(book, intent, symbol, settings, now)
    terms = judged(intent, state.market, settings, now)
    if isinstance(terms, No):
        if terms.waits and now - since < settings.ages.wait_max:
            return replace(book, waiting=Waiting(intent, since)), ()
        return _denied(book, intent, symbol, terms)
    return _proposed(book, intent, terms, state, settings)


def _against(book: Book, intent: Intent, symbol: str, settings: Settings, now: int) -> Acted:
    """An intent while a position is held: the same way it is denied, the opposite way it closes, unless set otherwise."""
    side = Side.BUY if intent.action is Action.BUY else Side.SELL
    if book.position is None or side is book.position.side or settings.opposite == "ignore":
        return _denied(book, intent, symbol, No(Denial.POSITION_OPEN, "a position is held"))
    book, close = closed(book, symbol, Exit.OPPOSITE, now)
    return (replace(book, flip=Waiting(intent, now)) if settings.opposite == "flip" else book), (close,)


def _proposed(book: Book, intent: Intent, terms: Terms, state: SymbolState, settings: Settings) -> Acted:
    market, instrument, limit = state.market, state.market.instrument, intent.order_type is OrderType.LIMIT and intent.entry_price
    if instrument is None:
        raise AssertionError("judged without filters")
    entry_id = client_order_id(book.account, state.symbol, intent.intent_id, "entry")
    entry = Entry(intent, entry_id, terms.side, terms.stop_price, terms.target_price, terms.policy)
    propose = Propose(
        book.account, state.symbol, intent.intent_id, state.seq, terms.side, OrderType.LIMIT if limit else OrderType.MARKET,
        terms.entry_price if limit else market.mark, terms.stop_price, terms.target_price, intent.size, intent.leverage, intent.confidence_ppm,
        intent.timestamp, expires_at(intent, state.time, settings), market.mark, market.mark_time, market.spread_ppm, instrument.margin_asset,
        instrument.quantity_step, instrument.quantity_min, instrument.quantity_max, instrument.notional_min, instrument.leverage_max,
        instrument.maintenance_ppm, instrument.taker_fee_ppm, intent.policy, intent.source, intent.model,
    )
    return replace(book, entry=entry), (propose,)


def _denied(book: Book, intent: Intent, symbol: str, no: No, *before: Deny) -> Acted:
    return book, (*before, Deny(intent.account, symbol, intent.intent_id, no.reason, no.detail))
