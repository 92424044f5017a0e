"""One account's book in one symbol: its position, its entry in flight, what it waits for, and the plan that is under way."""
import msgspec

from streams.core.commands import Plan
from streams.core.entry import ENDS, Cover
from streams.core.events import Intent, PositionUpdated
from streams.core.market import Market
from streams.core.positions import Held, profit
from streams.core.protected import STOPS, Position, Resting, Target, rests_at
from streams.core.protection import Legs
from streams.core.settings import Policy
from streams.core.values import Side
from streams.core.words import EntryState, Exit

replace = msgspec.structs.replace
TRADES_KEPT = 64                      # ids of the last trades: a repeated one is dropped


class Entry(msgspec.Struct, frozen=True):
    """An entry from its proposal until it has ended and all that it filled has been seen."""

    intent: Intent
    client_order_id: str
    side: Side
    stop_price: int
    targets: tuple[Target, ...]
    policy: Policy
    state: EntryState = EntryState.PROPOSED
    cover: Cover = Cover.NONE
    filled: int = 0                   # by the fills seen
    quantity_done: int = 0            # what DONE named
    guard: Resting | None = None      # PROTECTED may come before the first fill

    @property
    def remaining(self) -> int:
        """Signed: what may still fill, once DONE has named the whole; 0 where it is not known."""
        return self.side.sign * max(self.quantity_done - self.filled, 0)

    @property
    def over(self) -> bool:
        return self.state in ENDS and (self.state is not EntryState.DONE or self.filled >= self.quantity_done)


class Waiting(msgspec.Struct, frozen=True):
    """An intent that meets no mark or no filters yet."""

    intent: Intent
    since: int


class UnderWay(msgspec.Struct, frozen=True):
    """A plan that the gateway has not answered, what will rest when it has, and what of it is sold at once and has not filled."""

    plan: Plan
    placing: tuple[Resting, ...] = ()
    selling: tuple[Resting, ...] = ()


class Book(msgspec.Struct, frozen=True):
    account: str
    position: Position | None = None
    entry: Entry | None = None
    ended: Entry | None = None        # the last one: what fills after its end is still its own
    waiting: Waiting | None = None
    flip: Waiting | None = None       # an opposite intent that is proposed once the fills say flat
    under_way: UnderWay | None = None
    revision: int = 0                 # of the next plan or close; counts over positions, so that an old one is always lower
    legs: Legs = {}
    closing: Exit | None = None
    plan_after: int = 0               # log_time before which no plan is made: of the last one something was not done
    fills_due: int = 0                # quantity of orders that have done their work, whose fills have not come
    fills_until: int = 0              # log_time until which they are waited for, and nothing is placed
    trades: tuple[str, ...] = ()
    fundings: tuple[str, ...] = ()    # ids of the last fundings, likewise
    left: PositionUpdated | None = None   # what was told last of the position that ended last: its funding may come later
    asked: tuple[int, ...] = ()       # log_time of each BUY and SELL of the last minute
    lost_at: int = 0                  # log_time at which a position ended with a loss; 0: the last one did not

    def awaits(self, now: int) -> bool:
        """Whether fills are on their way that no decision should run ahead of."""
        return self.fills_due > 0 and now < self.fills_until

    @property
    def busy(self) -> bool:
        """Something of it can still change by itself."""
        return self.position is not None or self.entry is not None or self.waiting is not None or self.flip is not None


def after_report(book: Book, entry: Entry) -> Book:
    """With the entry in flight as it stands now, or without it once it is over. Its guard belongs to what it filled, not to what comes late."""
    return replace(book, entry=None, ended=replace(entry, guard=None)) if entry.over else replace(book, entry=entry)


def snapshot(book: Book, symbol: str, seq: int, market: Market) -> PositionUpdated:
    """The book as others may know it, while something is held or in flight."""
    position = book.position
    entry, remaining = (book.entry.intent.intent_id, book.entry.remaining) if book.entry else ("", 0)
    asset = market.instrument.margin_asset if market.instrument else ""
    if position is None:
        return PositionUpdated(
            book.account, symbol, seq, mark=market.mark_believed, margin_asset=asset, entry_intent_id=entry, entry_remaining=remaining,
        )
    target = next((order.price for order in position.resting if order.leg not in STOPS), 0)
    return PositionUpdated(
        book.account, symbol, seq, position.held.position_id, position.held.quantity, position.held.price_average, market.mark_believed, asset,
        rests_at(position), target, position.guard is not None, entry, remaining, position.opened_at, realised_pnl=position.realised,
        unrealised_pnl=profit(position.held, position.held.quantity, market.mark_believed) if market.mark_believed else 0, fees=position.fees,
        source=position.source, model=position.model, funding=position.funding,
    )


def farewell(book: Book, symbol: str, seq: int, market: Market, ended: Position, held: Held, now: int) -> PositionUpdated:
    """The last word on a position that is flat: what it earned, what it cost, and why it was left. `held` is as it was before the last fill."""
    return PositionUpdated(
        book.account, symbol, seq, held.position_id, mark=market.mark_believed,
        margin_asset=market.instrument.margin_asset if market.instrument else "",
        entry_intent_id=book.entry.intent.intent_id if book.entry else "", opened_at=ended.opened_at, closed_at=now, exit=ended.exit or Exit.STRANGER,
        realised_pnl=ended.realised, fees=ended.fees, source=ended.source, model=ended.model, funding=ended.funding,
    )
