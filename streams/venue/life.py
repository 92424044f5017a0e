"""What the venue's word on an order makes of its record, and what is told of it. Pure.

A word may come from the answer to a request, the stream, a question or a reconciliation, in any order and more than once: the newer one counts, an
end of the venue's own words is final, and what was filled never shrinks. A fill after an end is booked all the same, and told with the end again.
"""
import msgspec

from streams.core.entry import Cover
from streams.core.events import EntryReported, ExitReported
from streams.core.ledger import EntryRecord, ExitRecord, OrderState
from streams.core.words import EntryState
from streams.venue.answers import OrderSeen

replace = msgspec.structs.replace
_RANK = {"NEW": 0, "PARTIALLY_FILLED": 1, "TRIGGERING": 1, "TRIGGERED": 2}
_END_RANK = 3
LAGS_MS = 3_000                       # what the venue lists may be so old
_REPORTED = {
    OrderState.WORKING: EntryState.WORKING, OrderState.UNKNOWN: EntryState.UNKNOWN, OrderState.DONE: EntryState.DONE,
    OrderState.REJECTED: EntryState.REJECTED, OrderState.EXPIRED: EntryState.EXPIRED, OrderState.REFUSED: EntryState.REFUSED,
}
_EXIT_WORDS = {
    "NEW": "WORKING", "TRIGGERING": "TRIGGERED", "TRIGGERED": "TRIGGERED", "FINISHED": "FINISHED", "CANCELED": "CANCELLED", "REJECTED": "REJECTED",
    "EXPIRED": "EXPIRED",
}


def newer(known: OrderSeen | None, told: OrderSeen, asked_at: int = 0) -> OrderSeen:
    """Of two words on one order of one store, the one to believe. An end that we inferred gives way to a list that was asked for well after it."""
    if known is None or (known.inferred_at and asked_at > known.inferred_at + LAGS_MS):
        return told
    if (rank(told.status), told.filled) >= (rank(known.status), known.filled):
        return told
    return known


def rank(status: str) -> int:
    return _RANK.get(status, _END_RANK)


def entry_after(record: EntryRecord, told: OrderSeen | None, booked: int) -> EntryRecord:
    """`booked` is what has just been booked of it. It is DONE when its order is over and its fills add up."""
    filled = record.quantity_filled + booked
    record = replace(record, quantity_filled=filled)
    if told is None or record.state.ended:
        return record
    record = replace(record, venue_order_id=told.venue_order_id)
    if not told.ended or filled < told.filled:
        return replace(record, state=OrderState.WORKING)
    if told.status == "REJECTED" and not filled:
        return replace(record, state=OrderState.REJECTED, reason=told.reason)
    return replace(record, state=OrderState.DONE, reason="" if filled == record.quantity else f"{told.status} {told.reason}".strip())


def entry_reports(before: EntryRecord | None, record: EntryRecord, time: int) -> list[EntryReported]:
    """What others must hear of a change."""
    changed = before is None or before.state is not record.state or (record.state.ended and before.quantity_filled != record.quantity_filled)
    reports = [entry_report(record, time)] if changed and record.state in _REPORTED else []
    if _covered(record) and (before is None or before.cover is not record.cover):
        reports.append(cover_report(record, time))
    return reports


def entry_report(record: EntryRecord, time: int) -> EntryReported:
    return EntryReported(
        record.account, record.symbol, record.intent_id, _REPORTED[record.state], record.entry_id, record.quantity_filled, reason=record.reason,
        venue_code=record.venue_code, venue_time=time,
    )


def cover_report(record: EntryRecord, time: int) -> EntryReported:
    closed = record.cover is Cover.CLOSED
    return EntryReported(
        record.account, record.symbol, record.intent_id, EntryState.CLOSED if closed else EntryState.PROTECTED, record.entry_id,
        record.quantity_filled, "" if closed else record.guard_id, 0 if closed else record.stop_price, "NO_GUARD" if closed else "", venue_time=time,
    )


def answers(record: EntryRecord, time: int) -> list[EntryReported]:
    """The stored end of an entry, for whoever asks again."""
    ended = [entry_report(record, time)] if record.state.ended else []
    return ended + ([cover_report(record, time)] if _covered(record) else [])


def _covered(record: EntryRecord) -> bool:
    """Whether there is something to tell: what was closed by others before a guard stood was not closed by us."""
    return record.cover is Cover.PROTECTED or (record.cover is Cover.CLOSED and record.flats > 0)


def exit_after(record: ExitRecord, told: OrderSeen, booked: int) -> ExitRecord:
    record = replace(record, quantity_filled=record.quantity_filled + booked, venue_order_id=told.venue_order_id)
    if record.state.ended:
        return record
    if told.conditional and told.status == "FINISHED":
        return replace(record, state=OrderState.DONE if told.filled else OrderState.CANCELLED)
    state = {
        "FILLED": OrderState.DONE, "CANCELED": OrderState.CANCELLED, "REJECTED": OrderState.REJECTED, "EXPIRED": OrderState.EXPIRED,
        "EXPIRED_IN_MATCH": OrderState.EXPIRED,
    }.get(told.status, OrderState.WORKING)
    return replace(record, state=state, reason=told.reason)


def exit_word(told: OrderSeen) -> str:
    return _EXIT_WORDS.get(told.status, told.status)


def exit_report(account: str, position_id: str, told: OrderSeen) -> ExitReported:
    """Of a conditional order that changed without our asking."""
    return ExitReported(
        account, told.symbol, position_id, told.client_order_id, exit_word(told), told.trigger_price, told.reason, told.time
    )
