"""Exit plans and standing closes of one symbol.

A plan is worked step by step and answered once: what rests, what was refused, what is gone. A CANCEL is worked only when every PLACE before it was
accepted, so there is no gap. A place in doubt for a second is answered as refused: positions asks for the next revision, and what shows up late is
cancelled. A part (REDUCE) is never sent twice: it is asked for until it is known.

A step for more than one order may have was made by older filters. It is left undone, which is no refusal: the next plan, by the filters of today, has
it in parts. Only a stop where nothing else covers the position goes out at once, sized by the venue as a guard is.

A close is a wish that stands until nothing is held and no entry that it names can still fill.
"""
import asyncio
from typing import Any

import msgspec

from streams.core.commands import Close, Plan, PlanStep, Step
from streams.core.events import PlanReported
from streams.core.ids import client_order_id, leg_of
from streams.core.ledger import ExitRecord, OrderState, PlanRecord, refused, standing
from streams.runtime import logs
from streams.runtime.metrics import HOP
from streams.venue.answers import Accepted, Doubt, Kind, Order, OrderSeen, Refused
from streams.venue.closing import Ids, cancel, cancel_resting, close_all
from streams.venue.desk import Desk
from streams.venue.limits import Lane
from streams.venue.outcomes import Meaning, gone, meaning, reason_of
from streams.venue.saga import ABSENT_AFTER_MS, CANCEL_AGAIN_S

replace = msgspec.structs.replace
KINDS = {Step.PLACE_STOP: Kind.STOP_MARKET, Step.PLACE_TARGET: Kind.TAKE_PROFIT_MARKET, Step.REDUCE: Kind.MARKET}
ASK_S, ASK_MAX_S = 0.25, 2.0
DOUBT_S = 1.0
CANCEL_TRIES = 5
FILTERS_S = 1.0                       # for the filters, after a refusal that doubts them
TOO_LARGE = -4005                     # more than one order may have
_log = logs.get(__name__)


# ---------------------------------------------------------------------------------------------------------------- plans


def stale(desk: Desk, position_id: str, revision: int) -> bool:
    """Whether something newer was asked for this position, or it is none of ours any more."""
    newest = max([known.revision for known in (desk.plan, desk.close) if known is not None and known.position_id == position_id], default=-1)
    return revision <= newest or position_id != desk.book.held.position_id or (desk.close is not None and not desk.close.flat)


def report(record: PlanRecord, time: int) -> PlanReported:
    return PlanReported(
        record.account, record.symbol, record.position_id, record.revision, record.accepted, record.refused, record.cancelled,
        reason=record.reason, venue_code=record.venue_code, venue_time=time,
    )


def stale_report(command: Plan | Close, time: int) -> PlanReported:
    return PlanReported(command.account, command.symbol, command.position_id, command.revision, stale=True, reason="STALE", venue_time=time)


