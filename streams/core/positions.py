"""What a fill does to a position. Quantity is signed; the average price belongs to what is still held.

Gateway and positions both come here, so that the books and the decisions can never disagree about a position or its id.
"""
import msgspec

from streams.core.ids import position_id
from streams.core.values import E8, share


class Held(msgspec.Struct, frozen=True):
    """A position as trades make it; `position_id` is empty while flat."""

    quantity: int = 0
    price_average: int = 0
    position_id: str = ""


FLAT = Held()


class Trade(msgspec.Struct, frozen=True):
    """What of a fill changes a position."""

    account: str
    symbol: str
    trade_id: str
    quantity: int                     # signed
    price: int


def filled(held: Held, trade: Trade) -> tuple[Held, int]:
    """The position after a trade, and the profit that it realised (1e-8 of the quote asset, without fees)."""
    quantity = held.quantity + trade.quantity
    if held.quantity == 0:
        return _opened(trade, quantity), 0                                                                    # open
    if (held.quantity > 0) == (trade.quantity > 0):
        average = held.price_average + share(trade.price - held.price_average, trade.quantity, quantity)
        return Held(quantity, average, held.position_id), 0                                                   # add
    if quantity == 0:
        return FLAT, profit(held, held.quantity, trade.price)                                                 # close
    if (quantity > 0) == (held.quantity > 0):
        return Held(quantity, held.price_average, held.position_id), profit(held, -trade.quantity, trade.price)   # reduce
    return _opened(trade, quantity), profit(held, held.quantity, trade.price)                                 # flip


def profit(held: Held, quantity: int, price: int) -> int:
    """Of a signed part of the position at a price; of all of it at the mark it is the open profit."""
    return share(price - held.price_average, quantity, E8)


def _opened(trade: Trade, quantity: int) -> Held:
    return Held(quantity, trade.price, position_id(trade.account, trade.symbol, trade.trade_id))
