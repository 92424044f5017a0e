"""When a symbol's breaker opens, and what closes it."""
import msgspec
import pytest

from streams.core.breakers import SHUT, Breaker, BreakerState, cooled, opened, rejected, succeeded
from streams.core.events import Tick
from streams.core.market import Market, controlled, listed, ticked
from streams.core.settings import BreakerLimits
from streams.core.values import e8
from tests import make

LIMITS = BreakerLimits(rejections_max=3, cool_down=60_000, jump_max_ppm=100_000, frozen_max=60_000)
OPEN = Breaker(BreakerState.OPEN, "PRICE_JUMP", 1_000, 1)
PROBING = msgspec.structs.replace(OPEN, state=BreakerState.PROBING)


def test_rejections_in_a_row() -> None:
    first = rejected(SHUT, LIMITS, 1_000)
    second = rejected(first, LIMITS, 2_000)
    assert (first, second) == (Breaker(rejections=1), Breaker(rejections=2))
    assert rejected(second, LIMITS, 3_000) == Breaker(BreakerState.OPEN, "REJECTIONS", 3_000, 3)


@pytest.mark.parametrize(("before", "after"), [
    pytest.param(Breaker(rejections=2), SHUT, id="a row is broken"),
    pytest.param(PROBING, SHUT, id="the probe held"),
    pytest.param(OPEN, OPEN, id="an entry of before the fault proves nothing"),
    pytest.param(SHUT, SHUT, id="nothing was wrong"),
])
def test_success(before: Breaker, after: Breaker) -> None:
    assert succeeded(before) == after


def test_a_probe_has_one_try() -> None:
    assert rejected(PROBING, LIMITS, 9_000) == Breaker(BreakerState.OPEN, "REJECTIONS", 9_000, 2)


@pytest.mark.parametrize(("now", "state"), [(60_999, BreakerState.OPEN), (61_000, BreakerState.PROBING)])
def test_the_cool_down(now: int, state: BreakerState) -> None:
    assert cooled(OPEN, LIMITS, now) == msgspec.structs.replace(OPEN, state=state)
    assert cooled(SHUT, LIMITS, now) == SHUT


def test_opened_anew_it_cools_down_anew() -> None:
    assert opened(OPEN, "STATUS", 5_000) == Breaker(BreakerState.OPEN, "STATUS", 5_000, 1)


KNOWN = Market(
    make.INSTRUMENT, e8("100"), e8("99.99"), e8("100.01"), e8("100"), mark_time=1_000, moved_at=1_000, believed=True, mark_believed=e8("100"),
)


@pytest.mark.parametrize(("tick", "now", "reason", "believed"), [
    pytest.param(make.tick("100.5"), 1_100, "", True, id="a price"),
    pytest.param(make.tick("110"), 1_100, "", True, id="ten per cent up is at the limit"),
    pytest.param(make.tick("110.01"), 1_100, "PRICE_JUMP", False, id="and a cent more beyond it"),
    pytest.param(make.tick("90"), 1_100, "", True, id="ten per cent down"),
    pytest.param(make.tick("89.99"), 1_100, "PRICE_JUMP", False, id="and a cent more"),
    pytest.param(make.tick("111", mark="100"), 1_100, "PRICE_JUMP", False, id="the last price alone jumps"),
    pytest.param(make.tick("100", mark="111"), 1_100, "PRICE_JUMP", False, id="the mark alone jumps"),
    pytest.param(make.tick("0"), 1_100, "PRICE_ZERO", False, id="zero"),
    pytest.param(make.tick("-1"), 1_100, "PRICE_ZERO", False, id="below zero"),
    *[pytest.param(msgspec.structs.replace(make.tick("100"), **{name: 0}), 1_100, "PRICE_ZERO", False, id=f"{name} alone is zero")
      for name in ("last", "bid", "ask", "mark", "high", "low")],
    pytest.param(msgspec.structs.replace(make.tick("100"), bid=1), 1_100, "", True, id="the least price is one"),
    pytest.param(make.tick("100"), 5_000, "", True, id="the same price again"),
    pytest.param(make.tick("100"), 61_001, "", True, id="the same price after a silence"),
])
def test_a_tick(tick: Tick, now: int, reason: str, *, believed: bool) -> None:
    after = ticked(KNOWN, tick, now, LIMITS)
    assert (after.breaker.reason, after.breaker.state, after.believed) == (reason, BreakerState.OPEN if reason else BreakerState.CLOSED, believed)
    assert after.mark_believed == (tick.mark if believed else KNOWN.mark_believed)
    assert (after.last, after.mark_time) == ((KNOWN.last, KNOWN.mark_time) if reason == "PRICE_ZERO" else (tick.last, now))


def test_a_frozen_price() -> None:
    market = KNOWN
    for now in range(1_900, 61_900, 1_000):
        market = ticked(market, make.tick("100"), now, LIMITS)
    assert market.breaker == SHUT
    assert ticked(market, make.tick("100"), 61_900, LIMITS).breaker == Breaker(BreakerState.OPEN, "PRICE_FROZEN", 61_900)


@pytest.mark.parametrize(("tick", "passed", "moved"), [
    pytest.param(make.tick("100.01"), 1, True, id="another price"),
    pytest.param(make.tick("100", mark="100.01"), 1, True, id="another mark"),
    pytest.param(make.tick("100", spread="0.04"), 1, True, id="another spread"),
    pytest.param(make.tick("100"), 1, False, id="the same"),
    pytest.param(make.tick("100"), 6_000, False, id="the same, as old as a stream may pause"),
    pytest.param(make.tick("100"), 6_001, True, id="the same after a silence: it has not stood still"),
])
def test_when_a_market_moved(tick: Tick, passed: int, *, moved: bool) -> None:
    assert ticked(KNOWN, tick, 1_000 + passed, LIMITS).moved_at == (1_000 + passed if moved else 1_000)


def test_a_breaker_that_is_open_for_the_same_reason_is_not_opened_at_each_tick() -> None:
    broken = ticked(KNOWN, make.tick("0"), 2_000, LIMITS)
    assert [ticked(broken, make.tick("0"), now, LIMITS).breaker.opened_at for now in (2_100, 2_999, 3_000)] == [2_000, 2_000, 3_000]


@pytest.mark.parametrize(("word", "halted", "breaker"), [("HALT", "told so", OPEN), ("RESUME", "", SHUT), ("RESET_BREAKER", "before", SHUT)])
def test_a_persons_word(word: str, halted: str, breaker: Breaker) -> None:
    market = msgspec.structs.replace(KNOWN, halted="before" if word == "RESET_BREAKER" else "", breaker=OPEN)
    after = controlled(market, make.control(word, "told so"))
    assert (after.halted, after.breaker) == (halted, breaker)


def test_a_halt_without_a_reason_has_a_word() -> None:
    assert controlled(KNOWN, make.control("HALT")).halted == "halted"


def test_a_status_that_is_not_trading() -> None:
    settling = msgspec.structs.replace(make.INSTRUMENT, status="SETTLING")
    assert listed(KNOWN, settling, 7_000).breaker == Breaker(BreakerState.OPEN, "STATUS", 7_000)
    assert listed(KNOWN, make.INSTRUMENT, 7_000) == KNOWN