class PlanWork:
    """One plan, from its durable record to its answer."""

    def __init__(self, desk: Desk, record: PlanRecord) -> None:
        self.desk, self.record = desk, record
        self._undone = False                             # something was left for the next plan: what it was to replace stays
        self.venue, self.clock = desk.office.venue, desk.office.clock

    async def run(self, *, fresh: bool) -> None:
        for step in self.record.steps:
            if self._overtaken():
                self.record = replace(self.record, reason=self.record.reason or "OVERTAKEN")
                break
            if step.step is not Step.CANCEL:
                await self._place(step, fresh=fresh)
            elif not self.record.refused and not self._undone:
                await self._cancel(step.client_order_id)
        self.record = replace(self.record, answered=True)
        self.desk.put(self.record, reports=[report(self.record, self.clock.now())])

    def _overtaken(self) -> bool:
        close = self.desk.close
        return (close is not None and not close.flat) or self.desk.book.held.position_id != self.record.position_id

    async def _place(self, step: PlanStep, *, fresh: bool) -> None:
        order = self._order(step)
        if self._too_large(order.quantity):
            self._leave(Refused(TOO_LARGE, "made by older filters, and not sent"))
            return
        exit_order = ExitRecord(
            self.record.account, order.symbol, self.record.position_id, order.client_order_id, leg_of(order.client_order_id) or "exit", order.side,
            order.quantity, order.trigger_price, created_at=self.record.created_at,
        )
        self.desk.exits.setdefault(order.client_order_id, exit_order)
        answer = await self._request(order) if fresh else await self._ask_or_request(order)
        if isinstance(answer, Refused) and answer.code == TOO_LARGE:
            answer = await self._too_large_there(order, answer)
        record = replace(self.desk.exits[order.client_order_id], answered_at=self.clock.now())
        match answer:
            case Accepted() if answer.body.ended and not answer.body.filled:
                self.desk.take([answer.body])                    # taken, and over without having done anything
                answer = Refused(0, answer.body.status)
            case Accepted():
                self.desk.keep(record)
                if self.desk.take([answer.body]) is None:        # the stream was faster
                    self.desk.put(record)
                self.record = replace(self.record, accepted=(*self.record.accepted, order.client_order_id))
                return
            case Doubt():
                self.desk.surplus.add(order.client_order_id)
                self.desk.put(replace(record, state=OrderState.UNKNOWN, reason=answer.reason))
            case Refused():
                self.desk.put(replace(record, state=OrderState.REJECTED, reason=answer.message[:200], venue_code=answer.code))
        if isinstance(answer, Refused) and answer.code == TOO_LARGE and self._too_large(order.quantity):
            self._leave(answer)
            return
        reason, code = reason_of(answer)
        self.record = replace(self.record, refused=(*self.record.refused, order.client_order_id), reason=reason, venue_code=code)

    def _leave(self, why: Refused) -> None:
        """For the next plan."""
        self._undone = True
        reason, code = reason_of(why)
        self.record = replace(self.record, reason=reason, venue_code=code)

    async def _too_large_there(self, order: Order, refused: Refused) -> Accepted[OrderSeen] | Refused | Doubt:
        """The same stop without a quantity, under the same id, which nobody has had; where others cover the position, the filters are waited for."""
        if order.kind is not Kind.STOP_MARKET or self.desk.covered:
            await self.desk.until(lambda: self._too_large(order.quantity), FILTERS_S)
            return refused
        self.desk.keep(replace(self.desk.exits[order.client_order_id], quantity=0))
        return await self._request(replace(order, quantity=0, reduce_only=False, close_position=True))

    async def _request(self, order: Order, *, again: bool = True) -> Accepted[OrderSeen] | Refused | Doubt:
        sent_at = self.clock.now()
        self.desk.keep(replace(self.desk.exits[order.client_order_id], sent_at=sent_at))
        answer = await self.venue.place(order, sent_at)
        HOP.labels("rest").observe((self.clock.now() - sent_at) / 1_000)
        if isinstance(answer, Refused) and meaning(answer) is Meaning.LATE:
            await self.venue.synchronise(Lane.EXITS)
            if order.kind.conditional and again:
                return await self._request(order, again=False)
            return answer
        if isinstance(answer, Doubt) or (isinstance(answer, Refused) and meaning(answer) is Meaning.DUPLICATE):
            return await self._found(order, sent_at, answer)
        return answer

    async def _ask_or_request(self, order: Order) -> Accepted[OrderSeen] | Refused | Doubt:
        """After a restart: the request may have been made. A part is not made again; a stop or a target of which the venue has none goes out."""
        found = await self._known(order)
        if isinstance(found, Accepted):
            return found
        if order.kind is Kind.MARKET:
            return await self._found(order, self.desk.office.started_at, found)
        return await (self._request(order) if gone(found) else self._found(order, self.clock.now(), found))

    async def _found(self, order: Order, sent_at: int, answer: Refused | Doubt) -> Accepted[OrderSeen] | Refused | Doubt:
        """What became of a request that nobody answered: asked for a second, and a part until it is known.

        Only the venue's word that it has none says that there is none: any other refusal is about our question.
        """
        store, pause_s = self._store(order), ASK_S
        while True:
            found = await self._known(order)
            if isinstance(found, Accepted):
                return found
            waited = self.clock.now() - sent_at
            if order.kind.conditional and waited > DOUBT_S * 1_000:
                return answer if isinstance(answer, Doubt) else Doubt(str(answer))
            if not order.kind.conditional and waited > ABSENT_AFTER_MS and gone(found):
                return Refused(0, "EXPIRED: the venue never had it")
            await self.desk.until(lambda: order.client_order_id in store, pause_s)
            pause_s = min(2 * pause_s, ASK_MAX_S)

    async def _known(self, order: Order) -> Accepted[OrderSeen] | Refused | Doubt:
        """How it stands by the last word on it, else by the answer to a question."""
        if (told := self._store(order).get(order.client_order_id)) is not None:
            return Accepted(told)
        if self.venue.limits.silent_ms(self.clock.now()):
            return Doubt("the venue wants silence")
        return await self.venue.find(order.symbol, order.client_order_id, conditional=order.kind.conditional, lane=Lane.EXITS)

    def _store(self, order: Order) -> dict[str, OrderSeen]:
        return self.desk.conditionals if order.kind.conditional else self.desk.orders

    async def _cancel(self, client_id: str) -> None:
        conditional = client_id not in self.desk.exits or self.desk.exits[client_id].conditional
        for _ in range(CANCEL_TRIES):
            if await cancel(self.desk, client_id, conditional=conditional):
                self.record = replace(self.record, cancelled=(*self.record.cancelled, client_id))
                return
            await self.desk.until(lambda: False, ASK_S)

    def _order(self, step: PlanStep) -> Order:
        """A stop for more than one order may have, where no guard stands, sizes itself as a guard does."""
        alone = step.step is Step.PLACE_STOP and self._too_large(step.quantity) and not any(stop.close_position for stop in self.desk.stops())
        return Order(
            self.record.symbol, self.record.side, KINDS[step.step], step.client_order_id, 0 if alone else step.quantity,
            trigger_price=step.trigger_price, reduce_only=not alone, close_position=alone, trigger_by=step.trigger, price_protect=step.price_protect,
        )

    def _too_large(self, quantity: int) -> bool:
        instrument = self.desk.office.instruments.get(self.record.symbol)
        return instrument is not None and quantity > instrument.quantity_max


