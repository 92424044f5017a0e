"""Protection wanted against what rests: the smallest list of steps from one to the other, without a gap.

    nothing but the guard, wanted tighter     PLACE stop
    a stop rests, wanted tighter              PLACE the new one, then CANCEL the old one
    a stop rests, the position has changed    the same, with the new quantity
    no target rests, one is wanted            PLACE target
    a target rests, the position has changed  PLACE the new one, then CANCEL the old one

The guard is the saga's: it sizes itself, never moves from here, and stands until the position is flat. Every order placed here only reduces. A
stop is replaced only when it moves by a least step, or each tick would be a request.
"""
import msgspec

from streams.core.commands import PlanStep, Step
from streams.core.exits import Position, Resting, Wanted
from streams.core.ids import client_order_id
from streams.core.values import PPM
from streams.core.words import Exit

STOP, TARGET = "stop", "target"


class Legs(msgspec.Struct, frozen=True):
    """How often each leg of a position was placed: the next revision of its ids."""

    stop: int = 0
    target: int = 0
    exit: int = 0


class Change(msgspec.Struct, frozen=True):
    """The steps, what will rest when they are done, and the legs' counts after them."""

    steps: tuple[PlanStep, ...]
    placing: tuple[Resting, ...]
    legs: Legs


def change(account: str, symbol: str, position: Position, wanted: Wanted, legs: Legs) -> Change:
    """From what rests to what is wanted; no steps where nothing is worth one."""
    size = abs(position.held.quantity)
    owner = position.held.position_id
    placing: list[Resting] = []
    leaving: list[str] = []
    if _stop_due(position, wanted, size):
        placing.append(Resting(client_order_id(account, symbol, owner, STOP, legs.stop), STOP, wanted.stop_price, size, wanted.why))
        leaving += [order.client_order_id for order in position.resting if order.leg == STOP]
        legs = msgspec.structs.replace(legs, stop=legs.stop + 1)
    if _target_due(position, wanted, size):
        placing.append(Resting(client_order_id(account, symbol, owner, TARGET, legs.target), TARGET, wanted.target_price, size, Exit.TARGET))
        leaving += [order.client_order_id for order in position.resting if order.leg == TARGET]
        legs = msgspec.structs.replace(legs, target=legs.target + 1)
    kinds = {STOP: Step.PLACE_STOP, TARGET: Step.PLACE_TARGET}
    places = (PlanStep(kinds[order.leg], order.client_order_id, order.quantity, order.price) for order in placing)
    return Change((*places, *(PlanStep(Step.CANCEL, name) for name in leaving)), tuple(placing), legs)


def _stop_due(position: Position, wanted: Wanted, size: int) -> bool:
    """A stop tighter than what rests by the least step, or a resting stop of another quantity."""
    stops = [order for order in position.resting if order.leg == STOP]
    if any(order.quantity != size for order in stops):
        return bool(wanted.stop_price)
    level = stops[-1].price if stops else position.guard.price if position.guard else 0
    tighter = position.side.sign * (wanted.stop_price - level)
    return tighter > 0 and tighter * PPM >= level * position.policy.trail.rearm_ppm


def _target_due(position: Position, wanted: Wanted, size: int) -> bool:
    targets = [order for order in position.resting if order.leg == TARGET]
    if not wanted.target_price:
        return False
    return not targets or any(order.quantity != size or order.price != wanted.target_price for order in targets)
