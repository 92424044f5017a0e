"""What is measured is what it is called: else a figure says nothing."""
from collections import Counter

import numpy as np

from bench.arrays import Ticks, crossing
from bench.stories import ACCOUNT_SETTINGS, SETTINGS, account_of, entries, flat, held, life, prices
from streams.core import account, symbol
from streams.core.commands import Close, Enter, Plan, Propose
from streams.core.values import E8
from streams.core.watch import NOTHING, Band, band


def test_the_position_is_guarded_its_target_rests_and_its_stop_waits_for_profit() -> None:
    position = held().books["main"].position
    assert position is not None and position.guard is not None
    assert [order.leg for order in position.resting] == ["target"]
    assert band(held(), SETTINGS) != NOTHING


def test_a_rise_is_a_new_best_price_at_each_tick() -> None:
    state, best = held(), []
    for seen in prices(50, step_ppm=0, seed=1, drift=E8 // 50):
        state, outputs = symbol.step(state, seen, SETTINGS)
        position = state.books["main"].position
        assert outputs == () and position is not None
        best.append(position.best)
    assert best == sorted(set(best))


def test_lives_are_opened_protected_trailed_and_closed() -> None:
    state, kinds = flat(), Counter[type]()
    for seen in life(1_000):
        state, outputs = symbol.step(state, seen, SETTINGS)
        kinds.update(map(type, outputs))
    assert kinds[Plan] > 10 * kinds[Propose] > 100 and kinds[Close] >= kinds[Propose] - 1


def test_each_entry_of_the_account_is_ordered() -> None:
    state, kinds = account_of(1), Counter[type]()
    for seen in entries(200):
        state, outputs = account.step(state, seen, ACCOUNT_SETTINGS)
        kinds.update(map(type, outputs))
    assert kinds == {Enter: 100}


def test_the_search_by_array_is_the_band_tick_by_tick() -> None:
    draw = np.random.default_rng(7)
    low = draw.integers(900, 1_000, 200_000)
    ticks = Ticks(low, low + draw.integers(0, 50, 200_000), draw.integers(900, 1_100, 200_000), np.arange(200_000))
    for watch in (Band(900, 1_049, 899, 1_100, 10**9), Band(899, 1_050, 899, 1_100, 150_000), Band(0, 10**9, 0, 10**9, 10**9), Band(0, 0, 0, 0, 0)):
        out = [n for n, (least, most, mark, now) in enumerate(zip(*ticks, strict=True)) if not (
            watch.lower < least and most < watch.upper and watch.mark_lower < mark < watch.mark_upper and now < watch.deadline
        )]
        for start in (0, 70_000, 199_999):
            assert crossing(ticks, watch, start) == next((n for n in out if n >= start), 200_000)
