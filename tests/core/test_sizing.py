"""Sizes that a trader would check by hand: 10,000 of equity, 0.5 % of it at risk, unless a row says otherwise."""
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.core.commands import Propose
from streams.core.exposure import Room
from streams.core.settings import Limits
from streams.core.sizing import exposure_room, least_leverage, liquidation, price_of, safe_leverage, size, smallest
from streams.core.values import E8, PPM, Side, decimal, e8, notional, share, share_up
from streams.core.words import OrderType
from tests.core.proposals import BTC, ETHC, PEPE, proposal

ROOM = Room(equity=e8("10000"), gross=0, net=0, of_symbol=0, margin_elsewhere=0, leverage_held=0)
SHORT = proposal(side=Side.SELL, stop_price="61200")
FAR = proposal(stop_price="48600")    # 19 % away
LIMIT = proposal(order_type=OrderType.LIMIT, entry_price="59000", stop_price="58000")
LIMITS = Limits()


def room(**changes: Any) -> Room:  # noqa: ANN401
    return msgspec.structs.replace(ROOM, **{name: e8(value) if isinstance(value, str) else value for name, value in changes.items()})


def limits(**changes: Any) -> Limits:  # noqa: ANN401
    return msgspec.structs.replace(LIMITS, **{name: e8(value) if isinstance(value, str) else value for name, value in changes.items()})


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
    ],
)
def test_a_size(asked: Propose, at: Room, under: Limits, quantity: str, leverage: int) -> None:
    sized = size(asked, at, under)
    assert (decimal(sized.quantity), sized.notional, sized.leverage) == (quantity, notional(e8(quantity), price_of(asked)), leverage)


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
        leverage_max=draw(st.integers(1, 125)), maintenance_ppm=draw(st.integers(0, 50_000)),
    )
    net = draw(st.integers(-(10**5), 10**5)) * E8
    of_symbol = draw(st.integers(0, 10**4)) * E8
    at = Room(draw(st.integers(-(10**4), 10**6)) * E8, abs(net) + of_symbol + draw(amounts), net, of_symbol, draw(amounts), draw(st.integers(0, 20)))
    under = Limits(
        risk_ppm=draw(st.integers(0, PPM)), size_default=draw(amounts), notional_max=draw(amounts), symbol_notional_max=draw(amounts),
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
    beyond = asked.side.sign * (asked.stop_price - sized.liquidation_price)
    assert beyond >= share_up(asked.mark, under.liquidation_gap_ppm, PPM)


def within(asked: Propose, at: Room, under: Limits, quantity: int) -> bool:
    """The limits, each asked of the quantity itself."""
    amount = notional(quantity, asked.mark)
    carried = (share(at.equity, under.margin_use_max_ppm, PPM) - at.margin_elsewhere) * size(asked, at, under).leverage_safe
    wish = asked.size_wish or under.size_default
    return (
        notional(quantity, abs(asked.mark - asked.stop_price)) <= share(at.equity, under.risk_ppm, PPM)
        and quantity <= asked.quantity_max
        and amount <= under.notional_max and (not wish or amount <= wish)
        and amount <= exposure_room(asked.side, at, under) and amount + at.of_symbol <= carried
    )
