"""The gateway dies at every door between it and the world: each client id once, books as the venue, protected, and flat at last."""
import pytest

from tests.chaos import proof
from tests.chaos.walk import RESTART_S, WHOLE, Outcome, walked

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]
PROTECTED_AGAIN_S = 5.0


@pytest.fixture(scope="module")
def whole() -> Outcome:
    return walked()


def test_the_walk_without_a_death(whole: Outcome) -> None:
    assert (whole.reached, whole.wrong) == (WHOLE, ()), "\n".join(whole.said)
    assert whole.unprotected_s <= 2


def test_a_death_at_every_door(whole: Outcome) -> None:
    """`docs/proof.md` has the doors of today's code, or is to be written anew."""
    outcomes = [sound(walked(door), whole, door) for door in range(proof.worth(whole))]
    written = proof.structure(proof.DOC.read_text())
    assert {(row.part, row.call) for row in proof.rows(whole, outcomes)} == written, "write it anew: make docs"
    assert sum(outcome.reached == WHOLE for outcome in outcomes) >= 0.9 * len(outcomes)


def test_a_second_death_while_it_recovers(whole: Outcome) -> None:
    for row, outcome in proof.again(whole):
        sound(outcome, whole, row.doors, deaths=2)


def sound(outcome: Outcome, whole: Outcome, door: int, *, deaths: int = 1) -> Outcome:
    assert outcome.wrong == (), f"killed at door {door}, {whole.doors[door]}: {outcome.doubled}\n" + "\n".join(outcome.said)
    assert outcome.unprotected_s <= deaths * RESTART_S + PROTECTED_AGAIN_S
    return outcome
