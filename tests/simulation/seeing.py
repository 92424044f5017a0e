"""What the exchange and the log show, whoever trades there: of a simulated world as of real processes."""
from typing import Any

from streams.core.ids import leg_of
from streams.core.values import Side
from streams.paper.matching import Exchange
from streams.paper.server import PaperExchange
from streams.wire.topics import ORDER_FILL
from tests.simulation.venue import KEY


class Seeing:
    """`log.messages(topic)` are the committed messages of a topic, partition by partition."""

    exchange: PaperExchange
    engine: Exchange
    log: Any

    @property
    def held(self) -> dict[str, int]:
        return {symbol: held.quantity for symbol, held in self.engine.accounts[KEY].positions.items() if held.quantity}

    @property
    def booked(self) -> dict[str, int]:
        total: dict[str, int] = {}
        for fill in self.log.messages(ORDER_FILL.name):
            total[fill.symbol] = total.get(fill.symbol, 0) + fill.signed
        return {symbol: quantity for symbol, quantity in total.items() if quantity}

    @property
    def resting(self) -> list[str]:
        """Client ids of what of ours may still do something."""
        account = self.engine.accounts[KEY]
        names = [*(order.client_id for order in account.working()), *(algo.client_id for algo in account.waiting())]
        return [name for name in names if leg_of(name)]

    @property
    def bare(self) -> list[str]:
        return [symbol for key, symbol in self.exchange.record.bare]

    def unprotected_s(self) -> float:
        return float(self.exchange.record.told(self.exchange.clock())["unprotected_seconds_max"])

    def flips(self) -> list[str]:
        """Trades that took a position through zero."""
        held: dict[str, int] = {}
        found = []
        for trade in self.engine.accounts[KEY].trades:
            before = held.get(trade.symbol, 0)
            held[trade.symbol] = before + (trade.quantity if trade.side is Side.BUY else -trade.quantity)
            if before * held[trade.symbol] < 0:
                found.append(f"{trade.symbol} {trade.client_id}")
        return found
