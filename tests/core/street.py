"""An account in miniature: symbols, their risk, and a venue that does what it is told. Second by second, and the same each time.

What was said is kept by symbol: the events' outputs of its own state, and what the account ordered for it. `Ill` makes one of them sick.
"""
import math
from collections.abc import Callable
from typing import Any

import msgspec

from streams.core import account, symbol
from streams.core.breakers import Breaker
from streams.core.commands import Close, Enter, Plan, Propose, Step
from streams.core.earnings import DayBooked
from streams.core.events import BalanceSeen, Beat, EntryReported, ModeSet, PlanReported, PositionUpdated, Tick
from streams.core.ids import leg_of
from streams.core.settings import BreakerLimits, Limits, Settings
from streams.core.values import Side, e8
from streams.core.words import Action, EntryState
from tests import make

SETTINGS = Settings(
    policies=make.SETTINGS.policies, limits=Limits(positions_max=20), breaker=BreakerLimits(rejections_max=3, cool_down=20_000, frozen_max=15_000),
)
POLICIES = ("trail", "target", "rungs", "default")
EVERY_S = 10                          # an intent a symbol
replace = msgspec.structs.replace


class Ill(msgspec.Struct, frozen=True):
    """What ails a symbol, and in which seconds."""

    symbol: str
    since: int
    until: int
    tick: Callable[[int], Tick | None] | None = None      # what the feed tells in a second, whatever the venue's price is; None: silence
    rejects: bool = False             # entries
    refuses: bool = False             # stops
    status: str = ""

    def now(self, name: str, second: int) -> bool:
        return name == self.symbol and self.since <= second < self.until


class Order(msgspec.Struct):
    client_order_id: str
    side: Side
    quantity: int                     # 0: all that is held (the guard)
    trigger: int
    falling: bool                     # works when the price has fallen to the trigger, else when it has risen


