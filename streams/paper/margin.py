"""What margin the positions of an account hold, what is left of it, and the price at which it is gone. Pure arithmetic in 1e-8.

The margin of a symbol is crossed (the whole wallet of its asset carries it) or isolated (only what was set aside for it does).
"""
from streams.core.values import E8, PPM, share
from streams.paper import brackets
from streams.paper.instruments import Rules
from streams.paper.orders import Account, Top

LEVERAGE_DEFAULT = 20
Symbols = dict[str, Rules]
Tops = dict[str, Top]


def leverage_of(account: Account, symbol: str) -> int:
    return account.leverage.get(symbol, LEVERAGE_DEFAULT)


def notional_of(account: Account, symbol: str, tops: Tops) -> int:
    """At the mark, never negative."""
    return abs(share(account.held(symbol).quantity, tops[symbol].mark, E8))


def maintenance_of(account: Account, symbol: str, rules: Symbols, tops: Tops) -> int:
    return brackets.maintenance(rules[symbol].base, notional_of(account, symbol, tops))


def profit_of(account: Account, symbol: str, tops: Tops) -> int:
    held = account.held(symbol)
    return share(tops[symbol].mark - held.entry, held.quantity, E8)


def _open(account: Account, asset: str, rules: Symbols, *, isolated: bool | None) -> list[str]:
    """Symbols with a position in an asset; `isolated` chooses, None takes all."""
    return [
        symbol for symbol, held in account.positions.items()
        if held.quantity and rules[symbol].quote == asset and isolated in (None, symbol in account.isolated)
    ]


def cross_wallet(account: Account, asset: str, rules: Symbols) -> int:
    """The wallet without what is set aside for isolated positions."""
    return account.wallets.get(asset, 0) - sum(account.positions[one].margin for one in _open(account, asset, rules, isolated=True))


def open_profit(account: Account, asset: str, rules: Symbols, tops: Tops, *, isolated: bool | None = None) -> int:
    return sum(profit_of(account, symbol, tops) for symbol in _open(account, asset, rules, isolated=isolated))


def margins(account: Account, asset: str, rules: Symbols, tops: Tops, *, isolated: bool | None = None) -> tuple[int, int]:
    """Initial and maintenance margin of the positions in an asset."""
    symbols = _open(account, asset, rules, isolated=isolated)
    initial = sum(notional_of(account, symbol, tops) // leverage_of(account, symbol) for symbol in symbols)
    return initial, sum(maintenance_of(account, symbol, rules, tops) for symbol in symbols)


def resting_margin(account: Account, asset: str, rules: Symbols, symbol: str = "") -> int:
    """What the resting orders that may open something hold back, of one symbol or of all."""
    return sum(
        share(order.left, order.price, E8) // leverage_of(account, order.symbol)
        for order in account.working()
        if not order.reduce_only and rules[order.symbol].quote == asset and symbol in ("", order.symbol)
    )


def available(account: Account, asset: str, rules: Symbols, tops: Tops) -> int:
    """What a new position may use."""
    balance = cross_wallet(account, asset, rules) + min(open_profit(account, asset, rules, tops, isolated=False), 0)
    return max(balance - margins(account, asset, rules, tops, isolated=False)[0] - resting_margin(account, asset, rules), 0)


def carried(account: Account, symbol: str, rules: Symbols, tops: Tops) -> tuple[int, int]:
    """What carries a position, and the maintenance margin that it must cover: its own where it is isolated, else that of all that are crossed."""
    if symbol in account.isolated:
        return account.held(symbol).margin + profit_of(account, symbol, tops), maintenance_of(account, symbol, rules, tops)
    asset = rules[symbol].quote
    balance = cross_wallet(account, asset, rules) + open_profit(account, asset, rules, tops, isolated=False)
    return balance, margins(account, asset, rules, tops, isolated=False)[1]


def liquidation_price(account: Account, symbol: str, rules: Symbols, tops: Tops) -> int:
    """The mark at which a position is exhausted, the others' marks standing still; 0 where that is no price.

    Binance's formula: (wallet - maintenance of the others + open profit of the others + cum - quantity x entry)
    / (|quantity| x maintenance rate - quantity); an isolated position has its own wallet and no others.
    """
    held, asset = account.held(symbol), rules[symbol].quote
    if not held.quantity:
        return 0
    bracket = brackets.at(rules[symbol].base, notional_of(account, symbol, tops))
    if symbol in account.isolated:
        wallet = held.margin
    else:
        others = open_profit(account, asset, rules, tops, isolated=False) - profit_of(account, symbol, tops)
        needed = margins(account, asset, rules, tops, isolated=False)[1] - maintenance_of(account, symbol, rules, tops)
        wallet = cross_wallet(account, asset, rules) + others - needed
    above = wallet + bracket.cum - share(held.quantity, held.entry, E8)
    below = abs(held.quantity) * bracket.maintenance_ppm - held.quantity * PPM
    return max(share(above, E8 * PPM, below), 0)
