"""What the gateway remembers in `order.ledger`: of each key the last record holds. Orders are keyed by their client order id.

One record of an entry holds all that its saga needs: neither the guard nor the emergency close has to be written before it may be asked for.
Times that end in `_at` are epoch milliseconds of the gateway's clock, set to the venue's; 0 means not yet. Units as in `events`.
"""
from enum import StrEnum

import msgspec

from streams.core.commands import Close, Enter, Plan, PlanStep
from streams.core.entry import Cover
from streams.core.ids import client_order_id
from streams.core.values import Side
from streams.core.words import Exit, Mode, OrderType, TimeInForce


class OrderState(StrEnum):
    """Of one order, as far as the gateway knows. WISHED is durable before its request leaves: a restart finds it and asks the venue."""

    WISHED = "WISHED"
    WORKING = "WORKING"
    UNKNOWN = "UNKNOWN"               # the request was answered by nothing, or by nothing that can be believed
    DONE = "DONE"                     # over, with whatever quantity it filled
    REJECTED = "REJECTED"             # by the venue
    EXPIRED = "EXPIRED"               # too late to be sent, or the venue never had it
    REFUSED = "REFUSED"               # by us: the mode, a close, an exit order that still lived
    CANCELLED = "CANCELLED"

    @property
    def ended(self) -> bool:
        return self not in LIVE


LIVE = (OrderState.WISHED, OrderState.WORKING, OrderState.UNKNOWN)


class EntryRecord(msgspec.Struct, frozen=True):
    """An entry with its guard and its emergency close. `state` is the entry order's, `cover` the guard's."""

    account: str
    symbol: str
    intent_id: str
    entry_id: str
    guard_id: str = ""                # of the guard that stands, or of the first that will be asked for
    flat_id: str = ""
    side: Side = Side.BUY
    quantity: int = 0
    order_type: OrderType = OrderType.MARKET
    limit_price: int = 0
    stop_price: int = 0
    leverage: int = 0
    expires_at: int = 0               # log_time
    state: OrderState = OrderState.WISHED
    cover: Cover = Cover.NONE
    quantity_filled: int = 0
    position_id: str = ""             # once its fills are booked
    guards: int = 0                   # revisions of the guard's id that were used
    flats: int = 0
    venue_order_id: str = ""
    reason: str = ""
    venue_code: int = 0
    created_at: int = 0               # the timestamp of the entry's request: taken before this record was written
    sent_at: int = 0
    answered_at: int = 0
    filled_at: int = 0                # the first fill was seen
    guard_sent_at: int = 0
    guard_answered_at: int = 0
    time_in_force: TimeInForce = TimeInForce.GTC
    lives_ms: int = 0                 # 0: until it is cancelled
    trigger: str = ""                 # the guard's
    price_protect: bool = False

    @property
    def key(self) -> str:
        return self.entry_id

    @property
    def over(self) -> bool:
        """Nothing is left to do for it."""
        return self.state.ended and (self.cover is not Cover.NONE or not self.quantity_filled)


def wished(enter: Enter, created_at: int) -> EntryRecord:
    return EntryRecord(
        enter.account, enter.symbol, enter.intent_id, enter.entry_id, enter.guard_id, enter.flat_id, enter.side, enter.quantity, enter.order_type,
        enter.limit_price, enter.stop_price, enter.leverage, enter.expires_at, created_at=created_at,
        time_in_force=enter.time_in_force, lives_ms=enter.lives_ms, trigger=enter.trigger, price_protect=enter.price_protect,
    )


def refused(account: str, symbol: str, intent_id: str, reason: str, created_at: int) -> EntryRecord:
    """The mark that a close or a withdrawal puts on an intent whose command has not come yet: when it comes, it is known, and this is its end."""
    entry_id = client_order_id(account, symbol, intent_id, "entry")
    return EntryRecord(account, symbol, intent_id, entry_id, state=OrderState.REFUSED, reason=reason, created_at=created_at)


class ExitRecord(msgspec.Struct, frozen=True):
    """An exit order of a plan or a close: a stop, a target, a part, or one attempt to be flat."""

    account: str
    symbol: str
    position_id: str
    client_order_id: str
    leg: str
    side: Side
    quantity: int = 0                 # 0: all that is held
    trigger_price: int = 0            # 0: at market
    state: OrderState = OrderState.WISHED
    quantity_filled: int = 0
    venue_order_id: str = ""
    reason: str = ""
    venue_code: int = 0
    created_at: int = 0
    sent_at: int = 0
    answered_at: int = 0

    @property
    def key(self) -> str:
        return self.client_order_id

    @property
    def conditional(self) -> bool:
        return self.trigger_price > 0


