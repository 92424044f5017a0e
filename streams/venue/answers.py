"""What the venue says, as values: an answer to a request, and what answers and stream tell of orders, trades, positions and balances."""
from enum import StrEnum
from typing import Generic, TypeVar

import msgspec

from streams.core.values import Side
from streams.core.words import TimeInForce

Body_co = TypeVar("Body_co", covariant=True)


class Accepted(msgspec.Struct, Generic[Body_co], frozen=True):
    """The venue did it, and this is what it said."""

    body: Body_co


class Refused(msgspec.Struct, frozen=True):
    """The venue did nothing, for certain. `code` is Binance's own (negative), or an HTTP status where it gave none."""

    code: int
    message: str
    wait_ms: int = 0                  # the venue asks for so long a silence

    def __str__(self) -> str:
        return f"{self.code} {self.message}"


class Doubt(msgspec.Struct, frozen=True):
    """Nobody knows whether the venue did it."""

    reason: str

    def __str__(self) -> str:
        return self.reason


class Kind(StrEnum):
    """Order types, by the venue's names. The last two rest in the store of conditional orders until they are triggered."""

    MARKET = "MARKET"
    LIMIT = "LIMIT"
    STOP_MARKET = "STOP_MARKET"
    TAKE_PROFIT_MARKET = "TAKE_PROFIT_MARKET"

    @property
    def conditional(self) -> bool:
        return self in (Kind.STOP_MARKET, Kind.TAKE_PROFIT_MARKET)


class Order(msgspec.Struct, frozen=True):
    """An order to be asked for. 0 is left out of the request."""

    symbol: str
    side: Side
    kind: Kind
    client_order_id: str
    quantity: int = 0
    price: int = 0
    trigger_price: int = 0
    reduce_only: bool = False
    close_position: bool = False      # sizes itself, and stands alone in its direction (-4130)
    trigger_by: str = ""              # CONTRACT_PRICE (the default) or MARK_PRICE
    price_protect: bool = False
    time_in_force: TimeInForce = TimeInForce.GTC       # of a LIMIT


class OrderSeen(msgspec.Struct, frozen=True):
    """How an order stands, by whoever told last. `status` is the venue's word; a triggered order goes on in the ordinary store under the same id."""

    symbol: str
    client_order_id: str
    venue_order_id: str
    status: str
    side: Side
    kind: str
    conditional: bool                 # told by the store of conditional orders
    quantity: int = 0
    filled: int = 0                   # of a conditional order: what it filled once triggered
    trigger_price: int = 0
    reduce_only: bool = False
    close_position: bool = False
    reason: str = ""
    time: int = 0                     # the venue's
    inferred_at: int = 0              # the venue's time at which we concluded this end from another answer; 0: it is the venue's word

    @property
    def live(self) -> bool:
        return self.status in ("NEW", "PARTIALLY_FILLED")

    @property
    def ended(self) -> bool:
        """Over, whatever it filled. A conditional order that triggered is not: the order that it became is."""
        return self.status in ENDED


ENDED = ("FILLED", "CANCELED", "REJECTED", "EXPIRED", "EXPIRED_IN_MATCH", "FINISHED")


class Trade(msgspec.Struct, frozen=True):
    """One trade of the venue's list."""

    symbol: str
    trade_id: str
    venue_order_id: str
    side: Side
    quantity: int
    price: int
    fee: int
    fee_asset: str
    realised_pnl: int
    is_maker: bool
    time: int
    client_order_id: str = ""         # the list does not name it, the stream does


class PositionSeen(msgspec.Struct, frozen=True):
    symbol: str
    quantity: int                     # signed
    price_entry: int
    time: int = 0


class SettingsSeen(msgspec.Struct, frozen=True):
    """What the account has set for a symbol."""

    symbol: str
    crossed: bool
    leverage: int


class IncomeSeen(msgspec.Struct, frozen=True):
    """A row of the venue's statement: what moved a wallet."""

    kind: str                         # the venue's word: TRANSFER, REALIZED_PNL, FUNDING_FEE, COMMISSION …
    symbol: str                       # empty: it is the account's
    asset: str
    amount: int                       # below zero: it left the wallet
    time: int
    id: str                           # unique within the kind
    trade_id: str = ""


class AssetSeen(msgspec.Struct, frozen=True):
    asset: str
    wallet: int
    available: int                    # -1: not said
    change: int = 0
