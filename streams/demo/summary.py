"""The summary of a run, from the log and from the exchange's own record: no process is asked to count what it did itself."""
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import aiohttp
import msgspec
from rich.console import Console
from rich.table import Table

from streams.core.ledger import OrderState
from streams.core.values import decimal
from streams.demo.percentiles import spread
from streams.demo.tally import TOPICS, Tally
from streams.errors import NotReachable
from streams.wire.log import read

HOPS = ("intent_to_proposal", "intent_to_command", "intent_to_rest", "tick_to_exit", "fill_to_stop", "rest")
DOLLARS = ("USDT", "USDC")            # fees in them are added up as they are


class Exchange(msgspec.Struct, frozen=True):
    """What the exchange saw. Times are epoch ms of its own clock."""

    arrivals: dict[str, int]          # client order id -> when its first request came
    unprotected_seconds_max: float    # of a position not covered by live stops that reduce


async def exchange(url: str) -> Exchange:
    """Asks the paper exchange. Raises NotReachable."""
    try:
        async with aiohttp.ClientSession(raise_for_status=True) as session, session.get(f"{url}/_record") as answer:
            told = await answer.json()
    except aiohttp.ClientError as reason:
        raise NotReachable(f"the exchange at {url} does not show its record: {reason!r}", "its log says why") from reason
    return Exchange(told["arrivals"], told["unprotected_seconds_max"])


def of_log(bootstrap: str, seen: Exchange, seconds: float) -> dict[str, Any]:
    """The summary of everything that the broker holds."""
    tally = Tally()
    for record in read(bootstrap, TOPICS):
        tally.take(record)
    return summary(tally, seen, seconds)


def summary(tally: Tally, seen: Exchange, seconds: float) -> dict[str, Any]:
    """As `demo --json` prints it. Amounts are decimal strings in dollars, hops in milliseconds."""
    hops = {**tally.hops(), **_hops_to_the_exchange(tally, seen)}
    return {
        "seconds": round(seconds, 1),
        "intents": len(tally.intents),
        "denials": dict(sorted(tally.denied().items())),
        "orders": len(seen.arrivals),
        "fills": len(tally.fills),
        "exits": {reason.value: count for reason, count in sorted(tally.left().items())},
        "positions_opened": len(tally.opened),
        "positions_closed": len(tally.closed),
        "positions_open": len(tally.held),
        "realised_pnl": decimal(sum(fill.realised_pnl for fill in tally.fills.values())),
        "unrealised_pnl": decimal(sum(position.unrealised_pnl for position in tally.held)),
        "fees": decimal(sum(fill.fee for fill in tally.fills.values() if fill.fee_asset in DOLLARS)),
        "unprotected_seconds_max": round(seen.unprotected_seconds_max, 3),
        "unknown_orders": sum(state is OrderState.UNKNOWN for state in tally.orders.values()),
        "dead_letters": len(tally.buried),
        "latency_ms": {hop: spread(hops[hop]) for hop in HOPS},
    }


def _hops_to_the_exchange(tally: Tally, seen: Exchange) -> dict[str, list[int]]:
    """From the log's clock to the exchange's: one machine's, in the demo."""
    first_fills: dict[str, int] = {}
    for fill in tally.fills.values():
        first_fills[fill.client_order_id] = min(fill.venue_time, first_fills.get(fill.client_order_id, fill.venue_time))
    enters = [enter for enter, _ in tally.commands.values()]
    return {
        "intent_to_rest": [
            seen.arrivals[enter.entry_id] - tally.intents[enter.intent_id]
            for enter in enters if enter.entry_id in seen.arrivals and enter.intent_id in tally.intents
        ],
        "fill_to_stop": [
            seen.arrivals[enter.guard_id] - first_fills[enter.entry_id]
            for enter in enters if enter.guard_id in seen.arrivals and enter.entry_id in first_fills
        ],
    }


def text(told: Mapping[str, Any]) -> str:
    """For people."""
    console = Console(width=100, no_color=True)
    table = Table(box=None, show_header=False, pad_edge=False)
    profit = Decimal(told["realised_pnl"]) + Decimal(told["unrealised_pnl"]) - Decimal(told["fees"])
    for name, value in (
        ("ran for", f"{told['seconds']:g} s"),
        ("intents", f"{told['intents']}, denied {_counts(told['denials'])}"),
        ("orders, fills", f"{told['orders']}, {told['fills']}"),
        ("positions", f"{told['positions_opened']} opened, {told['positions_closed']} closed, {told['positions_open']} open"),
        ("left by", _counts(told["exits"])),
        ("profit", f"{profit:+.2f} after {Decimal(told['fees']):.2f} of fees; open {Decimal(told['unrealised_pnl']):+.2f} (paper money)"),
        ("longest without a stop", f"{told['unprotected_seconds_max']:g} s, as the exchange saw it"),
        *_audit(told.get("audit")),
        ("in doubt, unreadable", f"{told['unknown_orders']} orders, {told['dead_letters']} records"),
    ):
        table.add_row(name, value)
    hops = Table(box=None, pad_edge=False)
    hops.add_column("hop, ms")
    for name in ("p50", "p95", "p99", "max", "n"):
        hops.add_column(name, justify="right")
    for hop, figures in told["latency_ms"].items():
        hops.add_row(hop, *("–" if figures[name] is None else f"{figures[name]:g}" for name in ("p50", "p95", "p99", "max", "n")))
    with console.capture() as captured:
        console.print(table, "", hops)
    return "\n".join(row.rstrip() for row in captured.get().rstrip().splitlines())


def _audit(found: Mapping[str, Any] | None) -> list[tuple[str, str]]:
    if found is None:
        return []
    books = f"{len(found['faults'])} faults: {found['faults'][0]}" if found["faults"] else "whole"
    return [("audited by the log", f"the books are {books}; longest without a stop {found['unprotected_seconds_max']:g} s")]


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counts.items()) or "none"
