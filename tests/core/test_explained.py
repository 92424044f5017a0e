"""What a wallet's moves do to the baselines of losses, whatever is told, and however often. Amounts in units; the wallet is 100,000 of them."""
import msgspec
from hypothesis import given
from hypothesis import strategies as st

from streams.core.cash import DUST
from streams.core.events import BalanceSeen
from streams.core.explained import Explained, stood, told
from streams.core.values import E8

WAIT_MS = 15_000
FIRST = BalanceSeen("main", "USDT", 100_000 * E8, 0, "RECONCILED", begun=1)
amounts = st.integers(-50_000, 50_000).map(lambda amount: amount * E8)
moves = st.lists(st.tuples(amounts, amounts, amounts, st.integers(0, 20_000)), max_size=12)   # earned, transferred, nobody's, ms that pass after


def lived(happened: list[tuple[int, int, int, int]]) -> list[tuple[BalanceSeen, Explained, int]]:
    """Each balance with what is known after it, and the time."""
    seen, now, steps = FIRST, 1_000, []
    known = told(None, seen, now)
    for earned, transferred, nobodys, passed in happened:
        seen = msgspec.structs.replace(
            seen, wallet=seen.wallet + earned + transferred + nobodys, earned=seen.earned + earned, transferred=seen.transferred + transferred,
            unexplained=seen.unexplained + nobodys,
        )
        known = told(known, seen, now)
        steps.append((seen, known, now))
        now += passed
        known = stood(known, now, WAIT_MS)
    return steps


@given(moves)
def test_baselines_move_by_what_is_named_and_beyond_it_only_up(happened: list[tuple[int, int, int, int]]) -> None:
    """So no loss is ever taken for a withdrawal: not by fills, and not by nobody's word."""
    for seen, known, _ in lived(happened):
        assert known.paid >= seen.transferred
        assert known.paid <= seen.transferred + max(known.counted, 0)


@given(moves)
def test_a_balance_that_comes_again_changes_nothing(happened: list[tuple[int, int, int, int]]) -> None:
    for seen, known, now in lived(happened):
        assert told(known, seen, now) == known
        assert told(known, seen, now + 1) == known


@given(moves)
def test_nothing_is_waited_for_longer_than_it_may(happened: list[tuple[int, int, int, int]]) -> None:
    for seen, known, now in lived(happened):
        after = stood(known, (known.since or now) + WAIT_MS, WAIT_MS)
        assert after.since == 0
        assert abs(after.counted - seen.unexplained) <= max(DUST, abs(seen.wallet) // 1_000)


@given(moves)
def test_what_is_explained_is_never_waited_for(happened: list[tuple[int, int, int, int]]) -> None:
    for _, known, _ in lived([(earned, transferred, 0, passed) for earned, transferred, _, passed in happened]):
        assert (known.since, known.counted) == (0, 0)


def test_another_count_begins_anew_and_moves_nothing() -> None:
    seen = msgspec.structs.replace(FIRST, transferred=5 * E8, unexplained=7 * E8)
    known = told(told(None, seen, 0), msgspec.structs.replace(FIRST, begun=2), 9)
    assert known == Explained(2, 0, 0, 0)
