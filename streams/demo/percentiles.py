"""Percentiles by nearest rank: every figure is one that was measured."""
from collections.abc import Sequence


def percentile(values: Sequence[float], at: int) -> float:
    """The smallest value that `at` percent of them do not exceed. ValueError where there are none."""
    if not values:
        raise ValueError("no percentile of nothing")
    return sorted(values)[max(-(-len(values) * at // 100), 1) - 1]


def spread(values: Sequence[float]) -> dict[str, float | int | None]:
    """The percentiles of the summary, to a tenth; None where nothing was measured."""
    figures = {f"p{at}": round(percentile(values, at), 1) if values else None for at in (50, 95, 99)}
    return {**figures, "max": round(max(values), 1) if values else None, "n": len(values)}
