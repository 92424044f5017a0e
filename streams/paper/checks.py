"""A request's parameters made into an order, or the code with which Binance refuses it. Filters are those of `instruments`."""
import re
from collections.abc import Mapping
from urllib.parse import parse_qsl

from streams.core.values import E8, PPM, Side, e8, notional
from streams.paper.instruments import Rules, price_places, quantity_places
from streams.paper.orders import CONDITIONAL, Algo, Order, Top, VenueError

CLIENT_ID = re.compile(r"[.A-Z:/a-z0-9_-]{1,36}")
NUMBER = re.compile(r"-?\d{1,20}(\.\d{1,20})?")                # no exponent: 1e-1 is refused as Binance refuses it
TOO_FINE = "Precision is over the maximum defined for this asset."
TIMES_IN_FORCE = ("GTC", "IOC", "FOK", "GTX")
Asked = Mapping[str, str]


def parsed(raw: str) -> dict[str, str]:
    """The parameters of a query or of a form body."""
    return dict(parse_qsl(raw, keep_blank_values=True))


def order_asked(asked: Asked, rules: Rules, top: Top, order_id: int, now: int) -> Order:
    """POST /fapi/v1/order. Raises VenueError."""
    kind = needed(asked, "type")
    if kind in CONDITIONAL:
        raise VenueError(-4120, "Order type not supported for this endpoint. Please use the Algo Order API endpoints instead.")
    if kind not in ("MARKET", "LIMIT"):
        raise VenueError(-1116, "Invalid orderType.")
    if flag(asked, "closePosition"):
        raise VenueError(-4136, "Target strategy invalid for orderType.")
    one_way(asked)
    _not_wanted(asked, *(("price", "timeInForce") if kind == "MARKET" else ()), "stopPrice", "triggerPrice", "activatePrice", "callbackRate")
    order = Order(
        order_id, client_id(asked.get("newClientOrderId"), order_id), rules.symbol, side(asked), kind,
        quantity(asked, rules, market=kind == "MARKET"), reduce_only=flag(asked, "reduceOnly"), created=now, updated=now, origin=kind,
    )
    if kind == "LIMIT":
        order.time_in_force = needed(asked, "timeInForce")
        if order.time_in_force not in TIMES_IN_FORCE:
            raise VenueError(-1115, "Invalid timeInForce.")
        order.price = price(asked, "price", rules)
        _within_band(order, rules, top)
    _worth_it(order.reduce_only, order.quantity, order.price or top.mark, rules)
    return order


def algo_asked(asked: Asked, rules: Rules, top: Top, algo_id: int, now: int) -> Algo:
    """POST /fapi/v1/algoOrder. Raises VenueError."""
    if needed(asked, "algoType") != "CONDITIONAL" or (kind := needed(asked, "type")) not in CONDITIONAL:
        raise VenueError(-1116, "Invalid orderType.")
    one_way(asked)
    closing = flag(asked, "closePosition")
    if closing:
        _only_closing(asked, kind)
    trailing = kind == "TRAILING_STOP_MARKET"
    _not_wanted(asked, *(() if kind in ("STOP", "TAKE_PROFIT") else ("price",)), *(("triggerPrice",) if trailing else ("activatePrice", "callbackRate")))
    algo = Algo(
        algo_id, client_id(asked.get("clientAlgoId"), algo_id), rules.symbol, side(asked), kind,
        0 if closing else quantity(asked, rules, market=kind not in ("STOP", "TAKE_PROFIT")), working_type=asked.get("workingType", "CONTRACT_PRICE"),
        price_protect=flag(asked, "priceProtect"), reduce_only=flag(asked, "reduceOnly"), close_position=closing,
        time_in_force=asked.get("timeInForce", "GTC"), created=now, updated=now,
    )
    if algo.working_type not in ("CONTRACT_PRICE", "MARK_PRICE"):
        raise VenueError(-1116, "Invalid workingType.")
    if trailing:
        algo.callback_ppm = _callback(asked)
        algo.activation = _activation(asked, rules) if asked.get("activatePrice") else 0
    else:
        algo.trigger = trigger(asked, rules)
        algo.price = price(asked, "price", rules) if kind in ("STOP", "TAKE_PROFIT") else 0
    if algo.price:
        _near_trigger(algo, rules)
    _worth_it(algo.reduce_only or closing, algo.quantity, algo.price or algo.trigger or top.mark, rules)
    return algo


def side(asked: Asked) -> Side:
    given = needed(asked, "side")
    if given not in list(Side):
        raise VenueError(-1117, "Invalid side.")
    return Side(given)


def quantity(asked: Asked, rules: Rules, *, market: bool) -> int:
    value = _number(asked, "quantity")
    if value <= 0:
        raise VenueError(-4003, "Quantity less than or equal to zero.")
    if value < rules.step:
        raise VenueError(-4004, "Quantity less than min quantity.")
    if value > (rules.market_quantity_max if market else rules.quantity_max):
        raise VenueError(-4005, "Quantity greater than max quantity.")
    _precise(value, quantity_places(rules))
    if value % rules.step:
        raise VenueError(-4023, "Quantity not increased by step size.")
    return value


