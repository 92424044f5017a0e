"""Fills and ends: what a fill does to the order, the position and everything that hangs on them, and what is told of it, in order."""
from streams.core.values import E8, share
from streams.paper import book, events
from streams.paper.floor import Floor, closes, reducing
from streams.paper.orders import CONDITIONAL, Algo, Expiry, Order
from streams.paper.trading import traded


def enter(floor: Floor, key: str, order: Order, now: int) -> None:
    """An order that was accepted takes what it crosses, and rests if it may."""
    floor.accounts[key].add(order)
    floor.tell_order(key, order, "NEW", now)
    if book.crosses(order, floor.tops[order.symbol]):
        take(floor, key, order, now)
    if order.open and (order.kind == "MARKET" or order.time_in_force in ("IOC", "FOK")):
        end(floor, key, order, "EXPIRED", now, Expiry.MARKET if order.kind == "MARKET" else Expiry.IOC)


def take(floor: Floor, key: str, order: Order, now: int) -> None:
    """Level by level, a fill for each."""
    for price, quantity in floor.standing(order.symbol, order.side, order.left, order.price):
        if order.open:
            floor.take(order.symbol, order.side, quantity)
            fill(floor, key, order, quantity, price, now, maker=False)


def meet(floor: Floor, key: str, order: Order, now: int) -> None:
    """A resting order that the market came to: at its own price, as much as the market brought."""
    quantity = sum(part for _, part in floor.standing(order.symbol, order.side, order.left, order.price))
    if quantity:
        floor.take(order.symbol, order.side, quantity)
        fill(floor, key, order, quantity, order.price, now, maker=True)


def fill(floor: Floor, key: str, order: Order, quantity: int, price: int, now: int, *, maker: bool) -> None:
    """What no longer reduces anything expires, and so do the closePosition orders of a position that is gone."""
    account, rules = floor.accounts[key], floor.rules[order.symbol]
    before = account.held(order.symbol).quantity
    if order.reduce_only:
        quantity = min(quantity, abs(before)) if closes(before, order.side) else 0
    if not quantity:
        end(floor, key, order, "EXPIRED", now, Expiry.KNOCKED_OUT)
        return
    bnb = floor.tops["BNBUSDT"].mark if account.burns and "BNBUSDT" in floor.tops else 0
    trade = traded(account, order, quantity, price, rules, next(floor.trade_ids), now, maker=maker, bnb=bnb)
    floor.tell(key, events.trade_lite(order, trade, now))
    floor.tell_account(key, "ORDER", now, rules.quote, order.symbol, fee_asset=trade.asset)
    floor.tell_order(key, order, "CALCULATED" if order.calculated else "TRADE", now, trade)
    if order.open and order.reduce_only and not closes(account.held(order.symbol).quantity, order.side):
        end(floor, key, order, "EXPIRED", now, Expiry.KNOCKED_OUT)
    _finish(floor, key, order, now)
    _knock_out(floor, key, order.symbol, now)
    _release(floor, key, order.symbol, before, now)


def end(floor: Floor, key: str, order: Order, status: str, now: int, expiry: Expiry = Expiry.NONE) -> None:
    """CANCELED or EXPIRED."""
    order.status, order.updated, order.expiry = status, now, expiry
    floor.tell_order(key, order, status, now)
    _finish(floor, key, order, now)


def turn(floor: Floor, key: str, algo: Algo, status: str, now: int) -> None:
    """A conditional order's next status, and the event of it."""
    algo.status, algo.updated = status, now
    floor.tell(key, events.algo_update(algo, now))


def _finish(floor: Floor, key: str, order: Order, now: int) -> None:
    """A conditional order is FINISHED with the order that it became, filled or not."""
    if order.open or order.origin not in CONDITIONAL:
        return
    for algo in [a for a in floor.accounts[key].waiting() if a.order_id == order.order_id]:
        algo.filled, algo.average = order.filled, share(order.cost, E8, order.filled) if order.filled else 0
        turn(floor, key, algo, "FINISHED", now)


def _knock_out(floor: Floor, key: str, symbol: str, now: int) -> None:
    """Resting reduce-only orders for which nothing is left to reduce expire, those farthest from the market first."""
    account = floor.accounts[key]
    held = account.held(symbol).quantity
    left = abs(held)
    resting = [order for order in reducing(account, symbol) if order.kind == "LIMIT"]
    for order in sorted(resting, key=lambda one: (-one.side.sign * one.price, one.order_id)):
        if not closes(held, order.side) or left <= 0:
            end(floor, key, order, "EXPIRED", now, Expiry.KNOCKED_OUT)
        else:
            left -= order.left


def _release(floor: Floor, key: str, symbol: str, before: int, now: int) -> None:
    """The closePosition orders of a position that is gone."""
    account = floor.accounts[key]
    after = account.held(symbol).quantity
    for algo in [a for a in account.waiting() if a.status == "NEW" and a.close_position and a.symbol == symbol]:
        if closes(before, algo.side) and not closes(after, algo.side):
            turn(floor, key, algo, "EXPIRED", now)
