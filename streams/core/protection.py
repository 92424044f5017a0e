"""Protection wanted against what rests: the smallest list of steps from one to the other, without a gap.

    nothing but the guard, wanted tighter     PLACE stop
    a stop rests, wanted tighter              PLACE the new one, then CANCEL the old one
    a stop rests, the position has changed    the same, with the new quantity
    a target is wanted and does not rest      PLACE target; REDUCE at once where the price has passed it
    a target rests, its part has changed      PLACE the new one, then CANCEL the old one

The guard is the saga's: it sizes itself, never moves from here, and stands until the position is flat. Every order placed here only reduces. A
stop is replaced only when it moves by a least step, or each tick would be a request. Targets share what is held: each its part, rounded down to
the venue's step, and the last one what is left, unless a part is meant to run on. When one has filled, the others already have the right size.

What is more than one order may have goes out as several at one price, each with a revision of its own, and at most `PARTS_MAX`. A stop that these
cannot cover is one order, which the gateway lets size itself, and only where no other stands; a target that they cannot sell is not placed, and acted
upon when the price is there.
"""
from collections.abc import Mapping
from functools import lru_cache

import msgspec

from streams.core.commands import PlanStep, Step
from streams.core.exits import Wanted, worth_moving
from streams.core.ids import client_order_id
from streams.core.protected import STOPS, Position, Resting, Target
from streams.core.values import INT64_MAX, down, share
from streams.core.words import Exit

PARTS_MAX = 10                        # orders of one leg: 200 of all legs and symbols may wait in an account
Legs = dict[str, int]                 # leg -> how often it was placed: the next revision of its ids
STOP = "stop"


class Change(msgspec.Struct, frozen=True):
    """The steps, what will rest when they are done, and the legs' counts after them."""

    steps: tuple[PlanStep, ...]
    placing: tuple[Resting, ...]
    selling: tuple[Resting, ...]      # at once
    legs: Legs
    reason: Exit = Exit.STOP


class Where(msgspec.Struct, frozen=True):
    """What every step of a change needs."""

    account: str
    symbol: str
    quantity_step: int
    price: int                        # that triggers go by; 0 where none can be believed
    quantity_max: int = INT64_MAX     # of one order


def change(where: Where, position: Position, wanted: Wanted, legs: Legs) -> Change:
    """From what rests to what is wanted; no steps where nothing is worth one."""
    placing: list[Resting] = []
    at_once: list[Resting] = []
    leaving: list[str] = []
    sign = position.sign
    if _stop_due(position, wanted, where.price) and (pieces := _stop_pieces(where, position)):
        placing += [Resting("", STOP, wanted.stop_price, piece, wanted.why) for piece in pieces]
        leaving += [order.client_order_id for order in position.resting if order.leg == STOP]
    for goal in _goals(position, where.quantity_step):
        ahead = not where.price or sign * (where.price - goal.price) < 0
        pieces = parts(goal.quantity, where.quantity_max, where.quantity_step)
        orders = [msgspec.structs.replace(goal, quantity=piece) for piece in pieces]
        if ahead and sum(pieces) == goal.quantity:
            placing += orders
        elif not ahead and goal.leg != "target":      # the whole is closed instead (`exits.passed`), unless it fills where it rests
            at_once += orders
    changed = {goal.leg for goal in (*placing, *at_once)}
    kept = {target.leg for target in position.targets}
    leaving += [o.client_order_id for o in position.resting if o.leg not in STOPS and (o.leg in changed or o.leg not in kept)]
    if not (changed or leaving):
        return Change((), (), (), legs)
    named, legs = _named(where, position, [*placing, *at_once], legs)
    steps = [_step(position, order, Step.REDUCE if number >= len(placing) else None) for number, order in enumerate(named)]
    reason = named[0].why if named else Exit.STOP
    cancels = (PlanStep(Step.CANCEL, name) for name in leaving)
    rest, at_once = named[: len(placing)], named[len(placing) :]
    return Change((*steps, *cancels), tuple(rest), tuple(at_once), legs, reason)


