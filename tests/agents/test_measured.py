"""What risk shows of two accounts: what they own together, and the deeper fall."""
from prometheus_client import REGISTRY

from streams.agents.measured import Measured
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
