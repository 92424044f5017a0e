"""Row n is the proposal with fault n *and every later fault*: it proves each check and the order of all of them."""
import inspect
from typing import Any

import msgspec
import pytest

from streams.core import risk
from streams.core.commands import Denial
from streams.core.exposure import Room
from streams.core.risk import Asked, No, deny
from streams.core.settings import Limits, Settings
from streams.core.sizing import size
from streams.core.values import Side, e8
from streams.core.words import Mode
from tests.core.proposals import BTC

SETTINGS = Settings(limits=Limits(streak_max=3))
ROOM = Room(equity=e8("10000"), gross=0, net=0, of_symbol=0, margin_elsewhere=0, leverage_held=0)
GOOD = Asked(BTC, 2_000, 0, Mode.ACTIVE, "", 0, 0, e8("10000"), 0, size(BTC, ROOM, SETTINGS.limits))

FAULTS: dict[Denial, tuple[dict[str, Any], str]] = {  # in the order of the ladder: what is wrong, and how it is told
    Denial.INTENT_KNOWN: ({"ended": 12}, "the symbol has gone on without it: its state 12 came after the proposal's 10"),
    Denial.INTENT_EXPIRED: ({"expires_at": 1_500}, "it expired 4501 ms ago"),
    Denial.MARK_STALE: ({"time": 6_001}, "the mark is 5001 ms old, 5000 at most"),
    Denial.STOP_WRONG_SIDE: ({"stop_price": e8("60000")}, "a BUY at 60000 cannot have its stop at 60000"),
    Denial.MODE_HALTED: ({"mode": Mode.HALTED, "mode_reason": "ann: night"}, "ann: night"),
    Denial.MODE_REDUCING: ({"mode": Mode.REDUCING, "mode_reason": "daily loss 3 %"}, "daily loss 3 %"),
    Denial.ACCOUNT_COOLING: ({"cooling": 1_500}, "3 losses in a row: no entries for 1500 ms more"),
    Denial.ORDERS_TOO_MANY: ({"orders": 120}, "120 orders in the last minute, 120 at most"),
    Denial.EQUITY_UNKNOWN: ({"equity": None}, "no balance of USDT has come yet"),
    Denial.POSITIONS_TOO_MANY: ({"busy": 10}, "10 other symbols are held or under way, 10 at most"),
    Denial.SPREAD_TOO_WIDE: ({"spread_ppm": 2_001}, "the spread is 0.2001 %, 0.2 % at most"),
    Denial.EXPOSURE_ABOVE_MAXIMUM: ({"exposure_room": e8("59")}, "the limits leave room for 59 USDT, the least order is 60"),
    Denial.DIRECTION_ABOVE_MAXIMUM: ({"direction_room": e8("59")}, "the longs leave room for 59 USDT, the least order is 60"),
    Denial.GROUP_ABOVE_MAXIMUM: (
        {"group": "majors", "group_room": e8("59")}, "group majors leaves room for 59 USDT, the least order is 60",
    ),
    Denial.MARGIN_TOO_SMALL: ({"margin_room": e8("59")}, "the margin carries 59 at leverage 5, the least order is 60"),
    Denial.LIQUIDATION_BEFORE_STOP: (
        {"safe_room": e8("59"), "leverage_safe": 3}, "the stop 58800 allows no leverage above 3, which carries 59; the least order is 60",
    ),
    Denial.QUANTITY_BELOW_STEP: ({"quantity": 0}, "the size is less than one step of 0.001"),
    Denial.QUANTITY_BELOW_MINIMUM: ({"quantity": e8("0.001"), "quantity_min": e8("0.002")}, "0.001 is below the venue's 0.002"),
    Denial.NOTIONAL_BELOW_MINIMUM: ({"notional": e8("49.9")}, "49.9 is below the venue's 50"),
}


def faulty(asked: Asked, fault: dict[str, Any]) -> Asked:
    """With the fault in whichever of the three structs has such a field."""
    def with_fault(part: Any) -> Any:  # noqa: ANN401
        return msgspec.structs.replace(part, **{name: value for name, value in fault.items() if name in part.__struct_fields__})

    told: Asked = msgspec.structs.replace(with_fault(asked), proposal=with_fault(asked.proposal), size=with_fault(asked.size))
    return told


