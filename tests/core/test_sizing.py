"""Sizes that a trader would check by hand: 10,000 of equity, 0.5 % of it at risk, unless a row says otherwise."""
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.core.commands import Propose
from streams.core.exposure import Room
from streams.core.settings import Limits
from streams.core.sizing import Size, exposure_room, least_leverage, liquidation, price_of, safe_leverage, scale, size, smallest
from streams.core.values import E8, PPM, Side, decimal, e8, notional, share, share_up
from streams.core.words import OrderType
from tests.core.proposals import BTC, ETHC, PEPE, proposal

ROOM = Room(equity=e8("10000"), gross=0, net=0, of_symbol=0, margin_elsewhere=0, leverage_held=0)
SHORT = proposal(side=Side.SELL, stop_price="61200")
FAR = proposal(stop_price="48600")    # 19 % away
LIMIT = proposal(order_type=OrderType.LIMIT, entry_price="59000", stop_price="58000")
LIMITS = Limits()


def room(**changes: Any) -> Room:  # noqa: ANN401
    return msgspec.structs.replace(ROOM, **with_amounts(changes))


def limits(**changes: Any) -> Limits:  # noqa: ANN401
    return msgspec.structs.replace(LIMITS, **with_amounts(changes))


def with_amounts(changes: dict[str, Any]) -> dict[str, Any]:
    return {name: e8(value) if isinstance(value, str) and name not in {"group", "sizing"} else value for name, value in changes.items()}


