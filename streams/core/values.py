"""Prices, quantities and amounts are integers of 1e-8; ratios are parts per million (ppm). Rounding lives here and nowhere else."""
from decimal import Decimal, InvalidOperation
from enum import StrEnum

E8 = 100_000_000
PPM = 1_000_000
INT64_MAX = 2**63 - 1


class Side(StrEnum):
    """Of an order or a fill. A position has a signed quantity instead."""

    BUY = "BUY"
    SELL = "SELL"

    @property
    def sign(self) -> int:
        return 1 if self is Side.BUY else -1

    @property
    def opposite(self) -> "Side":
        return Side.SELL if self is Side.BUY else Side.BUY


def side_of(quantity: int) -> Side:
    """The side that leads to a signed quantity; zero is nobody's side and a ValueError."""
    if quantity == 0:
        raise ValueError("a quantity of zero has no side")
    return Side.BUY if quantity > 0 else Side.SELL


def e8(text: str) -> int:
    """Exact integer of a decimal string; ValueError where it has more than eight places, is not finite or does not fit 63 bits."""
    return scaled(text, E8)


def ppm(text: str) -> int:
    """Exact integer of a decimal ratio ("0.02" is 20_000); ValueError as `e8`."""
    return scaled(text, PPM)


def scaled(text: str, unit: int) -> int:
    try:
        value = Decimal(text) * unit
        whole = int(value)
    except (InvalidOperation, OverflowError, ValueError):
        raise ValueError(f"{text!r} is not a finite decimal number") from None
    if value != whole:
        raise ValueError(f"{text} is finer than one part in {unit}")
    if abs(whole) > INT64_MAX:
        raise ValueError(f"{text} does not fit 63 bits at one part in {unit}")
    return whole


def nearest(number: Decimal, unit: int) -> int:
    """A finite number that somebody's float made (1.4943000000000002) as the nearest integer of 1/unit; ValueError where it does not fit 63 bits."""
    if not number.is_finite() or abs(number) * unit > INT64_MAX:
        raise ValueError(f"{number} is not a finite number of 63 bits at one part in {unit}")
    return int((number * unit).to_integral_value())


def decimal(value: int) -> str:
    """The decimal string of a 1e-8 integer, without exponent or trailing zeros: what the venue and people read."""
    return f"{Decimal(value) / E8:f}"


def percent(part_ppm: int) -> str:
    """20_000 ppm as "2 %", for people."""
    return f"{decimal(part_ppm * E8 * 100 // PPM)} %"


def notional(quantity: int, price: int) -> int:
    """Amount in the quote asset, rounded towards zero; its sign is the quantity's."""
    return share(quantity, price, E8)


def share(value: int, part: int, whole: int) -> int:
    """value * part / whole, rounded towards zero, so that a short mirrors a long."""
    product = value * part
    magnitude = abs(product) // abs(whole)
    return magnitude if (product >= 0) == (whole > 0) else -magnitude


def share_up(value: int, part: int, whole: int) -> int:
    """value * part / whole of numbers that are not negative, rounded up: what must not be too little."""
    return -(-value * part // whole)


def down(value: int, grid: int) -> int:
    """Towards zero onto the grid: a quantity is never rounded up."""
    return value // grid * grid if value >= 0 else -(-value // grid * grid)


def up(value: int, grid: int) -> int:
    """A value that is not negative onto the grid, the least that is not less."""
    return -(-value // grid) * grid


def nearer(price: int, tick: int, holding: Side) -> int:
    """A stop's price onto the grid, to the safe side: towards the market, so that rounding never adds to the loss.

    `holding` is the side of the position: a long's stop (a sell below) rounds up, a short's rounds down.
    """
    return -(-price // tick) * tick if holding is Side.BUY else price // tick * tick


def farther(price: int, tick: int, holding: Side) -> int:
    """Onto the grid away from the market, where a distance must not shrink."""
    return nearer(price, tick, holding.opposite)
