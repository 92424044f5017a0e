"""What is reserved: never less than what may still come, nothing once all is flat, and nothing freed by a clock; in every order of events."""
from hypothesis import given
from hypothesis import strategies as st

from tests.core.reservation_world import SYMBOLS, World

numbers = st.integers(0, 10_000)
happenings = st.lists(st.tuples(numbers, numbers, numbers), max_size=120)


def played(drawn: list[tuple[int, int, int]]) -> World:
    world = World()
    world.fund("", 5_000)
    for one in drawn:
        world.act(*one)
    return world


@given(happenings)
def test_the_account_never_knows_less_than_what_is_held_or_may_come(drawn: list[tuple[int, int, int]]) -> None:
    world = World()
    world.fund("", 5_000)
    for one in drawn:
        world.act(*one)
        for name in SYMBOLS:
            assert world.known(name) >= world.true(name)


@given(happenings)
def test_at_flat_nothing_is_reserved(drawn: list[tuple[int, int, int]]) -> None:
    world = played(drawn)
    world.settle()
    assert world.held == dict.fromkeys(SYMBOLS, 0)
    assert {name: held.quantity for name, held in world.account.snapshots.items() if held.quantity} == {}
    assert (world.account.reservations, world.account.waiting, world.undecided) == ({}, (), {})


@given(happenings)
def test_no_clock_frees_a_reservation(drawn: list[tuple[int, int, int]]) -> None:
    assert played(drawn).held_back == []
