"""`streams status` and `streams why`: is it safe, is it alive, and why did it do that. Both read the log and ask nobody."""
import time
from typing import Annotated, Any

import msgspec
import typer

from streams.cli.common import JSON, configured, tell
from streams.cli.denials import EXPLAINED
from streams.cli.situation import Account, Situation, situation
from streams.core.commands import Bury, Verdict
from streams.core.values import decimal
from streams.errors import StreamsError
from streams.wire.lineage import TOPICS, Link, lineage
from streams.wire.log import read
from streams.wire.topics import TRADE_INTENT

AMOUNTS = ("quantity", "price", "price_average", "stop_price")
BURIED = "mend the field in the bot and send it again; the id is still free. Fields and their units: schemas/trade_intent.avsc"
FORM = "an intent is a JSON object, or Avro behind the five bytes of Confluent's header (schemas/ids.json)"
UNREADABLE = {
    **dict.fromkeys(("EMPTY", "JSON", "HEADER", "SCHEMA_UNKNOWN", "TOPIC_WRONG", "AVRO"), FORM),
    "TOO_LARGE": "send less: what a bot wants to keep of itself belongs elsewhere",
}
FOREIGN = "it is nothing that Quantum Streams writes there: find who else does, and let only it write to its topics"


def status(json: JSON = False) -> None:
    """Mode, positions with their protection, workers and venue. Ends with 1 where a position is unprotected or a worker is silent."""
    environment = configured()
    found = situation(environment.bootstrap, environment.decisions.accounts, now=time.time_ns() // 1_000_000)
    found = msgspec.structs.replace(found, venue=environment.venue)
    tell(found, _told(found), json=json)
    if not (found.safe and found.alive):
        raise typer.Exit(1)


def why(
    wanted: Annotated[str, typer.Argument(metavar="ID", help="an intent, an order's client id, a trade id or a position")], json: JSON = False,
) -> None:
    """Everything that is linked to an id, oldest first: the intent, its decision, its orders, their fills, the position and its exit."""
    links = lineage(read(configured().bootstrap, TOPICS), wanted)
    if not links:
        raise StreamsError(f"nothing in the log names {wanted}", "ids are printed by `streams intent`, and stand in the records of every topic")
    tell(links, "\n".join(_line(link, links[0].log_time) for link in links), json=json)


def _line(link: Link, start: int) -> str:
    shown = ("side", "quantity", "price", "price_average", "stop_price", "state", "verdict", "reason", "exit", "detail")
    detail = "  ".join(f"{name}={_shown(name, link.detail[name])}" for name in shown if name in link.detail)
    line = f"{link.log_time - start:>9} ms  {link.kind:<16} {link.id:<34} {link.topic}-{link.partition}@{link.offset}  {detail}"
    remedy = _remedy(link)
    return f"{line}\n{'':14}→ {remedy}" if remedy else line


def _shown(name: str, value: Any) -> str:  # noqa: ANN401  (whatever the field holds)
    """As a person writes it: amounts are 1e-8 on the wire."""
    return decimal(value) if name in AMOUNTS and isinstance(value, int) else str(value)


def _remedy(link: Link) -> str:
    reason = link.detail.get("reason", "")
    if link.kind == Bury.__name__:
        return UNREADABLE.get(reason, BURIED) if link.detail.get("topic") == TRADE_INTENT.name else FOREIGN
    denied = EXPLAINED.get(reason) if link.detail.get("verdict") == Verdict.DENIED else None
    return denied[2] if denied else ""


def _why(account: Account) -> str:
    reason = f" ({account.reason})" if account.reason else ""
    return f"{reason}; {account.strangers} orders or positions that are not ours" if account.strangers else reason


def _told(found: Situation) -> str:
    lines = [f"{'SAFE' if found.safe else 'NOT SAFE'} and {'alive' if found.alive else 'NOT ALIVE'}{f', venue {found.venue}' if found.venue else ''}"]
    lines += [f"  {account.name}: {account.mode}{_why(account)}" for account in found.accounts]
    lines += [
        f"  {position.symbol:<14} {position.quantity:>16} at {position.price_average:<14} stop {position.stop_price or 'NONE':<14}"
        f" {'guarded' if position.guarded else 'adopted' if position.stop_price else 'NOT GUARDED'}  profit {position.unrealised_pnl}"
        for position in found.positions
    ] or ["  no open position"]
    width = max(len(part.name) for part in found.parts)
    lines += [f"  {part.name:<{width}} {'silent' if part.age_ms is None else f'{part.age_ms / 1000:.1f} s ago'}" for part in found.parts]
    return "\n".join(lines)
