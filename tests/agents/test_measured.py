"""What risk shows of two accounts: what they own together, and the deeper fall. What positions shows of a symbol."""
from prometheus_client import REGISTRY

from streams.agents.measured import Measured, symbol_step
from streams.core import symbol
from streams.core.account import AccountState, new
from streams.core.events import BalanceSeen, Beat
from streams.core.settings import Settings
from streams.core.values import e8
from tests import make


def test_the_equity_of_all_accounts_and_the_deepest_fall() -> None:
    measured, settings = Measured(), Settings()
    states: dict[str, AccountState] = {name: new(name) for name in ("main", "second")}
    for number, (name, wallet) in enumerate([("main", "1000"), ("second", "500"), ("second", "800"), ("second", "600"), ("main", "900")]):
        for body in (BalanceSeen(name, "USDT", e8(wallet), 0, "ORDER"), Beat("risk-1"), Beat("risk-1")):
            states[name], _ = measured.step(states[name], make.seen(body, make.NOON + number), settings)
    assert REGISTRY.get_sample_value("streams_equity") == 1_500.0
    assert REGISTRY.get_sample_value("streams_drawdown_ratio") == 0.25                        # of the second: 600 of 800


def test_the_intents_of_a_symbol_its_breaker_and_what_is_held() -> None:
    def count(result: str) -> float:
        return REGISTRY.get_sample_value("streams_intents_total", {"result": result}) or 0.0

    def shown(name: str) -> float | None:
        return REGISTRY.get_sample_value(name, {"symbol": make.SYMBOL})

    before, state = {result: count(result) for result in ("proposed", "denied", "accepted")}, symbol.new(make.SYMBOL)
    for body in (make.INSTRUMENT, make.tick("50000"), make.intent("i1", "close"), make.intent("i2", "buy")):
        state, _ = symbol_step(state, make.seen(body), make.SETTINGS)
    assert {result: count(result) - held for result, held in before.items()} == {"proposed": 1.0, "denied": 1.0, "accepted": 0.0}
    assert (shown("streams_positions"), shown("streams_breaker_open")) == (0.0, 0.0)
    state, _ = symbol_step(state, make.seen(make.tick("0")), make.SETTINGS)
    assert shown("streams_breaker_open") == 1.0
    assert count("accepted") == before["accepted"]
    symbol_step(state, make.seen(make.intent("i3", "cancel")), make.SETTINGS)
    assert count("accepted") == before["accepted"] + 1