@pytest.mark.parametrize(
    ("asked", "at", "under", "quantity", "leverage"),
    [
        (BTC, ROOM, LIMITS, "0.041", 1),                                                    # 10000 * 0.5 % / 1200 = 0.04166, down to the step
        (SHORT, ROOM, LIMITS, "0.041", 1),                                                  # the same upside down
        (proposal(stop_price="59880"), ROOM, LIMITS, "0.333", 3),                           # 50 / 120 = 0.416, but net 20000; 19980 / 8000 needs 3
        (proposal(stop_price="59880"), ROOM, limits(notional_max="6000"), "0.1", 1),        # 6000 / 60000
        (proposal(size_wish="200"), ROOM, LIMITS, "0.003", 1),                              # 200 / 60000 = 0.00333
        (proposal(size_wish="100000"), ROOM, LIMITS, "0.041", 1),                           # a wish is an upper bound only
        (BTC, ROOM, limits(size_default="500"), "0.008", 1),                                # 500 / 60000 where nothing is wished,
        (proposal(size_wish="1000"), ROOM, limits(size_default="500"), "0.016", 1),         # and not where something is
        (proposal(quantity_max="0.02"), ROOM, LIMITS, "0.02", 1),                           # the venue's largest order
        (BTC, room(of_symbol="49000"), LIMITS, "0", 5),                                     # 8000 * 5 carries less than what is held
        (BTC, room(of_symbol="2000"), limits(symbol_notional_max="3000"), "0.016", 1),      # of the symbol: 3000 - 2000
        (BTC, room(gross="29000"), LIMITS, "0.016", 1),                                     # gross: 3 * 10000 - 29000 = 1000
        (BTC, room(gross="20000", net="19000"), LIMITS, "0.016", 1),                        # net: 2 * 10000 - 19000 = 1000;
        (SHORT, room(gross="20000", net="19000"), LIMITS, "0.041", 1),                      # a short has 2 * 10000 + 19000
        (BTC, room(margin_elsewhere="7800"), LIMITS, "0.016", 5),                           # 10000 * 80 % - 7800 = 200 of margin, times 5
        (proposal(leverage_wish=2), room(margin_elsewhere="7800"), LIMITS, "0.006", 2),     # times the 2 that is wished
        (proposal(leverage_max=3), room(margin_elsewhere="7800"), LIMITS, "0.01", 3),       # times the instrument's 3
        (BTC, room(margin_elsewhere="7000"), LIMITS, "0.041", 3),                           # 2460 on 1000 needs 3, not 5
        (BTC, room(leverage_held=4, of_symbol="500"), LIMITS, "0.041", 4),                  # what is held keeps its leverage,
        (proposal(leverage_wish=2), room(leverage_held=4), LIMITS, "0.041", 2),             # but for a wish
        (FAR, room(margin_elsewhere="7800"), limits(risk_ppm=50_000), "0.013", 4),          # 5 would be liquidated at 48192: 200 * 4
        (BTC, room(equity="0"), LIMITS, "0", 1),
        (BTC, room(equity="-50"), LIMITS, "0", 1),
        (BTC, room(equity="200"), LIMITS, "0", 1),                                          # 1 / 1200 = 0.00083: less than a step
        (proposal(entry_price="59990"), ROOM, LIMITS, "0.041", 1),                          # a market order is reckoned at the mark: 50 / 1200,
        (LIMIT, ROOM, LIMITS, "0.05", 1),                                                   # a limit at its own price: 50 / 1000
        (PEPE, ROOM, LIMITS, "202511", 1),                                                  # 50 / 0.0002469 = 202511.1
        (proposal(PEPE, size_wish="200"), ROOM, LIMITS, "16199", 1),                        # 200 / 0.0123457 = 16199.9
        (ETHC, room(equity="800"), LIMITS, "0.08", 1),                                      # 800 of USDC: 4 / 50
        (BTC, room(gross="29000", net="-1000"), limits(exposure_long_max_ppm=1_500_000), "0.016", 1),      # longs 14000 of 15000
        (SHORT, room(gross="15000", net="1000"), limits(exposure_short_max_ppm=800_000), "0.016", 1),      # shorts 7000 of 8000
        (BTC, room(group_room="1000", group="majors"), LIMITS, "0.016", 1),                 # what a group leaves
        (BTC, room(group_room="-1"), LIMITS, "0.041", 1),                                   # of no group nothing is left, and nothing asked
        (BTC, ROOM, limits(sizing="equity", size_equity_ppm=50_000), "0.008", 1),           # 500 / 60000
        (BTC, ROOM, limits(sizing="equity", size_equity_ppm=900_000), "0.041", 1),          # 9000 would lose more than the risk
        (BTC, ROOM, limits(sizing="fixed", size_fixed="700"), "0.011", 1),                  # 700 / 60000
        (PEPE, ROOM, limits(sizing="fixed", size_fixed="700"), "56699", 1),                 # 700 / 0.0123457 = 56699.9
        (proposal(confidence_ppm=700_000), ROOM, limits(confidence_weight_ppm=1_000_000), "0.029", 1),     # 0.041666 * 0.7 = 0.0291
    ],
)
def test_a_size(asked: Propose, at: Room, under: Limits, quantity: str, leverage: int) -> None:
    sized = size(asked, at, under)
    assert (decimal(sized.quantity), sized.notional, sized.leverage) == (quantity, notional(e8(quantity), price_of(asked)), leverage)


@pytest.mark.parametrize(
    ("confidence_ppm", "weight_ppm", "expected"),
    [
        pytest.param(0, 0, 1_000_000, id="without a weight it decides nothing"),
        pytest.param(1_000_000, 1_000_000, 1_000_000, id="certain"),
        pytest.param(600_000, 1_000_000, 600_000, id="in proportion"),
        pytest.param(600_000, 500_000, 800_000, id="half of it in proportion"),
        pytest.param(0, 500_000, 500_000, id="the half that it does not decide"),
        pytest.param(0, 1_000_000, 0, id="nothing"),
        pytest.param(999_999, 1, 999_999, id="down"),
        pytest.param(-1, 500_000, 500_000, id="an old record without one"),
    ],
)
def test_confidence_scales(confidence_ppm: int, weight_ppm: int, expected: int) -> None:
    assert scale(confidence_ppm, weight_ppm) == expected


@given(st.integers(0, PPM), st.integers(0, PPM), st.integers(0, PPM))
def test_less_confidence_is_never_more(one: int, other: int, weight: int) -> None:
    assert 0 <= scale(min(one, other), weight) <= scale(max(one, other), weight) <= PPM


