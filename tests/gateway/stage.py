"""A gateway on a real broker, at a real exchange of paper, with an account of its own: what a test does to it, and what it then finds in the log."""
import asyncio
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

from streams.core import ids
from streams.core.commands import Close, Enter, Plan, PlanStep, Withdraw
from streams.core.events import EntryReported, ExitReported, Filled, PlanReported
from streams.core.ledger import BeatRecord, EntryRecord
from streams.core.values import Side, decimal, e8
from streams.core.words import Exit, OrderType
from streams.paper.conditions import Conditions
from streams.paper.server import PaperExchange
from streams.venue.addresses import Addresses
from streams.venue.binance import Keys
from streams.venue.desk import Desk
from streams.venue.gateway import Gateway
from streams.wire.log import read

SYMBOL = "BTCUSDT"
TICK = "0.1"


async def until(condition: Callable[[], Any], what: str, seconds: float = 10.0) -> Any:  # noqa: ANN401
    """The first true value of the condition."""
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < deadline, f"after {seconds} s still not: {what}"
        await asyncio.sleep(0.005)
    return value


class Stage:
    """`exchange` and `account` outlive the gateway, which may be started again."""

    def __init__(self, bootstrap: str, account: str, conditions: Conditions | None = None) -> None:
        self.bootstrap, self.account = bootstrap, account
        self.exchange = PaperExchange(conditions=conditions)
        self.acknowledged: list[str] = []
        self._gateway: Gateway | None = None
        self._asked_to_close = ""

    async def __aenter__(self) -> Self:
        await self.exchange.__aenter__()
        self.price("60000")
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._gateway is not None:
            await self.end()
        await self.exchange.__aexit__(kind, error, trace)

    # ------------------------------------------------------------------------------------------------------------ the gateway

    @property
    def gateway(self) -> Gateway:
        assert self._gateway is not None
        return self._gateway

    @property
    def desk(self) -> Desk:
        return self.gateway.desks.of(SYMBOL)

    async def begin(self) -> Self:
        addresses = Addresses(self.exchange.rest_url, self.exchange.ws_url, self.exchange.rest_url)
        gateway = Gateway(self.account, "stage", self.bootstrap, addresses, Keys("paper", "paper"), (SYMBOL,))
        self._gateway = await gateway.__aenter__()
        return self

    async def end(self) -> None:
        gateway, self._gateway = self.gateway, None
        await gateway.__aexit__(None, None, None)

    def record(self, intent: str = "i1") -> EntryRecord | None:
        return self.desk.entries.get(self.id_of(intent, "entry"))

    async def over(self, intent: str = "i1", seconds: float = 10.0) -> EntryRecord:
        """The entry when nothing is left to do for it."""
        return await until(lambda: (record := self.record(intent)) and record.over and record, f"{intent} over", seconds)  # type: ignore[no-any-return]

    async def held(self, quantity: str, seconds: float = 10.0) -> None:
        await until(lambda: self.desk.book.held.quantity == e8(quantity), f"{quantity} held", seconds)

    # ------------------------------------------------------------------------------------------------------------ commands

    def id_of(self, owner: str, leg: str, revision: int = 0) -> str:
        return ids.client_order_id(self.account, SYMBOL, owner, leg, revision)

    @property
    def position_id(self) -> str:
        return self.desk.book.held.position_id

    def enter_command(
        self, intent: str = "i1", *, side: Side = Side.BUY, quantity: str = "0.01", stop: str = "59000", limit: str = "", lives_ms: int = 2_000,
        account: str = "",
    ) -> Enter:
        now = self.gateway.clock.log_now()
        entry, guard, flat = (self.id_of(intent, leg) for leg in ("entry", "guard", "flat"))
        kind = OrderType.LIMIT if limit else OrderType.MARKET
        return Enter(
            account or self.account, SYMBOL, intent, entry, guard, flat, side, e8(quantity), kind, e8(limit or "0"), e8(stop), 5, now,
            now + lives_ms, now, e8("60000"),
        )

    async def send(self, command: Enter | Plan | Close | Withdraw, name: str = "") -> None:
        await self.gateway.accept(command, lambda: self.acknowledged.append(name or type(command).__name__))

    async def enter(self, intent: str = "i1", **wish: Any) -> None:  # noqa: ANN401
        await self.send(self.enter_command(intent, **wish), intent)

    async def entered(self, intent: str = "i1", **wish: Any) -> EntryRecord:  # noqa: ANN401
        await self.enter(intent, **wish)
        return await self.over(intent)

    def plan_command(self, revision: int, *steps: PlanStep, position_id: str = "") -> Plan:
        side = Side.SELL if self.desk.book.held.quantity >= 0 else Side.BUY
        return Plan(self.account, SYMBOL, position_id or self.position_id, revision, side, steps, Exit.STOP, 0)

    async def plan(self, revision: int, *steps: PlanStep, position_id: str = "") -> None:
        await self.send(self.plan_command(revision, *steps, position_id=position_id), f"plan {revision}")

    async def close(self, revision: int = 0, *, intents: tuple[str, ...] = (), position_id: str | None = None) -> None:
        position = self.position_id if position_id is None else position_id
        name = self.id_of(position or (intents or ("nothing",))[0], "exit")
        self._asked_to_close = name
        await self.send(Close(self.account, SYMBOL, position, revision, intents, name, Exit.CLOSE, 0), "close")

    async def closed(self, seconds: float = 10.0) -> None:
        """Until the last close that was sent has been worked."""
        def holds() -> bool:
            close = self.desk.close
            return close is not None and close.client_order_id == self._asked_to_close and close.flat

        await until(holds, "flat", seconds)

    # ------------------------------------------------------------------------------------------------------------ the exchange

    def price(self, bid: str) -> None:
        self.exchange.set_price(SYMBOL, e8(bid), e8(bid) + e8(TICK))

    def fault(self, kind: str, **on: Any) -> None:  # noqa: ANN401
        self.exchange.faults.arm({"kind": kind, **on})

    @property
    def position(self) -> str:
        """The venue's."""
        held = self.exchange.engine.accounts["paper"].positions.get(SYMBOL)
        return decimal(held.quantity) if held else "0"

    def resting(self) -> list[str]:
        """Legs and triggers of the conditional orders that wait at the venue."""
        waiting = self.exchange.engine.accounts["paper"].waiting()
        return sorted(f"{told(algo.client_id)} {decimal(algo.trigger)}" for algo in waiting if algo.status == "NEW")

    def requests(self, method: str = "POST") -> list[str]:
        """Every request to make an order that arrived there, by leg and revision, with the code of a refusal."""
        return [f"{told(one.client_id)} {one.code or 'ok'}" for one in self.exchange.record.requests if one.method == method]

    def moves(self) -> list[str]:
        return [f"{one.method} {told(one.client_id)}" for one in self.exchange.record.requests]

    def unprotected_ms(self) -> int:
        return int(max([1000 * one["ms"] for one in self.exchange.record.told(self.exchange.clock())["unprotected"]], default=0) / 1000)

    # ------------------------------------------------------------------------------------------------------------ the log

    async def log(self, topic: str) -> list[Any]:
        """This account's messages, in order, when all that the gateway had to write is written."""
        if self._gateway is not None:
            await self._gateway.ledger.write(BeatRecord(self.account, "stage", 0))
        records = await asyncio.to_thread(lambda: list(read(self.bootstrap, [topic])))
        return [record.message for record in records if getattr(record.message, "account", "") == self.account]

    async def fills(self) -> list[str]:
        return [f"{fill.side} {decimal(fill.quantity)} {told(fill.client_order_id)}" for fill in await self.log("order.fill")]

    async def statuses(self) -> list[str]:
        return [_words(status) for status in await self.log("order.status")]


def told(client_id: str) -> str:
    """`qs-guard.0-…` as `guard.0`; a stranger's as it is."""
    return client_id.split("-")[1] if ids.leg_of(client_id) else client_id


def _words(status: EntryReported | PlanReported | ExitReported | Filled) -> str:
    match status:
        case EntryReported():
            extra = f"{told(status.guard_id)} {decimal(status.guard_price)}" if status.guard_id else decimal(status.quantity_filled)
            return f"{status.intent_id} {status.state} {extra}"
        case PlanReported(stale=True):
            return f"plan {status.revision} stale"
        case PlanReported():
            parts = (("accepted", status.accepted), ("refused", status.refused), ("cancelled", status.cancelled))
            return " ".join([f"plan {status.revision}", *(f"{word} {'+'.join(map(told, names))}" for word, names in parts if names)])
        case ExitReported():
            return f"{told(status.client_order_id)} {status.state}"
    raise AssertionError(status)
