"""The venue's whole word on the account, at the start, after each reconnect, and every minute: orders, positions, balances, trades.

What the stream has lost is found here: an order that is gone is asked for, a fill that is missing is booked, a position that the books do not explain
at first sight becomes one fill. What is not ours is counted, told, and left alone.
"""
import asyncio

import msgspec

from streams.core.cash import DOLLARS
from streams.core.events import GatewaySeen
from streams.core.ids import leg_of
from streams.core.ledger import OrderState
from streams.core.values import side_of
from streams.runtime import logs
from streams.venue.answers import Accepted, AssetSeen, Doubt, OrderSeen, PositionSeen, Refused, Trade
from streams.venue.books import OPENING
from streams.venue.desk import Desk
from streams.venue.desks import Desks
from streams.venue.limits import Lane
from streams.venue.outcomes import gone
from streams.venue.saga import ABSENT_AFTER_MS
from streams.venue.statement import read
from streams.venue.trades import chase, chase_soon

replace = msgspec.structs.replace
STANDS_MS = 30_000
UNKNOWN_THERE = "the venue no longer knows it"
_log = logs.get(__name__)


class Snapshot(msgspec.Struct, frozen=True):
    """What the venue said, and when it was asked."""

    asked_at: int
    orders: list[OrderSeen]
    positions: list[PositionSeen]
    assets: list[AssetSeen]


