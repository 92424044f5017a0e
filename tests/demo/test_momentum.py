"""The demo's signal source: how often, which way, and always the same for the same seed."""
from collections import deque
from typing import Any

import pytest

from streams.core.events import Tick
from streams.core.values import E8
from streams.demo.momentum import LEAST, MOST, Leave, Moment, Momentum, swing_of

START = 1_700_000_000_000
MINUTE_MS = 60_000
TEN = tuple(f"COIN{number}USDT" for number in range(10))


def tick(symbol: str, price: int) -> Tick:
    return Tick(symbol, price * E8, price * E8, price * E8, price * E8, mark_is_mid=True, high=price * E8, low=price * E8, first_time=0, last_time=0)


def wishes(seed: int, symbols: tuple[str, ...], minutes: int, drift: int = 1) -> list[dict[str, Any]]:
    """What the rule wants while every symbol ticks each 100 ms, each a little higher (or lower) than before."""
    rule = Momentum(seed)
    made = [
        rule.take(tick(symbol, 100_000 + drift * step), START + 100 * step)
        for step in range(minutes * MINUTE_MS // 100) for symbol in symbols
    ]
    return [wish for wish in made if wish]


@pytest.mark.parametrize("symbols", [TEN, TEN[:1]], ids=["ten symbols", "one symbol"])
def test_thirty_to_forty_a_minute(symbols: tuple[str, ...]) -> None:
    wanted = wishes(1, symbols, minutes=5)
    assert 150 <= len(wanted) <= 200
    assert {wish["symbol"] for wish in wanted} == set(symbols)


@pytest.mark.parametrize(("drift", "side"), [(1, "BUY"), (-1, "SELL")])
def test_it_goes_with_the_move_and_lets_go_now_and_then(drift: int, side: str) -> None:
    assert {wish["action"] for wish in wishes(1, TEN, minutes=3, drift=drift)} == {side, "CLOSE"}


def test_the_seed_decides() -> None:
    assert wishes(7, TEN, minutes=1) == wishes(7, TEN, minutes=1) != wishes(8, TEN, minutes=1)


def test_every_id_once_and_every_way_to_leave() -> None:
    wanted = wishes(1, TEN, minutes=3)
    assert len({wish["intent_id"] for wish in wanted}) == len(wanted)
    assert {wish.get("harvest_policy", {}).get("mode") for wish in wanted} == {None, "scalper", "swing", "trend_runner"}


def test_distances_go_with_the_swing_and_have_bounds() -> None:
    leave = Leave(1, "scalper", stop=0.5, target=0.25, trail=0.1, seconds=60)
    assert leave.wish(0.02) == {
        "stop_loss_pct": 0.01, "take_profit_pct": 0.005, "harvest_policy": {"mode": "scalper", "trail_pct": 0.002, "max_time_sec": 60},
    }
    assert [leave.wish(swing)["stop_loss_pct"] for swing in (0, 9)] == [LEAST, MOST]
    assert Leave(1).wish(0.02) == {}


def test_a_swing_of_a_quarter_minute_is_half_of_one() -> None:
    assert swing_of(deque([Moment(START, 100), Moment(START + 5_000, 99), Moment(START + MINUTE_MS // 4, 100)])) == pytest.approx(0.02)


def test_a_symbol_that_fell_silent_is_left_alone() -> None:
    rule = Momentum(1)
    for step in range(100):
        rule.take(tick("QUIETUSDT", 100), START + 100 * step)
    later = [rule.take(tick("LOUDUSDT", 100), START + 20_000 + 100 * step) for step in range(600)]
    assert {wish["symbol"] for wish in later if wish} == {"LOUDUSDT"}
