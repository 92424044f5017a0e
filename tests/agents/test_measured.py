"""What risk shows of two accounts: what they own together, and the deeper fall. What positions shows of a symbol."""
import msgspec
from prometheus_client import REGISTRY

from streams.agents.measured import Measured, command_seen, symbol_step
from streams.core import symbol
from streams.core.account import AccountState, new
from streams.core.commands import Close, Enter
from streams.core.events import BalanceSeen, Beat
from streams.core.settings import Settings
from streams.core.values import Side, e8
from streams.core.words import Exit, OrderType
from tests import make
from tests.core.proposals import proposal


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


def test_the_hops_of_an_entry_and_of_an_exit_by_the_times_of_the_log() -> None:
    """An exit that no tick asked for has no such hop."""
    def spent(hop: str) -> list[float]:
        return [REGISTRY.get_sample_value(f"streams_hop_seconds_{what}", {"hop": hop}) or 0.0 for what in ("count", "sum")]

    hops = ("intent_to_proposal", "intent_to_command", "tick_to_exit")
    before = {hop: spent(hop) for hop in hops}
    entry = Enter(
        "main", make.SYMBOL, "i1", "e", "g", "f", Side.BUY, 1, OrderType.MARKET, 0, 1, 1, make.NOON, make.NOON, make.NOON, 1,
    )
    close = Close("main", make.SYMBOL, "p", 0, (), "x", Exit.TIME, make.NOON, make.NOON)
    Measured().step(new("main"), make.seen(proposal(timestamp=make.NOON), make.NOON + 250), Settings())
    command_seen(entry, make.NOON + 500)
    command_seen(close, make.NOON + 125)
    command_seen(msgspec.structs.replace(close, tick_time=0), make.NOON + 999_000)
    assert {hop: [round(now - held, 6) for now, held in zip(spent(hop), before[hop], strict=True)] for hop in hops} == {
        "intent_to_proposal": [1.0, 0.25], "intent_to_command": [1.0, 0.5], "tick_to_exit": [1.0, 0.125],
    }
