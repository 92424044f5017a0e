"""Facts, in the past tense: what may change a decision. Each is one message of a topic (`wire/topics.py` says which).

Prices, quantities and amounts are 1e-8 integers, ratios are ppm, times are epoch milliseconds. A time named `venue_time` orders the venue's
events and is compared with nothing else; ages and deadlines are reckoned in the `log_time` of the record that carries the fact (`Seen`).
"""
from typing import Annotated, Generic, TypeVar

import msgspec

from streams.core.values import Side
from streams.core.words import Action, EntryState, Exit, Mode, OrderType, TimeInForce

Body = TypeVar("Body")
AMOUNT_MAX = 10**18                   # ten thousand million units: sums of them must fit the wire's 64 bits
Amount = Annotated[int, msgspec.Meta(gt=0, le=AMOUNT_MAX)]
Balance = Annotated[int, msgspec.Meta(ge=-AMOUNT_MAX, le=AMOUNT_MAX)]


class Seen(msgspec.Struct, Generic[Body], frozen=True):
    """A fact with its place in the log. Only this wrapper knows the log's time."""

    topic: str
    partition: int
    offset: int
    log_time: int
    body: Body


# ---------------------------------------------------------------------------------------------------------------- price.tick, and both beats


class Tick(msgspec.Struct, frozen=True):
    """What the market did in one record: frames from `first_time` to `last_time`, folded. The adverse extreme counts first."""

    symbol: str
    last: int
    bid: int
    ask: int
    mark: int
    mark_is_mid: bool                 # the source has no mark of its own
    high: int
    low: int
    first_time: int                   # the source's clock; these two and `mark_is_mid` are for readers of the log, nothing decides by them
    last_time: int
    frames: int = 1


class Beat(msgspec.Struct, frozen=True):
    """The log's clock, written once a second to a partition by the worker that holds it. Its `log_time` is what it says."""

    worker: str                       # for readers of the log


# ---------------------------------------------------------------------------------------------------------------- trade.intent


class Intent(msgspec.Struct, frozen=True):
    """What somebody wants. Zero or an empty string means that the wish was not made, and the policy's default applies."""

    intent_id: str
    symbol: str
    action: Action
    account: str = ""
    confidence_ppm: int = -1          # -1: not given
    timestamp: int = 0                # when the producer made it; 0: the record's own time
    expires_at: int = 0
    size: int = 0                     # notional of the position in the quote asset, an upper bound
    leverage: int = 0                 # an upper bound
    order_type: OrderType = OrderType.MARKET
    entry_price: int = 0
    stop_price: int = 0
    target_price: int = 0
    stop_ppm: int = 0
    target_ppm: int = 0
    atr_ppm: int = 0
    trail_ppm: int = 0
    time_max_ms: int = 0
    partial_ppm: int = 0              # of a CLOSE: the part of the position; 0: all
    policy: str = ""                  # harvest_policy.mode
    regime: str = ""
    reason: Exit | None = None        # of our own CLOSE intents: FLATTEN
    source: str = ""                  # the rest is JSON text, for the lineage alone
    model: str = ""
    comment: str = ""
    extra: str = ""
    time_in_force: TimeInForce = TimeInForce.GTC       # of a LIMIT
    lives_ms: int = 0                 # a LIMIT that still works so long after its request is cancelled; 0: never


# ---------------------------------------------------------------------------------------------------------------- instrument


class Instrument(msgspec.Struct, frozen=True):
    """The venue's filters and status of one symbol, as exchangeInfo gives them."""

    symbol: str
    status: str                       # TRADING, or why not
    base: str
    margin_asset: str
    tick_size: int
    quantity_step: int                # the coarser of LOT_SIZE and MARKET_LOT_SIZE
    quantity_min: int
    quantity_max: int                 # the smaller of LOT_SIZE and MARKET_LOT_SIZE
    notional_min: int
    price_min: int
    price_max: int
    price_up_ppm: int                 # PERCENT_PRICE: a buy no higher than mark * this
    price_down_ppm: int
    leverage_max: int
    maintenance_ppm: int              # maintenance margin of the first bracket
    taker_fee_ppm: int


class SymbolControlled(msgspec.Struct, frozen=True):
    """A person's word on one symbol."""

    symbol: str
    control: str                      # HALT, RESUME or RESET_BREAKER
    reason: str
    by: str


# ---------------------------------------------------------------------------------------------------------------- order.fill


class Filled(msgspec.Struct, frozen=True):
    """One trade of the venue: the books. `trade_id` is unique within account and symbol."""

    account: str
    symbol: str
    side: Side
    quantity: Amount
    price: Amount
    fee: Balance                      # positive is a cost
    fee_asset: str
    realised_pnl: Balance             # the venue's, without fees
    trade_id: str
    client_order_id: str
    venue_order_id: str
    position_id: str                  # the position it worked on: the one held before it, else the one it opened
    is_maker: bool
    venue_time: int
    fee_converted: Balance = 0        # of a fee in another asset than the margin's: its worth in that, at its price when it was booked; 0: not known

    @property
    def signed(self) -> int:
        return self.side.sign * self.quantity


