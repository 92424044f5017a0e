"""The guard: a closePosition stop that sizes itself. It goes out at the first fill and again whenever none is left.

Each attempt has an id of its own, a revision of the guard's leg: in doubt for a second, the next one goes out. Whichever lands first makes the venue
refuse the others (-4130), which counts only when the open orders confirm it; else the same stop goes reduce-only, with the quantity held. So it does,
once, after any other refusal that asking again does not heal, or when one was taken and is over already. One that was given up in doubt and shows up
beside another is cancelled.
"""
import asyncio
import contextlib

import msgspec

from streams.core.ids import client_order_id
from streams.core.ledger import EntryRecord
from streams.core.values import nearer, side_of
from streams.runtime import logs
from streams.venue.answers import Accepted, Doubt, Kind, Order, OrderSeen, Refused
from streams.venue.closing import cancel_resting, quantity_out
from streams.venue.desk import Desk
from streams.venue.limits import Lane
from streams.venue.outcomes import Meaning, meaning

replace = msgspec.structs.replace
WITHIN_S = 3.0
RETRY_S = 0.2
DOUBT_S = 1.0                         # from the request on
ASK_S = 0.3
HOPELESS = (Meaning.THROUGH, Meaning.CLOSED, Meaning.ACCOUNT, Meaning.NOTHING_TO_REDUCE)
AGAIN = (Meaning.BUSY, Meaning.LATE, Meaning.FILTER, Meaning.THIN, Meaning.EXITS_ONLY, Meaning.DUPLICATE)
STANDS = ("NEW", "TRIGGERING", "TRIGGERED", "FINISHED")
_log = logs.get(__name__)


async def place(desk: Desk, entry_id: str, within_s: float = WITHIN_S) -> OrderSeen | None:
    """The guard that stands, ours or one that was there; None when none was accepted in time, or the price is through it already."""
    loop = asyncio.get_running_loop()
    deadline, alone, tries = loop.time() + within_s, True, 0
    while loop.time() < deadline and desk.held:
        order = _next(desk, entry_id, alone=alone)
        sent_at, asked_at = desk.office.clock.now(), loop.time()
        desk.keep(replace(desk.entries[entry_id], guard_sent_at=sent_at))
        answer = _taken(desk, await _asked(desk, order, sent_at, deadline - loop.time()))
        desk.keep(replace(desk.entries[entry_id], guard_answered_at=desk.office.clock.now()))
        match answer:
            case Accepted():
                return _known(desk, answer.body)
            case Refused():
                _log.warning("a guard is refused", symbol=desk.symbol, order=order.client_order_id, answer=str(answer))
                if (standing := await _standing(desk, order, answer)) is not None:
                    return _known(desk, standing)
                if meaning(answer) in HOPELESS or (meaning(answer) not in AGAIN and not alone):
                    return None
                tries += 1
                alone = alone and meaning(answer) in AGAIN
                await _heal(desk, order, answer, min(RETRY_S * tries, max(deadline - loop.time(), 0)))
            case Doubt():
                _log.warning("a guard is in doubt", symbol=desk.symbol, order=order.client_order_id, reason=answer.reason)
                desk.surplus.add(order.client_order_id)
                await _find_out(desk, order, min(asked_at + DOUBT_S, deadline))
        if _stands(desk, order):
            return _known(desk, desk.conditionals[order.client_order_id])
    return None


def _known(desk: Desk, standing: OrderSeen) -> OrderSeen:
    """It is the guard from here on, and no surplus."""
    desk.surplus.discard(standing.client_order_id)
    return standing


async def _heal(desk: Desk, order: Order, refused: Refused, pause_s: float) -> None:
    """What may make the next attempt a better one. Off the grid, the filters are asked for meanwhile."""
    if meaning(refused) is Meaning.LATE:
        await desk.office.venue.synchronise(Lane.EXITS)
    elif meaning(refused) is Meaning.FULL:
        await cancel_resting(desk, but=("guard", "stop"), urgent=True)
    elif meaning(refused) in AGAIN:
        await desk.until(lambda: _stands(desk, order), pause_s)


def _taken(desk: Desk, answer: Accepted[OrderSeen] | Refused | Doubt) -> Accepted[OrderSeen] | Refused | Doubt:
    """What was accepted is heard, and stands only if it waits or was triggered: by this answer, or by a word that was faster."""
    if not isinstance(answer, Accepted):
        return answer
    desk.take([answer.body])
    status = desk.conditionals.get(answer.body.client_order_id, answer.body).status
    return answer if status in STANDS else Refused(0, f"accepted, and {status}")


async def _asked(desk: Desk, order: Order, sent_at: int, left_s: float) -> Accepted[OrderSeen] | Refused | Doubt:
    try:
        async with asyncio.timeout(max(left_s, 0.05)):
            return await desk.office.venue.place(order, sent_at)
    except TimeoutError:
        return Doubt("no answer in time")


async def _find_out(desk: Desk, order: Order, until: float) -> None:
    """Whether it stands after all; if nobody says so in time, the next one goes out. Asked once also where the request has taken all of the time."""
    loop = asyncio.get_running_loop()
    while not _stands(desk, order):
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(max(until - loop.time(), ASK_S)):
                open_now = await desk.office.venue.open_conditionals(desk.symbol, lane=Lane.EXITS)
                desk.take(open_now.body if isinstance(open_now, Accepted) else [])
        if loop.time() >= until:
            return
        await desk.until(lambda: _stands(desk, order), min(RETRY_S, max(until - loop.time(), 0)))


def _next(desk: Desk, entry_id: str, *, alone: bool) -> Order:
    """The next attempt; its revision is counted before it leaves."""
    record = desk.entries[entry_id]
    desk.keep(replace(record, guards=record.guards + 1))
    quantity = 0 if alone else quantity_out(desk)        # what it does not cover, the watch guards beside it
    return Order(
        desk.symbol, side_of(-desk.held), Kind.STOP_MARKET, guard_id(record), quantity=quantity, trigger_price=_trigger(desk, record),
        reduce_only=not alone, close_position=alone, trigger_by=record.trigger, price_protect=record.price_protect,
    )


def _trigger(desk: Desk, record: EntryRecord) -> int:
    """The record's price, on the grid as it is today: filters change without notice."""
    instrument = desk.office.instruments.get(desk.symbol)
    return nearer(record.stop_price, instrument.tick_size, side_of(desk.held)) if instrument else record.stop_price


def guard_id(record: EntryRecord) -> str:
    """Of the attempt that comes next; the first one's is the command's."""
    return client_order_id(record.account, record.symbol, record.intent_id, "guard", record.guards)


def _stands(desk: Desk, order: Order) -> bool:
    told = desk.conditionals.get(order.client_order_id)
    return told is not None and told.status == "NEW"


async def _standing(desk: Desk, order: Order, refused: Refused) -> OrderSeen | None:
    """A refusal that says that one stands already, or that this very one does, is believed when the open orders show it."""
    if meaning(refused) not in (Meaning.ONE_STANDS, Meaning.DUPLICATE):
        return None
    open_now = await desk.office.venue.open_conditionals(desk.symbol, lane=Lane.EXITS)
    if not isinstance(open_now, Accepted):
        return None
    desk.take(open_now.body)
    closing = [seen for seen in open_now.body if seen.status == "NEW" and seen.kind == Kind.STOP_MARKET and seen.side is order.side]
    return next((seen for seen in closing if seen.close_position or seen.client_order_id == order.client_order_id), None)
