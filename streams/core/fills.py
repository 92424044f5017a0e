"""A fill in the book: the position after it, the entry that it belongs to, and why it left the position if it did.

A fill may come before the status of its order and after its end, once or again; only its trade id says whether it is new. What opened without an
order of ours is a stranger's: it is told, and protected only where the settings adopt it.
"""
import msgspec

from streams.core.book import TRADES_KEPT, Book, farewell, snapshot
from streams.core.events import Filled, PositionUpdated
from streams.core.exits import Position
from streams.core.ids import leg_of
from streams.core.market import Market
from streams.core.positions import FLAT, Trade, filled
from streams.core.words import Exit

LIQUIDATIONS = ("autoclose-", "adl_autoclose", "settlement_autoclose-", "delivery_autoclose-")


def booked(book: Book, fill: Filled, market: Market, seq: int, now: int) -> tuple[Book, tuple[PositionUpdated, ...]]:
    """The book with the fill in it, and what others must know; unchanged where the trade is known."""
    if fill.trade_id in book.trades:
        return book, ()
    entry = book.entry if book.entry and book.entry.client_order_id == fill.client_order_id else None
    before = book.position or _opened(book, fill, now)
    held, earned = filled(before.held, Trade(fill.account, fill.symbol, fill.trade_id, fill.signed, fill.price))
    reason = _reason(book, fill) if earned or abs(held.quantity) < abs(before.held.quantity) else before.exit
    fee = fill.fee if market.instrument and fill.fee_asset == market.instrument.margin_asset else 0
    after = msgspec.structs.replace(before, held=held, realised=before.realised + earned, fees=before.fees + fee, exit=reason)
    book = msgspec.structs.replace(book, trades=(*book.trades[-TRADES_KEPT + 1 :], fill.trade_id))
    if entry is not None:
        entry = msgspec.structs.replace(entry, filled=entry.filled + fill.quantity)
        book = msgspec.structs.replace(book, entry=None if entry.over else entry)
    if held.quantity and held.position_id == (before.held.position_id or held.position_id):
        book = msgspec.structs.replace(book, position=after)
        return book, (snapshot(book, fill.symbol, seq, market),)
    return _left(book, fill, market, before, after, seq, now)


def _left(book: Book, fill: Filled, market: Market, before: Position, after: Position, seq: int, now: int) -> tuple[Book, tuple[PositionUpdated, ...]]:
    """The position is flat, or a fill went through zero and opened another one, which is a stranger's."""
    ended = book.position is not None
    book = msgspec.structs.replace(book, position=None, under_way=None, closing=book.closing if book.entry else None)
    told = (farewell(book, fill.symbol, seq, market, after, before.held, now),) if ended else ()
    if not after.held.quantity:
        return book, told
    opened = Position(held=after.held, opened_at=now, best=fill.price)
    book = msgspec.structs.replace(book, position=opened)
    return book, (*told, snapshot(book, fill.symbol, seq, market))


def _opened(book: Book, fill: Filled, now: int) -> Position:
    """What a fill of a flat book opens: the entry's position, if it is the entry's fill."""
    entry = book.entry
    if entry is None or entry.client_order_id != fill.client_order_id:
        return Position(held=FLAT, opened_at=now, best=fill.price)
    return Position(
        FLAT, entry.intent.intent_id, now, entry.policy, entry.stop_price, entry.target_price, fill.price, source=entry.intent.source, model=entry.intent.model,
        stop_price=entry.stop_price, guard=entry.guard,
    )


def _reason(book: Book, fill: Filled) -> Exit:
    """Why the position became smaller: the order that did it says so."""
    resting = book.position.resting if book.position else ()
    match leg_of(fill.client_order_id):
        case "guard":
            return Exit.GUARD if any(order.leg == "stop" for order in resting) else Exit.STOP
        case "stop" | "target" as leg:
            known = {order.client_order_id: order.why for order in (*resting, *(book.under_way.placing if book.under_way else ()))}
            return known.get(fill.client_order_id, Exit.TARGET if leg == "target" else Exit.STOP)
        case "exit":
            return book.closing or (book.under_way.plan.reason if book.under_way else Exit.CLOSE)
        case "flat":
            return Exit.NO_GUARD
        case _:
            return Exit.LIQUIDATION if fill.client_order_id.startswith(LIQUIDATIONS) else Exit.STRANGER
