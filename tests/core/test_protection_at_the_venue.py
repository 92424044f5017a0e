"""What rests at a venue that does as it is told, along any path of prices and wishes: the desk of the truth table, and its orders after each word.

23  what rests there is what the book says
24  of stops there are the guard and at most one more, of the whole position, in so many orders as it takes; all targets together are no more than it
25  a plan places before it cancels
26  the tightest stop never loosens, but by a person's hand
"""
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.core.commands import Plan, Step
from streams.core.protected import rests_at
from streams.core.values import E8, decimal, e8
from tests.core.test_exit_table import Desk

HOWS = (
    "stop 98, trail 0.5R from 0R", "stop 98, target 103, even 0.5R", "stop 97, ladder 50%@0.3R 30%@0.6R 20%@1R, trail 0.5R",
    "stop 98, ladder 33.3%@0.5R 33.3%@1%, even 1rung, tighten 0.5R:0.3R", "stop 99, even 0.02R, patience 20s:-0.5R",
    "stop 98, adds 2, reward 2R, trail 1%",
    "stop 98, adds 1, ladder 50%@1R, trail 0.7R from 0.2R", "stop 96, trail 0.3R from 0.5R, time 40s, mark",
)
prices = st.integers(9_500, 10_600).map(lambda cents: decimal(cents * E8 // 100))
words = st.one_of(
    prices, prices, prices, st.builds("{}^{}".format, prices, prices), st.builds("{}v{}".format, prices, prices),
    st.sampled_from(["close25%", "close60%", "add", "by_hand0.2", "3s", "refusing", "accepting", "most0.3", "most1000"]),
    st.builds("moved{}".format, prices),
)
paths = st.lists(words, min_size=5, max_size=40)


class Watched(Desk):
    """The desk, with all that it was told."""

    plans: list[Plan]

    def work(self, plan: Plan) -> None:
        self.plans = [*getattr(self, "plans", []), plan]
        assert max(step.quantity for step in plan.steps) <= self.most
        super().work(plan)


def walked(sign: int, how: str, path: list[str]) -> Any:  # noqa: ANN401
    """The desk after each word, until it is flat."""
    desk = Watched(sign, how)
    yield "", desk
    for word in path:
        if desk.ended is None and not (word.startswith("moved") and absurd(desk, desk.across(e8(word.removeprefix("moved"))))):
            desk.go(word)
            yield word, desk


def absurd(desk: Desk, trigger: int) -> bool:
    """A move to where the price has been already would fill at once; the guard's moves are a matter of its own."""
    order = desk.orders[-1]
    away = desk.sign * (desk.price - trigger)
    return order.quantity == 0 or away == 0 or (away > 0) != order.is_stop


@pytest.mark.parametrize("sign", [1, -1], ids=["long", "short"])
@given(st.sampled_from(HOWS), paths)
@settings(max_examples=100)
def test_23_to_25_the_book_says_what_rests_and_it_covers_the_position_alone(sign: int, how: str, path: list[str]) -> None:
    for word, desk in walked(sign, how, path):
        position = desk.state.books["main"].position
        if position is None:
            continue
        guard, *others = desk.orders
        assert (position.guard.client_order_id, guard.quantity) == (guard.client_order_id, 0)
        said = {(order.client_order_id, order.price, order.quantity) for order in position.resting}
        assert said == {(order.client_order_id, order.trigger, order.quantity) for order in others}, word
        if desk.refusing or desk.state.time < desk.state.books["main"].plan_after:
            continue                      # what a venue refuses to place anew stands as it was, and only reduces
        stops = [order for order in others if order.is_stop]
        assert (sum(order.quantity for order in stops), len({order.trigger for order in stops})) in ((0, 0), (position.size, 1)), word
        assert sum(order.quantity for order in others if not order.is_stop) <= position.size, word
    for plan in getattr(desk, "plans", []):
        kinds = [step.step is Step.CANCEL for step in plan.steps]
        assert kinds == sorted(kinds)


@pytest.mark.parametrize("sign", [1, -1], ids=["long", "short"])
@given(st.sampled_from(HOWS), paths)
@settings(max_examples=100)
def test_26_the_tightest_stop_never_loosens(sign: int, how: str, path: list[str]) -> None:
    tightest = 0
    for word, desk in walked(sign, how, path):
        position = desk.state.books["main"].position
        if position is None or word.startswith("moved"):
            tightest = sign * rests_at(position) if position else tightest
            continue
        level = sign * rests_at(position)
        assert not tightest or level >= tightest, word
        tightest = level
