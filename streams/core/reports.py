"""What the gateway says of an entry, of a plan, of a resting order; what of it is not about the present is ignored."""
import msgspec

from streams.core.book import Book
from streams.core.entry import Cover, advance
from streams.core.events import EntryReported, ExitReported, PlanReported
from streams.core.exits import Resting
from streams.core.words import EntryState, Exit

replace = msgspec.structs.replace
REFUSED_WAIT_MS = 2_000               # after a refused plan, until the next one
GONE = ("FINISHED", "CANCELLED", "REJECTED", "EXPIRED")
COVERS = {EntryState.PROTECTED: Cover.PROTECTED, EntryState.CLOSED: Cover.CLOSED}


def entry_reported(book: Book, report: EntryReported) -> Book:
    """The entry one step on; PROTECTED concerns the position too, also when its entry has ended."""
    guard = Resting(report.guard_id, "guard", report.guard_price, 0, Exit.STOP) if report.state is EntryState.PROTECTED else None
    position = book.position
    if guard is not None and position is not None and position.intent_id == report.intent_id:
        book = replace(book, position=replace(position, guard=guard))
    entry = book.entry
    if entry is None or entry.intent.intent_id != report.intent_id:
        return book
    if report.state in COVERS:
        entry = replace(entry, cover=COVERS[report.state], guard=guard or entry.guard)
    else:
        state = advance(entry.state, report.state)
        if state is None:
            return book
        entry = replace(entry, state=state, quantity_done=report.quantity_filled if report.state is EntryState.DONE else entry.quantity_done)
    ended = entry.over
    return replace(book, entry=None if ended else entry, closing=None if ended and book.position is None else book.closing)


def plan_reported(book: Book, report: PlanReported, now: int) -> tuple[Book, bool]:
    """What rests after a plan, and whether the venue refused a stop of it. The answer to another plan than the one under way says nothing new."""
    under_way, position = book.under_way, book.position
    if under_way is None or report.revision != under_way.plan.revision or report.position_id != under_way.plan.position_id:
        return book, False
    refused = [order for order in under_way.placing if order.client_order_id in report.refused or report.stale]
    book = replace(book, under_way=None, plan_after=now + REFUSED_WAIT_MS if refused else 0)
    if position is None:
        return book, False
    rests = {order.client_order_id: order for order in (*position.resting, *under_way.placing)}
    gone = {*report.cancelled, *report.refused}
    kept = {order.client_order_id for order in position.resting} | set(report.accepted)
    resting = tuple(order for name, order in rests.items() if name in kept - gone)
    refused_stop = any(order.leg == "stop" for order in refused) and not report.stale
    return replace(book, position=replace(position, resting=resting)), refused_stop


def exit_reported(book: Book, report: ExitReported) -> Book:
    """A resting order that ended by itself, or a guard that was set anew."""
    position = book.position
    if position is None or position.held.position_id != report.position_id:
        return book
    guard = position.guard
    if report.state == "WORKING" and (guard is None or guard.client_order_id != report.client_order_id) and report.client_order_id.startswith("qs-guard"):
        return replace(book, position=replace(position, guard=Resting(report.client_order_id, "guard", report.trigger_price, 0, Exit.STOP)))
    if report.state not in GONE:
        return book
    resting = tuple(order for order in position.resting if order.client_order_id != report.client_order_id)
    guard = None if guard and guard.client_order_id == report.client_order_id else guard
    return replace(book, position=replace(position, resting=resting, guard=guard))
