"""An intent at the book: the ladder from its first question to what follows. BUY and SELL may enter, CLOSE and CANCEL may only end something."""
import msgspec

from streams.core import pace
from streams.core.book import Book, Entry, Waiting
from streams.core.commands import Denial, Propose
from streams.core.events import Intent
from streams.core.ids import account_id, client_order_id
from streams.core.intents import ENTERING, No, Terms, deny_symbol, expires_at, judged, too_old, too_weak
from streams.core.leaving import Acted, cancelling, closed, closing, denied
from streams.core.protected import rests_at
from streams.core.settings import Limits, Settings
from streams.core.symbol_state import SymbolState
from streams.core.values import Side
from streams.core.words import ALL, Action, Exit, OrderType

replace = msgspec.structs.replace


def addressed(intent: Intent, settings: Settings) -> tuple[Intent, ...]:
    """One for each account that it is for. Of `all` each account gets its own, by an id of its own, and answers for itself."""
    if intent.account != ALL:
        return (intent,)
    return tuple(replace(intent, account=account, intent_id=account_id(account, intent.intent_id)) for account in settings.accounts)


def acted(book: Book, intent: Intent, state: SymbolState, log_time: int, settings: Settings, *, first: bool, since: int = 0) -> Acted:
    """The book after the intent. `first`: its id was not known; `since`: when it began to wait, 0 for one that has just come."""
    refusal = _known_or_old(intent, log_time, settings, first=first)
    if refusal is not None:
        return denied(book, intent, state.symbol, refusal)
    match intent.action:
        case Action.CLOSE:
            return closing(book, intent, state.symbol, state.market, state.time)
        case Action.CANCEL:
            return cancelling(book, intent, state.symbol, state.time)
        case _:
            return _entering(book, intent, state, settings, since)


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


def _entering(book: Book, intent: Intent, state: SymbolState, settings: Settings, since: int) -> Acted:
    symbol, now = state.symbol, state.time
    if _opposes(book, intent, settings):
        return _opposed(book, intent, symbol, settings, now)
    probed = any(other.entry is not None for other in state.books.values())
    refusal = deny_symbol(state.market, probed=probed and book.entry is None) or _too_many(book, since, now, settings.limits)
    if refusal is not None:
        return denied(book, intent, symbol, refusal)
    if not since:
        book = replace(book, asked=pace.remembered(book.asked, now, settings.limits.intents_per_minute))
    if book.entry is not None or book.waiting is not None or book.flip is not None or book.closing:
        return denied(book, intent, symbol, No(Denial.ENTRY_IN_FLIGHT, "one entry at a time; the last has not ended"))
    if book.position is not None and not _adds(book, intent, settings):
        return denied(book, intent, symbol, No(Denial.POSITION_OPEN, "a position is held"))
    if left := pace.cooling(book.lost_at, now, settings.limits.loss_cool_down):
        return denied(book, intent, symbol, No(Denial.SYMBOL_COOLING, f"its last position lost: no entries for {left} ms more"))
    terms = judged(intent, state.market, settings, now, stop_held=rests_at(book.position) if book.position else 0)
    if isinstance(terms, No):
        if terms.waits and now - (since or now) < settings.ages.wait_max:
            return replace(book, waiting=Waiting(intent, since or now)), ()
        return denied(book, intent, symbol, terms)
    return _proposed(book, intent, terms, state, settings)


def _too_many(book: Book, since: int, now: int, limits: Limits) -> No | None:
    """One that has waited was counted when it came."""
    asked = len(pace.recent(book.asked, now))
    if since or asked < limits.intents_per_minute or not limits.intents_per_minute:
        return None
    return No(Denial.INTENTS_TOO_MANY, f"{asked} in the last minute, {limits.intents_per_minute} at most")


def _adds(book: Book, intent: Intent, settings: Settings) -> bool:
    """Whether it may add to what is held: ours, guarded, the same way, and not too often yet."""
    position, side = book.position, Side.BUY if intent.action is Action.BUY else Side.SELL
    if position is None or position.guard is None or side is not position.side:
        return False
    return position.additions < settings.additions_max


def _opposes(book: Book, intent: Intent, settings: Settings) -> bool:
    """Whether it is an exit before it is an entry, which no gate of the symbol may refuse. A stranger's position is left alone."""
    position, side = book.position, Side.BUY if intent.action is Action.BUY else Side.SELL
    if position is None or book.closing or settings.opposite == "ignore" or not (position.intent_id or settings.adopt):
        return False
    return side is not position.side


def _opposed(book: Book, intent: Intent, symbol: str, settings: Settings, now: int) -> Acted:
    """The position is closed; with `flip` the intent is proposed once the fills say flat."""
    if (weak := too_weak(intent, settings)) is not None:
        return denied(book, intent, symbol, weak)
    book, close = closed(book, symbol, Exit.OPPOSITE, now)
    return (replace(book, flip=Waiting(intent, now)) if settings.opposite == "flip" else book), (close,)


def _proposed(book: Book, intent: Intent, terms: Terms, state: SymbolState, settings: Settings) -> Acted:
    market, instrument = state.market, state.market.instrument
    if instrument is None:
        raise AssertionError("judged without filters")
    entry_id = client_order_id(book.account, state.symbol, intent.intent_id, "entry")
    confidence = settings.confidence_min_ppm if intent.confidence_ppm < 0 else intent.confidence_ppm
    entry = Entry(intent, entry_id, terms.side, terms.stop_price, terms.targets, terms.policy)
    held = book.position.size if book.position is not None else 0
    propose = Propose(
        book.account, state.symbol, intent.intent_id, state.seq, terms.side, intent.order_type,
        terms.entry_price if intent.order_type is OrderType.LIMIT else market.mark, terms.stop_price,
        terms.targets[0].price if terms.targets else 0, intent.size, intent.leverage, confidence, intent.timestamp,
        expires_at(intent, state.time, settings), market.mark, market.mark_time, market.spread_ppm,
        instrument.margin_asset, instrument.quantity_step, instrument.quantity_min, max(instrument.quantity_max - held, 0), instrument.notional_min,
        instrument.leverage_max, instrument.maintenance_ppm, instrument.taker_fee_ppm, intent.policy, intent.source, intent.model,
        intent.time_in_force, intent.lives_ms, terms.policy.trigger, terms.policy.price_protect,
    )
    if book.position is not None:
        book = replace(book, position=replace(book.position, additions=book.position.additions + 1))
    return replace(book, entry=entry), (propose,)
