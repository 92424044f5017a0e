"""What is measured is what it is called: else a figure says nothing."""
import json
import subprocess
import sys
from collections import Counter

import numpy as np
import pytest

from bench.__main__ import FILES, Set, result
from bench.arrays import Ticks, crossing
from bench.figures import Figure
from bench.growth import Size, Spent, grown
from bench.stories import ACCOUNT_SETTINGS, SETTINGS, account_of, entries, flat, held, life, prices
from streams.core import account, symbol
from streams.core.commands import Close, Enter, Plan, Propose
from streams.core.values import E8
from streams.core.watch import NOTHING, Band, band
from streams.wire.topics import TOPICS


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


def test_what_an_idle_pipeline_writes_is_no_growth() -> None:
    nothing = {topic.name: Size(0, 0) for topic in TOPICS}
    idle = Spent({**nothing, "price.tick": Size(12, 1_200), "account.event": Size(12, 1_000)}, {"positions": 0.25}, 4.0)
    busy = Spent({**nothing, "price.tick": Size(22, 2_000), "account.event": Size(12, 1_000), "order.fill": Size(1, 80)}, {"positions": 0.5}, 10.0)
    spent = busy.less(idle)
    assert (spent.cpu, spent.seconds) == ({"positions": 0.25}, 10.0)
    assert grown("a trade", spent.times(5)) == [
        Figure("a trade: price.tick", 4_000, "B", note="50.0 records"), Figure("a trade: all other topics", 400, "B", note="5.0 records"),
    ]


@pytest.mark.slow
@pytest.mark.timeout(400)
@pytest.mark.parametrize("name", FILES)
def test_each_set_is_measured(name: str) -> None:
    done = subprocess.run([sys.executable, "-m", "bench", "--quick", "--json", name], capture_output=True, text=True, check=True)
    told = json.loads(done.stdout)
    assert list(told) == [name] and told[name]["seconds"] > 0
    assert {figure["name"] for figure in told[name]["figures"] if not figure["value"] >= 0 or not figure["unit"]} == set()
    assert len(told[name]["figures"]) >= 2


def test_the_result_is_a_list_of_figures_for_programs() -> None:
    found = {"core": Set(1.0, [Figure("ticks", 30.0, "steps/s", "a loop", 60.0, "note", runs=9)])}
    assert result(found) == [
        {"name": "core: ticks", "value": 30.0, "unit": "steps/s", "anchor": "a loop", "anchor_value": 60.0, "ratio": 0.5, "runs": 9},
    ]
