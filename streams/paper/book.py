"""The order book that is made of a tick: the best price as the source tells it, and levels behind it.

A source tells the top of the book alone. What stands behind it is made up: one level every `LEVEL_PPM` of the price, each as deep as `Rules.depth`.
So a size beyond the top pays 100 ppm more for each further depth, in fills of their own. Pure arithmetic in 1e-8.
"""
from collections.abc import Iterator
from itertools import count, islice

from streams.core.values import PPM, Side, share
from streams.paper.instruments import Rules, top_quantity
from streams.paper.orders import Order, Top

LEVEL_PPM = 100
Level = tuple[int, int]               # price and quantity


def best(top: Top, taker: Side) -> int:
    """The price that a taker of this side meets."""
    return top.ask if taker is Side.BUY else top.bid


def levels(rules: Rules, top: Top, taker: Side, taken: int = 0) -> Iterator[Level]:
    """What stands against a taker of this side, the best first, out to the bound of a market order. `taken` went since the last tick."""
    start, sign = best(top, taker), taker.sign
    spacing = max(share(start, LEVEL_PPM, PPM) // rules.tick * rules.tick, rules.tick)
    for number in count():
        price = start + sign * spacing * number
        if price <= 0 or abs(price - start) * PPM > start * rules.take_bound_ppm:
            return
        told = (top.ask_quantity if taker is Side.BUY else top.bid_quantity) if number == 0 else 0
        quantity = told or top_quantity(rules, price)
        gone = min(taken, quantity)
        taken -= gone
        if quantity > gone:
            yield price, quantity - gone


def sweep(standing: Iterator[Level], side: Side, wanted: int, limit: int = 0) -> list[Level]:
    """What an order of this size would take, level by level, no further than its limit (0: none)."""
    found: list[Level] = []
    for price, quantity in standing:
        if wanted <= 0 or (limit and side.sign * (price - limit) > 0):
            break
        found.append((price, min(quantity, wanted)))
        wanted -= quantity
    return found


def matched(rules: Rules, top: Top, side: Side, match: str) -> int:
    """The price that a price match stands for: the n-th of the other side (OPPONENT_n) or of its own (QUEUE_n); 0 where there is no such level."""
    kind, _, number = match.partition("_")
    ladder = levels(rules, top, side if kind == "OPPONENT" else side.opposite)
    return next(islice((price for price, _ in ladder), int(number or 1) - 1, None), 0)


def crosses(order: Order, top: Top) -> bool:
    """Whether it would be filled now."""
    return order.kind == "MARKET" or order.side.sign * (order.price - best(top, order.side)) >= 0


def outside_band(rules: Rules, top: Top, taker: Side) -> bool:
    """Whether the best price that a taker meets is itself farther from the mark than PERCENT_PRICE allows."""
    return taker.sign * (best(top, taker) - top.mark) * PPM > top.mark * rules.band_ppm
