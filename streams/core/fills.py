"""A fill in the book: the position after it, the entry that it belongs to, and why it left the position if it did.

A fill may come before the status of its order and after its end, once or again; only its trade id says whether it is new. What opened without an
order of ours is a stranger's: it is told, and protected only where the settings adopt it. What a stranger opened and an entry of ours added to is
ours from then on, for nobody can tell the two apart.
"""
import msgspec

from streams.core.book import TRADES_KEPT, Book, Entry, after_report, farewell, snapshot
from streams.core.events import Filled, PositionUpdated
from streams.core.ids import leg_of, rung_of
from streams.core.market import Market
from streams.core.pace import lost
from streams.core.positions import Held, Trade, filled
from streams.core.protected import Position, Resting, runner
from streams.core.values import PPM, notional, share
from streams.core.words import Exit

LIQUIDATIONS = ("autoclose-", "adl_autoclose", "settlement_autoclose-", "delivery_autoclose-")
TARGETS = ("target", "rung")
EXITS = ("guard", "stop", "exit", *TARGETS)
replace = msgspec.structs.replace


def booked(book: Book, fill: Filled, market: Market, seq: int, now: int) -> tuple[Book, tuple[PositionUpdated, ...]]:
    """The book with the fill in it, and what others must know; unchanged where the trade is known."""
    if fill.trade_id in book.trades:
        return book, ()
    entry = next((known for known in (book.entry, book.ended) if known and known.client_order_id == fill.client_order_id), None)
    before = book.position or _opened(entry, fill, now)
    held, earned = filled(before.held, Trade(fill.account, fill.symbol, fill.trade_id, fill.signed, fill.price))
    smaller = abs(held.quantity) < abs(before.held.quantity) or before.held.quantity * held.quantity < 0
    after = replace(
        before, held=held, realised=before.realised + earned, fees=before.fees + _fee(fill, market), resting=_less(before.resting, fill),
        exit=_reason(book, fill) if smaller else before.exit,
    )
    under_way = book.under_way
    if under_way is not None:
        under_way = replace(under_way, placing=_less(under_way.placing, fill), selling=_less(under_way.selling, fill))
    trades = (*book.trades[-TRADES_KEPT + 1 :], fill.trade_id)
    book = replace(_counted(book, entry, fill), trades=trades, under_way=under_way)
    if leg_of(fill.client_order_id) in EXITS:
        book = replace(book, fills_due=max(book.fills_due - fill.quantity, 0))
    if held.quantity and held.position_id == (before.held.position_id or held.position_id):
        working = (*under_way.placing, *under_way.selling) if under_way else ()
        after = _grown(after, entry) if entry and not smaller else _without_done(after, fill, working)
        book = replace(book, position=after)
        return book, (snapshot(book, fill.symbol, seq, market),)
    return _left(book, fill, market, before.held, after, entry, seq, now)


def _fee(fill: Filled, market: Market) -> int:
    """In the quote asset. One that was paid in another asset is converted, or reckoned at the taker's rate where its price was not known."""
    instrument = market.instrument
    if instrument is None or not fill.fee:
        return 0
    if fill.fee_asset == instrument.margin_asset:
        return fill.fee
    return fill.fee_converted or share(notional(fill.quantity, fill.price), instrument.taker_fee_ppm, PPM)


def _counted(book: Book, entry: Entry | None, fill: Filled) -> Book:
    """With what the entry filled; it is in flight no more once it has ended and all its fills have been seen."""
    if entry is None:
        return book
    after = replace(entry, filled=entry.filled + fill.quantity)
    return after_report(book, after) if entry is book.entry else replace(book, ended=after)


def _less(resting: tuple[Resting, ...], fill: Filled) -> tuple[Resting, ...]:
    """What still rests: an order that fills has so much less to fill."""
    if all(order.client_order_id != fill.client_order_id for order in resting):
        return resting
    left = (replace(order, quantity=order.quantity - fill.quantity) if order.client_order_id == fill.client_order_id else order for order in resting)
    return tuple(order for order in left if order.quantity > 0)


def _left(
    book: Book, fill: Filled, market: Market, held: Held, ended: Position, entry: Entry | None, seq: int, now: int,
) -> tuple[Book, tuple[PositionUpdated, ...]]:
    """The position is flat, or a fill went through zero and opened another one: the entry's, else a stranger's."""
    told = (farewell(book, fill.symbol, seq, market, ended, held, now),) if book.position is not None else ()
    lost_at = now if lost(ended.realised, ended.funding, ended.fees) else 0
    book = replace(book, position=None, under_way=None, plan_after=0, fills_due=0, lost_at=lost_at, left=told[0] if told else book.left)
    if book.entry is None:
        book = replace(book, closing=None, legs={})           # what comes next has ids of its own
    if not ended.held.quantity:
        return book, told
    opened = replace(_opened(entry, fill, now), held=ended.held)
    book = replace(book, position=_grown(opened, entry) if entry else opened)
    return book, (*told, snapshot(book, fill.symbol, seq, market))


def _opened(entry: Entry | None, fill: Filled, now: int) -> Position:
    """What a fill of a flat book opens."""
    position = Position(opened_at=now, best=fill.price)
    return position if entry is None else _owned(position, entry)


def _grown(position: Position, entry: Entry) -> Position:
    """After a fill of an entry. R follows the average while the first entry fills; what is added later leaves it as it is."""
    position = _owned(position, entry)
    if entry.intent.intent_id != position.intent_id:
        return position
    return replace(position, risk=abs(position.held.price_average - position.stop_first))


def _without_done(position: Position, fill: Filled, working: tuple[Resting, ...]) -> Position:
    """Without the target whose order has filled: none of its leg rests any more, or is being placed."""
    leg = rung_of(fill.client_order_id)
    if any(order.leg == leg for order in (*position.resting, *working)) or leg_of(fill.client_order_id) not in TARGETS:
        return position
    return replace(position, targets=tuple(target for target in position.targets if target.leg != leg))


def _owned(position: Position, entry: Entry) -> Position:
    """A position with what the entry that fills it brings; one that is ours already keeps its own."""
    if position.intent_id:
        return position
    tighter = position.stop_price and position.side.sign * (position.stop_price - entry.stop_price) > 0     # a stranger's that was adopted
    return replace(
        position, intent_id=entry.intent.intent_id, policy=entry.policy, stop_first=entry.stop_price,
        stop_price=position.stop_price if tighter else entry.stop_price,
        targets=entry.targets, runner_ppm=runner(entry.targets), guard=entry.guard, source=entry.intent.source, model=entry.intent.model,
    )


def _reason(book: Book, fill: Filled) -> Exit:
    """Why the position became smaller: the order that did it says so, whether its status came before the fill or comes after."""
    position, placing = book.position, book.under_way.placing if book.under_way else ()
    orders = (*(position.resting if position else ()), *placing)
    match leg_of(fill.client_order_id):
        case "guard":
            return Exit.GUARD if position and any(order.leg == "stop" for order in position.resting) else Exit.STOP
        case "stop":
            why = position.stop_why if position else Exit.STOP
            return next((order.why for order in orders if order.client_order_id == fill.client_order_id), why)
        case "target" | "rung":                   # TARGETS
            return Exit.TARGET
        case "exit":
            return book.closing or Exit.CLOSE
        case "flat":
            return Exit.NO_GUARD
        case _:
            return Exit.LIQUIDATION if fill.client_order_id.startswith(LIQUIDATIONS) else Exit.STRANGER
