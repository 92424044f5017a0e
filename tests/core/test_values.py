"""Rounding, told as rows: what a trader would check by hand."""
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.core.values import E8, Side, decimal, down, e8, farther, nearer, nearest, notional, percent, ppm, share, share_up, side_of, up

prices = st.integers(1, 10**15)
ticks = st.sampled_from([1, 10, 1_000, 10_000_000, E8])


@pytest.mark.parametrize(
    ("text", "value"),
    [("1", E8), ("0.00000001", 1), ("-2.5", -250_000_000), ("1e-7", 10), ("61800.20", 6_180_020_000_000), ("92233720368.54775807", 2**63 - 1)],
)
def test_a_decimal_string_is_taken_exactly(text: str, value: int) -> None:
    assert e8(text) == value


@pytest.mark.parametrize("text", ["0.000000001", "nan", "inf", "-inf", "1e400", "", "one", "1,5", "92233720368.54775808"])
def test_what_is_not_exact_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"finer|finite|63 bits"):
        e8(text)


def test_ratios_are_parts_per_million() -> None:
    assert (ppm("0.02"), ppm("1")) == (20_000, 1_000_000)


@given(st.integers(-(2**63) + 1, 2**63 - 1))
def test_what_is_written_reads_back(value: int) -> None:
    assert e8(decimal(value)) == value


@pytest.mark.parametrize(("value", "text"), [
    (0, "0"), (E8, "1"), (-1, "-0.00000001"), (10**15 * E8, "1000000000000000"), (150_000_000, "1.5"), (10 * E8, "10"),
    (-(2**63) + 1, "-92233720368.54775807"),
])
def test_numbers_read_like_numbers(value: int, text: str) -> None:
    assert decimal(value) == text


@pytest.mark.parametrize(
    ("holding", "price", "near", "far"),
    [
        (Side.BUY, "100.04", "100.1", "100"),      # a long's stop rounds up, to lose less; its distance grows downwards
        (Side.SELL, "100.04", "100", "100.1"),
        (Side.BUY, "100.1", "100.1", "100.1"),
    ],
)
def test_a_stop_is_rounded_to_the_safe_side(holding: Side, price: str, near: str, far: str) -> None:
    tick = e8("0.1")
    assert (nearer(e8(price), tick, holding), farther(e8(price), tick, holding)) == (e8(near), e8(far))


@given(prices, ticks, st.sampled_from(Side))
def test_rounding_lands_on_the_grid_less_than_a_tick_away(price: int, tick: int, holding: Side) -> None:
    for rounded in (nearer(price, tick, holding), farther(price, tick, holding)):
        assert rounded % tick == 0
        assert abs(rounded - price) < tick


@pytest.mark.parametrize(("value", "expected"), [("1.29", "1.2"), ("-1.29", "-1.2"), ("0.09", "0"), ("1.2", "1.2")])
def test_a_quantity_is_never_rounded_up(value: str, expected: str) -> None:
    assert down(e8(value), e8("0.1")) == e8(expected)


@given(st.integers(-(10**18), 10**18), st.integers(-(10**18), 10**18), st.integers(1, 10**18))
def test_a_short_mirrors_a_long(value: int, part: int, whole: int) -> None:
    assert share(-value, part, whole) == -share(value, part, whole) == share(value, -part, whole)
    assert abs(share(value, part, whole)) == abs(value * part) // whole


@given(st.integers(0, 10**18), st.integers(0, 10**18), st.integers(1, 10**18))
def test_what_must_not_be_too_little_is_rounded_up(value: int, part: int, whole: int) -> None:
    assert share_up(value, part, whole) == -(-value * part // whole)
    assert up(value, whole) - value in range(whole) and up(value, whole) % whole == 0


@pytest.mark.parametrize(("number", "unit", "value"), [
    ("1.4943000000000002", E8, 149_430_000), ("0.0000000051", E8, 1), ("-0.0000000051", E8, -1), ("0.02", 1_000_000, 20_000),
    ("9223372036854775807", 1, 2**63 - 1),
])
def test_what_a_float_made_is_taken_to_the_nearest(number: str, unit: int, value: int) -> None:
    assert nearest(Decimal(number), unit) == value


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "92233720368.54775808", "-92233720368.54775808", "1e30"])
def test_what_has_no_nearest_is_refused(number: str) -> None:
    with pytest.raises(ValueError, match=f"{Decimal(number)} is not a finite number of 63 bits at one part in 100000000".replace("+", r"\+")):
        nearest(Decimal(number), E8)


@pytest.mark.parametrize(("value", "part", "whole", "result"), [
    (7, 1, 2, 3), (-7, 1, 2, -3), (7, -1, 2, -3), (7, 1, -2, -3), (-7, 1, -2, 3), (7, 3, 1, 21), (0, 5, 3, 0), (0, 5, -3, 0),
])
def test_a_share_is_rounded_towards_zero(value: int, part: int, whole: int, result: int) -> None:
    assert share(value, part, whole) == result


@pytest.mark.parametrize(("part_ppm", "text"), [
    (20_000, "2 %"), (500, "0.05 %"), (1, "0.0001 %"), (-30_000, "-3 %"), (10**15 + 1, "100000000000.0001 %"),
])
def test_ratios_are_told_in_percent(part_ppm: int, text: str) -> None:
    assert percent(part_ppm) == text


def test_notional_has_the_sign_of_the_quantity() -> None:
    assert (notional(e8("-0.5"), e8("100")), notional(e8("0.00000001"), 1)) == (e8("-50"), 0)


def test_sides() -> None:
    assert (side_of(1), side_of(-1), Side.BUY.opposite, Side.SELL.sign) == (Side.BUY, Side.SELL, Side.SELL, -1)
    with pytest.raises(ValueError, match=r"^a quantity of zero has no side$"):
        side_of(0)
