"""Row n is the intent with fault n *and every later fault*: it proves each check of the symbol's ladder and the order of all of them."""
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from streams.core.breakers import Breaker, BreakerState
from streams.core.commands import Denial, Deny, Propose
from streams.core.events import Intent
from streams.core.known import remembered
from streams.core.settings import Settings
from streams.core.symbol import SymbolState, new, step
from streams.core.values import e8
from tests import make

replace = msgspec.structs.replace


class Asked(msgspec.Struct, frozen=True):
    """An intent at a symbol's door. What it lacks is denied at once: nothing waits here."""

    intent: Intent
    state: SymbolState
    settings: Settings


def state_of(*bodies: Any) -> SymbolState:  # noqa: ANN401
    state = new(make.SYMBOL)
    for body in bodies:
        state, _ = step(state, make.seen(body), make.SETTINGS)
    return state


READY = state_of(make.INSTRUMENT, make.tick("100"))
HELD = state_of(make.fill("buy", "1", "100", "web_1", "t0")).books["main"].position
FLYING = state_of(make.INSTRUMENT, make.tick("100"), make.intent("i0", "BUY")).books["main"].entry
GOOD = Asked(make.intent("i1", "BUY", confidence_ppm=600_000), READY, replace(make.SETTINGS, ages=replace(make.SETTINGS.ages, wait_max=0)))


def intent(**changes: Any) -> Callable[[Asked], Asked]:  # noqa: ANN401
    return lambda asked: replace(asked, intent=replace(asked.intent, **changes))


def settings(**changes: Any) -> Callable[[Asked], Asked]:  # noqa: ANN401
    return lambda asked: replace(asked, settings=replace(asked.settings, **changes))


def limits(**changes: Any) -> Callable[[Asked], Asked]:  # noqa: ANN401
    return lambda asked: settings(limits=replace(asked.settings.limits, **changes))(asked)


def both(one: Callable[[Asked], Asked], other: Callable[[Asked], Asked]) -> Callable[[Asked], Asked]:
    return lambda asked: one(other(asked))


def market(**changes: Any) -> Callable[[Asked], Asked]:  # noqa: ANN401
    return lambda asked: replace(asked, state=replace(asked.state, market=replace(asked.state.market, **changes)))


def book(**changes: Any) -> Callable[[Asked], Asked]:  # noqa: ANN401
    def changed(asked: Asked) -> Asked:
        held = asked.state.books.get("main") or state_of(make.fill("buy", "1", "1", "w", "t")).books["main"]
        return replace(asked, state=replace(asked.state, books={"main": replace(held, **changes)}))
    return changed


