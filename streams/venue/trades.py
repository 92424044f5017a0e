"""The venue's trade list against the books: what the stream has lost is booked from it, and what it confirms is written down."""
import asyncio
import contextlib

import msgspec

from streams.core.ids import leg_of
from streams.runtime import logs
from streams.venue.answers import Accepted, Doubt, Refused, Trade
from streams.venue.desk import Desk
from streams.venue.limits import Lane
from streams.venue.outcomes import gone

replace = msgspec.structs.replace
PAGE = 1_000
SINCE_MARGIN_MS = 10_000
SOON_S = 1.0                          # what an exit waits for the list
_log = logs.get(__name__)


async def chase(desk: Desk, lane: Lane = Lane.READS) -> int | Refused | Doubt:
    """Books what is missing, from the last trade that REST has confirmed. How many trades that were, or why it could not.

    In order, and none before it is known whose it is: booked as a stranger's, a fill of ours would be missing from its entry for ever.
    """
    book, clock = desk.book, desk.office.clock
    asked_at = clock.now()
    last, booked = book.record.trade_id, 0
    while True:
        answer = await desk.office.venue.trades(desk.symbol, from_id=last + 1 if last else 0, since=book.record.since, lane=lane)
        if not isinstance(answer, Accepted):
            return answer
        in_order = sorted(answer.body, key=lambda trade: (trade.time, int(trade.trade_id)))     # a close booked before its opening is a reverse
        missing = [trade for trade in in_order if not book.knows(trade.trade_id)]
        named, unknown = await _named(desk, missing, lane)
        named = [trade for trade in named if not book.knows(trade.trade_id)]     # the stream may have been faster while we asked for names
        written = desk.take(trades=named)
        booked += len(named)
        if named:
            _log.warning("fills that the stream did not bring", symbol=desk.symbol, trades=len(named))
        if written is not None:
            await asyncio.shield(written)                # whoever waits no longer must not take the answer from the books
        if unknown is not None:
            return unknown
        last = max([last, *(int(trade.trade_id) for trade in answer.body)])
        if len(answer.body) < PAGE:
            break
    before = book.record
    if book.confirmed(last, asked_at - SINCE_MARGIN_MS).trade_id != before.trade_id or before.offset != book.record.offset:
        book.new = False
        desk.office.ledger.write(book.record)
    desk.chase = False
    return booked


async def chase_soon(desk: Desk) -> None:
    """As an exit asks: past the limits of reads, and not for longer than a second. What is not had by then is left to whoever looks next."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(SOON_S):
            await chase(desk, Lane.EXITS)


async def _named(desk: Desk, trades: list[Trade], lane: Lane) -> tuple[list[Trade], Refused | Doubt | None]:
    """The trades with the ids of their orders, up to the first of which the venue does not say whose it is; and what it said."""
    named: list[Trade] = []
    for trade in trades:
        name = _by_number(desk, trade.venue_order_id)
        if not name:
            answer = await desk.office.venue.find_by_number(desk.symbol, trade.venue_order_id, lane=lane)
            if not isinstance(answer, Accepted):
                if not gone(answer):
                    return named, answer
            else:
                name = answer.body.client_order_id
                if leg_of(name) is not None:
                    desk.take([answer.body])
        named.append(replace(trade, client_order_id=name))
    return named, None


def _by_number(desk: Desk, number: str) -> str:
    told = [order.client_order_id for order in desk.orders.values() if order.venue_order_id == number]
    remembered = [record.key for record in desk.records() if record.venue_order_id == number]
    return next(iter([*told, *remembered]), "")
