"""Closing all of a position at market, attempt by attempt, until the books and the venue say flat.

Every attempt only reduces, so a second one can do no harm: in doubt for a second, the next revision goes out.
"""
import asyncio
from collections.abc import Callable

import msgspec

from streams.core.ids import client_order_id, leg_of
from streams.core.ledger import ExitRecord, OrderState
from streams.core.values import down, side_of, up
from streams.runtime import logs
from streams.runtime.metrics import HOP
from streams.venue.answers import Accepted, Doubt, Kind, Order, Refused
from streams.venue.desk import Desk
from streams.venue.limits import Lane
from streams.venue.outcomes import Meaning, gone, meaning, reason_of
from streams.venue.trades import chase_soon

replace = msgspec.structs.replace
DOUBT_S = 1.0                         # from the request on
RETRIES_S = (0.1, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0)        # after a refusal that asking again may heal
CANCEL_AGAIN_S = (1.0, 2.0, 4.0, 8.0, 16.0, 30.0)        # from one request to cancel an order to the next
WORD_S = 0.5                                             # the stream's word on the position comes with the fill; later it is asked for
_log = logs.get(__name__)
Ids = Callable[[], str]


def saga_ids(desk: Desk, entry_id: str) -> Ids:
    """The emergency close's: revisions of the entry's `flat` leg."""
    def following() -> str:
        record = desk.entries[entry_id]
        desk.keep(replace(record, flats=record.flats + 1))
        return client_order_id(record.account, record.symbol, record.intent_id, "flat", record.flats)

    return following


async def close_all(
    desk: Desk, following: Ids, position_id: str, leg: str, done: Callable[[], bool], meant: Callable[[], bool] = lambda: True,
) -> None:
    """Returns when `done` says so and the venue agrees that nothing is held, or nothing of what is `meant`."""
    loop, failures = asyncio.get_running_loop(), 0
    while not (done() and (not meant() or await agreed_flat(desk))):
        if not desk.held or not meant():
            await desk.until(lambda: (desk.held != 0 and meant()) or done(), DOUBT_S)
            continue
        asked_at = loop.time()
        answer = await _attempt(desk, following(), position_id, leg)
        if isinstance(answer, Accepted):
            failures = 0
            await _booked(desk)
            continue
        failures += 1
        if isinstance(answer, Refused):
            await _heal(desk, answer, failures)
        else:
            await desk.until(lambda: desk.held == 0, max(asked_at + DOUBT_S - loop.time(), 0))


async def agreed_flat(desk: Desk) -> bool:
    """Whether the venue holds nothing either, by a word that is younger than the last trade."""
    if desk.held:
        return False
    if await desk.until(desk.told_flat, WORD_S):
        return desk.held == 0
    if _silent(desk):
        return False
    return await ask_position(desk) == 0 and desk.held == 0


async def ask_position(desk: Desk) -> int | None:
    """The venue's signed quantity now; None where it did not say. What the books lack is fetched."""
    answer = await desk.office.venue.positions(desk.symbol, lane=Lane.EXITS)
    if not isinstance(answer, Accepted):
        return None
    quantity = sum(seen.quantity for seen in answer.body)
    if quantity != desk.held:
        await chase_soon(desk)
    return quantity


async def _attempt(desk: Desk, client_id: str, position_id: str, leg: str) -> Accepted[object] | Refused | Doubt:
    office = desk.office
    quantity, sent_at, side = quantity_out(desk), office.clock.now(), side_of(-desk.held)
    desk.put(ExitRecord(office.account, desk.symbol, position_id, client_id, leg, side, quantity, created_at=sent_at, sent_at=sent_at))
    answer = await office.venue.place(Order(desk.symbol, side, Kind.MARKET, client_id, quantity, reduce_only=True), sent_at)
    answered_at = office.clock.now()
    HOP.labels("rest").observe((answered_at - sent_at) / 1_000)
    record = replace(desk.exits[client_id], answered_at=answered_at)
    match answer:
        case Accepted():
            desk.keep(record)
            desk.take([answer.body])
        case Refused():
            desk.put(replace(record, state=OrderState.REJECTED, reason=answer.message[:200], venue_code=answer.code))
        case Doubt():
            desk.put(replace(record, state=OrderState.UNKNOWN, reason=answer.reason))
    return answer


