"""What the workers show of the states that they keep: each is `step`, with a look at the state after it.

Risk: the equity of its accounts, and how far it has fallen; of several in one worker the sum, and the deepest fall. Positions: what is held of a
symbol by all accounts, whether its breaker lets an entry through, and what became of each intent.
"""
from typing import Any

from streams.core import symbol
from streams.core.account import AccountState, Output, step
from streams.core.account_state import equity
from streams.core.breakers import BreakerState
from streams.core.commands import Close, Deny, Enter, Plan, Propose
from streams.core.events import Intent, Seen
from streams.core.settings import Settings
from streams.core.values import E8
from streams.runtime.metrics import BREAKER_OPEN, DRAWDOWN, EQUITY, HOP, INTENTS, POSITIONS


class Measured:
    """Of risk."""

    def __init__(self) -> None:
        self._accounts: dict[str, tuple[int, float]] = {}    # equity, fall

    def step(self, state: AccountState, seen: Seen[Any], settings: Settings) -> tuple[AccountState, tuple[Output, ...]]:
        if isinstance(seen.body, Propose):
            HOP.labels("intent_to_proposal").observe((seen.log_time - seen.body.timestamp) / 1_000)
        after, outputs = step(state, seen, settings)
        total = equity(after)
        if total is not None:
            peak = max(after.modes.drawdown.peak, total)
            self._accounts[after.account] = total, (1 - total / peak if peak > 0 else 0.0)
            EQUITY.set(sum(owned for owned, _ in self._accounts.values()) / E8)
            DRAWDOWN.set(max(fall for _, fall in self._accounts.values()))
        return after, outputs


def command_seen(command: object, log_time: int) -> None:
    """How long it took to the log, by whoever reads it there: an entry since the intent's own time, an exit since the tick that asked for it."""
    match command:
        case Enter():
            HOP.labels("intent_to_command").observe((log_time - command.timestamp) / 1_000)
        case Plan() | Close() if command.tick_time:
            HOP.labels("tick_to_exit").observe((log_time - command.tick_time) / 1_000)


def symbol_step(state: symbol.SymbolState, seen: Seen[Any], settings: Settings) -> tuple[symbol.SymbolState, tuple[symbol.Output, ...]]:
    """Of positions. An intent that is neither proposed nor denied closed, withdrew or waits."""
    after, outputs = symbol.step(state, seen, settings)
    if after.books:
        POSITIONS.labels(after.symbol).set(sum(book.position.held.quantity for book in after.books.values() if book.position) / E8)
    BREAKER_OPEN.labels(after.symbol).set(after.market.breaker.state is BreakerState.OPEN)
    for output in outputs:
        if isinstance(output, Propose | Deny):
            INTENTS.labels("proposed" if isinstance(output, Propose) else "denied").inc()
    if isinstance(seen.body, Intent) and not any(isinstance(output, Propose | Deny) for output in outputs):
        INTENTS.labels("accepted").inc()
    return after, outputs
