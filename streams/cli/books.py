"""`streams books`: what each source and model has earned by day, and what explains each wallet. From the log alone, which keeps 90 days of it."""
import time
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Annotated, Any

import msgspec
import typer

from streams.cli.common import JSON, Account, configured, tell
from streams.cli.meant import served
from streams.core.drawdown import DAY_MS
from streams.core.earnings import DayBooked
from streams.core.events import BalanceSeen
from streams.core.values import decimal
from streams.wire.log import Record, read
from streams.wire.topics import ACCOUNT_EVENT

DAYS = 7
Line = tuple[str, ...]


class Earned(msgspec.Struct, frozen=True):
    """A day of a source and model. Amounts are decimal strings in the quote asset; funding below zero was paid."""

    account: str
    date: str                         # UTC
    source: str
    model: str
    trades: int                       # positions that ended
    wins: int
    realised_pnl: str                 # without fees
    fees: str
    funding: str
    net: str


class Wallet(msgspec.Struct, frozen=True):
    """What explains a wallet since `since`: what it had then, and the rest of this, add up to it."""

    account: str
    asset: str
    wallet: str
    since: str                        # UTC, ISO 8601; empty: the gateway has not said
    earned: str
    transferred: str
    unexplained: str


class Books(msgspec.Struct, frozen=True):
    days: tuple[Earned, ...]
    wallets: tuple[Wallet, ...]


def books(
    days: Annotated[int, typer.Option("--days", min=1, max=90, help="as many UTC days, today included")] = DAYS, account: Account = "",
    json: JSON = False,
) -> None:
    """Trades, wins, profit, fees and funding by day, source and model; and what explains each wallet."""
    environment, today = configured(), time.time_ns() // 1_000_000 // DAY_MS
    first = today - days + 1
    found = kept(read(environment.bootstrap, [ACCOUNT_EVENT.name], since=first * DAY_MS), served(account), first)
    tell(found, "\n".join(told(found)), json=json)


def kept(records: Iterable[Record], accounts: Iterable[str], first_day: int) -> Books:
    """The newest line of each day, source and model from a day on, and the newest word on each wallet."""
    wanted, lines, wallets = set(accounts), dict[tuple[str, int, str, str], DayBooked](), dict[tuple[str, str], BalanceSeen]()
    for record in records:
        match record.message:
            case DayBooked() as line if line.account in wanted and line.day >= first_day:
                name = (line.account, line.day, line.source, line.model)
                lines[name] = max(lines.get(name, line), line, key=lambda one: one.seq)
            case BalanceSeen() as seen if seen.account in wanted:
                place = (seen.account, seen.asset)
                if seen.venue_time >= wallets.get(place, seen).venue_time:
                    wallets[place] = seen
    return Books(tuple(_earned(lines[name]) for name in sorted(lines)), tuple(_wallet(wallets[place]) for place in sorted(wallets)))


def told(found: Books) -> list[str]:
    if not found.days and not found.wallets:
        return ["nothing is booked yet"]
    head: Line = ("account", "day", "source", "model", "wins", "trades", "realised", "fees", "funding", "net")
    rows = [
        (one.account, one.date, one.source or "-", one.model or "-", str(one.wins), str(one.trades), one.realised_pnl, one.fees, one.funding, one.net)
        for one in found.days
    ]
    wallets = [(one.account, one.asset, one.wallet, one.earned, one.transferred, one.unexplained, one.since or "-") for one in found.wallets]
    days = _table([head, *rows]) if rows else ["no position has earned or cost anything in these days"]
    return [*days, "", *_table([("account", "asset", "wallet", "earned", "transferred", "unexplained", "since"), *wallets])]


def _earned(line: DayBooked) -> Earned:
    return Earned(
        line.account, _time(line.day * DAY_MS)[:10], line.source, line.model, line.trades, line.wins, decimal(line.realised_pnl), decimal(line.fees),
        decimal(line.funding), decimal(line.realised_pnl - line.fees + line.funding),
    )


def _wallet(seen: BalanceSeen) -> Wallet:
    since = _time(seen.begun) if seen.begun else ""
    return Wallet(
        seen.account, seen.asset, decimal(seen.wallet), since, decimal(seen.earned), decimal(seen.transferred), decimal(seen.unexplained),
    )


def _time(ms: int) -> str:
    return datetime.fromtimestamp(ms // 1_000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _table(rows: list[Any]) -> list[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
