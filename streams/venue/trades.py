"""The venue's trade list against the books: what the stream has lost is booked from it, and what it confirms is written down."""
from streams.core.ids import leg_of
from streams.runtime import logs
from streams.venue.answers import Accepted, Doubt, Refused, Trade
from streams.venue.desk import Desk

PAGE = 1_000
SINCE_MARGIN_MS = 10_000
_log = logs.get(__name__)


async def chase(desk: Desk) -> int | Refused | Doubt:
    """Books what is missing, from the last trade that REST has confirmed. How many trades that were, or why it could not."""
    book, clock = desk.book, desk.office.clock
    asked_at = clock.now()
    last, booked = book.record.trade_id, 0
    while True:
        answer = await desk.office.venue.trades(desk.symbol, from_id=last + 1 if last else 0, since=book.record.since)
        if not isinstance(answer, Accepted):
            return answer
        in_order = sorted(answer.body, key=lambda trade: (trade.time, int(trade.trade_id)))     # a close booked before its opening is a reverse
        missing = [trade for trade in in_order if not book.knows(trade.trade_id)]
        named = [await _named(desk, trade) for trade in missing]
        named = [trade for trade in named if not book.knows(trade.trade_id)]     # the stream may have been faster while we asked for names
        written = desk.take(trades=named)
        booked += len(named)
        if named:
            _log.warning("fills that the stream did not bring", symbol=desk.symbol, trades=len(named))
        if written is not None:
            await written
        last = max([last, *(int(trade.trade_id) for trade in answer.body)])
        if len(answer.body) < PAGE:
            break
    before = book.record
    if book.confirmed(last, asked_at - SINCE_MARGIN_MS).trade_id != before.trade_id or before.offset != book.record.offset:
        book.new = False
        desk.office.ledger.write(book.record)
    desk.chase = False
    return booked


async def _named(desk: Desk, trade: Trade) -> Trade:
    """The list names an order by the venue's number alone."""
    known = _by_number(desk, trade.venue_order_id)
    if not known:
        answer = await desk.office.venue.find_by_number(desk.symbol, trade.venue_order_id)
        if isinstance(answer, Accepted):
            known = answer.body.client_order_id
            if leg_of(known) is not None:
                desk.take([answer.body])
    return Trade(**{field: getattr(trade, field) for field in trade.__struct_fields__} | {"client_order_id": known})


def _by_number(desk: Desk, number: str) -> str:
    told = [order.client_order_id for order in desk.orders.values() if order.venue_order_id == number]
    remembered = [record.key for record in desk.records() if record.venue_order_id == number]
    return next(iter([*told, *remembered]), "")
