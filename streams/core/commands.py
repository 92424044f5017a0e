"""Requests, in the imperative: what a decision asks of the next one, and the records that explain it. Units as in `events`."""
from enum import StrEnum

import msgspec

from streams.core.values import Side
from streams.core.words import Exit, OrderType, TimeInForce

# ---------------------------------------------------------------------------------------------------------------- denials


class Denial(StrEnum):
    """Why an intent is refused, in the order in which it is asked: first the symbol's ladder, then the account's. CATEGORY_CONDITION."""

    INTENT_KNOWN = "INTENT_KNOWN"
    INTENT_EXPIRED = "INTENT_EXPIRED"
    ACCOUNT_UNKNOWN = "ACCOUNT_UNKNOWN"
    SYMBOL_NOT_LISTED = "SYMBOL_NOT_LISTED"            # no filters came within the wait, or not one of the symbols in the settings
    POSITION_MISSING = "POSITION_MISSING"              # a CLOSE of nothing
    ENTRY_MISSING = "ENTRY_MISSING"                    # a CANCEL of nothing
    INTENT_WITHDRAWN = "INTENT_WITHDRAWN"              # it waited, and a later CLOSE or CANCEL took it back
    SYMBOL_NOT_TRADING = "SYMBOL_NOT_TRADING"
    SYMBOL_HALTED = "SYMBOL_HALTED"
    BREAKER_OPEN = "BREAKER_OPEN"
    INTENTS_TOO_MANY = "INTENTS_TOO_MANY"
    ENTRY_IN_FLIGHT = "ENTRY_IN_FLIGHT"
    POSITION_OPEN = "POSITION_OPEN"
    SYMBOL_COOLING = "SYMBOL_COOLING"                  # its last position lost
    CONFIDENCE_TOO_LOW = "CONFIDENCE_TOO_LOW"
    POLICY_UNKNOWN = "POLICY_UNKNOWN"
    MARK_MISSING = "MARK_MISSING"
    MARK_STALE = "MARK_STALE"
    PRICE_OFF_MARK = "PRICE_OFF_MARK"
    STOP_WRONG_SIDE = "STOP_WRONG_SIDE"
    STOP_TOO_FAR = "STOP_TOO_FAR"
    TARGET_WRONG_SIDE = "TARGET_WRONG_SIDE"
    REWARD_TOO_SMALL = "REWARD_TOO_SMALL"
    MODE_HALTED = "MODE_HALTED"
    MODE_REDUCING = "MODE_REDUCING"
    ACCOUNT_COOLING = "ACCOUNT_COOLING"                # too many losses in a row
    ORDERS_TOO_MANY = "ORDERS_TOO_MANY"
    EQUITY_UNKNOWN = "EQUITY_UNKNOWN"
    POSITIONS_TOO_MANY = "POSITIONS_TOO_MANY"
    SPREAD_TOO_WIDE = "SPREAD_TOO_WIDE"
    EXPOSURE_ABOVE_MAXIMUM = "EXPOSURE_ABOVE_MAXIMUM"
    DIRECTION_ABOVE_MAXIMUM = "DIRECTION_ABOVE_MAXIMUM"
    GROUP_ABOVE_MAXIMUM = "GROUP_ABOVE_MAXIMUM"
    MARGIN_TOO_SMALL = "MARGIN_TOO_SMALL"
    LIQUIDATION_BEFORE_STOP = "LIQUIDATION_BEFORE_STOP"
    QUANTITY_BELOW_STEP = "QUANTITY_BELOW_STEP"
    QUANTITY_BELOW_MINIMUM = "QUANTITY_BELOW_MINIMUM"
    NOTIONAL_BELOW_MINIMUM = "NOTIONAL_BELOW_MINIMUM"


class Deny(msgspec.Struct, frozen=True):
    """An intent's end before the venue. Positions' own go into `decision.log`; risk's are an `EntryReported` too."""

    account: str
    symbol: str
    intent_id: str
    reason: Denial
    detail: str = ""                  # the figures, for people: "stop 101 is above the mark 100"


class Note(msgspec.Struct, frozen=True):
    """Why a fact changed nothing. Into `decision.log` alone."""

    reason: str                       # REPEATED, or what makes it impossible now: ENTRY_UNKNOWN, STATE_IMPOSSIBLE, PLAN_UNKNOWN, POSITION_UNKNOWN
    detail: str = ""


# ---------------------------------------------------------------------------------------------------------------- order.proposal


class Propose(msgspec.Struct, frozen=True):
    """An entry that the symbol allows; the account has still to size it. Carries the market that it was judged by."""

    account: str
    symbol: str
    intent_id: str
    seq: int                          # of the symbol's state: a later `PositionUpdated` without this entry has ended it
    side: Side
    order_type: OrderType
    entry_price: int                  # the limit price, or the mark it was judged by
    stop_price: int
    target_price: int                 # 0: none
    size_wish: int                    # notional; 0: the policy's
    leverage_wish: int
    confidence_ppm: int               # of an intent that gives none: the least that is asked for
    timestamp: int
    expires_at: int
    mark: int
    mark_time: int                    # log_time of the tick that set it
    spread_ppm: int
    margin_asset: str
    quantity_step: int
    quantity_min: int
    quantity_max: int                 # with what is held no more than one order may have: one stop must do for all of it
    notional_min: int
    leverage_max: int
    maintenance_ppm: int
    taker_fee_ppm: int
    policy: str
    source: str
    model: str
    time_in_force: TimeInForce = TimeInForce.GTC
    lives_ms: int = 0
    trigger: str = ""                 # the guard's, by the policy: CONTRACT_PRICE or MARK_PRICE
    price_protect: bool = False


