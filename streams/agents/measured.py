"""What risk shows of its accounts: their equity, and how far it has fallen. Of several accounts in one worker the sum, and the deepest fall."""
from typing import Any

from streams.core.account import AccountState, Output, step
from streams.core.account_state import equity
from streams.core.events import Seen
from streams.core.settings import Settings
from streams.core.values import E8
from streams.runtime.metrics import DRAWDOWN, EQUITY


class Measured:
    """`step`, with a look at the state after it."""

    def __init__(self) -> None:
        self._accounts: dict[str, tuple[int, float]] = {}    # equity, fall

    def step(self, state: AccountState, seen: Seen[Any], settings: Settings) -> tuple[AccountState, tuple[Output, ...]]:
        after, outputs = step(state, seen, settings)
        total = equity(after)
        if total is not None:
            peak = max(after.modes.drawdown.peak, total)
            self._accounts[after.account] = total, (1 - total / peak if peak > 0 else 0.0)
            EQUITY.set(sum(owned for owned, _ in self._accounts.values()) / E8)
            DRAWDOWN.set(max(fall for _, fall in self._accounts.values()))
        return after, outputs