def price(asked: Asked, name: str, rules: Rules) -> int:
    value = _number(asked, name)
    if value <= 0:
        raise VenueError(-4001, "Price less than 0.")
    if value < rules.tick:
        raise VenueError(-4013, "Price less than min price.")
    if value > rules.price * 100:
        raise VenueError(-4002, "Price greater than max price.")
    _precise(value, price_places(rules))
    if value % rules.tick:
        raise VenueError(-4014, "Price not increased by tick size.")
    return value


def trigger(asked: Asked, rules: Rules) -> int:
    """Missing, zero, negative and misnamed are the same to Binance."""
    value = _number(asked, "triggerPrice") if asked.get("triggerPrice") else 0
    if value <= 0:
        raise VenueError(-4006, "Stop price less than zero.")
    if value < rules.tick:
        raise VenueError(-4013, "Price less than min price.")
    if value > rules.price * 100:
        raise VenueError(-4007, "Stop price greater than max price.")
    _precise(value, price_places(rules))
    if value % rules.tick:
        raise VenueError(-4014, "Price not increased by tick size.")
    return value


def client_id(given: str | None, number: int) -> str:
    if given is None:
        return f"paper{number}"
    if not CLIENT_ID.fullmatch(given):
        raise VenueError(-4015, "Client order id length should not be more than 36 chars")
    return given


def flag(asked: Asked, name: str) -> bool:
    given = asked.get(name, "false").lower()
    if given not in ("true", "false"):
        raise VenueError(-1130, f"Data sent for parameter '{name}' is not valid.")
    return given == "true"


def one_way(asked: Asked) -> None:
    if asked.get("positionSide", "BOTH") != "BOTH":
        raise VenueError(-4061, "Order's position side does not match user's setting.")


def _only_closing(asked: Asked, kind: str) -> None:
    if kind not in ("STOP_MARKET", "TAKE_PROFIT_MARKET"):
        raise VenueError(-4136, "Target strategy invalid for orderType.")
    if "quantity" in asked:
        raise VenueError(-4137, "Quantity must be zero with closePosition equals true.")
    if "reduceOnly" in asked:
        raise VenueError(-4138, "Reduce only must be true with closePosition equals true.")


def _within_band(order: Order, rules: Rules, top: Top) -> None:
    if order.side is Side.BUY and order.price * PPM > top.mark * (PPM + rules.band_ppm):
        raise VenueError(-4016, "Limit price can't be higher than the mark price multiplier cap.")
    if order.side is Side.SELL and order.price * PPM < top.mark * (PPM - rules.band_ppm):
        raise VenueError(-4024, "Limit price can't be lower than the mark price multiplier floor.")


def _near_trigger(algo: Algo, rules: Rules) -> None:
    """The limit price of a STOP or TAKE_PROFIT is measured by its trigger."""
    if algo.side is Side.BUY and algo.price * PPM > algo.trigger * (PPM + rules.band_ppm):
        raise VenueError(-4183, "Limit price can't be higher than the stop price multiplier cap.")
    if algo.side is Side.SELL and algo.price * PPM < algo.trigger * (PPM - rules.band_ppm):
        raise VenueError(-4184, "Limit price can't be lower than the stop price multiplier floor.")


def _worth_it(reduces: bool, quantity: int, price: int, rules: Rules) -> None:  # noqa: FBT001
    if not reduces and notional(quantity, price) < rules.notional_min:
        raise VenueError(-4164, f"Order's notional must be no smaller than {rules.notional_min // E8} (unless you choose reduce only).")


def _not_wanted(asked: Asked, *names: str) -> None:
    for name in names:
        if asked.get(name):
            raise VenueError(-1106, f"Parameter '{name.lower()}' sent when not required.")


def _activation(asked: Asked, rules: Rules) -> int:
    value = _number(asked, "activatePrice")
    if not rules.tick <= value <= rules.price * 100:
        raise VenueError(-4135, "Invalid activation price.")
    return price(asked, "activatePrice", rules)


def _callback(asked: Asked) -> int:
    rate = _number(asked, "callbackRate")
    if not E8 // 10 <= rate <= 20 * E8:
        raise VenueError(-2007, "Invalid callBack rate")
    return rate * 10_000 // E8


def needed(asked: Asked, name: str) -> str:
    given = asked.get(name)
    if not given:
        raise missing(name)
    return given


def missing(name: str) -> VenueError:
    return VenueError(-1102, f"Mandatory parameter '{name}' was not sent, was empty/null, or malformed.")


def whole(asked: Asked, name: str, otherwise: int) -> int:
    """A number that may be left out: a time, an id, a limit."""
    given = asked.get(name, "")
    if given and not given.isdecimal():
        raise missing(name)
    return int(given) if given else otherwise


def _number(asked: Asked, name: str) -> int:
    given = needed(asked, name)
    if not NUMBER.fullmatch(given):
        raise VenueError(-1100, f"Illegal characters found in parameter '{name}'; legal range is '{NUMBER.pattern}'.")
    try:
        return e8(given)
    except ValueError:
        raise VenueError(-1111, TOO_FINE) from None


def _precise(value: int, places: int) -> None:
    if value % 10 ** (8 - places):
        raise VenueError(-1111, TOO_FINE)