def parts(quantity: int, quantity_max: int, quantity_step: int) -> tuple[int, ...]:
    """A quantity as orders of which none has more than it may: the first ones the most, the last one what is left, at most `PARTS_MAX`."""
    most = max(down(quantity_max, quantity_step), quantity_step)
    whole, rest = divmod(quantity, most)
    return ((most,) * min(whole, PARTS_MAX) + ((rest,) if rest else ()))[:PARTS_MAX]


def _stop_pieces(where: Where, position: Position) -> tuple[int, ...]:
    """A stop for all that is held: in parts, or in one where there would be too many; none where that one would stand beside another."""
    pieces = parts(position.size, where.quantity_max, where.quantity_step)
    if sum(pieces) == position.size:
        return pieces
    return () if position.guard or any(order.leg == STOP for order in position.resting) else (position.size,)


def _stop_due(position: Position, wanted: Wanted, price: int) -> bool:
    """A stop tighter than what rests by the least step, or resting stops of another quantity; none where the price is beyond it already."""
    if price and position.sign * (price - wanted.stop_price) <= 0:
        return False
    stops = [order for order in position.resting if order.leg == STOP]
    if not stops:
        return worth_moving(position, wanted.stop_price, position.guard.price if position.guard else 0)
    level = stops[-1].price           # an older one is there because it could not be cancelled
    if sum(order.quantity for order in stops if order.price == level) != position.size:
        return bool(wanted.stop_price)
    return worth_moving(position, wanted.stop_price, level)


def _goals(position: Position, quantity_step: int) -> list[Resting]:
    """The targets that must be placed, or placed anew: all that are missing, and all of another size where the sizes no longer add up."""
    shares = sizes(position.size, position.targets, position.runner_ppm, quantity_step)
    resting: dict[str, int] = {}
    for order in position.resting:
        if order.leg not in STOPS:
            resting[order.leg] = resting.get(order.leg, 0) + order.quantity
    off = abs(sum(resting.values()) - sum(shares.values()))
    slack = len(shares) * quantity_step if position.runner_ppm else 0
    if off <= slack and shares.keys() <= resting.keys():
        return []
    goals = [Resting("", target.leg, target.price, shares[target.leg], Exit.TARGET) for target in position.targets if target.leg in shares]
    return [goal for goal in goals if resting.get(goal.leg) != goal.quantity]


@lru_cache(4_096)                     # the same at every tick, until something fills
def sizes(size: int, targets: tuple[Target, ...], runner_ppm: int, quantity_step: int) -> Mapping[str, int]:
    """What each target sells of what is held: leg -> quantity, none of zero; together never more than the position."""
    whole = sum(target.part_ppm for target in targets) + runner_ppm
    shares = {target.leg: down(share(size, target.part_ppm, whole), quantity_step) for target in targets}
    if targets and not runner_ppm:
        last = targets[-1].leg
        shares[last] += size - sum(shares.values())
    return {leg: quantity for leg, quantity in shares.items() if quantity}


def _named(where: Where, position: Position, orders: list[Resting], legs: Legs) -> tuple[list[Resting], Legs]:
    """Each order with the next id of its leg."""
    named: list[Resting] = []
    for order in orders:
        revision = legs.get(order.leg, 0)
        name = client_order_id(where.account, where.symbol, position.held.position_id, order.leg, revision)
        named.append(msgspec.structs.replace(order, client_order_id=name))
        legs = {**legs, order.leg: revision + 1}
    return named, legs


def _step(position: Position, order: Resting, step: Step | None) -> PlanStep:
    if step is Step.REDUCE:
        return PlanStep(step, order.client_order_id, order.quantity)
    kind, policy = Step.PLACE_STOP if order.leg == STOP else Step.PLACE_TARGET, position.policy
    return PlanStep(kind, order.client_order_id, order.quantity, order.price, policy.trigger, policy.price_protect)
