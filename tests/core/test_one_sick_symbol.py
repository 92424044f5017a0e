"""Nine symbols trade while a tenth is sick. Its breaker opens; of the nine not a byte is different from a day without the tenth.

The tenth holds a position of a tenth of the account, and goes on asking for more. What ails it begins at the 30th second and ends at the 90th; at
the 95th it is closed by hand, so that an entry can probe once the breaker has cooled down.
"""
import functools

import msgspec
import pytest

from streams.core.breakers import SHUT, BreakerState
from streams.core.commands import Deny, Enter
from streams.core.events import PositionUpdated, Tick
from streams.core.words import Exit
from tests import make
from tests.core.street import Ill, Street

NINE = tuple(f"S{number}USDT" for number in range(9))
SICK = "MATICUSDT"
SINCE, UNTIL, CLOSED_AT, END = 30, 90, 95, 180


def jumping(second: int) -> Tick | None:
    """A twentieth of the price, and nobody says more for five seconds."""
    return {0: make.tick("5"), 5: make.tick("100")}.get(second % 10)


def frozen(_second: int) -> Tick:
    return make.tick("100")


WAYS = {
    "consecutive rejections": (Ill(SICK, SINCE, UNTIL, rejects=True), ["REJECTIONS"]),
    "a price of zero": (Ill(SICK, SINCE, UNTIL, tick=lambda _: make.tick("0")), ["PRICE_ZERO"]),
    "a price below zero": (Ill(SICK, SINCE, UNTIL, tick=lambda _: make.tick("-3")), ["PRICE_ZERO"]),
    "a frozen price": (Ill(SICK, SINCE, UNTIL, tick=frozen), ["PRICE_FROZEN"]),
    "a price that jumps": (Ill(SICK, SINCE, UNTIL, tick=jumping), ["PRICE_JUMP"]),
    "a status that is not TRADING": (Ill(SICK, SINCE, UNTIL, status="SETTLING"), ["STATUS"]),
    "delisted, with a frozen price": (Ill(SICK, SINCE, END + 1, tick=frozen, status="SETTLING"), ["STATUS", "PRICE_FROZEN"]),
    "a refused stop": (Ill(SICK, SINCE, UNTIL, tick=lambda second: make.tick(f"{102 + second / 100:.2f}"), refuses=True), ["STOP_REFUSED"]),
}


@functools.cache
def day(way: str) -> Street:
    """The nine alone, or with the tenth, sick in some way; in consecutive rejections it is flat when it falls ill."""
    if not way:
        street = Street(NINE)
        street.pass_seconds(END)
        return street
    ill, _ = WAYS[way]
    street = Street((*NINE, SICK), ill)
    street.pass_seconds(END, (SINCE - 1, CLOSED_AT) if ill.rejects else (CLOSED_AT,))
    return street


def entered(street: Street, name: str) -> list[int]:
    """The seconds of the intents that became orders."""
    return [int(output.intent_id.split("-")[1]) for output in street.said[name] if isinstance(output, Enter)]


def test_the_nine_trade() -> None:
    """Or the rest would prove nothing: each was left and entered again, by each kind of exit that rests."""
    said = [output for name in NINE for output in day("").said[name]]
    exits = [output.exit for output in said if isinstance(output, PositionUpdated) and output.closed_at]
    assert {Exit.STOP, Exit.TARGET, Exit.TRAIL, Exit.OPPOSITE} <= set(exits)
    assert min(len(entered(day(""), name)) for name in NINE) > 1


@pytest.mark.parametrize("way", WAYS)
def test_nothing_else_notices(way: str) -> None:
    alone, beside = day(""), day(way)
    for name in NINE:
        assert msgspec.msgpack.encode(beside.said[name]) == msgspec.msgpack.encode(alone.said[name])
        assert msgspec.msgpack.encode(beside.states[name]) == msgspec.msgpack.encode(alone.states[name])
    assert (beside.modes, beside.account.modes.ruling) == ([], alone.account.modes.ruling)


@pytest.mark.parametrize("way", WAYS)
def test_its_own_breaker_opens_and_no_entry_of_it_leaves(way: str) -> None:
    ill, reasons = WAYS[way]
    street = day(way)
    opened = [(second, breaker.reason) for second, breaker in street.breakers if breaker.state is BreakerState.OPEN]
    assert list(dict.fromkeys(reason for _, reason in opened)) == reasons
    first = opened[0][0]
    assert SINCE <= first < UNTIL
    assert [second for second in entered(street, SICK) if first < second < first + 20] == []
    denied = {output.reason for output in street.said[SICK] if isinstance(output, Deny) and f"{SICK}-{first}" < output.intent_id < f"{SICK}-99"}
    assert denied == {"SYMBOL_NOT_TRADING" if ill.status else "BREAKER_OPEN"}


@pytest.mark.parametrize("way", [way for way, (ill, _) in WAYS.items() if ill.until < END])
def test_it_probes_after_the_cool_down_and_closes_on_success(way: str) -> None:
    street = day(way)
    (opened, last), (probed, probing), (closed, breaker) = street.breakers[-3:]
    assert (last.state, probing.state, breaker) == (BreakerState.OPEN, BreakerState.PROBING, SHUT)
    assert opened + 20 <= probed <= closed
    assert next(second for second in entered(street, SICK) if second > max(opened, CLOSED_AT)) == closed


def test_a_probe_that_is_rejected_opens_it_anew() -> None:
    told = [breaker.state.value for second, breaker in day("consecutive rejections").breakers if breaker.state is not BreakerState.CLOSED]
    assert told == ["OPEN", "PROBING", "OPEN", "PROBING"]


def test_a_delisted_symbol_stays_out() -> None:
    street = day("delisted, with a frozen price")
    assert street.breakers[-1][1].state is BreakerState.OPEN
    assert [second for second in entered(street, SICK) if second > SINCE] == []
    assert BreakerState.PROBING not in {breaker.state for second, breaker in street.breakers if second > 50}