FAULTS: list[tuple[Denial, Callable[[Asked], Asked], str]] = [    # in the order of the ladder
    (Denial.INTENT_KNOWN, lambda asked: replace(asked, state=replace(asked.state, known=remembered(b"", "i1", make.NOON))), "it was answered before"),
    (Denial.INTENT_EXPIRED, intent(timestamp=make.NOON - 60_001), f"made at {make.NOON - 60_001}, it was too old at {make.NOON}"),
    (Denial.ACCOUNT_UNKNOWN, settings(accounts=("second",)), "no account main in the settings"),
    (Denial.SYMBOL_NOT_LISTED, settings(symbols=("ETHUSDT",)), "not one of the symbols in the settings"),
    (Denial.SYMBOL_NOT_TRADING, market(instrument=replace(make.INSTRUMENT, status="BREAK")), "the venue's status is BREAK"),
    (Denial.SYMBOL_HALTED, market(halted="told so"), "told so"),
    (Denial.BREAKER_OPEN, market(breaker=Breaker(BreakerState.OPEN, "PRICE_JUMP", make.NOON)), "PRICE_JUMP"),
    (Denial.INTENTS_TOO_MANY, book(position=None, asked=(make.NOON - 59_999,) * 120), "120 in the last minute, 120 at most"),
    (Denial.ENTRY_IN_FLIGHT, book(entry=FLYING), "one entry at a time; the last has not ended"),
    (Denial.POSITION_OPEN, book(position=HELD), "a position is held"),
    (Denial.SYMBOL_COOLING, both(book(position=None, lost_at=make.NOON - 999), limits(loss_cool_down=1_000)),
     "its last position lost: no entries for 1 ms more"),
    (Denial.CONFIDENCE_TOO_LOW, settings(confidence_min_ppm=600_001), "0.6 is below 0.600001"),
    (Denial.POLICY_UNKNOWN, both(intent(policy="scalp"), settings(policies={"scalper": make.PLAIN, "default": make.PLAIN})),
     "no policy scalp: it is one of default, scalper"),
    (Denial.SYMBOL_NOT_LISTED, market(instrument=None), "the venue's filters have not come"),
    (Denial.MARK_MISSING, market(mark_time=0), "no price has come"),
    (Denial.MARK_STALE, market(mark_time=make.NOON - 5_001), "the last price is 5001 ms old"),
    (Denial.PRICE_OFF_MARK, intent(entry_price=e8("102.01")), "102.01 is too far from the mark 100"),
    (Denial.STOP_WRONG_SIDE, intent(stop_price=e8("100")), "stop 100 does not lie below entry 100 and mark 100"),
    (Denial.STOP_TOO_FAR, intent(stop_price=e8("79.99")), "stop 79.99 lies beyond 80"),
    (Denial.TARGET_WRONG_SIDE, intent(target_price=e8("100")), "target 100 does not lie above the entry 100"),
    (Denial.REWARD_TOO_SMALL, both(intent(target_price=e8("103")), limits(reward_min_ppm=1_380_896)),
     "the targets earn 1.380895 of what the stop loses, 1.380896 at least"),
]


FILTERS = [reason for reason, _, _ in FAULTS].index(Denial.MARK_MISSING) - 1


def answered(asked: Asked) -> tuple[Any, ...]:
    return step(asked.state, make.seen(asked.intent), asked.settings)[1]


def test_a_good_intent_is_proposed() -> None:
    assert [type(output) for output in answered(GOOD)] == [Propose]


@pytest.mark.parametrize(("given", "told"), [(-1, 550_000), (600_000, 600_000)])
def test_an_intent_without_confidence_has_the_least_that_is_asked_for(given: int, told: int) -> None:
    asked = both(intent(confidence_ppm=given), settings(confidence_min_ppm=550_000))(GOOD)
    assert [output.confidence_ppm for output in answered(asked) if isinstance(output, Propose)] == [told]


@pytest.mark.parametrize("first", range(len(FAULTS)), ids=lambda n: f"{n} {FAULTS[n][0]}")
def test_the_first_fault_wins(first: int) -> None:
    asked = GOOD
    for _, fault, _ in reversed(FAULTS[first:]):
        asked = fault(asked)
    denials = answered(asked)
    assert [(denial.reason, denial.intent_id) for denial in denials if isinstance(denial, Deny)] == [(FAULTS[first][0], "i1")]


@pytest.mark.parametrize("only", range(len(FAULTS)), ids=lambda n: f"{n} {FAULTS[n][0]}")
def test_each_fault_alone_is_told_with_its_figures(only: int) -> None:
    reason, fault, detail = FAULTS[only]
    assert answered(fault(GOOD)) == (Deny("main", make.SYMBOL, "i1", reason, detail),)


def test_the_ladder_is_asked_in_the_order_of_its_words() -> None:
    """The enum is the order, for people; a symbol without filters is the one word that is asked at two rungs."""
    asked = [reason for n, (reason, _, _) in enumerate(FAULTS) if n != FILTERS]
    assert asked == sorted(asked, key=list(Denial).index)
    assert set(list(Denial)[: list(Denial).index(Denial.MODE_HALTED)]) - set(asked) == {
        Denial.POSITION_MISSING, Denial.ENTRY_MISSING, Denial.INTENT_WITHDRAWN,       # of CLOSE and CANCEL
    }