# ---------------------------------------------------------------------------------------------------------------- closes


def wish(desk: Desk, close: Close) -> asyncio.Future[Any]:
    """The close in force, and what it makes of the intents that it names; the future is done when all of it is durable."""
    written = [withdrawn(desk, close.account, intent_id, "CLOSED_BEFORE") for intent_id in close.intents]
    return asyncio.gather(desk.put(standing(close, desk.office.clock.now())), *(one for one in written if one is not None))


def withdrawn(desk: Desk, account: str, intent_id: str, reason: str) -> asyncio.Future[Any] | None:
    """Refuses an intent that was not sent yet, also one whose command has not come; None where it was sent, or is over.

    Written behind the record of the command, if that still waits: of one key the last record holds.
    """
    mark = refused(account, desk.symbol, intent_id, reason, desk.office.clock.now())
    known = desk.entries.get(mark.entry_id, mark)
    if known.state is OrderState.WISHED and not known.sent_at:
        mark = replace(known, state=OrderState.REFUSED, reason=reason)
    elif known is not mark:
        return None
    return desk.put(mark, first=False)


async def until_flat(desk: Desk) -> None:
    """Works the standing close."""
    close = desk.close
    if close is None:
        return
    named = {client_order_id(close.account, close.symbol, intent_id, "entry") for intent_id in close.intents}
    await _cancel_entries(desk, named)
    begun = False

    def meant() -> bool:
        """Once it is about what is held, it is about everything until the venue is flat."""
        nonlocal begun
        begun = begun or _about(desk, close.position_id, named)
        return begun

    cancelling = desk.office.run(_cancel_entries_again(desk, named), f"entries that the close of {desk.symbol} names")
    try:
        await close_all(desk, _ids(desk), close.position_id, "exit", lambda: not _may_fill(desk, named), meant)
    finally:
        cancelling.cancel()
    if not desk.held:
        await cancel_resting(desk, but=())
    if desk.close is not None and desk.close.client_order_id == close.client_order_id:     # else another wish came meanwhile: it is worked next
        desk.put(replace(desk.close, flat=True))
        _log.info("closed", symbol=desk.symbol, position=close.position_id, reason=close.reason.value, attempts=desk.close.attempts)


def _about(desk: Desk, position_id: str, named: set[str]) -> bool:
    """Whether what is held is what the close is about: its position, or one that an intent which it names has opened since."""
    opened = [record.position_id for entry_id, record in desk.entries.items() if entry_id in named and desk.filled(record)]
    return desk.held != 0 and desk.book.held.position_id in (position_id, *opened)


def _may_fill(desk: Desk, named: set[str]) -> bool:
    return any(entry_id in named and not desk.entries[entry_id].state.ended for entry_id in desk.entries)


async def _cancel_entries(desk: Desk, named: set[str]) -> None:
    for entry_id in named:
        record = desk.entries.get(entry_id)
        if record is not None and not record.state.ended:
            await cancel(desk, entry_id, conditional=False)


async def _cancel_entries_again(desk: Desk, named: set[str]) -> None:
    """The first cancel may be lost, or come before the entry's own request."""
    while not await desk.until(lambda: not _may_fill(desk, named), CANCEL_AGAIN_S):
        await _cancel_entries(desk, named)


def _ids(desk: Desk) -> Ids:
    """The first attempt has the command's own id; later ones count its leg's revision up."""
    def following() -> str:
        close = desk.close
        if close is None:
            raise AssertionError("a close that is worked stands")
        desk.keep(replace(close, attempts=close.attempts + 1))
        if not close.attempts:
            return close.client_order_id
        first = int(close.client_order_id.split(".")[1].split("-")[0])
        owner = close.position_id or next(iter(close.intents), close.client_order_id)
        return client_order_id(close.account, close.symbol, owner, "exit", first + close.attempts)

    return following
