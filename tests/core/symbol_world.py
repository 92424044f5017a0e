"""A symbol with whatever may happen to it: drawn numbers become events that are about orders that it has really sent.

They come in any order and any number of times. `sign` -1 is the same world in a mirror at 100: every side is the other one, every price as far on the
other side.
"""
from typing import Any

import msgspec

from streams.core.commands import Close, Plan, Propose, Step
from streams.core.events import Beat
from streams.core.settings import Settings
from streams.core.symbol import Output, SymbolState, new, step
from streams.core.values import E8, Side, e8
from streams.core.words import EntryState
from tests import make

UNIT, CENT, MIRROR = e8("0.001"), e8("0.01"), 200 * E8
INSTRUMENT = msgspec.structs.replace(make.INSTRUMENT, taker_fee_ppm=0, notional_min=0)      # what is reckoned in per cent has no mirror
STATES = [state for state in EntryState if state not in {EntryState.PROPOSED, EntryState.COMMANDED}]
OPS = ("tick", "tick", "tick", "tick", "tick", "tick", "beat", "enter", "opened", "opened", "opened", "rarely", "report", "protect", "fill", "fill",
       "answer", "answer", "answer", "answer", "gone", "guard", "moved", "again")
RARELY = ("close", "close", "close", "cancel", "control", "status", "enter")
Drawn = tuple[int, int, int]


