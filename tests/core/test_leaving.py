"""How much of a position a CLOSE of a part is: held is 1, the venue takes no less than 0.01 and no less than 5 quote."""
from typing import Any

import msgspec
import pytest

from streams.core.commands import Close, Deny, Plan
from streams.core.symbol import new, step
from streams.core.values import decimal, e8, ppm
from tests import make

COARSE: dict[str, Any] = {"quantity_min": e8("0.01"), "quantity_step": e8("0.001")}


@pytest.mark.parametrize(
    ("part", "price", "answer"),
    [
        pytest.param("0", "100", "close", id="no part is all"),
        pytest.param("1", "100", "close", id="so is the whole"),
        pytest.param("0.5", "100", "0.5", id="a half"),
        pytest.param("0.3337", "100", "0.333", id="down to the step"),
        pytest.param("0.01", "100", "0.01", id="the least that the venue takes"),
        pytest.param("0.0099", "100", "QUANTITY_BELOW_MINIMUM", id="less than that"),
        pytest.param("0.0009", "100", "QUANTITY_BELOW_STEP", id="less than a step"),
        pytest.param("0.95", "100", "0.95", id="5 quote are left"),
        pytest.param("0.951", "100", "close", id="less would be left than the venue takes"),
        pytest.param("0.9899", "1000", "0.989", id="0.011 are left, worth 11"),
        pytest.param("0.991", "1000", "close", id="0.009 would be left"),
    ],
)
def test_a_part(part: str, price: str, answer: str) -> None:
    state = new(make.SYMBOL)
    for body in (msgspec.structs.replace(make.INSTRUMENT, **COARSE), make.tick(price), make.fill("buy", "1", price, "web_1", "t1")):
        state, _ = step(state, make.seen(body), make.SETTINGS)
    _, (said,) = step(state, make.seen(make.intent("c1", "CLOSE", partial_ppm=ppm(part))), make.SETTINGS)
    match said:
        case Plan():
            assert [decimal(one.quantity) for one in said.steps] == [answer]
        case Deny():
            assert said.reason.value == answer
        case _:
            assert isinstance(said, Close)
            assert answer == "close"


def test_no_part_is_sold_without_filters() -> None:
    state, _ = step(new(make.SYMBOL), make.seen(make.fill("buy", "1", "100", "web_1", "t1")), make.SETTINGS)
    _, outputs = step(state, make.seen(make.intent("c1", "CLOSE", partial_ppm=ppm("0.5"))), make.SETTINGS)
    assert [output.reason for output in outputs if isinstance(output, Deny)] == ["SYMBOL_NOT_LISTED"]
    _, outputs = step(state, make.seen(make.intent("c1", "CLOSE")), make.SETTINGS)
    assert [type(output) for output in outputs] == [Close]
