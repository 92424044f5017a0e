"""Funding in the book: paid or received by the position that was held when the venue reckoned it, told up to a minute later.

By then the position may have ended; then it is added to what was told of that one, as one more snapshot of it. A repeated one changes nothing.
"""
import msgspec

from streams.core.book import Book, snapshot
from streams.core.commands import Note
from streams.core.events import Balance, PositionUpdated
from streams.core.market import Market

FUNDINGS_KEPT = 32                    # ids: more than a day of the shortest interval
replace = msgspec.structs.replace
Told = tuple[PositionUpdated | Note, ...]


class Funded(msgspec.Struct, frozen=True):
    """The venue's funding of a position: paid or received while it was held."""

    account: str
    symbol: str
    asset: str
    amount: Balance                   # below zero: paid
    funding_id: str                   # unique within account and symbol
    position_id: str                  # the gateway's, at the time it heard of it; empty: flat by then
    venue_time: int


def funded(book: Book, fact: Funded, market: Market, seq: int) -> tuple[Book, Told]:
    """The book with it, and what others must know; unchanged where it is known, or where nothing was ever held."""
    if fact.funding_id in book.fundings:
        return book, (Note("REPEATED", f"funding {fact.funding_id} is in the book"),)
    after = replace(book, fundings=(*book.fundings[-FUNDINGS_KEPT + 1 :], fact.funding_id))
    position, left = after.position, after.left
    late = left is not None and (position is None or fact.position_id == left.position_id)
    if late and left is not None:
        left = replace(left, funding=left.funding + fact.amount)
        return replace(after, left=left), (_again(left, after, market, seq), *((snapshot(after, fact.symbol, seq, market),) if position else ()))
    if position is None:
        return book, (Note("POSITION_UNKNOWN", "funding of a position that was never held"),)
    after = replace(after, position=replace(position, funding=position.funding + fact.amount))
    return after, (snapshot(after, fact.symbol, seq, market),)


def _again(left: PositionUpdated, book: Book, market: Market, seq: int) -> PositionUpdated:
    """What was told at its end, as a snapshot of a flat book that ends nothing a second time."""
    entry, remaining = (book.entry.intent.intent_id, book.entry.remaining) if book.entry else ("", 0)
    return replace(left, seq=seq, mark=market.mark_believed, entry_intent_id=entry, entry_remaining=remaining, closed_at=0, exit=None)
