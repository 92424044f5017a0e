"""CLOSE and CANCEL at the book: what is held is closed, all or a part; what works or waits is taken back."""
import msgspec

from streams.core.book import Book, UnderWay, Waiting
from streams.core.commands import Close, Denial, Deny, Plan, PlanStep, Propose, Step, Withdraw
from streams.core.events import Instrument, Intent
from streams.core.ids import client_order_id
from streams.core.intents import No
from streams.core.market import Market
from streams.core.protected import Resting
from streams.core.protection import parts
from streams.core.values import PPM, decimal, down, notional, share
from streams.core.words import Exit

replace = msgspec.structs.replace
Output = Propose | Plan | Close | Withdraw | Deny
Acted = tuple[Book, tuple[Output, ...]]
EXIT = "exit"
ATTEMPTS = 100                        # revisions kept free after a close: the gateway counts its attempts up from the first


def closed(book: Book, symbol: str, reason: Exit, now: int, tick_time: int = 0) -> tuple[Book, Close]:
    """A standing wish to be flat: it names the entry in flight, and ends all planning."""
    intent_id = book.entry.intent.intent_id if book.entry else ""
    position_id = book.position.held.position_id if book.position else ""
    name, book = _exit_id(book, symbol, position_id or intent_id, ATTEMPTS)
    close = Close(book.account, symbol, position_id, book.revision, (intent_id,) if intent_id else (), name, reason, now, tick_time)
    return replace(book, closing=reason, under_way=None, revision=book.revision + 1), close


def closing(book: Book, intent: Intent, symbol: str, market: Market, now: int) -> Acted:
    """A CLOSE: of a part it is a step of a plan, after the one that is under way; of all a standing wish."""
    part = _part(book, intent, market)
    if isinstance(part, No):
        return denied(book, intent, symbol, part)
    if part and book.closing:
        return denied(book, intent, symbol, No(Denial.POSITION_MISSING, "all of it is being closed already"))
    if part and book.waiting is not None:
        return denied(book, intent, symbol, No(Denial.ENTRY_IN_FLIGHT, f"{book.waiting.intent.intent_id} waits to be worked first"))
    if part and (book.under_way is not None or book.awaits(now)):
        return replace(book, waiting=Waiting(intent, now)), ()
    if part:
        return _reduced(book, symbol, market.instrument, part, now)
    book, withdrawn = _withdrawn(book, symbol, intent)
    if book.position is None and book.entry is None:
        return denied(book, intent, symbol, No(Denial.POSITION_MISSING, "nothing is held or in flight"), *withdrawn)
    book, close = closed(book, symbol, intent.reason or Exit.CLOSE, now)
    return book, (*withdrawn, close)


def cancelling(book: Book, intent: Intent, symbol: str, now: int) -> Acted:
    """A CANCEL, of what waits or of what works."""
    if book.waiting is not None or book.flip is not None:
        return _withdrawn(book, symbol, intent)
    if book.entry is None:
        return denied(book, intent, symbol, No(Denial.ENTRY_MISSING, "no entry is working"))
    return book, (Withdraw(book.account, symbol, book.entry.intent.intent_id, now),)


def denied(book: Book, intent: Intent, symbol: str, no: No, *before: Deny) -> Acted:
    return book, (*before, Deny(intent.account, symbol, intent.intent_id, no.reason, no.detail))


def _withdrawn(book: Book, symbol: str, by: Intent) -> tuple[Book, tuple[Deny, ...]]:
    """Without what waits: each intent has an end, and is told it."""
    waiting = [waits.intent for waits in (book.waiting, book.flip) if waits]
    detail = f"taken back by {by.action} {by.intent_id}"
    return replace(book, waiting=None, flip=None), tuple(
        Deny(book.account, symbol, intent.intent_id, Denial.INTENT_WITHDRAWN, detail) for intent in waiting
    )


def _part(book: Book, intent: Intent, market: Market) -> int | No:
    """The quantity of a partial close, of what is held now; 0 where all is meant, or what would be left is less than the venue takes."""
    position, instrument = book.position, market.instrument
    if position is None or not 0 < intent.partial_ppm < PPM:
        return 0
    if instrument is None:
        return No(Denial.SYMBOL_NOT_LISTED, "the venue's filters have not come")
    part = down(share(position.size, intent.partial_ppm, PPM), instrument.quantity_step)
    if not part:
        return No(Denial.QUANTITY_BELOW_STEP, f"that part of {decimal(position.size)} is less than a step of {decimal(instrument.quantity_step)}")
    if part < instrument.quantity_min:
        return No(Denial.QUANTITY_BELOW_MINIMUM, f"{decimal(part)} is less than {decimal(instrument.quantity_min)}")
    left = position.size - part
    worth = notional(left, market.mark or position.held.price_average)
    return part if left >= instrument.quantity_min and worth >= instrument.notional_min else 0


def _reduced(book: Book, symbol: str, instrument: Instrument | None, quantity: int, now: int) -> Acted:
    """A part is a plan of its own, once: a step for each order that it takes."""
    position = book.position
    if position is None or instrument is None:
        raise AssertionError("a part of nothing")
    selling: list[Resting] = []
    for piece in parts(quantity, instrument.quantity_max, instrument.quantity_step):
        name, book = _exit_id(book, symbol, position.held.position_id, 1)
        selling.append(Resting(name, EXIT, 0, piece, Exit.CLOSE))
    steps = tuple(PlanStep(Step.REDUCE, order.client_order_id, order.quantity) for order in selling)
    plan = Plan(book.account, symbol, position.held.position_id, book.revision, position.side.opposite, steps, Exit.CLOSE, now)
    return replace(book, under_way=UnderWay(plan, selling=tuple(selling)), revision=book.revision + 1), (plan,)


def _exit_id(book: Book, symbol: str, owner: str, taken: int) -> tuple[str, Book]:
    revision = book.legs.get(EXIT, 0)
    return client_order_id(book.account, symbol, owner, EXIT, revision), replace(book, legs={**book.legs, EXIT: revision + taken})
