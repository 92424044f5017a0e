"""A position with what it is to be left by: what `exits` reckons with, `protection` keeps at the venue, and `fills` changes."""
import msgspec

from streams.core.positions import FLAT, Held
from streams.core.settings import Policy
from streams.core.values import PPM, Side, share, side_of
from streams.core.words import Exit

STOPS = ("guard", "stop")             # legs; all others are targets


class Resting(msgspec.Struct, frozen=True):
    """An exit order of ours that rests at the venue."""

    client_order_id: str
    leg: str                          # guard, stop, target or rung<n>
    price: int
    quantity: int                     # 0: all that is held (the guard)
    why: Exit


class Target(msgspec.Struct, frozen=True):
    """A part of the position to be sold in profit. It is no more once its order has done its work."""

    leg: str                          # target, or rung<n>
    price: int
    part_ppm: int


def runner(targets: tuple[Target, ...]) -> int:
    """The part that no target sells, in ppm; all of it where there is none."""
    return PPM - sum(target.part_ppm for target in targets)


class Position(msgspec.Struct, frozen=True):
    """Prices in 1e-8, times in log_time."""

    held: Held = FLAT
    intent_id: str = ""               # of the entry that opened it; empty: a stranger's
    opened_at: int = 0
    policy: Policy = Policy()
    stop_first: int = 0               # the entry's stop, 0 for a stranger's position
    risk: int = 0                     # R: what is lost per unit at the first stop; what is added later does not change it. 0: none
    targets: tuple[Target, ...] = ()
    runner_ppm: int = 0               # the part that has no target
    best: int = 0                     # the most favourable price since it was opened
    realised: int = 0
    fees: int = 0
    funding: int = 0                  # below zero: paid
    source: str = ""
    model: str = ""
    stop_price: int = 0               # the tightest that was ever wanted
    stop_why: Exit = Exit.STOP
    guard: Resting | None = None
    resting: tuple[Resting, ...] = ()
    beyond_since: int = 0             # since when the price has been beyond a resting stop
    additions: int = 0
    exit: Exit | None = None          # why it was reduced last

    @property
    def side(self) -> Side:
        return side_of(self.held.quantity)

    @property
    def sign(self) -> int:
        """Of the quantity: `sign * price` grows where the position earns."""
        return 1 if self.held.quantity > 0 else -1

    @property
    def size(self) -> int:
        return abs(self.held.quantity)


def reward(position: Position, price: int) -> int:
    """How far a price is away from the entry in favour, in ppm of R; 0 without an R."""
    return share(position.sign * (price - position.held.price_average), PPM, position.risk) if position.risk else 0


def rests_at(position: Position) -> int:
    """The tightest stop that rests; 0 where none does."""
    sign, level = position.sign, position.guard.price if position.guard else 0
    for order in position.resting:
        if order.leg in STOPS and (not level or sign * (order.price - level) > 0):
            level = order.price
    return level
