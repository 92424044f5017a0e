"""What the gateway says of an entry, of a plan, of a resting order; what of it is not about the present is ignored.

Fills and statuses are two topics and have no common order: every report here may be about something that the fills have ended already, or that
they have still to open.
"""
import msgspec

from streams.core.book import Book, after_report
from streams.core.commands import Note, Step
from streams.core.entry import Cover, advance
from streams.core.events import EntryReported, ExitReported, PlanReported
from streams.core.ids import leg_of, rung_of
from streams.core.protected import Position, Resting
from streams.core.words import EntryState, Exit

replace = msgspec.structs.replace
REFUSED_WAIT_MS = 2_000               # after a plan of which something was not done, until the next one
FILLS_WAIT_MS = 2_000                 # for the fills of an order that has done its work
GONE = ("FINISHED", "CANCELLED", "REJECTED", "EXPIRED")
COVERS = {EntryState.PROTECTED: Cover.PROTECTED, EntryState.CLOSED: Cover.CLOSED}


def entry_reported(book: Book, report: EntryReported) -> Book:
    """The entry one step on; PROTECTED concerns the position too, also when its entry has ended."""
    guard = Resting(report.guard_id, "guard", report.guard_price, 0, Exit.STOP) if report.state is EntryState.PROTECTED else None
    position = book.position
    if guard is not None and position is not None and position.guard is None and position.intent_id == report.intent_id:
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
        done = report.state is EntryState.DONE and entry.state is not EntryState.DONE
        entry = replace(entry, state=state, quantity_done=report.quantity_filled if done else entry.quantity_done)
    book = after_report(book, entry)
    return replace(book, closing=None) if book.entry is None and book.position is None else book


def unmoved(book: Book, report: EntryReported) -> Note:
    """Why a report left the book as it was."""
    entry = book.entry
    if entry is None or entry.intent.intent_id != report.intent_id:
        return Note("ENTRY_UNKNOWN", f"{report.state} of an entry that is not in flight")
    if report.state in COVERS or advance(entry.state, report.state) is not None:
        return Note("REPEATED", f"the entry is {entry.state} already")
    return Note("STATE_IMPOSSIBLE", f"{report.state} after {entry.state}")


def plan_reported(book: Book, report: PlanReported, now: int) -> tuple[Book, bool]:
    """What rests after a plan, and whether the venue refused a stop of it. The answer to another plan than the one under way says nothing new."""
    under_way, position = book.under_way, book.position
    if under_way is None or report.revision != under_way.plan.revision or report.position_id != under_way.plan.position_id:
        return book, False
    done = {*report.accepted, *report.cancelled}
    undone = report.stale or any(step.client_order_id not in done for step in under_way.plan.steps)
    book = replace(book, under_way=None, plan_after=now + REFUSED_WAIT_MS if undone else 0)
    if position is None:
        return book, False
    placed = tuple(order for order in under_way.placing if order.client_order_id in report.accepted)
    gone = {*report.cancelled, *report.refused}
    resting = tuple(order for order in (*position.resting, *placed) if order.client_order_id not in gone)
    selling = [order for order in under_way.selling if order.client_order_id in report.accepted]
    if selling:
        book = replace(book, fills_due=book.fills_due + sum(order.quantity for order in selling), fills_until=now + FILLS_WAIT_MS)
    sold = {rung_of(step.client_order_id) for step in under_way.plan.steps if step.step is Step.REDUCE and step.client_order_id in report.accepted}
    targets = tuple(target for target in position.targets if target.leg not in sold)
    refused_stop = any(leg_of(name) == "stop" for name in report.refused) and not report.stale
    return replace(book, position=replace(position, resting=resting, targets=targets)), refused_stop


def exit_reported(book: Book, report: ExitReported, now: int) -> Book:
    """A resting order that ended by itself, one that a person has moved, or a guard that was set anew."""
    name = report.client_order_id
    if report.state in GONE and book.entry and book.entry.guard and book.entry.guard.client_order_id == name:
        book = replace(book, entry=replace(book.entry, guard=None))
    position = book.position
    if position is None or position.held.position_id != report.position_id:
        return book
    if report.state == "WORKING" and leg_of(name) == "guard":
        guard = Resting(name, "guard", report.trigger_price, 0, Exit.STOP)
        return replace(book, position=replace(position, guard=guard))
    if report.state == "WORKING":
        return replace(book, position=_moved(position, name, report.trigger_price))
    if report.state not in GONE:
        return book
    left = sum(order.quantity or position.size for order in (*position.resting, *([position.guard] if position.guard else []))
               if order.client_order_id == name)
    book = _gone(book, position, name)
    return replace(book, fills_due=left, fills_until=now + FILLS_WAIT_MS) if report.state == "FINISHED" and left else book


def _moved(position: Position, name: str, price: int) -> Position:
    """A person has given a resting order another price. A tighter stop is taken over; a looser one is not: Exit Brain places its own again."""
    moved = tuple(replace(order, price=price) if order.client_order_id == name else order for order in position.resting)
    if not price or moved == position.resting:
        return position
    tighter = leg_of(name) == "stop" and (not position.stop_price or position.side.sign * (price - position.stop_price) > 0)
    targets = tuple(replace(target, price=price) if target.leg == rung_of(name) else target for target in position.targets)
    return replace(position, resting=moved, targets=targets, stop_price=price if tighter else position.stop_price)


def _gone(book: Book, position: Position, name: str) -> Book:
    """Without the order, which may be one that the plan under way has just placed: its answer may come later."""
    resting = tuple(order for order in position.resting if order.client_order_id != name)
    guard = None if position.guard and position.guard.client_order_id == name else position.guard
    under_way = book.under_way
    if under_way is not None:
        under_way = replace(under_way, placing=tuple(order for order in under_way.placing if order.client_order_id != name))
    return replace(book, position=replace(position, resting=resting, guard=guard), under_way=under_way)
