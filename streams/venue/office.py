"""What the desks of all symbols share: the account, the venue, the pen, the clock, the mode, and what is set up at the venue."""
import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import msgspec

from streams.core.events import Instrument, ModeWanted
from streams.core.ledger import ModeRecord
from streams.core.market import TRADING
from streams.core.words import Mode
from streams.runtime import logs
from streams.venue import keeping
from streams.venue.binance import Binance
from streams.venue.cashbook import Cashbook
from streams.venue.clock import Clock
from streams.venue.ledger import Ledger
from streams.venue.preparation import Preparation

_log = logs.get(__name__)


class Office:
    def __init__(self, account: str, venue: Binance, ledger: Ledger, clock: Clock) -> None:
        self.account, self.venue, self.ledger, self.clock = account, venue, ledger, clock
        self.cashbook = Cashbook(account, clock)
        self.kept = keeping.fresh(account)
        self.resting: list[Callable[[], int]] = []       # by desk: how many conditional orders wait
        self.reconciled = False                          # what the venue holds is known, and its stream is heard
        self.stopping = False
        self.fill_ends: dict[int, int] = {}              # of order.fill, by partition: no fill that we are still to write lies before it
        self.started_at = 0                              # venue's time
        self.preparation = Preparation(venue, self.ask_to_halt)
        self._tasks: set[asyncio.Task[Any]] = set()

    @property
    def instruments(self) -> dict[str, Instrument]:
        return self.venue.instruments

    def conditionals(self) -> int:
        """How many conditional orders wait at the venue, of all symbols and whosever they are."""
        return sum(count() for count in self.resting)

    def trades(self, symbol: str) -> bool:
        """Whether the venue takes entries of the symbol, as far as it has told; its own refusal tells the rest."""
        return symbol not in self.instruments or self.instruments[symbol].status == TRADING

    def run(self, work: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
        """A task of the gateway. One that fails has broken an invariant of ours: the process ends, and its successor asks the venue."""
        task = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._over)
        return task

    async def close(self) -> None:
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    @property
    def mode(self) -> Mode:
        """In force here: what is kept, and never more than REDUCING while the gateway does not see what the venue holds."""
        return max(keeping.in_force(self.kept), Mode.ACTIVE if self.reconciled else Mode.REDUCING, key=lambda mode: mode.rank)

    def keep(self, kept: ModeRecord) -> asyncio.Future[Any] | None:
        """In force at once, durable when the future is done; None where it is no news."""
        if kept == self.kept:
            return None
        before, self.kept = keeping.in_force(self.kept), kept
        if keeping.in_force(kept) is not before:
            _log.warning("mode", account=self.account, mode=keeping.in_force(kept).value, reason=keeping.why(kept))
        return self.ledger.write(kept, first=True)

    def ask_to_halt(self, reason: str) -> None:
        """Nothing will work until a person has acted: no more entries from here on, and risk is asked to say so to all."""
        if self.mode is Mode.HALTED:
            return
        wanted = ModeWanted(self.account, Mode.HALTED, reason, "gateway", f"gateway-{self.account}-{self.clock.now()}")
        self.keep(keeping.asked(self.kept, wanted))
        self.ledger.write(wanted)

    def _over(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (failure := task.exception()) is not None:
            self.ledger.end(failure, f"{task.get_name()} failed")


class Blocked(msgspec.Struct, frozen=True):
    """Why an entry must not leave."""

    expired: bool
    reason: str
