"""The venue's statement of the account (`GET income`): what was paid in or out, funding, and what else moved a wallet, also while nobody listened.

It is read at each reconciliation, from a little before where it was read last: what the venue lists late is still found, and what is read twice is
known. Its rows of trades name symbols whose trade list has something that the books have not.
"""
from streams.core import cash
from streams.venue.answers import Accepted, Doubt, IncomeSeen, Refused
from streams.venue.desks import Desks

PAGE = 1_000


async def read(desks: Desks) -> int | Refused | Doubt:
    """How many rows there were, or why it cannot be had."""
    office, book = desks.office, desks.office.cashbook
    asked_at, since = office.clock.now(), cash.since(book.record)
    rows: dict[IncomeSeen, None] = {}                    # in their order, and found at once
    while True:
        answer = await office.venue.income(since)
        if not isinstance(answer, Accepted):
            return answer
        fresh = [row for row in answer.body if row not in rows and row.time >= since]
        rows |= dict.fromkeys(fresh)
        if len(answer.body) < PAGE or not fresh:
            break
        since = fresh[-1].time
    for row in rows:
        if row.kind in cash.TRADES and row.trade_id and not (desk := desks.of(row.symbol)).book.knows(row.trade_id):
            desk.chase = True
    if news := book.stated([*rows], asked_at, lambda symbol, time: desks.of(symbol).book.position_at(time) if symbol else ""):
        office.ledger.write(*news, first=True)
    return len(rows)
