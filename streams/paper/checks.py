"""A request's parameters made into an order, or the code with which Binance refuses it. Filters are those of `instruments`.

What a request says comes first (what is missing, misspelt or not wanted), then what its numbers are (signs, bounds, grids, the band around the mark),
then what it is worth. What account and book say to it comes after (`admission`).
"""
import re

from streams.core.values import E8, PPM, Side, decimal, notional
from streams.paper import book
from streams.paper.instruments import Rules, price_places, quantity_places
from streams.paper.orders import CONDITIONAL, Algo, Order, Top, VenueError
from streams.paper.parameters import Asked, flag, needed, not_wanted, number, one_of, precise, whole

CLIENT_ID = re.compile(r"[.A-Z:/a-z0-9_-]{1,36}")
TIMES_IN_FORCE = ("GTC", "IOC", "FOK", "GTX", "GTD")
PRICE_MATCHES = ("NONE", *(f"{kind}{level}" for kind in ("OPPONENT", "QUEUE") for level in ("", "_5", "_10", "_20")))
GTD_AHEAD_MS, GTD_MAX = 600_000, 253_402_300_799_000
CALLBACK_MIN, CALLBACK_MAX = E8 // 10, 20 * E8        # percent
BAD_TIME_IN_FORCE = (-1115, "Invalid timeInForce.")


def order_asked(asked: Asked, rules: Rules, top: Top, order_id: int, now: int) -> Order:
    """POST /fapi/v1/order. Raises VenueError."""
    wanted_side, kind = side(asked), needed(asked, "type")
    if kind in CONDITIONAL:
        raise VenueError(-4120, "Order type not supported for this endpoint. Please use the Algo Order API endpoints instead.")
    if kind not in ("MARKET", "LIMIT"):
        raise VenueError(-1116, "Invalid orderType.")
    if flag(asked, "closePosition"):
        raise VenueError(-4136, "Target strategy invalid for orderType.")
    _said(asked, matches=PRICE_MATCHES)
    if kind == "MARKET" and asked.get("priceMatch", "NONE") != "NONE":
        raise VenueError(-5038, "Price match only supports order type: LIMIT, STOP AND TAKE_PROFIT")
    not_wanted(asked, *(("price", "timeInForce") if kind == "MARKET" else ()), "stopPrice", "triggerPrice", "activatePrice", "callbackRate")
    force = one_of(asked, "timeInForce", TIMES_IN_FORCE, VenueError(*BAD_TIME_IN_FORCE)) if kind == "LIMIT" else "GTC"
    order = Order(
        order_id, client_id(asked.get("newClientOrderId"), order_id), rules.symbol, wanted_side, kind,
        quantity(asked, rules, market=kind == "MARKET"), time_in_force=force, good_till=_good_till(asked, force, now),
        reduce_only=flag(asked, "reduceOnly"), created=now, updated=now, origin=kind,
    )
    if kind == "LIMIT":
        _price_of(order, asked, rules, top)
        within_band(order.side, order.price, rules, top)
    _worth_it(order.quantity, order.price or top.mark, rules, exempt=order.reduce_only)
    return order


def algo_asked(asked: Asked, rules: Rules, top: Top, algo_id: int, now: int) -> Algo:
    """POST /fapi/v1/algoOrder. Raises VenueError."""
    if needed(asked, "algoType") != "CONDITIONAL" or (kind := needed(asked, "type")) not in CONDITIONAL:
        raise VenueError(-1116, "Invalid orderType.")
    wanted_side, limit, trailing = side(asked), kind in ("STOP", "TAKE_PROFIT"), kind == "TRAILING_STOP_MARKET"
    _said(asked)
    closing = flag(asked, "closePosition")
    if closing:
        _only_closing(asked, kind)
    not_wanted(asked, *(() if limit else ("price",)), *(("triggerPrice",) if trailing else ("activatePrice", "callbackRate")))
    force = one_of(asked, "timeInForce", (*TIMES_IN_FORCE, "GTE_GTC"), VenueError(*BAD_TIME_IN_FORCE), "GTC")
    algo = Algo(
        algo_id, client_id(asked.get("clientAlgoId"), algo_id), rules.symbol, wanted_side, kind,
        0 if closing else quantity(asked, rules, market=not limit), price_protect=flag(asked, "priceProtect"), reduce_only=flag(asked, "reduceOnly"),
        working_type=one_of(asked, "workingType", ("CONTRACT_PRICE", "MARK_PRICE"), VenueError(-1116, "Invalid workingType."), "CONTRACT_PRICE"),
        close_position=closing, time_in_force=force, good_till=_good_till(asked, force, now), created=now, updated=now,
    )
    if trailing:
        algo.callback_ppm, algo.activation = _callback(asked), _activation(asked, rules)
    else:
        algo.trigger = trigger(asked, rules)
    if limit:
        algo.price = price(asked, "price", rules)
        _near_trigger(algo, rules)
    _worth_it(algo.quantity, algo.price or algo.trigger or top.mark, rules, exempt=algo.reduce_only or closing)
    return algo


# ---------------------------------------------------------------------------------------------------------------- words


def side(asked: Asked) -> Side:
    return Side(one_of(asked, "side", tuple(Side), VenueError(-1117, "Invalid side.")))


def client_id(given: str | None, otherwise: int) -> str:
    if given is None:
        return f"paper{otherwise}"
    if not CLIENT_ID.fullmatch(given):
        raise VenueError(-4015, "Client order id length should not be more than 36 chars")
    return given


