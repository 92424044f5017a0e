"""A trade in an account: position, wallet, isolated margin, fee, realised profit, and the lines of its ledger. Pure arithmetic in 1e-8."""
from streams.core.values import E8, PPM, share
from streams.paper.instruments import Rules
from streams.paper.margin import leverage_of
from streams.paper.orders import Account, Held, Income, Order, Trade

FEES_PPM = (                          # maker and taker by tier, Binance's fee schedule for USDT contracts without the BNB discount
    (200, 500), (160, 400), (140, 350), (120, 320), (100, 300), (80, 270), (60, 250), (40, 220), (20, 200), (0, 170),
)
LIQUIDATION_PPM = 12_500              # the clearance fee, of notional
BURNT_PPM = 900_000                   # what is left of a fee that is paid in BNB


def fee_ppm(account: Account, *, maker: bool) -> int:
    return FEES_PPM[account.fee_tier][0 if maker else 1]


def traded(
    account: Account, order: Order, quantity: int, price: int, rules: Rules, trade_id: int, now: int, *, maker: bool, bnb: int = 0,
) -> Trade:
    """Books a fill of an order. The fee is in the margin asset, or in BNB at its price `bnb`; realised profit excludes it."""
    held = account.held(order.symbol)
    free = account.wallets.get(rules.quote, 0) if order.symbol not in account.isolated else held.margin
    realised = _moved(account, order, held, order.side.sign * quantity, price, now)
    amount = share(quantity, price, E8)
    fee = share(amount, LIQUIDATION_PPM if order.liquidates else fee_ppm(account, maker=maker), PPM)
    if order.liquidates:
        fee = min(fee, max(free + realised, 0))           # no more than is left
    asset, fee = (rules.quote, fee) if order.liquidates else _fee_in(account, rules.quote, fee, bnb)
    account.wallets[rules.quote] = account.wallets.get(rules.quote, 0) + realised
    account.wallets[asset] -= fee
    order.filled += quantity
    order.cost += amount
    order.status, order.updated = ("FILLED" if order.filled == order.quantity else "PARTIALLY_FILLED"), now
    trade = Trade(
        trade_id, order.order_id, order.client_id, order.symbol, order.side, quantity, price, fee, asset, realised, maker, now,
    )
    account.trades.append(trade)
    lines = (("REALIZED_PNL", realised, rules.quote), ("COMMISSION", -fee, asset))
    account.incomes += [Income(order.symbol, kind, income, paid_in, now, trade_id, trade_id) for kind, income, paid_in in lines if income]
    return trade


def _fee_in(account: Account, quote: str, fee: int, bnb: int) -> tuple[str, int]:
    """The asset that a fee is paid in, and how much of it."""
    burnt = share(share(fee, BURNT_PPM, PPM), E8, bnb) if account.burns and bnb else 0
    return ("BNB", burnt) if 0 < burnt <= account.wallets.get("BNB", 0) else (quote, fee)


def _moved(account: Account, order: Order, held: Held, signed: int, price: int, now: int) -> int:
    """The position after a fill, and what was realised by it. What closes gives its share of the isolated margin back, what opens sets some aside."""
    before, after = held.quantity, held.quantity + signed
    opposite = bool(before) and (before > 0) != (signed > 0)
    closing = min(abs(signed), abs(before)) if opposite else 0
    realised = share(price - held.entry, closing if before > 0 else -closing, E8)
    if not opposite:
        held.entry = held.entry + share(price - held.entry, signed, after) if before else price
    elif after and (after > 0) != (before > 0):
        held.entry = price
    if closing:
        held.margin -= share(held.margin, closing, abs(before))
    if order.symbol in account.isolated:
        held.margin += share(abs(signed) - closing, price, E8) // leverage_of(account, order.symbol)
    held.quantity, held.updated, held.realised = after, now, held.realised + realised
    if not after:
        held.entry = 0
    return realised
