"""Every row is told for a long; the test mirrors it into a short at the same prices, where the profit changes its sign."""
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.core.ids import position_id
from streams.core.positions import FLAT, Held, Trade, filled, profit
from streams.core.values import E8, e8

FIRST, NEXT = position_id("main", "BTCUSDT", "t0"), position_id("main", "BTCUSDT", "t1")


def units(quantity: str, price: str, name: str = FIRST) -> Held:
    return Held(e8(quantity), e8(price), name)


def trade(quantity: int, price: int, name: str = "t1") -> Trade:
    return Trade("main", "BTCUSDT", name, quantity, price)


@pytest.mark.parametrize(
    ("held", "fill", "after", "earned"),
    [
        pytest.param(FLAT, ("2", "100"), units("2", "100", NEXT), "0", id="open: a position of its own id"),
        pytest.param(units("2", "100"), ("2", "110"), units("4", "105"), "0", id="add: (2*100 + 2*110) / 4 = 105"),
        pytest.param(units("1", "100"), ("2", "101"), units("3", "100.66666666"), "0", id="add: 100 + 1 * 2/3, towards the old average"),
        pytest.param(units("0.003", "60000"), ("0.001", "60001"), units("0.004", "60000.25"), "0", id="add: a quarter of the way"),
        pytest.param(units("4", "105"), ("-1", "115"), units("3", "105"), "10", id="reduce: 1 * (115 - 105); the average stays"),
        pytest.param(units("4", "105"), ("-1", "95"), units("3", "105"), "-10", id="reduce at a loss"),
        pytest.param(units("3", "105"), ("-3", "100"), FLAT, "-15", id="close: 3 * (100 - 105)"),
        pytest.param(units("3", "105"), ("-3", "105"), FLAT, "0", id="close where it was opened"),
        pytest.param(units("3", "105"), ("-5", "115"), units("-2", "115", NEXT), "30", id="flip: 3 * (115 - 105), then short 2 from 115"),
        pytest.param(units("0.00000001", "100"), ("-0.00000001", "100.00000001"), FLAT, "0", id="the least there is: its profit rounds to nothing"),
        pytest.param(units("1000", "0.01234567"), ("-1000", "0.01234568"), FLAT, "0.00001", id="a price of many places"),
    ],
)
def test_a_fill(held: Held, fill: tuple[str, str], after: Held, earned: str) -> None:
    quantity, price = e8(fill[0]), e8(fill[1])
    assert filled(held, trade(quantity, price)) == (after, e8(earned))
    assert filled(mirrored(held), trade(-quantity, price)) == (mirrored(after), -e8(earned))


def mirrored(held: Held) -> Held:
    return msgspec.structs.replace(held, quantity=-held.quantity)


@given(st.lists(st.tuples(st.integers(-5, 5).filter(bool), st.integers(1, 1_000)), max_size=20), st.integers(1, 1_000))
def test_what_was_earned_and_what_is_open_is_what_the_cash_says(fills: list[tuple[int, int]], mark: int) -> None:
    """Realised plus open profit is the sum of all that was paid and received, to within one unit a fill of rounding."""
    held, earned, cash = FLAT, 0, 0
    for number, (quantity, price) in enumerate(fills):
        held, profit_now = filled(held, trade(quantity * E8, price * E8, str(number)))
        earned, cash = earned + profit_now, cash - quantity * price * E8
    worth = held.quantity * mark
    assert held.quantity == sum(quantity for quantity, _ in fills) * E8
    assert abs(earned + profit(held, held.quantity, mark * E8) - cash - worth) <= 200 * max(len(fills), 1)
    assert (held.position_id == "") == (held.quantity == 0)