def _said(asked: Asked, matches: tuple[str, ...] = ("NONE",)) -> None:
    """Modes that this exchange has but one or a few of."""
    if asked.get("positionSide", "BOTH") != "BOTH":
        raise VenueError(-4061, "Order's position side does not match user's setting.")
    one_of(asked, "newOrderRespType", ("ACK", "RESULT"), VenueError(-1136, "Invalid newOrderRespType."), "ACK")
    one_of(asked, "priceMatch", matches, VenueError(-5037, "Invalid price match"), "NONE")
    prevention = ("NONE", "EXPIRE_TAKER", "EXPIRE_MAKER", "EXPIRE_BOTH")
    one_of(asked, "selfTradePreventionMode", prevention, VenueError(-5039, "Invalid self trade prevention mode"), "NONE")


def _only_closing(asked: Asked, kind: str) -> None:
    if kind not in ("STOP_MARKET", "TAKE_PROFIT_MARKET"):
        raise VenueError(-4136, "Target strategy invalid for orderType.")
    if "quantity" in asked:
        raise VenueError(-4137, "Quantity must be zero with closePosition equals true.")
    if "reduceOnly" in asked:
        raise VenueError(-4138, "Reduce only must be true with closePosition equals true.")


def _good_till(asked: Asked, force: str, now: int) -> int:
    """Whole seconds, at least ten minutes ahead."""
    if force != "GTD":
        not_wanted(asked, "goodTillDate")
        return 0
    needed(asked, "goodTillDate")
    till = whole(asked, "goodTillDate", 0)
    if not now + GTD_AHEAD_MS < till < GTD_MAX:
        raise VenueError(-5040, f"The goodTillDate timestamp must be greater than the current time plus 600 seconds and smaller than {GTD_MAX}")
    return till // 1_000 * 1_000


# ---------------------------------------------------------------------------------------------------------------- numbers


def quantity(asked: Asked, rules: Rules, *, market: bool) -> int:
    value = number(asked, "quantity")
    if value <= 0:
        raise VenueError(-4003, "Quantity less than or equal to zero.")
    if value < rules.step:
        raise VenueError(-4004, "Quantity less than min quantity.")
    if value > (rules.market_quantity_max if market else rules.quantity_max):
        raise VenueError(-4005, "Quantity greater than max quantity.")
    precise(value, quantity_places(rules))
    if value % rules.step:
        raise VenueError(-4023, "Quantity not increased by step size.")
    return value


def price(asked: Asked, name: str, rules: Rules) -> int:
    value = number(asked, name)
    if value <= 0:
        raise VenueError(-4001, "Price less than 0.")
    return _on_grid(value, rules, VenueError(-4002, "Price greater than max price."))


def _price_of(order: Order, asked: Asked, rules: Rules, top: Top) -> None:
    """A limit order's price: its own, or what the book gives for its price match."""
    order.price_match = asked.get("priceMatch") or "NONE"
    if order.price_match == "NONE":
        order.price = price(asked, "price", rules)
        return
    not_wanted(asked, "price")
    order.price = book.matched(rules, top, order.side, order.price_match)
    if not order.price:
        raise VenueError(-5041, "No depth matches this BBO order")


def trigger(asked: Asked, rules: Rules) -> int:
    """Missing, zero, negative and misnamed are the same to Binance."""
    value = number(asked, "triggerPrice") if asked.get("triggerPrice") else 0
    if value <= 0:
        raise VenueError(-4006, "Stop price less than zero.")
    return _on_grid(value, rules, VenueError(-4007, "Stop price greater than max price."))


def _activation(asked: Asked, rules: Rules) -> int:
    """0 where there is none: it follows at once."""
    if not asked.get("activatePrice"):
        return 0
    value = number(asked, "activatePrice")
    if value <= 0:
        raise VenueError(-4135, "Invalid activation price.")
    return _on_grid(value, rules, VenueError(-4135, "Invalid activation price."))


def _on_grid(value: int, rules: Rules, too_high: VenueError) -> int:
    if value < rules.tick:
        raise VenueError(-4013, "Price less than min price.")
    if value > rules.price_max:
        raise too_high
    precise(value, price_places(rules))
    if value % rules.tick:
        raise VenueError(-4014, "Price not increased by tick size.")
    return value


def within_band(order_side: Side, value: int, rules: Rules, top: Top) -> None:
    """PERCENT_PRICE looks one way: a buyer's price may be low, a seller's high."""
    if order_side is Side.BUY and value * PPM > top.mark * (PPM + rules.band_ppm):
        raise VenueError(-4016, "Limit price can't be higher than the mark price multiplier cap.")
    if order_side is Side.SELL and value * PPM < top.mark * (PPM - rules.band_ppm):
        raise VenueError(-4024, "Limit price can't be lower than the mark price multiplier floor.")


def _near_trigger(algo: Algo, rules: Rules) -> None:
    """The limit price of a STOP or TAKE_PROFIT is measured by its trigger."""
    if algo.side is Side.BUY and algo.price * PPM > algo.trigger * (PPM + rules.band_ppm):
        raise VenueError(-4183, "Limit price can't be higher than the stop price multiplier cap.")
    if algo.side is Side.SELL and algo.price * PPM < algo.trigger * (PPM - rules.band_ppm):
        raise VenueError(-4184, "Limit price can't be lower than the stop price multiplier floor.")


def _callback(asked: Asked) -> int:
    rate = number(asked, "callbackRate")
    if not CALLBACK_MIN <= rate <= CALLBACK_MAX:
        raise VenueError(-2007, "Invalid callBack rate")
    return rate * 10_000 // E8


def _worth_it(size: int, value: int, rules: Rules, *, exempt: bool) -> None:
    if not exempt and notional(size, value) < rules.notional_min:
        raise VenueError(-4164, f"Order's notional must be no smaller than {decimal(rules.notional_min)} (unless you choose reduce only)")
