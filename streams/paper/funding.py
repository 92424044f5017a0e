"""Funding: every interval, longs pay shorts the rate of their notional at the mark, or get it where the rate is negative."""
from typing import TYPE_CHECKING

import msgspec

from streams.core.values import E8, share
from streams.paper.orders import Income

if TYPE_CHECKING:
    from streams.paper.floor import Floor

RATE = 10_000                         # 0.0001, Binance's base rate
EVERY_MS = 8 * 3_600_000


class Paid(msgspec.Struct, frozen=True):
    symbol: str
    rate: int
    mark: int
    time: int


class Terms(msgspec.Struct):
    """Rates in 1e-8 by symbol, `rate` for the others; times of payment are the multiples of `every_ms` since the epoch."""

    rate: int = RATE
    every_ms: int = EVERY_MS
    rates: dict[str, int] = {}
    paid: list[Paid] = []

    def of(self, symbol: str) -> int:
        return self.rates.get(symbol, self.rate)

    def next_at(self, now: int) -> int:
        return (now // self.every_ms + 1) * self.every_ms

    def is_due(self, before: int, now: int) -> bool:
        """Whether a time of payment lies after `before`, up to now."""
        return now // self.every_ms > before // self.every_ms


def pay(floor: "Floor", symbol: str, now: int) -> None:
    """Every account's payment for what it holds. A crossed position's event names the wallet alone, an isolated one's the position too."""
    if symbol not in floor.tops:
        return
    asset, mark, rate = floor.rules[symbol].quote, floor.tops[symbol].mark, floor.funding.of(symbol)
    floor.funding.paid.append(Paid(symbol, rate, mark, now))
    for key, account in floor.accounts.items():
        held = account.held(symbol)
        amount = -share(share(held.quantity, mark, E8), rate, E8)
        if not amount:
            continue
        account.wallets[asset] = account.wallets.get(asset, 0) + amount
        isolated = symbol in account.isolated
        if isolated:
            held.margin += amount
        account.incomes.append(Income(symbol, "FUNDING_FEE", amount, asset, now, next(floor.transaction_ids)))
        floor.tell_account(key, "FUNDING_FEE", now, asset, symbol if isolated else "", amount)
