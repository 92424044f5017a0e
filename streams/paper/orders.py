"""What the exchange knows: orders in two stores, positions, wallets. Prices, quantities and amounts in 1e-8, times in epoch milliseconds."""
from enum import IntEnum

import msgspec

from streams.core.values import Side
from streams.errors import StreamsError

CONDITIONAL = ("STOP", "STOP_MARKET", "TAKE_PROFIT", "TAKE_PROFIT_MARKET", "TRAILING_STOP_MARKET")


class VenueError(StreamsError):
    """A request that the exchange refuses, as Binance would: HTTP status, code and text; and seconds to wait, where it says so."""

    def __init__(self, code: int, text: str, status: int = 400, retry_after: int = 0) -> None:
        super().__init__(text)
        self.code, self.text, self.status, self.retry_after = code, text, status, retry_after


class Expiry(IntEnum):
    """Why an order expired, as `er` tells it."""

    NONE = 0
    IOC = 2                           # the rest of it could not be filled at once
    KNOCKED_OUT = 4                   # nothing is left for it to reduce
    LIQUIDATION = 5
    DELISTED = 7
    MARKET = 9                        # the book did not hold as much


class Order(msgspec.Struct):
    """In the ordinary store. `status` is Binance's: NEW, PARTIALLY_FILLED, FILLED, CANCELED, EXPIRED."""

    order_id: int
    client_id: str
    symbol: str
    side: Side
    kind: str                         # MARKET or LIMIT
    quantity: int
    price: int = 0
    time_in_force: str = "GTC"
    good_till: int = 0                # of GTD
    reduce_only: bool = False
    close_position: bool = False
    status: str = "NEW"
    filled: int = 0
    cost: int = 0                     # notional of what filled
    created: int = 0
    updated: int = 0
    origin: str = ""                  # the conditional kind that it was
    trigger: int = 0                  # and what it waited for
    working_type: str = "CONTRACT_PRICE"
    price_protect: bool = False
    activation: int = 0
    callback_ppm: int = 0
    calculated: bool = False          # a liquidation: it was never sent
    price_match: str = "NONE"
    expiry: Expiry = Expiry.NONE
    changes: int = 0                  # how often it was amended

    @property
    def open(self) -> bool:
        return self.status in ("NEW", "PARTIALLY_FILLED")

    @property
    def left(self) -> int:
        return self.quantity - self.filled

    @property
    def liquidates(self) -> bool:
        """It pays the clearance fee."""
        return self.client_id.startswith("autoclose-")


class Algo(msgspec.Struct):
    """In the store of conditional orders. `status`: NEW, TRIGGERING, TRIGGERED, FINISHED, CANCELED, REJECTED, EXPIRED."""

    algo_id: int
    client_id: str
    symbol: str
    side: Side
    kind: str
    quantity: int                     # 0 with close_position
    trigger: int = 0
    price: int = 0
    working_type: str = "CONTRACT_PRICE"
    price_protect: bool = False
    reduce_only: bool = False
    close_position: bool = False
    time_in_force: str = "GTC"
    good_till: int = 0
    activation: int = 0
    callback_ppm: int = 0
    activated: bool = False
    extreme: int = 0                  # of a trailing stop
    status: str = "NEW"
    order_id: int = 0                 # of the order that it became
    filled: int = 0
    average: int = 0
    created: int = 0
    updated: int = 0
    triggered: int = 0
    reason: str = ""

    @property
    def live(self) -> bool:
        return self.status in ("NEW", "TRIGGERING", "TRIGGERED")

    @property
    def became(self) -> str:
        """The kind of the order that it became, once it did."""
        return "" if not self.order_id else "LIMIT" if self.price else "MARKET"


class Held(msgspec.Struct):
    quantity: int = 0
    entry: int = 0
    updated: int = 0
    realised: int = 0                 # of all its trades, before fees
    margin: int = 0                   # the isolated wallet, part of the asset's; 0 where the margin is crossed


class Income(msgspec.Struct, frozen=True):
    """A line of the account's ledger. `amount` is negative for what it cost."""

    symbol: str
    kind: str
    amount: int
    asset: str
    time: int
    transaction_id: int
    trade_id: int = 0


class Trade(msgspec.Struct, frozen=True):
    trade_id: int
    order_id: int
    client_id: str
    symbol: str
    side: Side
    quantity: int
    price: int
    fee: int
    asset: str
    realised: int
    maker: bool
    time: int


class Account(msgspec.Struct):
    """One key's account: one-way mode; each symbol's margin crossed or isolated."""

    wallets: dict[str, int] = {}
    positions: dict[str, Held] = {}
    orders: dict[int, Order] = {}
    algos: dict[int, Algo] = {}
    trades: list[Trade] = []
    incomes: list[Income] = []
    leverage: dict[str, int] = {}
    isolated: set[str] = set()        # symbols
    called: set[str] = set()          # symbols whose margin is thin, and that were told so
    countdowns: dict[str, int] = {}   # symbol -> when its orders are cancelled unless it is put off
    fee_tier: int = 0
    burns: bool = False               # fees are paid in BNB, a tenth less, as long as there is any
    live_orders: list[Order] = []     # of `orders` and `algos` those that may still do something; the others leave when they are next looked at
    live_algos: list[Algo] = []

    def add(self, order: Order) -> None:
        self.orders[order.order_id] = order
        self.live_orders.append(order)

    def add_algo(self, algo: Algo) -> None:
        self.algos[algo.algo_id] = algo
        self.live_algos.append(algo)

    def working(self) -> list[Order]:
        self.live_orders = [order for order in self.live_orders if order.open]
        return self.live_orders

    def waiting(self) -> list[Algo]:
        """Conditional orders that are not over."""
        self.live_algos = [algo for algo in self.live_algos if algo.live]
        return self.live_algos

    def held(self, symbol: str) -> Held:
        return self.positions.setdefault(symbol, Held())


class Top(msgspec.Struct, frozen=True):
    """The market of a symbol: best bid and ask, last trade, mark; and what stands at the best prices where the source says so."""

    bid: int
    ask: int
    last: int
    mark: int
    bid_quantity: int = 0
    ask_quantity: int = 0
