"""How much: the quantity that loses no more than the risk at the stop, as far as every limit leaves room, at the least leverage that carries it.

    at_risk  = equity * risk / abs(entry - stop)          fees and slippage come on top
    asked    = by `sizing`: at_risk, or equity * `size_equity` / entry, or `size_fixed` / entry
    scale    = 1 - `confidence_weight` * (1 - confidence)     1 without a weight; never more with less confidence
    quantity = the smaller of at_risk and asked * scale
    capped by the size that the intent wishes (else `size_default`), by `notional_max` and the venue's largest order, and by these rooms:
      exposure    of the symbol, and gross and net of the account
      direction   of the longs, or of the shorts
      group       of the symbols that move together with this one
      margin      equity * `margin_use_max`, less what other symbols bind, times the leverage, less what this symbol has

Leverage is bounded by wish, limits and instrument, and by the stop: the liquidation must lie beyond it by `liquidation_gap`. It is reckoned as if the
position had no margin but its own (isolated), which is the strictest case; a cross account is liquidated later than that. What is added to a position
is liquidated with it: the worst price of them counts, since the leverage is the symbol's.
"""
import msgspec

from streams.core.commands import Propose
from streams.core.exposure import Room
from streams.core.settings import Limits
from streams.core.values import E8, PPM, Side, down, notional, share, share_up, up
from streams.core.words import OrderType


class Size(msgspec.Struct, frozen=True):
    """A size with the figures that led to it. Where a room is smaller than `smallest` the ladder denies, whatever the quantity."""

    quantity: int                     # on the step; 0 where there is none
    notional: int
    leverage: int
    smallest: int                     # notional of the least order that the venue takes
    exposure_room: int
    direction_room: int
    group: str                        # empty: the symbol is in none, and `group_room` bounds nothing
    group_room: int
    margin_room: int                  # at `leverage_max`
    safe_room: int                    # at `leverage_safe`
    leverage_max: int                 # of wish, limits and instrument
    leverage_safe: int                # with the liquidation beyond the stop; 0: none is


def price_of(proposal: Propose) -> int:
    """What an order is reckoned at: its limit, or the mark."""
    return proposal.entry_price if proposal.order_type is OrderType.LIMIT else proposal.mark


def size(proposal: Propose, room: Room, limits: Limits) -> Size:
    """The stop must lie on the right side of the price (the ladder asks that first)."""
    price = price_of(proposal)
    leverage_max = max(min(limits.leverage_max, proposal.leverage_wish or limits.leverage_max, proposal.leverage_max or limits.leverage_max), 1)
    leverage_safe = safe_leverage(proposal, leverage_max, limits.liquidation_gap_ppm, room.entered)
    margin_free = max(share(room.equity, limits.margin_use_max_ppm, PPM) - room.margin_elsewhere, 0)
    exposure, direction = exposure_room(proposal.side, room, limits), direction_room(proposal.side, room, limits)
    safe = margin_free * leverage_safe - room.of_symbol
    wish = proposal.size_wish or limits.size_default
    caps = [limits.notional_max, exposure, direction, safe, *([wish] if wish else []), *([room.group_room] if room.group else [])]
    most = min(asked(proposal, max(room.equity, 0), limits), proposal.quantity_max, *(share(cap, E8, price) for cap in caps))
    quantity = down(max(most, 0), proposal.quantity_step)
    amount = notional(quantity, price)
    leverage = min(least_leverage(amount + room.of_symbol, margin_free, room.leverage_held), max(leverage_safe, 1))
    return Size(
        quantity, amount, leverage, smallest(proposal), exposure, direction, room.group, room.group_room,
        margin_free * leverage_max - room.of_symbol, safe, leverage_max, leverage_safe,
    )


def asked(proposal: Propose, equity: int, limits: Limits) -> int:
    """The quantity before its caps: what `sizing` says, by confidence, and never more than what loses the risk at the stop."""
    price = price_of(proposal)
    at_risk = share(share(equity, limits.risk_ppm, PPM), E8, max(abs(price - proposal.stop_price), 1))
    match limits.sizing:
        case "equity":
            quantity = share(share(equity, limits.size_equity_ppm, PPM), E8, price)
        case "fixed":
            quantity = share(limits.size_fixed, E8, price)
        case _:
            quantity = at_risk
    return min(at_risk, share(quantity, scale(proposal.confidence_ppm, limits.confidence_weight_ppm), PPM))


def scale(confidence_ppm: int, weight_ppm: int) -> int:
    """The part of its size that an entry of this confidence gets, in ppm: all of it at 1, and 1 less the weight at 0."""
    return PPM - share_up(weight_ppm, PPM - max(confidence_ppm, 0), PPM)


def smallest(proposal: Propose) -> int:
    """Notional of the least order that the venue takes at this price."""
    step, price = proposal.quantity_step, price_of(proposal)
    quantity = up(max(proposal.quantity_min, step, share_up(proposal.notional_min, E8, price)), step)
    return share_up(quantity, price, E8)


def exposure_room(side: Side, room: Room, limits: Limits) -> int:
    """Notional that symbol, gross and net still allow on this side; below zero where they are exceeded."""
    gross = share(room.equity, limits.exposure_gross_max_ppm, PPM) - room.gross
    net = share(room.equity, limits.exposure_net_max_ppm, PPM) - side.sign * room.net
    return min(limits.symbol_notional_max - room.of_symbol, gross, net)


def direction_room(side: Side, room: Room, limits: Limits) -> int:
    """Notional that the longs, or the shorts, may still grow by."""
    most = limits.exposure_long_max_ppm if side is Side.BUY else limits.exposure_short_max_ppm
    return share(room.equity, most, PPM) - room.on_side(side)


def liquidation(side: Side, price: int, leverage: int, maintenance_ppm: int) -> int:
    """Of a position that has its initial margin alone, rounded towards the entry.

    Binance's formula with the first bracket: (wallet - side * quantity * entry) / (quantity * maintenance - side * quantity), where the wallet is
    quantity * entry / leverage.
    """
    if side is Side.BUY:
        return share_up(price * (leverage - 1), PPM, leverage * (PPM - maintenance_ppm))
    return share(price * (leverage + 1), PPM, leverage * (PPM + maintenance_ppm))


def safe_leverage(proposal: Propose, leverage_max: int, gap_ppm: int, entered: tuple[tuple[int, int], ...] = ()) -> int:
    """The highest leverage whose liquidation lies beyond the stop by the gap (of the price); 0 where none does.

    `entered`: what the symbol has already, signed quantities with their prices. The position's average lies between the best and the worst price.
    """
    sign = proposal.side.sign
    prices = [price_of(proposal), *(price for quantity, price in entered if quantity * sign > 0 and price)]
    price = max(prices) if sign > 0 else min(prices)
    beyond = proposal.stop_price - sign * share_up(price, gap_ppm, PPM)
    for leverage in range(leverage_max, 0, -1):
        if sign * (beyond - liquidation(proposal.side, price, leverage, proposal.maintenance_ppm)) >= 0:
            return leverage
    return 0


def least_leverage(amount: int, margin_free: int, held: int) -> int:
    """The smallest that carries the amount; a symbol that holds something keeps what it stands at, since the venue may refuse to lower it."""
    return max(1, held, share_up(amount, 1, margin_free) if margin_free else 1)