# ---------------------------------------------------------------------------------------------------------------- order.status


class EntryReported(msgspec.Struct, frozen=True):
    """How an entry stands: by the gateway, or by risk (DENIED). Exactly one of DENIED, EXPIRED, REFUSED, REJECTED, DONE ends it."""

    account: str
    symbol: str
    intent_id: str
    state: EntryState
    client_order_id: str = ""
    quantity_filled: int = 0          # with DONE: what its fills will add up to
    guard_id: str = ""                # with PROTECTED
    guard_price: int = 0
    reason: str = ""
    venue_code: int = 0
    venue_time: int = 0


class PlanReported(msgspec.Struct, frozen=True):
    """The one answer to an exit plan: what of it stands now."""

    account: str
    symbol: str
    position_id: str
    revision: int
    accepted: tuple[str, ...] = ()    # client order ids that rest, or did their work
    refused: tuple[str, ...] = ()
    cancelled: tuple[str, ...] = ()   # gone, whoever ended them
    stale: bool = False               # a higher revision or a close had come before; nothing was done
    reason: str = ""
    venue_code: int = 0
    venue_time: int = 0


class ExitReported(msgspec.Struct, frozen=True):
    """A resting exit order of ours changed without our asking, or a guard was set anew."""

    account: str
    symbol: str
    position_id: str
    client_order_id: str
    state: str                        # WORKING, TRIGGERED, FINISHED, CANCELLED, REJECTED, EXPIRED
    trigger_price: int = 0
    reason: str = ""
    venue_time: int = 0


# ---------------------------------------------------------------------------------------------------------------- position.update


class PositionUpdated(msgspec.Struct, frozen=True):
    """A snapshot of one account's book in one symbol; the one with the lower `seq` is ignored."""

    account: str
    symbol: str
    seq: int
    position_id: str = ""             # of the position held, else of the last one
    quantity: int = 0                 # signed
    price_average: int = 0
    mark: int = 0
    margin_asset: str = ""
    stop_price: int = 0               # the tightest that rests
    target_price: int = 0
    guarded: bool = False
    entry_intent_id: str = ""         # the entry in flight, proposed and not ended
    entry_remaining: int = 0          # signed: what of it may still fill
    opened_at: int = 0                # log_time
    closed_at: int = 0                # log_time of the fill that made it flat; 0 while it is held
    exit: Exit | None = None          # why, once it is flat
    realised_pnl: int = 0             # of this position, without fees
    unrealised_pnl: int = 0           # at `mark`
    fees: int = 0                     # in the quote asset
    source: str = ""
    model: str = ""
    funding: int = 0                  # of this position: below zero is paid


# ---------------------------------------------------------------------------------------------------------------- account.event


class BalanceSeen(msgspec.Struct, frozen=True):
    """The venue's word on one asset of an account, from reconciliation or the user stream."""

    account: str
    asset: str
    wallet: int                       # without open profit
    available: int
    reason: str                       # RECONCILED, ORDER, FUNDING_FEE, DEPOSIT, WITHDRAW …
    change: int = 0                   # what a deposit, withdrawal or funding moved
    venue_time: int = 0
    earned: int = 0                   # since the gateway's first sight of it: profit less fees, funding, and what else the trading moved
    transferred: int = 0              # since then: paid in, less paid out, by the venue's own word
    unexplained: int = 0              # since then: what the wallet has beyond both
    begun: int = 0                    # venue_time of that first sight


class ModeWanted(msgspec.Struct, frozen=True):
    """Somebody asks for a mode. Risk answers with `ModeSet`."""

    account: str
    mode: Mode
    reason: str
    by: str
    request_id: str


class FlattenWanted(msgspec.Struct, frozen=True):
    """Close everything of an account, or one symbol of it. Risk alone turns it into CLOSE intents."""

    account: str
    symbol: str                       # empty: every symbol with a position or a reservation
    reason: str
    by: str
    request_id: str


class ModeSet(msgspec.Struct, frozen=True):
    """Risk's word: the mode in force, and what it answers."""

    account: str
    mode: Mode
    reason: str
    request_id: str = ""
    symbols: tuple[str, ...] = ()     # of a flatten: what is being closed


class GatewaySeen(msgspec.Struct, frozen=True):
    """A gateway is at work for the account: it has reconciled, at this many positions and resting orders."""

    account: str
    instance: str
    positions: int
    orders: int
    strangers: int                    # orders and positions that are not ours, reported and left alone
    clock_skew_ms: int                # for readers of the log
    venue_time: int


class LagSeen(msgspec.Struct, frozen=True):
    """The lag monitor's word: a group is too far behind for new entries of the account (or no longer is)."""

    account: str
    group: str
    level: str                        # OK, WARN, STOP
    lag_records: int
    lag_ms: int
