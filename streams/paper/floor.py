"""The trading floor: what all rooms of the exchange share. Markets, accounts, the numbers that are given out, and who is told.

It has no clock and no socket. The rooms are `filling` (fills and ends), `conditional` (triggers), `forced` (liquidation, deleveraging, settlement),
`funding`, and `admission` (what is refused); `matching.Exchange` is the door to all of them.
"""
from collections.abc import Callable, Mapping
from itertools import count

from streams.core.values import E8, Side, decimal, share
from streams.paper import book, events
from streams.paper.funding import Terms
from streams.paper.instruments import ALL, Rules
from streams.paper.orders import Account, Algo, Order, Top, Trade, VenueError
from streams.paper.parameters import Asked, needed

Tell = Callable[[str, events.Row], None]


class Floor:
    """Accounts by API key. `tell(key, event)` is called for every event of the user data stream, in order."""

    def __init__(self, symbols: Mapping[str, Rules] | None = None, *, tell: Tell = lambda _key, _row: None, born: int = 0) -> None:
        self.rules = dict(symbols or ALL)
        self.status = dict.fromkeys(self.rules, "TRADING")
        self.tops: dict[str, Top] = {}
        self.accounts: dict[str, Account] = {}
        self.tell = tell
        self.funding = Terms()
        self.stuck: Callable[[Algo], bool] = lambda _algo: False           # a bad day: it is triggered, and nothing comes of it
        self.time = born                                                   # up to when the clock's work is done
        self.taken: dict[tuple[str, Side], int] = {}                       # of the book since the last tick, by the taker's side
        first = born * 1_000                                               # ids never come again, also after a restart: `born` is its time in ms
        self.order_ids, self.algo_ids, self.trade_ids = count(first + 8_000_000_001), count(first + 4_000_001_000_000_001), count(first + 1)
        self.transaction_ids = count(first + 6_000_000_001)

    def market(self, asked: Asked) -> tuple[Rules, Top]:
        """Of the symbol that a request names. Raises VenueError."""
        symbol = needed(asked, "symbol")
        if symbol not in self.rules:
            raise VenueError(-1121, "Invalid symbol.")
        if symbol not in self.tops:
            raise VenueError(-4131, "The counterparty's best price does not meet the PERCENT_PRICE filter limit.")
        return self.rules[symbol], self.tops[symbol]

    def standing(self, symbol: str, taker: Side, wanted: int, limit: int = 0) -> list[book.Level]:
        """What an order would take of the book as it is now."""
        left = book.levels(self.rules[symbol], self.tops[symbol], taker, self.taken.get((symbol, taker), 0))
        return book.sweep(left, taker, wanted, limit)

    def take(self, symbol: str, taker: Side, quantity: int) -> None:
        self.taken[symbol, taker] = self.taken.get((symbol, taker), 0) + quantity

    def tell_order(self, key: str, order: Order, execution: str, now: int, trade: Trade | None = None) -> None:
        """ORDER_TRADE_UPDATE."""
        row = events.order_update(order, execution, now, trade)
        resting = [one for one in self.accounts[key].working() if one.symbol == order.symbol and one.price]
        for name, side in (("b", Side.BUY), ("a", Side.SELL)):
            row["o"][name] = decimal(sum(share(one.left, one.price, E8) for one in resting if one.side is side))
        self.tell(key, row)

    def tell_account(self, key: str, reason: str, now: int, asset: str, symbol: str = "", change: int = 0, fee_asset: str = "") -> None:
        """ACCOUNT_UPDATE: an asset, a symbol's position where it changed, and the asset of a fee where it is another."""
        account = self.accounts[key]
        row = events.account_update(account, reason, now, asset, self.rules, self.tops, symbol, change)
        if fee_asset not in ("", asset):
            row["a"]["B"].append(events.balance(account, fee_asset, self.rules, 0))
        self.tell(key, row)


def closes(held: int, side: Side) -> bool:
    """Whether an order of this side makes the position smaller."""
    return bool(held) and (held > 0) == (side is Side.SELL)


def reducing(account: Account, symbol: str) -> list[Order]:
    """What rests and may only reduce."""
    return [order for order in account.working() if order.reduce_only and order.symbol == symbol]
