"""What is reserved: never less than what may still come, nothing once all is flat, and nothing freed by a clock; in every order of events."""
from hypothesis import given
from hypothesis import strategies as st

from tests.core.reservation_world import SYMBOLS, World

numbers = st.integers(0, 10_000)


@given(st.lists(st.tuples(numbers, numbers, numbers), min_size=80, max_size=160))
def test_21_a_reservation_stands_until_its_symbol_has_told_its_end(drawn: list[tuple[int, int, int]]) -> None:
    world = World()
    world.fund("", 0)
    for one in drawn:
        world.act(*one)
        for name in SYMBOLS:
            assert world.known(name) >= world.true(name), "the account knows less than what is held or may still come"
    world.settle()
    assert world.held == dict.fromkeys(SYMBOLS, 0)
    assert {name: held.quantity for name, held in world.account.snapshots.items() if held.quantity} == {}
    assert (world.account.reservations, world.account.waiting, world.undecided) == ({}, (), {}), "all is flat"
    assert world.held_back == [], "a clock has freed it"