class World:
    instrument = INSTRUMENT

    def __init__(self, settings: Settings, sign: int = 1) -> None:
        self.state, self.settings, self.sign, self.now, self.offset = new(make.SYMBOL), settings, sign, make.NOON, 0
        self.price, self.number = 100 * E8, 0
        self.intents: list[str] = []
        self.entries: list[str] = []
        self.exits: list[str] = []
        self.plans: list[Plan] = []
        self.fills: dict[str, int] = {}
        self.told: list[tuple[SymbolState, Any, SymbolState, tuple[Output, ...]]] = []
        self.seen(self.instrument)
        self.seen(self.tick_at(self.price))

    def seen(self, body: Any) -> tuple[Output, ...]:  # noqa: ANN401
        before, self.offset = self.state, self.offset + 1
        self.state, outputs = step(before, make.seen(body, self.now, self.offset), self.settings)
        self.told.append((before, body, self.state, outputs))
        for output in outputs:
            if isinstance(output, Propose):
                self.entries.append(output.intent_id)
            if isinstance(output, Plan):
                self.plans.append(output)
                self.exits += [s.client_order_id for s in output.steps if s.step is not Step.CANCEL]
            if isinstance(output, Close):
                self.exits.append(output.client_order_id)
        return outputs

    def play(self, drawn: list[Drawn]) -> None:
        for op, a, b in drawn:
            self.now += a * b % 700
            getattr(self, OPS[op % len(OPS)])(a, b)

    def across(self, price: int) -> int:
        return price if self.sign > 0 or price <= 0 else MIRROR - price

    def side(self, side: Side) -> str:
        return side.value if self.sign > 0 else side.opposite.value

    def text(self, price: int) -> Any:  # noqa: ANN401
        return f"{self.across(price) // E8}.{self.across(price) % E8:08d}"

    def tick_at(self, price: int, up: int = 0, down: int = 0) -> Any:  # noqa: ANN401
        """A record whose extremes lay so far above and below its last price."""
        extremes = sorted((self.across(price + up), self.across(price - down)))
        return msgspec.structs.replace(make.tick(self.text(price)), low=extremes[0], high=extremes[1])

    # ------------------------------------------------------------------------------------ what may happen

    def tick(self, a: int, b: int) -> None:
        self.price = min(max(self.price + (a - 50) * (b % 7) * CENT, 91 * E8), 109 * E8)
        self.seen(self.tick_at(self.price, a % 4 * b % 5 * CENT, a % 3 * b % 7 * CENT))

    def beat(self, a: int, b: int) -> None:
        self.now += 1_000 + a * b
        self.seen(Beat("w"))

    def enter(self, a: int, b: int) -> None:
        self.number += 1
        side, policy = (Side.BUY, Side.SELL)[b % 2], sorted(self.settings.policies)[a % len(self.settings.policies)]
        distance = (2 + b % 4) * E8 * side.sign
        name = f"i{self.number}"
        self.intents.append(name)
        self.seen(make.intent(
            name, self.side(side), policy=policy, stop_price=self.across(self.price - distance),
            target_price=self.across(self.price + distance) if a % 5 == 0 else 0,
        ))

    def opened(self, a: int, b: int) -> None:
        """An entry that goes well, told in one order or another; where something is held, a tick."""
        if "main" in self.state.books and self.state.books["main"].busy:
            return self.tick(a, b)
        self.enter(a, b)
        entry = self.state.books["main"].entry if "main" in self.state.books else None
        if entry is None:
            return None
        self.report(3, 9) if b % 5 == 0 else self.protect(a, b) if b % 5 == 1 else None
        self.offset += 1
        quantity = (10 + a) * UNIT
        self.fills[f"t{self.offset}"] = entry.side.sign * quantity
        text = f"{quantity // E8}.{quantity % E8:08d}"
        self.seen(make.fill(entry.side.value, text, self.text(self.price), entry.client_order_id, f"t{self.offset}"))
        self.seen(make.entry(entry.intent.intent_id, "DONE", filled=text))
        return self.protect(a, b) if b % 5 > 1 else None

    def rarely(self, a: int, b: int) -> None:
        getattr(self, RARELY[a % len(RARELY)])(a, b)

    def close(self, a: int, _b: int) -> None:
        self.number += 1
        self.seen(make.intent(f"c{self.number}", "CLOSE", partial_ppm=(a % 3) * 333_333))

    def cancel(self, _a: int, _b: int) -> None:
        self.number += 1
        self.seen(make.intent(f"x{self.number}", "CANCEL"))

    def report(self, a: int, b: int) -> None:
        if self.entries:
            filled = f"0.{b % 10:03d}"
            name = self.entries[-1 - (b % 7 == 0) * (a % len(self.entries))]
            self.seen(make.entry(name, STATES[a % len(STATES)], filled=filled, guard_price=self.text(98 * E8)))

    def protect(self, _a: int, _b: int) -> None:
        entry = self.state.books["main"].entry if "main" in self.state.books else None
        position = self.state.books["main"].position if "main" in self.state.books else None
        name = entry.intent.intent_id if entry else position.intent_id if position else ""
        stop = entry.stop_price if entry else position.stop_first if position else 0
        if name:
            self.seen(msgspec.structs.replace(make.entry(name, "PROTECTED"), guard_price=stop))

    def fill(self, a: int, b: int) -> None:
        """Of an entry, mostly; of an exit as it would be; of a stranger, sometimes."""
        book = self.state.books.get("main")
        quantity = (1 + a % 20) * UNIT
        if book and book.position and book.closing:
            side, name, quantity = book.position.side.opposite, self.exits[-1], book.position.size if b % 2 else min(quantity, book.position.size)
        elif book and book.position and book.position.resting and b % 3 == 0:
            order = book.position.resting[a % len(book.position.resting)]
            side, name = book.position.side.opposite, order.client_order_id
            quantity = min(quantity if b % 2 else order.quantity, book.position.size)
        elif book and book.position and b % 3 == 1 and self.exits:
            side, name = book.position.side.opposite, self.exits[-1 - a % min(len(self.exits), 3)]
            quantity = min(quantity, book.position.size)
        elif book and book.entry:
            side, name = book.entry.side, book.entry.client_order_id
        else:
            side, name = Side(self.side((Side.BUY, Side.SELL)[a % 2])), "web_1"
        self.offset += 1
        trade = f"t{self.offset}"
        self.fills[trade] = side.sign * quantity
        self.seen(make.fill(side.value, f"{quantity // E8}.{quantity % E8:08d}", self.text(self.price), name, trade))

    def answer(self, a: int, b: int) -> None:
        """Of the last plan, mostly as it was wished."""
        if not self.plans:
            return
        plan = self.plans[-1 - (b % 9 == 0) * (a % len(self.plans))]
        placed = [s.client_order_id for s in plan.steps if s.step is not Step.CANCEL]
        refused = placed[:1] if a % 6 == 0 else []
        cancelled = [s.client_order_id for s in plan.steps if s.step is Step.CANCEL and not refused]
        accepted = [name for name in placed if name not in refused]
        stale = a % 11 == 0
        self.seen(make.answer(
            plan.position_id, plan.revision, accepted=() if stale else tuple(accepted), refused=tuple(refused),
            cancelled=() if stale else tuple(cancelled), stale=stale,
        ))

    def gone(self, a: int, b: int) -> None:
        if self.exits:
            book = self.state.books["main"]
            held = book.position.held.position_id if book.position else "p-none"
            state = ("CANCELLED", "FINISHED", "EXPIRED", "TRIGGERED")[b % 4]
            self.seen(make.exit_report(held, self.exits[-1 - a % len(self.exits)], state))

    def guard(self, a: int, b: int) -> None:
        position = self.state.books["main"].position if "main" in self.state.books else None
        if position is not None and position.intent_id:
            name = make.guard_id(position.intent_id, revision=b)
            report = make.exit_report(position.held.position_id, name, ("WORKING", "CANCELLED")[a % 2])
            self.seen(msgspec.structs.replace(report, trigger_price=position.stop_first))

    def moved(self, a: int, b: int) -> None:
        position = self.state.books["main"].position if "main" in self.state.books else None
        if position is not None and position.resting:
            order = position.resting[a % len(position.resting)]
            report = make.exit_report(position.held.position_id, order.client_order_id, "WORKING")
            self.seen(msgspec.structs.replace(report, trigger_price=order.price + (b % 5 - 2) * CENT * self.sign))

    def control(self, _a: int, b: int) -> None:
        self.seen(make.control(("HALT", "RESUME", "RESUME", "RESET_BREAKER")[b % 4], "told so"))

    def status(self, _a: int, b: int) -> None:
        self.seen(msgspec.structs.replace(self.instrument, status="SETTLING" if b % 8 == 0 else "TRADING"))

    def again(self, a: int, b: int) -> None:
        """The last event, or one of long ago, once more."""
        self.seen(self.told[-1 - (a % len(self.told) if b % 2 else 0)][1])