@pytest.mark.parametrize(
    ("price", "step", "wish", "contracts"),
    [
        pytest.param("67890.1", "0.001", "200", "0.002", id="BTCUSDT: 0.00294, down"),
        pytest.param("67890.1", "0.001", "203.6703", "0.003", id="BTCUSDT: exactly three steps"),
        pytest.param("67890.1", "0.001", "203.67029999", "0.002", id="and one hundred-millionth less"),
        pytest.param("0.0123457", "1", "200", "16199", id="1000PEPEUSDT: a contract is a thousand, and so is its price"),
        pytest.param("0.00001234", "1", "50", "4051863", id="1MBABYDOGEUSDT: a million"),
        pytest.param("0.5821", "0.1", "33.3", "57.2", id="XRPUSDT: 57.207"),
        pytest.param("0.07", "1", "0.69", "9", id="DOGEUSDT: 9.857"),
        pytest.param("2500", "0.001", "2500", "1", id="ETHUSDC: one"),
    ],
)
def test_an_amount_becomes_contracts_on_the_symbols_step(price: str, step: str, wish: str, contracts: str) -> None:
    stop = decimal(share(e8(price), 999_000, PPM))
    asked = proposal(PEPE, mark=price, entry_price=price, stop_price=stop, quantity_step=step, quantity_min=step, notional_min="0", size_wish=wish)
    assert decimal(size(asked, ROOM, limits(risk_ppm=PPM)).quantity) == contracts


@given(st.integers(1, 10**13), st.sampled_from([1, 10**5, 10**6, 10**7, E8, 10 * E8, 1000 * E8]), st.integers(1, 10**12))
def test_contracts_are_the_most_that_an_amount_buys(price: int, step: int, wish: int) -> None:
    """In whole numbers, on any step: one more would cost more than was wished."""
    asked = msgspec.structs.replace(
        PEPE, mark=price, entry_price=price, stop_price=price - 1, quantity_step=step, quantity_min=step, notional_min=0, quantity_max=10**25,
        size_wish=wish, maintenance_ppm=0,
    )
    rich = room(equity=10**17)
    wide = limits(risk_ppm=PPM, notional_max=10**17, symbol_notional_max=10**17, liquidation_gap_ppm=0)
    quantity = size(asked, rich, wide).quantity
    assert quantity % step == 0
    assert quantity * price <= wish * E8 < (quantity + step) * price


@pytest.mark.parametrize(
    ("side", "price", "leverage", "maintenance_ppm", "expected"),
    [
        pytest.param(Side.BUY, "60000", 1, 4_000, "0", id="a long without borrowed money cannot be liquidated"),
        pytest.param(Side.BUY, "100", 5, 0, "80", id="100 * (1 - 1/5)"),
        pytest.param(Side.BUY, "60000", 5, 4_000, "48192.77108434", id="60000 * 0.8 / 0.996, up"),
        pytest.param(Side.SELL, "100", 5, 0, "120", id="100 * (1 + 1/5)"),
        pytest.param(Side.SELL, "60000", 5, 4_000, "71713.14741035", id="60000 * 1.2 / 1.004, down"),
        pytest.param(Side.SELL, "100", 1, 0, "200", id="a short without borrowed money can"),
    ],
)
def test_a_liquidation_price(side: Side, price: str, leverage: int, maintenance_ppm: int, expected: str) -> None:
    assert decimal(liquidation(side, e8(price), leverage, maintenance_ppm)) == expected


@pytest.mark.parametrize(
    ("side", "stop", "leverage"),
    [
        pytest.param(Side.BUY, "99", 5, id="at 5 it is 80: far from the stop"),
        pytest.param(Side.BUY, "81", 5, id="80 is the gap of 1 beyond the stop"),
        pytest.param(Side.BUY, "80.99", 4, id="79.99 would be needed; at 4 it is 75"),
        pytest.param(Side.BUY, "1", 1, id="at 1 it is 0, the gap of 1 beyond"),
        pytest.param(Side.BUY, "0.99", 0, id="nowhere below zero"),
        pytest.param(Side.SELL, "119", 5, id="at 5 it is 120"),
        pytest.param(Side.SELL, "119.01", 4, id="at 4 it is 125"),
        pytest.param(Side.SELL, "199.01", 0, id="at 1 it is 200, too near"),
    ],
)
def test_the_stop_bounds_the_leverage(side: Side, stop: str, leverage: int) -> None:
    asked = proposal(side=side, mark="100", entry_price="100", stop_price=stop, maintenance_ppm=0)
    assert safe_leverage(asked, 5, 10_000) == leverage