# ---------------------------------------------------------------------------------------------------------------- order.command


class Enter(msgspec.Struct, frozen=True):
    """Open or add to a position: one record holds the ids, prices and quantities of entry, guard and emergency close."""

    account: str
    symbol: str
    intent_id: str
    entry_id: str
    guard_id: str
    flat_id: str
    side: Side
    quantity: int
    order_type: OrderType
    limit_price: int                  # 0 with MARKET
    stop_price: int                   # the guard's trigger
    leverage: int
    timestamp: int
    expires_at: int                   # log_time
    decided_at: int                   # log_time of the decision; here and in the next three for readers of the log, nothing decides by it
    mark: int
    time_in_force: TimeInForce = TimeInForce.GTC
    lives_ms: int = 0                 # a LIMIT that still works so long after its request is cancelled; 0: never
    trigger: str = ""                 # the guard's: CONTRACT_PRICE or MARK_PRICE
    price_protect: bool = False       # of the guard: the venue holds it back while last price and mark are far apart


# ---------------------------------------------------------------------------------------------------------------- exit.command


class Step(StrEnum):
    PLACE_STOP = "PLACE_STOP"         # STOP_MARKET, reduce-only with quantity, beside the guard
    PLACE_TARGET = "PLACE_TARGET"     # TAKE_PROFIT_MARKET, reduce-only with quantity
    REDUCE = "REDUCE"                 # MARKET, reduce-only, once: a part of the position
    CANCEL = "CANCEL"                 # one id; worked only when every PLACE before it was accepted


class PlanStep(msgspec.Struct, frozen=True):
    step: Step
    client_order_id: str
    quantity: int = 0                 # positive
    trigger_price: int = 0
    trigger: str = ""                 # CONTRACT_PRICE or MARK_PRICE, of what has a trigger
    price_protect: bool = False       # the venue holds the trigger back while last price and mark are far apart


class Plan(msgspec.Struct, frozen=True):
    """Ordered steps for one position. One plan of a position is under way; a lower revision than one seen is stale."""

    account: str
    symbol: str
    position_id: str
    revision: int
    side: Side                        # of the exit orders: opposite to the position
    steps: tuple[PlanStep, ...]
    reason: Exit
    decided_at: int
    tick_time: int = 0                # log_time of the tick that asked for it; 0: something else did


class Close(msgspec.Struct, frozen=True):
    """A standing wish: until flat. Makes lower revisions stale, refuses the intents it names, closes what still fills."""

    account: str
    symbol: str
    position_id: str                  # empty: no position yet, only intents
    revision: int
    intents: tuple[str, ...]
    client_order_id: str              # of its first attempt; later ones count the leg's revision up
    reason: Exit
    decided_at: int
    tick_time: int = 0


class Withdraw(msgspec.Struct, frozen=True):
    """Cancel an entry that still works; what it filled stays, and stays protected."""

    account: str
    symbol: str
    intent_id: str
    decided_at: int


# ------------------------------------------------------------------------------------------- decision.log, dead.letter, lag.status


class Verdict(StrEnum):
    """What became of the event, in a word."""

    STEPPED = "STEPPED"
    DENIED = "DENIED"
    PROPOSED = "PROPOSED"
    COMMANDED = "COMMANDED"
    EXITED = "EXITED"                 # the position, or all that is in flight, is closed at market
    PLANNED = "PLANNED"               # what should rest for the position is placed or moved, or a part of it is sold
    WITHDRAWN = "WITHDRAWN"           # an entry that still works is cancelled
    IGNORED = "IGNORED"               # it was about nothing that is there now, and changed nothing
    REPEATED = "REPEATED"             # it was known, and changed nothing


class Decided(msgspec.Struct, frozen=True):
    """One event that reached `step`: its place, and what followed. A replay takes the order of events from these."""

    group: str                        # positions or risk
    key: str                          # symbol or account
    seq: int                          # of the state after it
    topic: str
    partition: int
    offset: int
    offset_first: int                 # of folded ticks: the range's first; else the offset. For readers of the log
    log_time: int
    event: str                        # the struct's name
    verdict: Verdict
    subject: str                      # the intent, order or position that it was about; empty for ticks
    reason: str                       # of a denial: CATEGORY_CONDITION; of an exit: the word of `Exit`
    detail: str                       # the figures behind it, for people
    outputs: tuple[str, ...]          # ids of what followed
    settings_hash: str
    denials: tuple[Deny, ...] = ()    # each intent that it refused, where that is not `subject` alone


class SettingsSeen(msgspec.Struct, frozen=True):
    """The full text behind a settings hash, before its first use."""

    group: str
    settings_hash: str
    text: str


class Bury(msgspec.Struct, frozen=True):
    """A record that cannot be read, with its reason and all its bytes. Its id is its place."""

    topic: str
    partition: int
    offset: int
    group: str
    reason: str
    detail: str
    key: bytes | None
    value: bytes | None
    log_time: int


class LagReported(msgspec.Struct, frozen=True):
    """How far a group is behind."""

    group: str
    topic: str
    level: str
    lag_records: int
    lag_ms: int
    log_time: int