def test_a_good_proposal_is_not_denied() -> None:
    assert deny(GOOD, SETTINGS) is None


@pytest.mark.parametrize("first", range(len(FAULTS)), ids=lambda n: list(FAULTS)[n])
def test_the_first_fault_wins(first: int) -> None:
    asked = GOOD
    for fault, _ in reversed(list(FAULTS.values())[first:]):
        asked = faulty(asked, fault)
    no = deny(asked, SETTINGS)
    assert no is not None
    assert no.reason == list(FAULTS)[first]


@pytest.mark.parametrize("reason", [reason for reason in FAULTS if reason is not Denial.INTENT_EXPIRED])
def test_each_fault_alone_is_told_with_its_figures(reason: Denial) -> None:
    fault, told = FAULTS[reason]
    assert deny(faulty(GOOD, fault), SETTINGS) == No(reason, told)


def test_an_expired_intent_is_told_with_its_age() -> None:
    assert deny(faulty(GOOD, {"expires_at": 1_500}), SETTINGS) == No(Denial.INTENT_EXPIRED, "it expired 500 ms ago")


def test_a_stop_that_no_leverage_can_survive_is_told() -> None:
    asked = faulty(GOOD, {"safe_room": 0, "leverage_safe": 0})
    assert deny(asked, SETTINGS) == No(Denial.LIQUIDATION_BEFORE_STOP, "at any leverage the liquidation comes too near to the stop 58800")


def test_a_short_without_room_is_told_by_its_side() -> None:
    asked = faulty(GOOD, {"side": Side.SELL, "stop_price": e8("61200"), "direction_room": -1})
    told = No(Denial.DIRECTION_ABOVE_MAXIMUM, "the shorts leave room for -0.00000001 USDT, the least order is 60")
    assert deny(asked, SETTINGS) == told


def test_without_a_limit_any_rate_and_without_a_group_any_room_will_do() -> None:
    free = msgspec.structs.replace(SETTINGS, limits=msgspec.structs.replace(SETTINGS.limits, orders_per_minute=0))
    assert deny(faulty(GOOD, {"orders": 10_000, "group_room": -1}), free) is None


def test_the_rows_are_the_whole_ladder_in_the_order_of_the_enum() -> None:
    asked_in_code = {reason for reason in Denial if f"Denial.{reason}" in inspect.getsource(risk)}
    assert list(FAULTS) == [reason for reason in Denial if reason in asked_in_code]


@pytest.mark.parametrize(
    ("edge", "beyond"),
    [
        pytest.param({"time": 6_000}, {"time": 6_001}, id="mark age"),
        pytest.param({"expires_at": 2_000}, {"expires_at": 1_999}, id="expiry"),
        pytest.param({"busy": 9}, {"busy": 10}, id="positions"),
        pytest.param({"spread_ppm": 2_000}, {"spread_ppm": 2_001}, id="spread"),
        pytest.param({"exposure_room": e8("60")}, {"exposure_room": e8("60") - 1}, id="exposure"),
        pytest.param({"orders": 119}, {"orders": 120}, id="orders"),
        pytest.param({"direction_room": e8("60")}, {"direction_room": e8("60") - 1}, id="direction"),
        pytest.param({"group": "majors", "group_room": e8("60")}, {"group": "majors", "group_room": e8("60") - 1}, id="group"),
        pytest.param({"margin_room": e8("60")}, {"margin_room": e8("60") - 1}, id="margin"),
        pytest.param({"safe_room": e8("60")}, {"safe_room": e8("60") - 1}, id="liquidation"),
        pytest.param({"quantity": e8("0.001")}, {"quantity": 0}, id="step"),
        pytest.param({"notional": e8("50")}, {"notional": e8("50") - 1}, id="notional"),
        pytest.param({"stop_price": e8("60000") - 1}, {"stop_price": e8("60000")}, id="stop"),
    ],
)
def test_a_limit_is_inside(edge: dict[str, Any], beyond: dict[str, Any]) -> None:
    assert deny(faulty(GOOD, edge), SETTINGS) is None
    assert deny(faulty(GOOD, beyond), SETTINGS) is not None
