"""Filters and status of the symbols: asked for each hour, and at once when the venue refuses an order for what may have changed.

What is new or has changed is written to `instrument`; positions closes a symbol that does not trade to entries, and the last look at an entry here
does the same at once. A position held in such a symbol is reported, and closes that were refused are tried again when its instrument changes.
"""
import asyncio
from collections.abc import Iterable

import msgspec

from streams.core.events import Instrument
from streams.core.market import TRADING
from streams.runtime import logs
from streams.venue import filters
from streams.venue.answers import Accepted
from streams.venue.binance import Answer
from streams.venue.desks import Desks

UNLISTED = "CLOSE"                    # the venue's word for a contract that is over
GAP_S = 5.0                           # between two renewals, however many refusals ask for one
_log = logs.get(__name__)


class Renewal:
    """`symbols`: those of the settings; none are all that the venue lists."""

    def __init__(self, desks: Desks, symbols: Iterable[str]) -> None:
        self.desks, self.venue = desks, desks.office.venue
        self._symbols = tuple(symbols)
        self._one = asyncio.Lock()

    async def run(self) -> None:
        """Whenever a refusal gives reason to doubt them."""
        while True:
            await self.venue.filters_doubted.wait()
            self.venue.filters_doubted.clear()
            await self._load(fees_anew=False)
            await asyncio.sleep(GAP_S)

    async def hourly(self) -> None:
        """Fees too: a volume of thirty days moves them."""
        await self._load(fees_anew=True)

    async def _load(self, *, fees_anew: bool) -> None:
        answer = await self.load(fees_anew=fees_anew)
        if not isinstance(answer, Accepted):
            _log.warning("the filters cannot be had: the old ones hold until the next hour, or refusal", answer=str(answer))

    async def load(self, *, fees_anew: bool = True) -> Answer:
        """How many instruments there are, or why they could not be had."""
        async with self._one:
            held = [desk.symbol for desk in self.desks if desk.held]
            loaded = await filters.load(self.venue, {*self._symbols, *held} if self._symbols else (), fees_anew=fees_anew)
            if not isinstance(loaded, list):
                return loaded
            loaded += self._no_longer_listed({one.symbol for one in loaded})
            changed = [one for one in loaded if self.venue.instruments.get(one.symbol) != one]
            self.venue.instruments.update({one.symbol: one for one in loaded})
            if changed:
                self.desks.office.ledger.write(*changed)
            self._tell({one.symbol: one for one in changed})
            return Accepted(len(loaded))

    def _no_longer_listed(self, listed: set[str]) -> list[Instrument]:
        """What the venue said of a symbol last, closed, where it lists it no more or in words that cannot be read."""
        known = self.venue.instruments
        missing = [name for name in self._symbols or tuple(known) if name in known and name not in listed]
        return [msgspec.structs.replace(known[name], status=UNLISTED) for name in missing]

    def _tell(self, changed: dict[str, Instrument]) -> None:
        """To whoever waits for a symbol to change, and to people where a position is held in one that does not trade."""
        for desk in self.desks:
            instrument = self.venue.instruments.get(desk.symbol)
            if desk.symbol in changed:
                desk.wake()
                if instrument is not None and instrument.status != TRADING and desk.held:
                    _log.error("a position is held in a symbol that does not trade", symbol=desk.symbol, status=changed[desk.symbol].status)
