"""Conditional orders: when a trigger is met, by last price or by mark, and what becomes of the order then.

It becomes an ordinary order under the same client id, or is refused: nothing about margin or position is looked at before.
"""
from streams.core.values import PPM, Side, share
from streams.paper import admission, filling
from streams.paper.events import algo_update
from streams.paper.floor import Floor, closes
from streams.paper.orders import Algo, Order, Top, VenueError


def begin(algo: Algo, top: Top) -> None:
    """Looks at it for the first time. Raises VenueError where it would be triggered at once."""
    wrong = algo.activation and algo.side.sign * (top.last - algo.activation) <= 0
    if wrong or (algo.trigger and is_met(algo, top)):
        raise VenueError(-2021, "Order would immediately trigger.")
    if algo.callback_ppm and not algo.activation:
        algo.activated, algo.extreme = True, _price(algo, top)


def look(floor: Floor, key: str, algo: Algo, now: int) -> None:
    """At a new price. A trailing stop that begins to follow is told of as NEW a second time."""
    top, followed = floor.tops[algo.symbol], algo.activated
    met = is_met(algo, top)
    if algo.activated and not followed:
        floor.tell(key, algo_update(algo, now))
    if met and not (algo.price_protect and abs(top.mark - top.last) * PPM > floor.rules[algo.symbol].protect_ppm * top.last):
        _trigger(floor, key, algo, now)


def is_met(algo: Algo, top: Top) -> bool:
    price = _price(algo, top)
    if algo.kind == "TRAILING_STOP_MARKET":
        return _trailed(algo, price)
    above = (algo.side is Side.BUY) == algo.kind.startswith("STOP")
    return price >= algo.trigger if above else price <= algo.trigger


def _price(algo: Algo, top: Top) -> int:
    return top.mark if algo.working_type == "MARK_PRICE" else top.last


def _trailed(algo: Algo, price: int) -> bool:
    """Follows the best price once it is activated, and is met when the price comes back by the callback."""
    sign = algo.side.opposite.sign                        # of the position that it closes
    if not algo.activated:
        algo.activated = sign * (price - algo.activation) >= 0
        algo.extreme = price
    if algo.activated and sign * (price - algo.extreme) > 0:
        algo.extreme = price
    return algo.activated and sign * (price - algo.extreme) <= -share(algo.extreme, algo.callback_ppm, PPM)


def _trigger(floor: Floor, key: str, algo: Algo, now: int) -> None:
    algo.status, algo.updated, algo.triggered = "TRIGGERING", now, now
    floor.tell(key, algo_update(algo, now))
    if floor.stuck(algo):
        return
    held, reduces = floor.accounts[key].held(algo.symbol).quantity, algo.close_position or algo.reduce_only
    if reduces and not closes(held, algo.side):
        algo.reason = "no position to reduce"
        filling.turn(floor, key, algo, "EXPIRED" if algo.close_position else "REJECTED", now)
        return
    order = _became(algo, next(floor.order_ids), held, now)
    try:
        admission.at_trigger(floor, key, order)
    except VenueError as refused:
        algo.reason = refused.text
        filling.turn(floor, key, algo, "REJECTED", now)
        return
    algo.order_id, algo.status = order.order_id, "TRIGGERED"
    floor.tell(key, algo_update(algo, now))
    filling.enter(floor, key, order, now)


def _became(algo: Algo, order_id: int, held: int, now: int) -> Order:
    quantity = abs(held) if algo.close_position else min(algo.quantity, abs(held)) if algo.reduce_only else algo.quantity
    return Order(
        order_id, algo.client_id, algo.symbol, algo.side, "LIMIT" if algo.price else "MARKET", quantity, algo.price,
        time_in_force=algo.time_in_force if algo.price else "GTC", good_till=algo.good_till, reduce_only=algo.reduce_only or algo.close_position,
        close_position=algo.close_position, created=now, updated=now, origin=algo.kind, trigger=algo.trigger, working_type=algo.working_type,
        price_protect=algo.price_protect, activation=algo.activation, callback_ppm=algo.callback_ppm,
    )