class PlanRecord(msgspec.Struct, frozen=True):
    """The last plan of a symbol, and the answer that it was given; it is given again to whoever asks again."""

    account: str
    symbol: str
    position_id: str
    revision: int
    side: Side
    steps: tuple[PlanStep, ...]
    answered: bool = False
    accepted: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()
    cancelled: tuple[str, ...] = ()
    reason: str = ""
    venue_code: int = 0
    created_at: int = 0

    @property
    def key(self) -> str:
        return f"plan:{self.account}:{self.symbol}"


def planned(plan: Plan, created_at: int) -> PlanRecord:
    return PlanRecord(plan.account, plan.symbol, plan.position_id, plan.revision, plan.side, plan.steps, created_at=created_at)


class CloseRecord(msgspec.Struct, frozen=True):
    """The last close of a symbol: a standing wish until `flat`."""

    account: str
    symbol: str
    position_id: str
    revision: int
    intents: tuple[str, ...]
    client_order_id: str
    reason: Exit
    attempts: int = 0                 # ids used: the first is `client_order_id`, later ones count the leg's revision up
    flat: bool = False
    created_at: int = 0

    @property
    def key(self) -> str:
        return f"close:{self.account}:{self.symbol}"


def standing(close: Close, created_at: int) -> CloseRecord:
    return CloseRecord(
        close.account, close.symbol, close.position_id, close.revision, close.intents, close.client_order_id, close.reason, created_at=created_at
    )


class ModeAsked(msgspec.Struct, frozen=True):
    """Somebody's word on the mode that risk has not answered yet."""

    request_id: str
    mode: Mode
    reason: str = ""


class ModeRecord(msgspec.Struct, frozen=True):
    """The mode that this gateway keeps: risk's last word, and what was asked for since. The tightest of them is in force (`venue/keeping.py`)."""

    account: str
    mode: Mode
    reason: str = ""
    asked: tuple[ModeAsked, ...] = ()
    answered: tuple[str, ...] = ()    # the last request ids: one that comes again asks for nothing

    @property
    def key(self) -> str:
        return f"mode:{self.account}"


class BeatRecord(msgspec.Struct, frozen=True):
    """Written each second by a gateway with nothing else to write: one that was fenced learns of it."""

    account: str
    instance: str
    written_at: int                   # by the gateway's clock, for readers of the log

    @property
    def key(self) -> str:
        return f"beat:{self.account}"


class BooksRecord(msgspec.Struct, frozen=True):
    """The books of a symbol up to a place in `order.fill`: what lies before `offset` is in this snapshot, and nothing else is.

    Every trade of the venue up to `trade_id` is booked before `offset`; a later one may be, and if so stands at `offset` or after.
    """

    account: str
    symbol: str
    trade_id: int                     # the last one confirmed by REST; 0: none yet
    offset: int                       # of `order.fill`, in the symbol's partition
    since: int = 0                    # venue_time: where the list is asked from while no trade is confirmed
    quantity: int = 0                 # signed
    price_average: int = 0
    position_id: str = ""

    @property
    def key(self) -> str:
        return f"fills:{self.account}:{self.symbol}"


class Word(msgspec.Struct, frozen=True):
    """A payment, a funding or a charge, as the venue named it once (`cash`)."""

    id: str                           # of the statement's transaction; empty: the stream told it
    kind: str                         # FUNDING, TRANSFER or OTHER
    symbol: str
    asset: str
    amount: int                       # below zero: it left the wallet
    time: int                         # the venue's
    paired: bool = False              # stream and statement have both told it


class AssetCash(msgspec.Struct, frozen=True):
    """One wallet and what explains it (`cash`)."""

    asset: str
    wallet: int = 0                   # the venue's last word
    time: int = 0                     # venue_time of that; 0: none yet
    base: int = 0
    earned: int = 0
    transferred: int = 0
    accepted: int = 0                 # what the last reconciliation left unexplained


class CashRecord(msgspec.Struct, frozen=True):
    """All wallets of the account, written with every fill and payment that changes what explains them."""

    account: str
    begun: int                        # venue_time; nothing before it is counted
    until: int                        # venue_time up to which the statement has been read
    assets: tuple[AssetCash, ...] = ()
    words: tuple[Word, ...] = ()      # the last ones: a repeated one changes nothing

    @property
    def key(self) -> str:
        return f"cash:{self.account}"


LEDGER: tuple[type, ...] = (EntryRecord, ExitRecord, PlanRecord, CloseRecord, ModeRecord, BeatRecord, BooksRecord, CashRecord)