class Street:
    def __init__(self, symbols: tuple[str, ...], ill: Ill | None = None) -> None:
        self.symbols, self.ill, self.second, self.offset = symbols, ill, 0, 0
        self.states = {name: symbol.new(name) for name in symbols}
        self.account = account.new("main")
        self.said: dict[str, list[Any]] = {name: [] for name in symbols}
        self.modes: list[ModeSet] = []
        self.breakers: list[tuple[int, Breaker]] = []      # the last symbol's, whenever it changed
        self.price = dict.fromkeys(symbols, 0)
        self.held = dict.fromkeys(symbols, 0)
        self.orders: dict[str, list[Order]] = {name: [] for name in symbols}
        self.to_account(BalanceSeen("main", "USDT", e8("10000"), e8("10000"), "RECONCILED"))
        for name in symbols:
            self.seen(name, replace(make.INSTRUMENT, symbol=name))

    def sick(self, name: str) -> Ill | None:
        return self.ill if self.ill and self.ill.now(name, self.second) else None

    # -------------------------------------------------------------------------------------------- what is seen, what follows

    def now(self) -> int:
        return make.NOON + self.second * 1_000

    def seen(self, name: str, body: Any) -> None:  # noqa: ANN401
        self.states[name], outputs = symbol.step(self.states[name], make.seen(body, self.now()), SETTINGS)
        self.said[name] += outputs
        breaker = self.states[name].market.breaker
        if name == self.symbols[-1] and breaker not in (told for _, told in self.breakers[-1:]):
            self.breakers.append((self.second, breaker))
        for output in outputs:
            self.follow(name, output)

    def to_account(self, body: Any) -> None:  # noqa: ANN401
        self.account, outputs = account.step(self.account, make.seen(body, self.now()), SETTINGS)
        for output in outputs:
            if isinstance(output, ModeSet):
                self.modes.append(output)
            elif not isinstance(output, DayBooked):
                self.said[output.symbol].append(output)
            if isinstance(output, Enter):
                self.enter(output)
            if isinstance(output, EntryReported):
                self.seen(output.symbol, output)

    def follow(self, name: str, output: Any) -> None:  # noqa: ANN401
        match output:
            case Propose() | PositionUpdated():
                self.to_account(output)
            case Plan():
                self.work(name, output)
            case Close():
                self.fill(name, output.client_order_id, -self.held[name])

    # -------------------------------------------------------------------------------------------- the venue

    def enter(self, order: Enter) -> None:
        told = EntryReported("main", order.symbol, order.intent_id, EntryState.REJECTED)
        if (ill := self.sick(order.symbol)) and ill.rejects:
            self.seen(order.symbol, told)
            return
        guard = Order(order.guard_id, order.side.opposite, 0, order.stop_price, falling=order.side is Side.BUY)
        self.orders[order.symbol] = [guard]
        self.fill(order.symbol, order.entry_id, order.side.sign * order.quantity)
        self.seen(order.symbol, replace(told, state=EntryState.DONE, quantity_filled=order.quantity))
        self.seen(order.symbol, replace(told, state=EntryState.PROTECTED, guard_id=order.guard_id, guard_price=order.stop_price))

    def work(self, name: str, plan: Plan) -> None:
        """Step by step; a refused placing leaves undone what comes after it."""
        ill, told = self.sick(name), PlanReported("main", name, plan.position_id, plan.revision)
        if ill and ill.refuses and any(one.step is Step.PLACE_STOP for one in plan.steps):
            self.seen(name, replace(told, refused=tuple(one.client_order_id for one in plan.steps if one.step is not Step.CANCEL)))
            return
        cancelled = tuple(one.client_order_id for one in plan.steps if one.step is Step.CANCEL)
        self.orders[name] = [order for order in self.orders[name] if order.client_order_id not in cancelled]
        for one in plan.steps:
            if one.step in {Step.PLACE_STOP, Step.PLACE_TARGET}:
                falling = (plan.side is Side.SELL) == (one.step is Step.PLACE_STOP)
                self.orders[name].append(Order(one.client_order_id, plan.side, one.quantity, one.trigger_price, falling))
        accepted = tuple(one.client_order_id for one in plan.steps if one.step is not Step.CANCEL)
        self.seen(name, replace(told, accepted=accepted, cancelled=cancelled))

    def fill(self, name: str, client_id: str, quantity: int, price: int = 0) -> None:
        if not quantity:
            return
        self.held[name] += quantity
        self.offset += 1
        trade_id = f"{name}-{self.second}-{leg_of(client_id)}-{len(self.said[name])}"
        fill = make.fill("buy" if quantity > 0 else "sell", "1", "1", client_id, trade_id)
        if not self.held[name]:
            self.orders[name] = []
        self.seen(name, replace(fill, symbol=name, quantity=abs(quantity), price=price or self.price[name]))

    def trigger(self, name: str) -> None:
        """Each order that the price has reached does its work."""
        price = self.price[name]
        for order in list(self.orders[name]):
            if order in self.orders[name] and (price <= order.trigger if order.falling else price >= order.trigger):
                self.orders[name].remove(order)
                quantity = min(order.quantity or abs(self.held[name]), abs(self.held[name]))
                self.fill(name, order.client_order_id, order.side.sign * quantity, order.trigger)

    # -------------------------------------------------------------------------------------------- a second

    def pass_seconds(self, seconds: int, closes: tuple[int, ...] = ()) -> None:
        """`closes`: the seconds at which the last symbol is closed by hand."""
        for _ in range(seconds):
            self.second += 1
            for number, name in enumerate(self.symbols):
                self.pass_second(number, name)
            if self.second in closes:
                self.seen(self.symbols[-1], replace(make.intent(f"c{self.second}", "CLOSE"), symbol=self.symbols[-1]))
            self.to_account(Beat("risk-1"))

    def pass_second(self, number: int, name: str) -> None:
        ill = self.sick(name)
        if self.ill and self.ill.symbol == name and self.ill.status and self.second in {self.ill.since, self.ill.until}:
            self.seen(name, replace(make.INSTRUMENT, symbol=name, status=self.ill.status if ill else "TRADING"))
        real = make.tick(moving(number, self.second))
        told = ill.tick(self.second) if ill and ill.tick else real
        self.price[name] = real.last
        self.trigger(name)
        if told is not None:
            self.seen(name, replace(told, symbol=name))
        self.seen(name, Beat("positions-1"))
        if self.second % EVERY_S == number % EVERY_S:
            self.seen(name, wish(number, name, self.second))


def moving(number: int, second: int) -> str:
    """Waves of three or four per cent, each symbol its own. The tenth stays within one per cent."""
    height = 1 if number == 9 else 4 if number % 2 else 3
    return f"{100 + height * math.sin((second + 7 * number) / (3 + number)):.2f}"


def wish(number: int, name: str, second: int) -> Any:  # noqa: ANN401
    """At market, one way and the other; the tenth always buys, and more. All of it fits the account at leverage 1."""
    action = Action.BUY if number == 9 or (second // EVERY_S + number) % 3 else Action.SELL
    policy, size = ("trail", "1000") if number == 9 else (POLICIES[number % len(POLICIES)], "400")
    return replace(make.intent(f"{name}-{second}", action, size=e8(size), policy=policy), symbol=name)
