"""A trade in an account: position, wallet, fee, realised profit; and what margin the account has left. Pure arithmetic in 1e-8."""
from streams.core.values import E8, PPM, Side, share
from streams.paper.instruments import MAINTENANCE_PPM, Rules
from streams.paper.orders import Account, Order, Top, Trade

TAKER_PPM, MAKER_PPM = 500, 200
LIQUIDATION_PPM = 12_500              # the clearance fee, of notional
LEVERAGE_DEFAULT = 20
SLIPPAGE_PPM = 100                    # for each multiple of the depth beyond it


def taken_at(order: Order, quantity: int, top: Top, rules: Rules) -> int:
    """The average price that a taker gets: the other side of the book, worse where the size exceeds what stands there, but never than its limit."""
    best = top.ask if order.side is Side.BUY else top.bid
    amount = share(quantity, best, E8)
    if amount <= rules.depth:
        return best
    slipped = share(best, SLIPPAGE_PPM * (amount - rules.depth) // rules.depth, PPM) // rules.tick * rules.tick
    reached = max(best + order.side.sign * slipped, rules.tick)
    if not order.price:
        return reached
    return min(reached, order.price) if order.side is Side.BUY else max(reached, order.price)


def traded(account: Account, order: Order, quantity: int, price: int, rules: Rules, trade_id: int, now: int, *, maker: bool) -> Trade:
    """Books a fill of an order. The fee is in the margin asset; realised profit excludes it."""
    held = account.held(order.symbol)
    signed = order.side.sign * quantity
    after = held.quantity + signed
    realised = 0
    if held.quantity and (held.quantity > 0) != (signed > 0):
        closing = min(abs(signed), abs(held.quantity)) * (1 if held.quantity > 0 else -1)
        realised = share(price - held.entry, closing, E8)
        if after and (after > 0) != (held.quantity > 0):
            held.entry = price
    elif held.quantity:
        held.entry += share(price - held.entry, signed, after)
    else:
        held.entry = price
    held.quantity, held.updated = after, now
    if not after:
        held.entry = 0
    amount = share(quantity, price, E8)
    fee = share(amount, LIQUIDATION_PPM if order.calculated else MAKER_PPM if maker else TAKER_PPM, PPM)
    wallet = account.wallets.get(rules.quote, 0) + realised
    if order.calculated:
        fee = min(fee, max(wallet, 0))                    # no more than is left
    account.wallets[rules.quote] = wallet - fee
    order.filled += quantity
    order.cost += amount
    order.status, order.updated = ("FILLED" if order.filled == order.quantity else "PARTIALLY_FILLED"), now
    trade = Trade(
        trade_id, order.order_id, order.client_id, order.symbol, order.side, quantity, price, fee, rules.quote, realised, maker, now,
    )
    account.trades.append(trade)
    return trade


def open_profit(account: Account, asset: str, rules: dict[str, Rules], tops: dict[str, Top]) -> int:
    return sum(
        share(tops[symbol].mark - held.entry, held.quantity, E8)
        for symbol, held in account.positions.items() if held.quantity and rules[symbol].quote == asset
    )


def margins(account: Account, asset: str, rules: dict[str, Rules], tops: dict[str, Top]) -> tuple[int, int]:
    """Initial and maintenance margin of the positions in an asset."""
    initial = maintenance = 0
    for symbol, held in account.positions.items():
        if held.quantity and rules[symbol].quote == asset:
            amount = abs(share(held.quantity, tops[symbol].mark, E8))
            initial += amount // account.leverage.get(symbol, LEVERAGE_DEFAULT)
            maintenance += share(amount, MAINTENANCE_PPM, PPM)
    return initial, maintenance


def resting_margin(account: Account, asset: str, rules: dict[str, Rules]) -> int:
    """What the resting orders that may open something hold back."""
    return sum(
        share(order.left, order.price, E8) // account.leverage.get(order.symbol, LEVERAGE_DEFAULT)
        for order in account.working() if not order.reduce_only and rules[order.symbol].quote == asset
    )


def available(account: Account, asset: str, rules: dict[str, Rules], tops: dict[str, Top]) -> int:
    """What a new position may use."""
    balance = account.wallets.get(asset, 0) + min(open_profit(account, asset, rules, tops), 0)
    return max(balance - margins(account, asset, rules, tops)[0] - resting_margin(account, asset, rules), 0)


def liquidation_price(account: Account, symbol: str, rules: dict[str, Rules], tops: dict[str, Top]) -> int:
    """The mark at which the margin balance falls to the maintenance margin, the others' marks standing still; 0 where that is no price.

    Binance's formula for cross margin: (wallet - maintenance of the others + open profit of the others - quantity x entry)
    / (|quantity| x maintenance rate - quantity).
    """
    held, asset = account.held(symbol), rules[symbol].quote
    if not held.quantity:
        return 0
    own_maintenance = share(abs(share(held.quantity, tops[symbol].mark, E8)), MAINTENANCE_PPM, PPM)
    own_profit = share(tops[symbol].mark - held.entry, held.quantity, E8)
    others = open_profit(account, asset, rules, tops) - own_profit - (margins(account, asset, rules, tops)[1] - own_maintenance)
    above = account.wallets.get(asset, 0) + others - share(held.quantity, held.entry, E8)
    below = abs(held.quantity) * MAINTENANCE_PPM - held.quantity * PPM
    return max(share(above, E8 * PPM, below), 0)
