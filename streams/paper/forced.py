"""What the exchange does to a position without being asked: liquidation, deleveraging, settlement.

Its orders were never sent by anybody; their fills are told as CALCULATED.
"""
from streams.core.values import PPM, Side
from streams.paper import events, filling
from streams.paper.floor import Floor
from streams.paper.margin import carried, cross_wallet, margins
from streams.paper.orders import Expiry, Income, Order

CALL_PPM = 800_000                    # of what carries a position: a maintenance margin beyond it is a call


def look(floor: Floor, key: str, symbol: str, now: int) -> None:
    """After a new price: what no longer covers its maintenance margin is liquidated; what is close to it is told so, once."""
    account = floor.accounts[key]
    balance, needed = carried(account, symbol, floor.rules, floor.tops) if account.held(symbol).quantity else (1, 0)
    if balance <= needed:
        _liquidate(floor, key, symbol, now)
    elif balance * CALL_PPM > needed * PPM:
        account.called.discard(symbol)
    elif symbol not in account.called:
        account.called.add(symbol)
        floor.tell(key, events.margin_call(account, symbol, floor.rules, floor.tops, now))


def _liquidate(floor: Floor, key: str, symbol: str, now: int) -> None:
    """Orders go, then the position, at what the book gives."""
    account = floor.accounts[key]
    for resting in list(account.working()):
        if symbol not in account.isolated or resting.symbol == symbol:
            filling.end(floor, key, resting, "EXPIRED", now, Expiry.LIQUIDATION)
    aside = account.held(symbol).margin
    order = _close(floor, key, symbol, f"autoclose-{now}", now)
    filling.take(floor, key, order, now)
    if order.open:                                        # what the book does not hold, the insurance fund takes
        filling.fill(floor, key, order, order.left, floor.tops[symbol].mark, now, maker=False)
    _make_good(floor, key, symbol, order, aside, now)


def deleverage(floor: Floor, key: str, symbol: str, now: int) -> None:
    """ADL: a winning position is closed at the mark, against one that was liquidated."""
    if floor.accounts[key].held(symbol).quantity:
        order = _close(floor, key, symbol, "adl_autoclose", now)
        filling.fill(floor, key, order, order.left, floor.tops[symbol].mark, now, maker=False)


def settle(floor: Floor, symbol: str, now: int) -> None:
    """The end of a contract: orders are cancelled, positions settled at the mark, the status is CLOSE."""
    floor.status[symbol] = "CLOSE"
    for key, account in floor.accounts.items():
        for resting in [one for one in account.working() if one.symbol == symbol]:
            filling.end(floor, key, resting, "EXPIRED", now, Expiry.DELISTED)
        for algo in [one for one in account.waiting() if one.symbol == symbol and one.status == "NEW"]:
            filling.turn(floor, key, algo, "EXPIRED", now)
        if account.held(symbol).quantity:
            order = _close(floor, key, symbol, f"settlement_autoclose-{now}", now)
            filling.fill(floor, key, order, order.left, floor.tops[symbol].mark, now, maker=False)


def _close(floor: Floor, key: str, symbol: str, name: str, now: int) -> Order:
    held = floor.accounts[key].held(symbol).quantity
    order = Order(
        next(floor.order_ids), name, symbol, Side.SELL if held > 0 else Side.BUY, "MARKET", abs(held), created=now, updated=now,
        origin="LIQUIDATION" if name.startswith("autoclose-") else "MARKET", calculated=True,
    )
    floor.accounts[key].add(order)
    return order


def _make_good(floor: Floor, key: str, symbol: str, order: Order, aside: int, now: int) -> None:
    """Nobody loses more than what carried the position: the insurance fund bears the rest, once no other crossed position can."""
    account, asset = floor.accounts[key], floor.rules[symbol].quote
    if symbol in account.isolated:
        trades = [trade for trade in account.trades if trade.order_id == order.order_id]
        missing = -(aside + sum(trade.realised - trade.fee for trade in trades))
    else:
        others = margins(account, asset, floor.rules, floor.tops, isolated=False)[0]
        missing = 0 if others else -cross_wallet(account, asset, floor.rules)
    if missing > 0:
        account.wallets[asset] += missing
        account.incomes.append(Income(symbol, "INSURANCE_CLEAR", missing, asset, now, next(floor.transaction_ids)))
        floor.tell_account(key, "INSURANCE_CLEAR", now, asset, change=missing)
