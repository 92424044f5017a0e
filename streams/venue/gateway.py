"""The gateway of one account: what was left is protected first, then commands are taken; and it does not go before what filled is safe.

    start   the pen (fences a predecessor) ─► ledger and books read ─► clock, mode of the account ─► what rests and is held
            ─► sagas, closes and plans taken up, every position watched ─► user stream ─► reconciliation ─► filters ─► `ready`
    end     entries are refused, working ones cancelled; what filled is carried to PROTECTED or CLOSED; what waits is written

It lives beside the Faust app, not in it: a halt of the reader stops nothing here.
"""
import asyncio
import contextlib
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Any, Self

from streams.core.commands import Close, Enter, Plan, Withdraw
from streams.core.events import ModeSet, ModeWanted
from streams.core.ledger import BooksRecord
from streams.core.words import Mode
from streams.errors import NotReachable
from streams.errors import Refused as Unsafe
from streams.runtime import logs
from streams.venue import keeping, selfcheck, wire
from streams.venue.addresses import Addresses
from streams.venue.answers import AssetSeen, Doubt, Refused
from streams.venue.binance import Binance, Keys
from streams.venue.cashbook import look
from streams.venue.clock import Clock
from streams.venue.desk import Desk
from streams.venue.desks import Desks
from streams.venue.ending import wind_down
from streams.venue.findings import Verdict
from streams.venue.gauges import Gauges
from streams.venue.ledger import Ledger, Written
from streams.venue.office import Office
from streams.venue.outcomes import Meaning, meaning
from streams.venue.reconcile import Reconciliation
from streams.venue.renewal import Renewal
from streams.venue.trades import chase
from streams.venue.userstream import UserStream
from streams.wire.topics import partition_of

START_S = 30.0                        # for a venue that does not answer yet
STREAM_S = 5.0                        # for the user stream: what fills before it flows is seen by nobody
RECONCILE_S = 60.0
SETTLE_S = 2.0
RELOAD_S = 3_600.0
DEAF_S = 10.0
AGAIN_S = 2.0
BANNED = 418                          # over by itself, unlike all else that the account is refused for
WARM_S = 10.0                         # a connection that was idle for longer is closed, and the next guard would pay for a new one
_log = logs.get(__name__)


