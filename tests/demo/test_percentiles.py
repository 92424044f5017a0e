"""Nearest rank: always a value that was measured."""
import pytest

from streams.demo.percentiles import percentile, spread


@pytest.mark.parametrize(
    ("values", "at", "expected"),
    [
        pytest.param([7], 50, 7, id="one value is every percentile"),
        pytest.param([1, 2], 50, 1, id="half of two is the first"),
        pytest.param([3, 1, 2], 50, 2, id="in whatever order they came"),
        pytest.param(list(range(1, 101)), 99, 99, id="the 99th of a hundred"),
        pytest.param(list(range(1, 101)), 100, 100, id="all of them"),
        pytest.param(list(range(1, 11)), 95, 10, id="95 % of ten is 9.5, so the tenth"),
    ],
)
def test_percentile(values: list[float], at: int, expected: float) -> None:
    assert percentile(values, at) == expected


def test_of_nothing() -> None:
    assert spread([]) == {"p50": None, "p95": None, "p99": None, "max": None, "n": 0}
    with pytest.raises(ValueError, match="nothing"):
        percentile([], 50)


def test_spread() -> None:
    assert spread([1, 2, 3.14159]) == {"p50": 2, "p95": 3.1, "p99": 3.1, "max": 3.1, "n": 3}
