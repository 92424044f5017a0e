"""`streams audit`: the books and the protection, held to the log by a reader that takes no part in the pipeline."""
import asyncio
import signal
import time
from typing import Annotated

import msgspec
import typer

from streams.audit import auditor as audits
from streams.audit.auditor import BOUND_MS, Auditor, Report, Traded
from streams.audit.coverage import Gap
from streams.audit.rules import Finding
from streams.cli.common import JSON, configured, tell, venue_keys
from streams.core.values import decimal
from streams.errors import StreamsError
from streams.runtime import metrics
from streams.settings import Environment
from streams.venue.addresses import addresses

HOUR_MS = 3_600_000
HOURS = 24.0
Hours = Annotated[float, typer.Option(min=0.0, help="how far back positions' own word is held to the fills")]


class Audited(msgspec.Struct, frozen=True):
    """The answer for programs. `venue`: what it holds was compared, or why it was not."""

    whole: bool
    venue: str
    report: Report


def audit(
    *, watch: Annotated[bool, typer.Option("--watch", help="go on until Ctrl-C, with alarms for positions without a stop")] = False,
    hours: Hours = HOURS, bound_s: Annotated[float, typer.Option(help="of --watch: how long without a stop is too long")] = BOUND_MS / 1_000,
    json: JSON = False,
) -> None:
    """Rebuild positions and cash from order.fill alone; compare with positions' snapshots and the venue. Ends with 1 where a fill is amiss."""
    environment = configured()
    if watch:
        watching(environment, hours=hours, bound_s=bound_s, json=json)
        return
    auditor, found, venue = _with_venue(environment, _ago(hours))
    report = msgspec.structs.replace(auditor.report(), findings=(*auditor.report().findings, *found))
    tell(Audited(not report.faults, venue, report), _told(report, venue), json=json)
    if report.faults:
        raise typer.Exit(1)


def watching(environment: Environment, *, hours: float = HOURS, bound_s: float = BOUND_MS / 1_000, json: bool = False) -> None:
    """Until SIGTERM or Ctrl-C, a line for each thing found; the gauge of unprotected seconds on this process's metrics."""
    stopped: list[int] = []
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda number, _: stopped.append(number))
    metrics.serve(environment.metrics_port)
    since = _ago(hours)
    auditor = Auditor(since, int(bound_s * 1_000))
    for found in audits.watched(environment.bootstrap, auditor, since, lambda: bool(stopped)):
        tell(found, _line(found), json=json)


def _with_venue(environment: Environment, since: int) -> tuple[Auditor, list[Finding], str]:
    """The books, and where the venue differs: twice, since a fill may come between the two questions."""
    auditor, found = audits.once(environment.bootstrap, since), list[Finding]()
    for attempt in range(2):
        answer = asyncio.run(_asked(environment, auditor, since))
        if isinstance(answer, str):
            return auditor, [], answer
        found = [one for one in answer if one in found] if attempt else answer
        if not found:
            break
        auditor = audits.once(environment.bootstrap, since)
    return auditor, found, "compared"


async def _asked(environment: Environment, auditor: Auditor, since: int) -> list[Finding] | str:
    """Where the venue holds something else, and which of its trades there are no fills; or why it cannot be asked."""
    from streams.venue.answers import Accepted  # noqa: PLC0415  (ccxt costs seconds: only where it is needed)
    from streams.venue.binance import Binance, Keys  # noqa: PLC0415
    from streams.venue.clock import Clock  # noqa: PLC0415

    try:
        there = addresses(environment.require_venue(), environment.binance_rest_url, environment.binance_ws_url)
    except StreamsError as error:
        return f"not asked: {error}"
    venue = Binance(there, Keys(*venue_keys(environment)), Clock())
    try:
        await venue.synchronise()
        answer = await venue.positions()
        if not isinstance(answer, Accepted):
            return f"not asked: {answer}"
        found = audits.against_venue(auditor, environment.account, {one.symbol: one.quantity for one in answer.body if one.quantity})
        for symbol in [one.symbol for one in found]:
            listed = await venue.trades(symbol, since=since)
            traded = listed.body if isinstance(listed, Accepted) else []
            told = [Traded(symbol, one.trade_id, f"{one.side} {decimal(one.quantity)} at {decimal(one.price)}") for one in traded]
            found += audits.unbooked(auditor, environment.account, told)
        return found
    finally:
        await venue.close()


def _ago(hours: float) -> int:
    return time.time_ns() // 1_000_000 - int(hours * HOUR_MS)


def _told(report: Report, venue: str) -> str:
    lines = [f"{'WHOLE' if not report.faults else 'NOT WHOLE'}: {report.fills} fills, {report.snapshots} snapshots of positions; venue {venue}"]
    lines += [_line(one) for one in report.findings]
    lines += [
        f"  {one.account} {one.symbol:<14} held {one.held:>16}  realised {one.realised} (venue {one.realised_venue})"
        f"  fees {', '.join(f'{fee} {asset}' for asset, fee in one.fees.items()) or '0'}"
        for one in report.cash
    ]
    return "\n".join(lines)


def _line(found: Finding | Gap) -> str:
    if isinstance(found, Gap):
        return f"UNPROTECTED {found.account} {found.symbol}: {found.position_id} has had no living stop since {found.since}"
    return str(found)