class Gateway:
    """An async context: inside it the account is watched, and `accept` takes commands once `ready` is set."""

    def __init__(self, account: str, instance: str, bootstrap: str, addresses: Addresses, keys: Keys, symbols: Iterable[str] = ()) -> None:
        self.clock = Clock()
        self.ledger = Ledger(bootstrap, account, instance, self.clock)
        self.venue = Binance(addresses, keys, self.clock)
        self.office = Office(account, self.venue, self.ledger, self.clock)
        self.desks = Desks(self.office)
        self.ready = asyncio.Event()
        self._flows = asyncio.Event()                    # the user stream has been open
        self._known = False                              # a reconciliation has begun after that
        self._symbols = tuple(symbols)
        self._gaps = 0                                   # how often the stream has opened or ended
        self._stream = UserStream(self.venue, self._heard, self._opened, self._closed)
        self._reconciliation = Reconciliation(self.desks, instance)
        self._renewal = Renewal(self.desks, self._symbols)

    # ------------------------------------------------------------------------------------------------------------ for the agents

    async def accept(self, command: Enter | Plan | Close | Withdraw, acknowledge: Callable[[], None]) -> None:
        """Waits until the gateway is ready, never for the venue. `acknowledge` is called when the command's record is durable."""
        await self.ready.wait()
        self.desks.of(command.symbol)
        self.desks.queues[command.symbol].put(command, acknowledge)

    def heard_mode(self, word: ModeWanted | ModeSet) -> asyncio.Future[Any] | None:
        """Anybody's word tightens the mode, only risk's loosens it; done when it is durable, None where it is no news."""
        office = self.office
        return office.keep(keeping.answered(office.kept, word) if isinstance(word, ModeSet) else keeping.asked(office.kept, word))

    def write(self, *messages: Any) -> asyncio.Future[list[Written]]:  # noqa: ANN401
        """Dead letters go by the same pen."""
        return self.ledger.write(*messages)

    # ------------------------------------------------------------------------------------------------------------ start and end

    async def __aenter__(self) -> Self:
        try:
            await self._start()
        except BaseException:
            await self._close()
            raise
        return self

    async def _start(self) -> None:
        records = await self.ledger.start()
        self.office.fill_ends = await self.ledger.ends("order.fill")
        self.desks.remember(records, await self.ledger.fills(_offsets(records)))
        await self._until_answered(self.venue.synchronise)
        self.office.started_at = self.clock.now()
        self.office.cashbook.begin()
        await self._look_at_the_account()
        await self._until_answered(self._reconciliation.first_look)
        self.desks.resume()
        self.desks.watch()
        await self.venue.warm()
        self.office.run(self._stream.run(), "user stream")
        with contextlib.suppress(TimeoutError):          # without it, what it will miss is found when it opens
            async with asyncio.timeout(STREAM_S):
                await self._flows.wait()
        self._known = True
        if self.office.mode is Mode.REDUCING:
            _log.warning("mode", account=self.office.account, mode=Mode.REDUCING.value, reason="the account is not reconciled yet")
        await self._until_answered(self._reconcile, patience_s=None)
        self.office.run(look(self.office.cashbook, self._caught_up, self.ledger.write), "cashbook")
        await self._until_answered(self._renewal.load)
        await self._look_at_the_orders()
        for seconds, work in (
            (RECONCILE_S, self._minute), (RELOAD_S, self._hour), (SETTLE_S, self._reconciliation.settle), (WARM_S, self.venue.warm),
            (1.0, Gauges(self.desks).look), (DEAF_S, self._deaf),
        ):
            self.office.run(_every(seconds, work), f"every {seconds:g} s")
        self.office.run(self._renewal.run(), "filters")
        self.ready.set()
        _log.info("the gateway is ready", account=self.office.account, instruments=len(self.venue.instruments), known=len(records))

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """What filled is carried to an end first. A resting LIMIT entry must not fill while nobody is there to guard it."""
        self.office.stopping = True
        await wind_down(self.desks)
        await self._close()

    async def _close(self) -> None:
        await self.office.close()
        await self.ledger.stop()
        await self.venue.close()

    async def _until_answered(self, ask: Callable[[], Any], patience_s: float | None = START_S) -> None:
        """A venue that is not there yet is waited for; one that refuses the account is not. Without end where what is held is watched already."""
        loop = asyncio.get_running_loop()
        deadline = None if patience_s is None else loop.time() + patience_s
        while True:
            answer = await ask()
            if not isinstance(answer, Refused | Doubt):
                return
            if isinstance(answer, Refused) and meaning(answer) is Meaning.ACCOUNT and answer.code != BANNED:
                raise Unsafe(f"the venue refuses the account {self.office.account}: {answer}", "look at the keys and their permissions")
            if deadline is not None and loop.time() > deadline:
                raise NotReachable(f"the venue at {self.venue.addresses.rest} does not answer: {answer}", "look at STREAMS_VENUE and its URL")
            _log.warning("the venue does not answer yet", answer=str(answer))
            await asyncio.sleep(0.5 if deadline else AGAIN_S)

    async def _look_at_the_account(self) -> None:
        for finding in await selfcheck.account(self.venue):
            if finding.verdict is Verdict.FAIL:
                raise finding.error()
            _log.info("self-check", account=self.office.account, name=finding.name, verdict=finding.verdict.value, said=finding.said)

    async def _look_at_the_orders(self) -> None:
        """What is held is watched already: the spot host may take its time. A key that may withdraw is not worked with at all.

        Where entries or guards would not be taken, nothing is opened until a person has looked.
        """
        for finding in await selfcheck.permissions(self.venue):
            if finding.verdict is Verdict.FAIL:
                raise finding.error()
            _log.info("self-check", account=self.office.account, name=finding.name, verdict=finding.verdict.value, said=finding.said)
        for finding in await selfcheck.orders(self.venue, self._symbols):
            if finding.verdict is Verdict.FAIL:
                self.office.ask_to_halt(f"self-check: {finding.said}")
            elif finding.verdict is Verdict.WARN:
                _log.warning("self-check", name=finding.name, said=finding.said, remedy=finding.remedy)

    # ------------------------------------------------------------------------------------------------------------ what the venue says

    def _heard(self, event: dict[str, Any]) -> None:
        """An event of the user stream, in one turn."""
        try:
            self._told(event)
        except (KeyError, ValueError, TypeError, AttributeError) as reason:
            _log.error("an event of the user stream cannot be read: everything is asked for", kind=event.get("e"), reason=repr(reason))
            self._opened()

    def _told(self, event: dict[str, Any]) -> None:
        match event["e"]:
            case "ORDER_TRADE_UPDATE":
                order, trade = wire.order_event(event), wire.trade_event(event)
                desk = self.desks.of(order.symbol)
                desk.take([order], [trade] if trade else [])
                if event["o"]["x"] == "CALCULATED":      # a liquidation: the list knows its trade
                    desk.chase = True
                    self.office.run(_chased(desk), f"trades of {desk.symbol}")
            case "ALGO_UPDATE":
                conditional = wire.conditional_event(event)
                self.desks.of(conditional.symbol).take([conditional])
            case "ACCOUNT_UPDATE":
                reason, assets, positions = wire.account_event(event)
                for position in positions:
                    self.desks.of(position.symbol).moved(position)
                    if reason == "MARGIN_TYPE_CHANGE":
                        self.office.preparation.margin_type_told(position.symbol)
                self._balances(assets, reason, int(event["T"]), wire.funded_symbol(event))
            case "ACCOUNT_CONFIG_UPDATE" if "ac" in event:
                self.office.preparation.leverage_told(event["ac"]["s"], int(event["ac"]["l"]))

    def _balances(self, assets: list[AssetSeen], reason: str, time: int, symbol: str) -> None:
        position_id = self.desks.of(symbol).book.position_at(time) if symbol else ""
        if news := self.office.cashbook.heard(assets, reason, time, symbol, position_id):
            self.ledger.write(*news, first=True)

    def _opened(self) -> None:
        """The stream flows again, and may have missed anything."""
        self._gaps += 1
        self._flows.set()
        if self._known:
            self.office.run(self._caught_up(), "reconciliation")

    def _closed(self) -> None:
        """What fills now is not seen: nothing is opened until the stream flows again and the account is reconciled."""
        self._gaps += 1
        self.office.reconciled = False
        self.office.preparation.forget()

    async def _caught_up(self) -> None:
        """Until it is; or the stream has ended or opened again, and somebody else is at it."""
        gaps = self._gaps
        while not isinstance(answer := await self._reconcile(), int) and gaps == self._gaps:
            _log.warning("the account cannot be reconciled: nothing is opened until it is", answer=str(answer))
            await asyncio.sleep(AGAIN_S)

    async def _reconcile(self) -> int | Refused | Doubt:
        gaps = self._gaps
        answer, _ = await asyncio.gather(self._reconciliation.run(), self.office.preparation.learn())
        if isinstance(answer, int) and gaps == self._gaps and self._stream.is_open:
            self.office.reconciled = True
            for desk in self.desks:
                desk.wake()
        return answer

    # ------------------------------------------------------------------------------------------------------------ by the clock

    async def _minute(self) -> None:
        await self.venue.synchronise()
        found = await self._reconcile()
        if not isinstance(found, int):
            _log.warning("no reconciliation", answer=str(found))
        elif found:
            _log.error("the user stream did not bring all fills: it is opened again", fills=found)
            await self._stream.restart()

    async def _deaf(self) -> None:
        """While the stream is away nobody tells that a guard has gone: what is held is looked at, symbol by symbol, at a seventh of the weight."""
        for desk in self.desks:
            if not self._stream.is_open and desk.held:
                await self._reconciliation.look_at(desk)

    async def _hour(self) -> None:
        self.desks.forget()
        await self._renewal.hourly()


async def _chased(desk: Desk) -> None:
    await chase(desk)


async def _every(seconds: float, work: Callable[[], Any]) -> None:
    while True:
        await asyncio.sleep(seconds)
        await work()


def _offsets(records: dict[str, Any]) -> dict[int, int]:
    """By partition, from where the books are to be read: the earliest place that any symbol's snapshot names."""
    offsets: dict[int, int] = {}
    for record in records.values():
        if isinstance(record, BooksRecord):
            partition = partition_of(record.symbol.encode())
            offsets[partition] = min(record.offset, offsets.get(partition, record.offset))
    return offsets
