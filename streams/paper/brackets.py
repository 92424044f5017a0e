"""Leverage brackets: the larger a position, the less leverage it may have and the more maintenance margin it needs.

Source: Binance's leverage brackets, September 2026, for BTC, ETH, SOL, DOGE and 1000PEPE up to their third bracket; what lies above it, and the other
symbols, follow the same shape. Amounts in 1e-8, rates in ppm.
"""
from itertools import pairwise
from typing import Any

import msgspec

from streams.core.values import E8, PPM, share

Step = tuple[int, int, int]           # up to this notional in whole quote units, leverage, maintenance rate in ppm

_LARGE: tuple[Step, ...] = (
    (300_000, 150, 4_000), (800_000, 100, 5_000), (3_000_000, 75, 6_500), (12_000_000, 50, 10_000), (70_000_000, 25, 20_000),
    (100_000_000, 20, 25_000), (230_000_000, 10, 50_000), (480_000_000, 5, 100_000), (1_200_000_000, 2, 250_000), (1_800_000_000, 1, 500_000),
)
_MIDDLE: tuple[Step, ...] = (
    (50_000, 100, 5_000), (400_000, 75, 6_500), (1_000_000, 50, 10_000), (5_000_000, 40, 12_500), (25_000_000, 25, 20_000), (50_000_000, 20, 25_000),
    (100_000_000, 10, 50_000), (200_000_000, 5, 100_000), (300_000_000, 2, 250_000), (500_000_000, 1, 500_000),
)
_DOGE: tuple[Step, ...] = ((80_000, 75, 6_500), (150_000, 50, 10_000), (750_000, 40, 12_500), *_MIDDLE[4:])
_PEPE: tuple[Step, ...] = ((20_000, 75, 6_500), (200_000, 50, 10_000), (300_000, 40, 15_000), *_MIDDLE[4:])
_STEPS = {"BTC": _LARGE, "ETH": _LARGE, "DOGE": _DOGE, "1000PEPE": _PEPE}


class Bracket(msgspec.Struct, frozen=True):
    """`cum` is what the rate of this bracket asks too much of the part below it."""

    number: int
    leverage: int
    floor: int
    cap: int
    maintenance_ppm: int
    cum: int


def _made(steps: tuple[Step, ...]) -> tuple[Bracket, ...]:
    made = [Bracket(1, steps[0][1], 0, steps[0][0] * E8, steps[0][2], 0)]
    for (_, _, before), (cap, leverage, rate) in pairwise(steps):
        floor = made[-1].cap
        made.append(Bracket(made[-1].number + 1, leverage, floor, cap * E8, rate, made[-1].cum + share(floor, rate - before, PPM)))
    return tuple(made)


_LADDERS = {base: _made(steps) for base, steps in _STEPS.items()}
_OTHERS = _made(_MIDDLE)


def of(base: str) -> tuple[Bracket, ...]:
    """The brackets of a base asset, the smallest first."""
    return _LADDERS.get(base, _OTHERS)


def at(base: str, amount: int) -> Bracket:
    """The bracket of a position by its notional at the mark; beyond the last one, the last."""
    return next((one for one in of(base) if amount < one.cap), of(base)[-1])


def maintenance(base: str, amount: int) -> int:
    """Maintenance margin of a notional."""
    bracket = at(base, amount)
    return share(amount, bracket.maintenance_ppm, PPM) - bracket.cum


def leverage_max(base: str) -> int:
    return of(base)[0].leverage


def notional_max(base: str, leverage: int) -> int:
    """The largest position at this leverage."""
    return max(one.cap for one in of(base) if one.leverage >= leverage)


def told(symbol: str, base: str) -> dict[str, Any]:
    """As leverageBracket answers: numbers, not strings."""
    return {
        "symbol": symbol, "notionalCoef": 1.0,
        "brackets": [
            {
                "bracket": one.number, "initialLeverage": one.leverage, "notionalCap": one.cap // E8, "notionalFloor": one.floor // E8,
                "maintMarginRatio": one.maintenance_ppm / PPM, "cum": one.cum / E8,
            }
            for one in of(base)
        ],
    }
