"""What a gateway shows of itself each second: doubt, rates, silence, clock. What has lasted too long is said once; a ban halts the account."""
import time

from streams.core.ledger import EntryRecord, ExitRecord, OrderState
from streams.runtime import logs
from streams.runtime.metrics import CLOCK_SKEW, NOT_TRADING, UNKNOWN_ORDER_AGE, UNKNOWN_ORDERS, VENUE_SILENT, VENUE_USED
from streams.venue.desks import Desks

DOUBT_MAX_MS = 10_000
_log = logs.get(__name__)


class Gauges:
    def __init__(self, desks: Desks) -> None:
        self.desks, self.office = desks, desks.office
        self._said: set[str] = set()

    async def look(self) -> None:
        self._doubt(self.office.clock.now())
        self._rates(self.office.clock.now())
        CLOCK_SKEW.set(self.office.clock.skew_ms / 1_000)
        for desk in self.desks:
            NOT_TRADING.labels(desk.symbol).set(desk.held != 0 and not self.office.trades(desk.symbol))

    def _doubt(self, now: int) -> None:
        unknown = [record for desk in self.desks for record in desk.records() if record.state is OrderState.UNKNOWN]
        UNKNOWN_ORDERS.set(len(unknown))
        UNKNOWN_ORDER_AGE.set(max((now - _since(record) for record in unknown), default=0) / 1_000)
        old = {record.key: record for record in unknown if now - _since(record) > DOUBT_MAX_MS}
        for key in old.keys() - self._said:
            _log.error("an order is in doubt for more than 10 s: the venue does not say what became of it", symbol=old[key].symbol, order=key)
        self._said = {*old}

    def _rates(self, now: int) -> None:
        limits = self.office.venue.limits
        for rate in limits.rates:
            VENUE_USED.labels(rate.name).set(limits.used(rate, now) / rate.limit)
        VENUE_SILENT.set(limits.silent_ms(now) / 1_000)
        if limits.banned_until > now:
            until = time.strftime("%H:%M:%S", time.gmtime(limits.banned_until / 1_000))
            self.office.ask_to_halt(f"the venue has banned this address until {until} UTC (418)")
        if limits.walled_off:
            self.office.ask_to_halt("the firewall in front of the venue refuses all that this address asks for (403)")


def _since(record: EntryRecord | ExitRecord) -> int:
    return record.sent_at or record.created_at