def quantity_out(desk: Desk) -> int:
    """All that is held, as one order may ask for it by the filters of today: they may have changed since it was bought.

    What only reduces is cut to what is held by the venue, so it may be more; off the grid it would be refused for ever.
    """
    instrument, held = desk.office.instruments.get(desk.symbol), abs(desk.held)
    if instrument is None:
        return held
    step = instrument.quantity_step
    return min(up(max(held, instrument.quantity_min), step), max(down(instrument.quantity_max, step), step))


async def _booked(desk: Desk) -> None:
    """The fills of an accepted close come on the stream; when they don't, the list has them."""
    if not await desk.until(lambda: desk.held == 0, DOUBT_S):
        await chase_soon(desk)


async def _heal(desk: Desk, refused: Refused, failures: int) -> None:
    _log.error("a close is refused", symbol=desk.symbol, answer=str(refused), attempt=failures)
    instrument = desk.office.instruments.get(desk.symbol)
    match meaning(refused):
        case Meaning.NOTHING_TO_REDUCE:
            await ask_position(desk)
            await cancel_resting(desk, but=("guard",), urgent=True)
        case Meaning.LATE:
            await desk.office.venue.synchronise(Lane.EXITS)
            return
        case Meaning.CLOSED:                                     # cancels alone are taken; the guard may still be of use when it trades again
            await cancel_resting(desk, but=("guard",))
            failures = len(RETRIES_S)
        case Meaning.REFUSED | Meaning.UNLISTED:
            await ask_position(desk)
    pause = min(max(RETRIES_S[min(failures, len(RETRIES_S)) - 1], refused.wait_ms / 1_000), RETRIES_S[-1])
    await desk.until(lambda: desk.held == 0 or desk.office.instruments.get(desk.symbol) is not instrument, pause)


async def cancel_resting(desk: Desk, but: tuple[str, ...], *, urgent: bool = False) -> None:
    """Cancels what of ours rests here, but these legs. What is gone already is gone; what is in doubt is tried again by whoever looks next."""
    ours = [order for order in desk.resting() if (leg := leg_of(order.client_order_id)) is not None and leg not in but]
    await asyncio.gather(*(cancel(desk, order.client_order_id, conditional=True, urgent=urgent) for order in ours))


def due(desk: Desk, client_id: str) -> bool:
    """Whether the venue may be asked to cancel an order that nothing waits for: not while it wants silence, and less and less often.

    An exit is never held back by the limits, and each request that comes after 429 brings the ban nearer, under which no guard is taken either.
    """
    tries, asked_at = desk.cancels.get(client_id, (0, 0.0))
    paced = tries > 0 and asyncio.get_running_loop().time() < asked_at + CANCEL_AGAIN_S[min(tries, len(CANCEL_AGAIN_S)) - 1]
    return not paced and not _silent(desk)


def _silent(desk: Desk) -> bool:
    return desk.office.venue.limits.silent_ms(desk.office.clock.now()) > 0


async def cancel(desk: Desk, client_id: str, *, conditional: bool, urgent: bool = False) -> bool:
    """Whether the order is gone for certain, whoever ended it. Asked for when `due`, or where a guard or a close has no room beside it."""
    if not urgent and not due(desk, client_id):
        told = (desk.conditionals if conditional else desk.orders).get(client_id)
        return told is not None and told.ended
    desk.cancels[client_id] = desk.cancels.get(client_id, (0, 0.0))[0] + 1, asyncio.get_running_loop().time()
    answer = await desk.office.venue.cancel(desk.symbol, client_id, conditional=conditional)
    if gone(answer):
        return await _end_known(desk, client_id, conditional=conditional)
    if not isinstance(answer, Accepted):
        _log.warning("a cancel is not certain", symbol=desk.symbol, order=client_id, answer=reason_of(answer)[0])
        return False
    if conditional and (told := desk.conditionals.get(client_id)) is not None:
        desk.take([replace(told, status="CANCELED", inferred_at=desk.office.clock.now())])
    return True


async def _end_known(desk: Desk, client_id: str, *, conditional: bool) -> bool:
    """How an order that could not be cancelled any more has ended: it may have filled without a word of the stream. False while nobody says."""
    found = await desk.office.venue.find(desk.symbol, client_id, conditional=conditional, lane=Lane.EXITS)
    if isinstance(found, Accepted):
        desk.take([found.body])
        return not found.body.live
    over = gone(found)
    if over and conditional and (told := desk.conditionals.get(client_id)) is not None:
        desk.take([replace(told, status="EXPIRED", inferred_at=desk.office.clock.now())])
    return over
