"""What is refused, and with which code, once a request has been read: by the symbol's status, the account's orders, its position and its margin."""
from streams.core.values import E8, notional, share
from streams.paper import book, brackets
from streams.paper.floor import Floor, closes, reducing
from streams.paper.margin import available, leverage_of
from streams.paper.orders import Account, Algo, Order, VenueError

ORDERS_MAX, ALGOS_MAX = 200, 200      # of a symbol; of the account
CANCEL_ONLY = ("SETTLING", "CLOSE", "PRE_SETTLE", "DELIVERED", "TRADING_CANCEL_ONLY", "TRADING_HALT")


def order(floor: Floor, key: str, wanted: Order) -> None:
    """An ordinary order. One that reduces is made no larger than what there is to reduce. Raises VenueError."""
    account = floor.accounts[key]
    _may_trade(floor, wanted.symbol, reducing=wanted.reduce_only)
    _unused(account, wanted.client_id)
    if wanted.reduce_only:
        wanted.quantity = _reducible(account, wanted)
    else:
        affordable(floor, key, wanted)
    if sum(one.symbol == wanted.symbol for one in account.working()) >= ORDERS_MAX:
        raise VenueError(-2025, "Reach max open order limit.")
    _in_time(floor, wanted)


def algo(floor: Floor, key: str, wanted: Algo) -> None:
    """A conditional order. Raises VenueError."""
    account = floor.accounts[key]
    _may_trade(floor, wanted.symbol, reducing=wanted.reduce_only or wanted.close_position)
    _unused(account, wanted.client_id)
    resting = [other for other in account.waiting() if other.status == "NEW"]
    if len(resting) >= ALGOS_MAX:
        raise VenueError(-4045, "Reach max stop order limit.")
    like = (wanted.symbol, wanted.side, wanted.kind)
    if wanted.close_position and any(other.close_position and (other.symbol, other.side, other.kind) == like for other in resting):
        raise VenueError(-4130, "An open stop or take profit order with GTE and closePosition in the direction is existing.")


def at_trigger(floor: Floor, key: str, wanted: Order) -> None:
    """The order that a conditional one is about to become. Raises VenueError."""
    if not wanted.reduce_only:
        affordable(floor, key, wanted)
    _in_time(floor, wanted)


def affordable(floor: Floor, key: str, wanted: Order) -> None:
    """By the margin that is left, and by the size that the leverage allows. Raises VenueError."""
    account, rules, top = floor.accounts[key], floor.rules[wanted.symbol], floor.tops[wanted.symbol]
    held, leverage = account.held(wanted.symbol).quantity, leverage_of(account, wanted.symbol)
    growing = max(wanted.quantity - (abs(held) if closes(held, wanted.side) else 0), 0)
    if notional(growing, wanted.price or top.ask) // leverage > available(account, rules.quote, floor.rules, floor.tops):
        raise VenueError(-2019, "Margin is insufficient.")
    after = abs(share(held + wanted.side.sign * wanted.quantity, top.mark, E8))
    if growing and after > brackets.notional_max(rules.base, leverage):
        raise VenueError(-2027, "Exceeded the maximum allowable position at current leverage.")


def _in_time(floor: Floor, wanted: Order) -> None:
    """What the book says to a market order and to a time in force. Raises VenueError."""
    top, rules = floor.tops[wanted.symbol], floor.rules[wanted.symbol]
    if wanted.kind == "MARKET":
        if book.outside_band(rules, top, wanted.side):
            raise VenueError(-4131, "The counterparty's best price does not meet the PERCENT_PRICE filter limit.")
        return
    if wanted.time_in_force == "GTX" and book.crosses(wanted, top):
        raise VenueError(-5022, "Due to the order could not be executed as maker, the Post Only order will be rejected.")
    if wanted.time_in_force == "FOK":
        standing = sum(quantity for _, quantity in floor.standing(wanted.symbol, wanted.side, wanted.quantity, wanted.price))
        if standing < wanted.quantity:
            raise VenueError(-5021, "Due to the order could not be filled immediately, the FOK order has been rejected.")


def _may_trade(floor: Floor, symbol: str, *, reducing: bool) -> None:
    status = floor.status[symbol]
    if status in CANCEL_ONLY:
        raise VenueError(-4141, "Symbol is closed.")
    if status != "TRADING" and not reducing:
        raise VenueError(-4140, "Invalid symbol status for opening position.")


def _unused(account: Account, name: str) -> None:
    """Unique among open orders only: a filled order's id may be used again, as at Binance."""
    if name in {one.client_id for one in account.working()} | {one.client_id for one in account.waiting() if one.status == "NEW"}:
        raise VenueError(-4116, "ClientOrderId is duplicated.")


def _reducible(account: Account, wanted: Order) -> int:
    """How much of it reduces. A market order goes before what rests, and knocks it out; a limit order takes its place behind."""
    held = account.held(wanted.symbol).quantity
    resting = 0 if wanted.kind == "MARKET" else sum(one.left for one in reducing(account, wanted.symbol))
    free = abs(held) - resting if closes(held, wanted.side) else 0
    if free <= 0:
        raise VenueError(-2022, "ReduceOnly Order is rejected.")
    if resting and wanted.quantity > free:
        raise VenueError(-4118, "ReduceOnly Order Failed. Please check your existing position and open orders.")
    return min(wanted.quantity, free)
