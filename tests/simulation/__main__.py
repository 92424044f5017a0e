"""`python -m tests.simulation SEED [COUNT]`: one seed with all that was drawn and said, or many with what they came to.

The exit code is 1 where one is wrong. Strings hash the same every time, or a set would have another order and the run with it: the interpreter is
started anew for that.
"""
import os
import sys
import warnings
from collections import Counter
from collections.abc import Iterator

from tests.simulation.run import Result, simulated


def main(first: int, count: int) -> int:
    warnings.filterwarnings("ignore", "coroutine .* was never awaited")      # a process may die before a task's first step
    total: Counter[str] = Counter()
    wrong = 0
    for seed in range(first, first + count):
        result = simulated(seed)
        total += Counter(orders=result.orders, trades=result.trades, deaths=result.deaths, faults=result.faults)
        wrong += bool(result.wrong)
        for line in told(result, whole=count == 1):
            sys.stdout.write(line + "\n")
    sys.stdout.write(f"{count} seeds from {first}: " + ", ".join(f"{number} {what}" for what, number in sorted(total.items())) + f"; {wrong} wrong\n")
    return int(bool(wrong))


def told(result: Result, *, whole: bool) -> Iterator[str]:
    if result.wrong:
        yield f"seed {result.seed} is wrong: make simulate SEED={result.seed}"
        yield from (f"    {reason}" for reason in result.wrong)
    if whole:
        yield from result.told


if __name__ == "__main__":
    if os.environ.get("PYTHONHASHSEED") != "0":
        os.execve(sys.executable, [sys.executable, "-m", "tests.simulation", *sys.argv[1:]], {**os.environ, "PYTHONHASHSEED": "0"})  # noqa: S606
    sys.exit(main(int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 1))