@pytest.mark.parametrize(
    ("side", "stop", "quantity", "price", "leverage"),
    [
        pytest.param(Side.BUY, "98", 1, "100", 33, id="both at 100: 97 is needed"),
        pytest.param(Side.BUY, "98", 1, "120", 5, id="what was bought at 120 has it at 96 with 5, and at 100 with 6"),
        pytest.param(Side.BUY, "98", 1, "90", 33, id="what was bought lower counts for nothing"),
        pytest.param(Side.BUY, "98", -1, "120", 33, id="nor does what is held the other way"),
        pytest.param(Side.BUY, "98", 1, "0", 33, id="nor an average that an older program has not told"),
        pytest.param(Side.SELL, "102", -1, "80", 3, id="what was sold at 80 has it at 106.66 with 3, and at 100 with 4"),
        pytest.param(Side.SELL, "102", -1, "110", 33, id="what was sold higher counts for nothing"),
    ],
)
def test_what_is_held_bounds_the_leverage_of_an_addition(side: Side, stop: str, quantity: int, price: str, leverage: int) -> None:
    asked = proposal(side=side, mark="100", entry_price="100", stop_price=stop, maintenance_ppm=0)
    assert safe_leverage(asked, 50, 10_000, ((quantity, e8(price)),)) == leverage


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        pytest.param(BTC, "60", id="0.001 is 60, more than 50"),
        pytest.param(proposal(mark="40000", entry_price="40000"), "80", id="0.001 is 40: two steps"),
        pytest.param(PEPE, "5.0000085", id="5 / 0.0123457 = 404.99: 405"),
        pytest.param(proposal(quantity_min="0.01"), "600", id="the least quantity"),
    ],
)
def test_the_least_order(asked: Propose, expected: str) -> None:
    assert decimal(smallest(asked)) == expected


amounts = st.integers(0, 10**6).map(lambda value: value * E8)


@st.composite
def cases(draw: st.DrawFn) -> tuple[Propose, Room, Limits]:
    """Any proposal of a real shape, in any account, under any limits."""
    base, side = draw(st.sampled_from([BTC, PEPE, ETHC])), draw(st.sampled_from(Side))
    away = share(base.mark, draw(st.integers(2_000, 300_000)), PPM)
    asked = msgspec.structs.replace(
        base, side=side, stop_price=base.mark - side.sign * away, size_wish=draw(amounts), leverage_wish=draw(st.integers(0, 30)),
        leverage_max=draw(st.integers(1, 125)), maintenance_ppm=draw(st.integers(0, 50_000)), confidence_ppm=draw(st.integers(0, PPM)),
    )
    net = draw(st.integers(-(10**5), 10**5)) * E8
    of_symbol = draw(st.integers(0, 10**4)) * E8
    group = draw(st.sampled_from(["", "majors"]))
    gross = abs(net) + 2 * (of_symbol + draw(amounts))
    at = Room(
        draw(st.integers(-(10**4), 10**6)) * E8, gross, net, of_symbol, draw(amounts), draw(st.integers(0, 20)), group, draw(amounts) if group else 0,
        ((draw(st.sampled_from([-1, 1])), share(base.mark, draw(st.integers(800_000, 1_200_000)), PPM)),) if of_symbol else (),
    )
    under = Limits(
        risk_ppm=draw(st.integers(0, PPM)), size_default=draw(amounts), notional_max=draw(amounts), symbol_notional_max=draw(amounts),
        sizing=draw(st.sampled_from(["risk", "equity", "fixed"])), size_equity_ppm=draw(st.integers(0, PPM)), size_fixed=draw(amounts),
        confidence_weight_ppm=draw(st.integers(0, PPM)),
        exposure_long_max_ppm=draw(st.integers(0, 10 * PPM)), exposure_short_max_ppm=draw(st.integers(0, 10 * PPM)),
        exposure_gross_max_ppm=draw(st.integers(0, 10 * PPM)), exposure_net_max_ppm=draw(st.integers(0, 10 * PPM)),
        leverage_max=draw(st.integers(1, 50)), margin_use_max_ppm=draw(st.integers(0, PPM)), liquidation_gap_ppm=draw(st.integers(0, 50_000)),
    )
    return asked, at, under


