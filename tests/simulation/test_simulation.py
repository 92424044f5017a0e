"""A thousand runs of the whole pipeline, each of another seed: whatever is lost, late, doubled, out of order or dead in them, the rules hold."""
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.simulation.run import simulated

ROOT = Path(__file__).parents[2]
SEEDS = 250


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("first", range(0, 1_000, SEEDS))
def test_a_thousand_seeds(first: int) -> None:
    """In processes of their own, where strings hash the same every time; in quarters, which other tests' workers share."""
    environment = {**os.environ, "PYTHONHASHSEED": "0"}
    command = [sys.executable, "-m", "tests.simulation", str(first), str(SEEDS)]
    run = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
    told = {what: int(number) for number, what in re.findall(r"(\d+) (orders|trades|deaths|faults)", run.stdout)}
    assert told["orders"] > 5 * SEEDS and told["trades"] > 3 * SEEDS and told["deaths"] > SEEDS and told["faults"] > SEEDS, run.stdout


def test_the_same_seed_is_the_same_run() -> None:
    one, other = simulated(7), simulated(7)
    assert (one.wrong, one.digest) == ((), other.digest)
