"""The account's wallets against its books, as the gateway keeps them (`core/cash` says what explains what).

A balance is told when the books explain it: of a fill the wallet and the trade come in two events, and what lies between them is nobody's loss. One
that stays unexplained for a second is looked into by a reconciliation, which reads the venue's statement and tells the balance as it is.

What changes the books is written with them in one transaction, so that a successor counts on from there.
"""
import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

import msgspec

from streams.core import cash
from streams.core.events import BalanceSeen, Filled
from streams.core.funding import Funded
from streams.core.ledger import AssetCash, CashRecord, Word
from streams.core.values import notional
from streams.venue.answers import AssetSeen, IncomeSeen
from streams.venue.clock import Clock

FUNDING_FEE = "FUNDING_FEE"
LOOK_S = 1.0
LOOK_MAX_S = 60.0


class Cashbook:
    """Every method that returns messages returns what must be written, in one transaction with what led to it."""

    def __init__(self, account: str, clock: Clock) -> None:
        self.account, self._clock = account, clock
        self.record = CashRecord(account, 0, 0)
        self.available: dict[str, int] = {}              # by asset, as REST said last: the stream names the wallet alone
        self.prices: dict[str, int] = {}                 # in dollars, of what pays fees and is no dollar itself; a minute old at most
        self._written = self.record
        self._told: dict[str, AssetCash] = {}
        self._why: dict[str, tuple[str, int]] = {}       # asset -> the reason of its last event, and what that named as the change
        self._left: dict[str, int] = {}                  # what the last reconciliation left unexplained

    def remember(self, record: CashRecord) -> None:
        """What the ledger holds."""
        self.record = self._written = record

    def begin(self) -> None:
        """Count from now on, where the ledger holds nothing."""
        if not self.record.begun:
            now = self._clock.now()
            self.record = CashRecord(self.account, now, now, self.record.assets, self.record.words)

    def converted(self, fill: Filled, margin_asset: str) -> Filled:
        """With the worth of a fee that was paid in another asset (BNB, at a discount), at its price when the trade is booked."""
        price = self.prices.get(fill.fee_asset, 0)
        if not price or fill.fee_asset == (margin_asset or quote_of(fill)):
            return fill
        return msgspec.structs.replace(fill, fee_converted=notional(fill.fee, price))

    # ------------------------------------------------------------------------------------------------------------ what the venue says

    def booked(self, fills: Iterable[Filled], margin_asset: str) -> list[Any]:
        """After trades that are booked for the first time."""
        for fill in fills:
            self.record = cash.traded(self.record, fill, margin_asset or quote_of(fill))
        return self.news()

    def heard(self, assets: Iterable[AssetSeen], reason: str, time: int, symbol: str, position_id: str) -> list[Any]:
        """After an ACCOUNT_UPDATE. Funding without a symbol waits for the statement, which has one."""
        funded: list[Funded] = []
        for one in assets:
            if reason in cash.PAID and one.change:
                self.record, _ = cash.heard(self.record, Word("", cash.TRANSFER, "", one.asset, one.change, time))
            elif reason == FUNDING_FEE and symbol:
                funded += self._word(Word("", cash.FUNDING, symbol, one.asset, one.change, time), position_id)
            self.record = cash.stands(self.record, one.asset, one.wallet, time)
            self._why[one.asset] = reason, one.change
        return [*funded, *self.news()]

    def stated(self, rows: Iterable[IncomeSeen], until: int, position_at: Callable[[str, int], str]) -> list[Any]:
        """After the statement's rows up to a time; those of trades are known by the trades."""
        funded: list[Funded] = []
        for row in rows:
            if row.kind in cash.TRADES or row.time < self.record.begun:
                continue
            kind = cash.kind_of(row.kind)
            symbol = "" if kind == cash.TRANSFER else row.symbol
            word = Word(f"{row.kind} {row.id}", kind, symbol, row.asset, row.amount, row.time)
            funded += self._word(word, position_at(row.symbol, row.time) if kind == cash.FUNDING else "")
        self.record = cash.read(self.record, until)
        return [*funded, *self.news()]

    def reconciled(self, assets: Iterable[AssetSeen], time: int) -> list[Any]:
        """After REST's word on all wallets. What two reconciliations in a row leave unexplained is accepted as that."""
        known = {one.asset for one in self.record.assets}
        for seen in assets:
            self.available[seen.asset] = seen.available
            if seen.wallet or seen.available or seen.asset in known:
                self.record = cash.stands(self.record, seen.asset, seen.wallet, time)
                self._why[seen.asset] = "RECONCILED", 0
        left = {one.asset: cash.unexplained(one) for one in self.record.assets}
        if left == self._left:
            self.record = cash.accepted(self.record)
        self._left = left
        self._told.clear()
        return self.news(explained=False)

    # ------------------------------------------------------------------------------------------------------------ what is told

    @property
    def agrees(self) -> bool:
        return all(cash.agrees(one) for one in self.record.assets)

    def news(self, *, explained: bool = True) -> list[Any]:
        """The balances that changed, where the books explain them (or all), and the record behind them."""
        changed = [one for one in self.record.assets if one.time and _said(one) != _said(self._told.get(one.asset))]
        told = [one for one in changed if cash.agrees(one) or not explained]
        self._told |= {one.asset: one for one in told}
        messages: list[Any] = [self._balance(one) for one in told]
        if self.record != self._written and self.record.begun:
            self._written = self.record
            messages.append(self.record)
        return messages

    def _balance(self, one: AssetCash) -> BalanceSeen:
        reason, change = self._why.get(one.asset, ("ORDER", 0))
        return BalanceSeen(
            self.account, one.asset, one.wallet, self.available.get(one.asset, one.wallet), reason, change, one.time, one.earned, one.transferred,
            cash.unexplained(one), self.record.begun,
        )

    def _word(self, word: Word, position_id: str) -> list[Funded]:
        self.record, first = cash.heard(self.record, word)
        if not first or word.kind != cash.FUNDING:
            return []
        name = word.id or f"{FUNDING_FEE} {word.symbol} {word.asset} {word.time}"
        return [Funded(self.account, word.symbol, word.asset, word.amount, name, position_id, word.time)]


async def look(book: Cashbook, reconcile: Callable[[], Awaitable[Any]], write: Callable[..., Any]) -> None:
    """For ever: a wallet that the books do not explain for a second has a reason that nobody has told us."""
    wait, doubted = LOOK_S, False
    while True:
        await asyncio.sleep(wait)
        if book.agrees:
            wait, doubted = LOOK_S, False
        elif not doubted:
            doubted = True
        else:
            await reconcile()
            if news := book.news(explained=False):
                write(*news, first=True)
            wait = min(2 * wait, LOOK_MAX_S)


def quote_of(fill: Filled) -> str:
    """The margin asset by the symbol's name, where its filters are not known yet."""
    return next((asset for asset in cash.DOLLARS if fill.symbol.partition("_")[0].endswith(asset)), fill.fee_asset)


def _said(one: AssetCash | None) -> tuple[int, int, int] | None:
    return (one.wallet, one.earned, one.transferred) if one else None
