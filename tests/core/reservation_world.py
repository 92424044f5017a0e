"""An account and its symbols as the log joins them: the real `step` of both, five queues between them, and a gateway that does as it is told.

Each queue keeps its own order, as a partition does; between them any order is possible, and any record may come twice. What the gateway has filled
and what it may still fill is the truth that the account must never know less of.
"""
from collections import deque
from typing import Any

import msgspec

from streams.core import account, symbol
from streams.core.commands import Close, Enter, Propose, Withdraw
from streams.core.events import BalanceSeen, Beat, EntryReported, FlattenWanted, Intent, ModeSet, PositionUpdated, Seen
from streams.core.settings import Limits, Settings
from streams.core.values import down, e8
from streams.core.words import EntryState, Mode
from tests import make

SYMBOLS = ("BTCUSDT", "ETHUSDT")
SETTINGS: Settings = msgspec.structs.replace(make.SETTINGS, limits=Limits(positions_max=2, risk_ppm=100_000), additions_max=1, opposite="flip")
DAY_MS = 86_400_000
UNIT = make.INSTRUMENT.quantity_step
replace = msgspec.structs.replace


class World:
    def __init__(self) -> None:
        self.now, self.offset, self.number, self.trades = make.NOON, 0, 0, 0
        self.account = account.new(make.ACCOUNT)
        self.symbols = {name: symbol.new(name) for name in SYMBOLS}
        self.queues: dict[str, deque[Any]] = {
            f"{kind} {name}": deque() for kind in ("intent", "command", "exit", "status", "fill") for name in SYMBOLS
        } | {"proposal": deque(), "update": deque()}
        self.held = dict.fromkeys(SYMBOLS, 0)                     # what the venue holds, signed
        self.undecided: dict[str, Enter] = {}                     # ordered, and the gateway has not sent it or refused it
        self.refused: set[str] = set()
        self.held_back: list[tuple[int, str]] = []                # reservations across a beat: before and after
        for name in SYMBOLS:
            self.to_symbol(name, replace(make.INSTRUMENT, symbol=name))
            self.tick(name)

    # -------------------------------------------------------------------------------------------- the two doors

    def seen(self, body: Any) -> Seen[Any]:  # noqa: ANN401
        self.offset += 1
        return make.seen(body, self.now, self.offset)

    def to_symbol(self, name: str, body: Any) -> None:  # noqa: ANN401
        self.symbols[name], outputs = symbol.step(self.symbols[name], self.seen(body), SETTINGS)
        for output in outputs:
            match output:
                case Propose():
                    self.queues["proposal"].append(output)
                case PositionUpdated():
                    self.queues["update"].append(output)
                case Close() | Withdraw():
                    self.queues[f"exit {name}"].append(output)

    def to_account(self, body: Any) -> None:  # noqa: ANN401
        self.account, outputs = account.step(self.account, self.seen(body), SETTINGS)
        for output in outputs:
            match output:
                case Enter():
                    self.undecided[output.intent_id] = output
                    self.queues[f"command {output.symbol}"].append(output)
                case EntryReported():
                    self.queues[f"status {output.symbol}"].append(output)
                case Intent():
                    self.queues[f"intent {output.symbol}"].append(output)

    # -------------------------------------------------------------------------------------------- what happens

    def act(self, op: int, one: int, other: int) -> None:
        rare = (self.close, self.close, self.flatten, self.beat, self.beat, self.fund, self.ruled)[one % 7]
        acts = (self.wish, self.wish, rare, *[self.deliver] * 9)
        self.now += one % 90
        name = SYMBOLS[one % len(SYMBOLS)]
        self.tick(name)
        acts[op % len(acts)](name, other)

    def tick(self, name: str) -> None:
        self.to_symbol(name, replace(make.tick("100"), symbol=name))

    def wish(self, name: str, drawn: int) -> None:
        self.number += 1
        wished = make.intent(f"i{self.number}", "BUY" if drawn % 3 else "SELL", symbol=name, size=e8(str(100 + drawn % 2_000)))
        self.queues[f"intent {name}"].append(wished)

    def close(self, name: str, _: int) -> None:
        self.number += 1
        self.queues[f"intent {name}"].append(make.intent(f"c{self.number}", "CLOSE", symbol=name))

    def flatten(self, _: str, drawn: int) -> None:
        self.to_account(FlattenWanted(make.ACCOUNT, "", "why", "ann", f"r{drawn % 5}"))

    def beat(self, _: str, drawn: int) -> None:
        """A second, or days: no time frees anything."""
        before = self.account.reservations
        self.now += (1_000, 1_000, 1_000, 60_000, DAY_MS)[drawn % 5]
        self.to_account(Beat("risk-1"))
        self.held_back += [(len(before), name) for name in before if name not in self.account.reservations]
        for name in SYMBOLS:
            self.to_symbol(name, Beat("positions-1"))
            self.tick(name)

    def fund(self, _: str, drawn: int) -> None:
        self.to_account(BalanceSeen(make.ACCOUNT, "USDT", e8(str(50_000 + drawn % 100)), 0, "RECONCILED"))

    def ruled(self, _: str, drawn: int) -> None:
        self.to_account(ModeSet(make.ACCOUNT, Mode.ACTIVE, "an old word of our own", f"m{drawn}"))

    def deliver(self, _: str, drawn: int) -> None:
        """The first record of a queue reaches its reader, and sometimes twice."""
        waiting = [kind for kind, queue in self.queues.items() if queue]
        if not waiting:
            return
        kind = waiting[drawn % len(waiting)]
        body = self.queues[kind].popleft()
        for _repeat in range(1 + (drawn % 7 == 0)):
            self.read(kind, body, drawn)

    def read(self, kind: str, body: Any, drawn: int) -> None:  # noqa: ANN401
        what, _, name = kind.partition(" ")
        match what:
            case "proposal" | "update":
                self.to_account(body)
            case "intent" | "status" | "fill":
                self.to_symbol(name, body)
            case "command":
                self.worked(body, drawn)
            case _:
                self.left(body)

    # -------------------------------------------------------------------------------------------- the gateway

    def worked(self, enter: Enter, drawn: int) -> None:
        """An entry ends in one of its ways, at once; what it tells of that takes its time."""
        if self.undecided.pop(enter.intent_id, None) is None:
            return                                                # known: it was worked before
        ends = (EntryState.EXPIRED, EntryState.REJECTED, EntryState.DONE, EntryState.DONE, EntryState.DONE, EntryState.DONE)
        end = EntryState.REFUSED if enter.intent_id in self.refused else ends[drawn % len(ends)]
        filled = down(enter.quantity * (drawn % 4) // 3, UNIT) if end is EntryState.DONE else 0
        first = down(filled // 2, UNIT)
        for part in (first, filled - first):
            self.fill(enter, part)
        statuses = self.queues[f"status {enter.symbol}"]
        if end is EntryState.DONE:
            statuses.append(EntryReported(enter.account, enter.symbol, enter.intent_id, EntryState.SENT, enter.entry_id))
        statuses.append(EntryReported(enter.account, enter.symbol, enter.intent_id, end, enter.entry_id, filled))
        if filled:
            statuses.append(EntryReported(
                enter.account, enter.symbol, enter.intent_id, EntryState.PROTECTED, enter.entry_id, 0, enter.guard_id, enter.stop_price,
            ))

    def fill(self, enter: Enter, quantity: int) -> None:
        if quantity:
            self.traded(enter.symbol, enter.side.sign * quantity, enter.entry_id)

    def traded(self, name: str, quantity: int, client_order_id: str) -> None:
        self.trades += 1
        self.held[name] += quantity
        filled = make.fill("buy" if quantity > 0 else "sell", "1", "100", client_order_id, f"t{self.trades}")
        self.queues[f"fill {name}"].append(replace(filled, symbol=name, quantity=abs(quantity)))

    def left(self, wish: Close | Withdraw) -> None:
        """What is named and not sent is refused; what is held is closed."""
        if isinstance(wish, Withdraw):
            self.refused.add(wish.intent_id)
            return
        self.refused |= set(wish.intents)
        if self.held[wish.symbol]:
            self.traded(wish.symbol, -self.held[wish.symbol], wish.client_order_id)

    # -------------------------------------------------------------------------------------------- what must hold

    def known(self, name: str) -> int:
        """What the account counts of a symbol, in quantity."""
        last = self.account.snapshots.get(name)
        promised = sum(abs(kept.quantity) for kept in self.account.reservations.values() if kept.symbol == name)
        return (abs(last.quantity) if last else 0) + promised

    def true(self, name: str) -> int:
        return abs(self.held[name]) + sum(enter.quantity for enter in self.undecided.values() if enter.symbol == name)

    def drain(self) -> None:
        """Everything is delivered, in the order of the queues, until nothing follows any more."""
        for _ in range(1_000):
            waiting = next((kind for kind, queue in self.queues.items() if queue), None)
            if waiting is None:
                return
            self.now += 10
            self.read(waiting, self.queues[waiting].popleft(), 2)
        raise AssertionError("it never comes to rest")

    def settle(self) -> None:
        """Flat everywhere, and everybody has heard of it."""
        for _ in range(3):
            self.drain()
            for _second in range(6):
                self.beat("", 0)
                self.drain()
            for name in SYMBOLS:
                self.close(name, 0)
            self.drain()