@given(cases())
def test_no_size_is_above_any_limit(case: tuple[Propose, Room, Limits]) -> None:
    """Where there is a quantity, each limit holds for it exactly, and one step more would break one."""
    asked, at, under = case
    sized = size(asked, at, under)
    assert sized.quantity % asked.quantity_step == 0 and 0 <= sized.quantity <= asked.quantity_max
    if not sized.quantity:
        return
    assert within(asked, at, under, sized.quantity)
    assert not within(asked, at, under, sized.quantity + asked.quantity_step)
    bounds = [under.leverage_max, asked.leverage_max, sized.leverage_safe, asked.leverage_wish or 125]
    assert 1 <= sized.leverage <= min(bounds)
    carried = share(at.equity, under.margin_use_max_ppm, PPM) - at.margin_elsewhere
    assert sized.notional + at.of_symbol <= carried * sized.leverage
    least = least_leverage(sized.notional + at.of_symbol, carried, 0)
    assert sized.leverage in {least, at.leverage_held} or sized.leverage == sized.leverage_safe < at.leverage_held
    for price in (asked.mark, *(price for quantity, price in at.entered if quantity * asked.side.sign > 0)):
        beyond = asked.side.sign * (asked.stop_price - liquidation(asked.side, price, sized.leverage, asked.maintenance_ppm))
        assert beyond >= share_up(price, under.liquidation_gap_ppm, PPM)


def within(asked: Propose, at: Room, under: Limits, quantity: int) -> bool:
    """The limits, each asked of the quantity itself."""
    amount = notional(quantity, asked.mark)
    carried = (share(at.equity, under.margin_use_max_ppm, PPM) - at.margin_elsewhere) * size(asked, at, under).leverage_safe
    wish = asked.size_wish or under.size_default
    longs_or_shorts = (at.gross + asked.side.sign * at.net) // 2
    most = under.exposure_long_max_ppm if asked.side is Side.BUY else under.exposure_short_max_ppm
    part = scale(asked.confidence_ppm, under.confidence_weight_ppm)
    sized = {
        "risk": share(share(at.equity, under.risk_ppm, PPM), E8, abs(asked.mark - asked.stop_price)),
        "equity": share(share(at.equity, under.size_equity_ppm, PPM), E8, asked.mark),
        "fixed": share(under.size_fixed, E8, asked.mark),
    }[under.sizing]
    return (
        notional(quantity, abs(asked.mark - asked.stop_price)) <= share(at.equity, under.risk_ppm, PPM)
        and quantity * PPM <= sized * part
        and longs_or_shorts + amount <= share(at.equity, most, PPM)
        and (not at.group or amount <= at.group_room)
        and quantity <= asked.quantity_max
        and amount <= under.notional_max and (not wish or amount <= wish)
        and amount <= exposure_room(asked.side, at, under) and amount + at.of_symbol <= carried
    )


def test_all_figures_of_a_size() -> None:
    """Of 10000 at a stop 120 away 0.416 would be at risk; its group leaves room for 9000, and with the 1000 held that needs leverage 2 on 6000."""
    at = room(gross="3000", net="3000", of_symbol="1000", margin_elsewhere="2000", group="majors", group_room="9000")
    assert size(proposal(stop_price="59880"), at, LIMITS) == Size(
        quantity=e8("0.15"), notional=e8("9000"), leverage=2, smallest=e8("60"),
        exposure_room=e8("17000"), direction_room=e8("27000"), group="majors", group_room=e8("9000"), margin_room=e8("29000"), safe_room=e8("29000"),
        leverage_max=5, leverage_safe=5,
    )