class Reconciliation:
    def __init__(self, desks: Desks, instance: str) -> None:
        self.desks, self.office, self.instance = desks, desks.office, instance
        self._differences: dict[str, tuple[int, int]] = {}   # by symbol: what the books lack, and since when
        self._one = asyncio.Lock()

    async def first_look(self) -> int | Refused | Doubt:
        """What a starting gateway must know before it may protect what it holds: what rests, and whether it is still held. 0 when it does."""
        venue, asked_at = self.office.venue, self.office.clock.now()
        conditionals, positions = await asyncio.gather(venue.open_conditionals(lane=Lane.EXITS), venue.positions(lane=Lane.EXITS))
        if not isinstance(conditionals, Accepted):
            return conditionals
        if not isinstance(positions, Accepted):
            return positions
        for desk in self.desks:                          # of the ledger's symbols; what strangers hold has time
            held = sum(position.quantity for position in positions.body if position.symbol == desk.symbol)
            desk.take([order for order in conditionals.body if order.symbol == desk.symbol])
            desk.moved(PositionSeen(desk.symbol, held, 0, asked_at))
            if held != desk.held or desk.live_entries:
                await chase_soon(desk)
        return 0

    async def look_at(self, desk: Desk) -> int | Refused | Doubt:
        """One symbol, while the stream does not tell."""
        async with self._one:
            before = _live_ids(desk)
            snapshot = await self._ask(desk.symbol)
            return await self._desk(desk, snapshot, before) if isinstance(snapshot, Snapshot) else snapshot

    async def run(self) -> int | Refused | Doubt:
        """How many fills the stream had not brought, or why the venue could not be asked."""
        async with self._one:
            before = {desk.symbol: _live_ids(desk) for desk in self.desks}
            snapshot = await self._ask()
            if not isinstance(snapshot, Snapshot):
                return snapshot
            for symbol in {*(o.symbol for o in snapshot.orders), *(p.symbol for p in snapshot.positions if p.quantity)}:
                self.desks.of(symbol)
            await self._price(snapshot.assets)
            statement = await read(self.desks)
            if not isinstance(statement, int):
                _log.warning("the statement cannot be had: payments are told by the stream alone", answer=str(statement))
            found = [await self._desk(desk, snapshot, before.get(desk.symbol)) for desk in self.desks]
            self._tell(snapshot)
            return sum(found)

    async def _ask(self, symbol: str = "") -> Snapshot | Refused | Doubt:
        """Of one symbol without the assets."""
        venue, asked_at = self.office.venue, self.office.clock.now()
        orders, conditionals, positions, assets = await asyncio.gather(
            venue.open_orders(symbol), venue.open_conditionals(symbol), venue.positions(symbol), self._assets(symbol)
        )
        if not isinstance(orders, Accepted):
            return orders
        if not isinstance(conditionals, Accepted):
            return conditionals
        if not isinstance(positions, Accepted):
            return positions
        if not isinstance(assets, Accepted):
            return assets
        return Snapshot(asked_at, [*orders.body, *conditionals.body], positions.body, assets.body)

    async def _assets(self, symbol: str) -> Accepted[list[AssetSeen]] | Refused | Doubt:
        return Accepted([]) if symbol else await self.office.venue.assets()

    async def _price(self, assets: list[AssetSeen]) -> None:
        """What pays fees and is no dollar is worth what its contract is; one without a contract has no price."""
        for asset in assets:
            if asset.wallet and asset.asset not in DOLLARS:
                mark = await self.office.venue.mark(f"{asset.asset}USDT")
                if isinstance(mark, Accepted):
                    self.office.cashbook.prices[asset.asset] = mark.body

    async def _desk(self, desk: Desk, snapshot: Snapshot, live_before: set[tuple[str, bool]] | None) -> int:
        told = [order for order in snapshot.orders if order.symbol == desk.symbol]
        desk.take(told, asked_at=snapshot.asked_at)
        held = sum(position.quantity for position in snapshot.positions if position.symbol == desk.symbol)
        desk.moved(PositionSeen(desk.symbol, held, 0, snapshot.asked_at))
        for client_id, conditional in (live_before or set()) - {(order.client_order_id, order.conditional) for order in told}:
            await self._gone(desk, client_id, conditional=conditional)
        if not self._trades_wanted(desk, held):
            return 0
        missing = await chase(desk)
        if not isinstance(missing, int):
            _log.warning("the trade list cannot be had", symbol=desk.symbol, answer=str(missing))
            return 0
        self._explain(desk, snapshot, first_sight=live_before is None)
        return missing

    async def settle(self) -> None:
        """Exits in doubt are asked for until it is known what became of them, as an entry's saga asks for the entry."""
        for desk in self.desks:
            for record in [one for one in desk.exits.values() if one.state is OrderState.UNKNOWN]:
                await self._gone(desk, record.client_order_id, conditional=record.conditional)

    def _may_arrive(self, desk: Desk, client_id: str) -> bool:
        """Whether a request for it that is under way may still be taken: until then its absence is no answer."""
        record = desk.exits.get(client_id)
        if record is None or record.state is not OrderState.UNKNOWN:
            return False
        sent_by = record.sent_at or max(record.created_at, self.office.started_at)
        return self.office.clock.now() <= sent_by + ABSENT_AFTER_MS

    async def _gone(self, desk: Desk, client_id: str, *, conditional: bool) -> None:
        """It rested when we asked, or may rest, and was not among what rests."""
        if self._may_arrive(desk, client_id):
            return
        answer = await self.office.venue.find(desk.symbol, client_id, conditional=conditional)
        known = (desk.conditionals if conditional else desk.orders).get(client_id)
        if isinstance(answer, Accepted):
            desk.take([answer.body])
        elif gone(answer):
            if known is not None and not known.ended:
                if (now := self.office.clock.now()) <= known.time + ABSENT_AFTER_MS:
                    return                               # told a moment ago: what answers questions may lag behind what trades
                desk.take([replace(known, status="EXPIRED", reason=UNKNOWN_THERE, inferred_at=now)])
            elif client_id in desk.exits and not desk.exits[client_id].state.ended:
                desk.put(replace(desk.exits[client_id], state=OrderState.EXPIRED, reason=UNKNOWN_THERE))

    def _trades_wanted(self, desk: Desk, held: int) -> bool:
        """Every list costs weight: those that have something to say, and all of them at our start."""
        return bool(desk.chase or held != desk.held or desk.held or desk.live_entries or desk.book.unconfirmed)

    def _explain(self, desk: Desk, snapshot: Snapshot, *, first_sight: bool) -> None:
        """What the complete trade list does not explain is one fill, at the venue's entry price.

        At first sight of the symbol, or when a difference has stood for too long to be one of timing.
        """
        seen = next((position for position in snapshot.positions if position.symbol == desk.symbol and position.quantity), None)
        difference = (seen.quantity if seen else 0) - desk.held
        known, since = self._differences.pop(desk.symbol, (0, 0))
        if not difference or desk.traded_at > snapshot.asked_at:
            return
        if not first_sight and (known != difference or snapshot.asked_at - since < STANDS_MS):
            self._differences[desk.symbol] = (difference, since if known == difference else snapshot.asked_at)
            _log.error("books and venue disagree", symbol=desk.symbol, books=desk.held, venue=desk.held + difference)
            return
        _log.error("a position that the trade list does not explain", symbol=desk.symbol, quantity=difference)
        desk.take(trades=[self._opening(desk, difference, seen.price_entry if seen else desk.book.held.price_average, snapshot.asked_at)])

    def _opening(self, desk: Desk, quantity: int, price: int, time: int) -> Trade:
        name = f"{OPENING}{time}"
        instrument = self.office.instruments.get(desk.symbol)
        asset = instrument.margin_asset if instrument else ""
        return Trade(desk.symbol, name, "", side_of(quantity), abs(quantity), price, 0, asset, 0, is_maker=False, time=time, client_order_id=name)

    def _tell(self, snapshot: Snapshot) -> None:
        office = self.office
        strangers = sum(leg_of(order.client_order_id) is None for order in snapshot.orders)
        strangers += sum(1 for desk in self.desks if desk.held and not any(record.quantity_filled for record in desk.entries.values()))
        positions = sum(1 for position in snapshot.positions if position.quantity)
        news = office.cashbook.reconciled(snapshot.assets, snapshot.asked_at)
        seen = GatewaySeen(office.account, self.instance, positions, len(snapshot.orders), strangers, office.clock.skew_ms, snapshot.asked_at)
        office.ledger.write(*news, seen, first=True)


def _live_ids(desk: Desk) -> set[tuple[str, bool]]:
    orders = {(order.client_order_id, False) for order in desk.orders.values() if order.live}
    conditionals = {(order.client_order_id, True) for order in desk.conditionals.values() if order.status in ("NEW", "TRIGGERING")}
    sent = (OrderState.WORKING, OrderState.UNKNOWN)
    remembered = {(record.client_order_id, record.conditional) for record in desk.exits.values() if record.state in sent}
    return orders | conditionals | {place for place in remembered if place[0] not in desk.orders}
