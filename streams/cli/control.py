"""A person's word: an intent, halt, resume, flatten. Each is a record like any other, and the answer is waited for in the log."""
import getpass
import sys
import uuid
from typing import Annotated, Any

import typer

from streams.cli.common import JSON, Account, configured, tell
from streams.cli.meant import listed, served, understood
from streams.core.commands import Decided
from streams.core.events import FlattenWanted, ModeSet, ModeWanted, SymbolControlled
from streams.core.words import Mode
from streams.errors import NotReachable, Refused
from streams.wire.intents import from_fields
from streams.wire.log import Record, await_record, publish
from streams.wire.topics import ACCOUNT_EVENT, DECISION_LOG

ANSWER_S = 5.0
Symbol = Annotated[str, typer.Option("--symbol", help="one symbol instead of the whole account")]
Reason = Annotated[str, typer.Option("--reason", help="said in the log and to whoever asks why")]
Yes = Annotated[bool, typer.Option("--yes", help="do not ask")]


def intent(
    symbol: Annotated[str, typer.Argument(help="BTCUSDT, btc/usdt …")],
    action: Annotated[str, typer.Argument(help="BUY, SELL, CLOSE or CANCEL")],
    confidence: Annotated[str, typer.Option(help="0 to 1")] = "",
    size_usd: Annotated[str, typer.Option(help="notional of the position, an upper bound")] = "",
    leverage: Annotated[str, typer.Option(help="an upper bound")] = "",
    stop: Annotated[str, typer.Option(help="stop price")] = "",
    target: Annotated[str, typer.Option(help="target price")] = "",
    stop_pct: Annotated[str, typer.Option(help="2.0 or 0.02")] = "",
    target_pct: Annotated[str, typer.Option(help="3.0 or 0.03")] = "",
    limit: Annotated[str, typer.Option(help="a limit order at this price")] = "",
    time_in_force: Annotated[str, typer.Option(help="of a limit: GTC, IOC, FOK or GTX (post-only)")] = "",
    time_to_live_sec: Annotated[str, typer.Option(help="cancel a limit that still works after so many seconds")] = "",
    trail_pct: Annotated[str, typer.Option(help="trail the best price by this")] = "",
    max_time_sec: Annotated[str, typer.Option(help="close after so many seconds")] = "",
    part: Annotated[str, typer.Option(help="of a CLOSE: the part, 0.5 or 50")] = "",
    mode: Annotated[str, typer.Option(help="scalper, swing or trend_runner")] = "",
    account: Account = "",
    intent_id: Annotated[str, typer.Option("--id", help="makes it unique; without it one is made")] = "",
    json: JSON = False,
) -> None:
    """Publish one intent and print its id; `streams why ID` tells what became of it."""
    wishes = {
        "intent_id": intent_id or f"cli-{uuid.uuid4().hex[:16]}", "account": account,
        "confidence": confidence, "position_size_usd": size_usd, "leverage": leverage, "stop_loss": stop, "take_profit": target,
        "stop_loss_pct": stop_pct, "take_profit_pct": target_pct, "entry_price": limit, "order_type": "LIMIT" if limit else "",
        "time_in_force": time_in_force, "time_to_live_sec": time_to_live_sec,
        "harvest_policy": _given({"mode": mode, "trail_pct": trail_pct, "max_time_sec": max_time_sec, "partial_close_pct": part}),
        "source": f"cli:{getpass.getuser()}",
    }
    wanted = understood(lambda: from_fields({**_given(wishes), "symbol": symbol, "action": action}))
    [place] = publish(configured().bootstrap, [wanted])
    tell({"intent_id": wanted.intent_id, "topic": place.topic, "partition": place.partition, "offset": place.offset}, wanted.intent_id, json=json)


def halt(reason: Reason, symbol: Symbol = "", account: Account = "", yes: Yes = False, json: JSON = False) -> None:
    """Nothing new is opened; protection stays and goes on working."""
    symbol = listed(symbol)
    _ask(f"Halt {symbol or account or 'the account'}?", yes=yes)
    _rule(symbol, account, ("HALT", Mode.HALTED), reason, json=json)


def resume(reason: Reason, symbol: Symbol = "", account: Account = "", yes: Yes = False, json: JSON = False) -> None:
    """Entries are allowed again; with --symbol its breaker is closed too."""
    symbol = listed(symbol)
    _ask(f"Resume {symbol or account or 'the account'}?", yes=yes)
    _rule(symbol, account, ("RESUME", Mode.ACTIVE), reason, json=json)


def flatten(reason: Reason, symbol: Symbol = "", account: Account = "", yes: Yes = False, json: JSON = False) -> None:
    """Close every position of an account, or of one symbol of it, at market. The mode stays: halt first to keep it flat."""
    symbol = listed(symbol)
    _ask(f"Close {symbol or 'every position'} of {account or 'the account'} at market?", yes=yes)
    answers = [
        _answered(FlattenWanted(name, symbol, reason, getpass.getuser(), uuid.uuid4().hex), name) for name in served(account)
    ]
    tell(
        [{"account": answer.account, "mode": answer.mode, "symbols": answer.symbols} for answer in answers],
        "\n".join(f"{answer.account}: closing {', '.join(answer.symbols) or 'nothing, it is flat'}" for answer in answers), json=json,
    )


def _rule(symbol: str, account: str, word: tuple[str, Mode], reason: str, *, json: bool) -> None:
    """`word`: what it is called for one symbol, and for an account."""
    if symbol:
        _control_symbol(symbol, word[0], reason, json=json)
    else:
        _set_mode(account, word[1], reason, json=json)


def _set_mode(account: str, mode: Mode, reason: str, *, json: bool) -> None:
    answers = [_answered(ModeWanted(name, mode, reason, getpass.getuser(), uuid.uuid4().hex), name) for name in served(account)]
    told = "\n".join(f"{answer.account}: {answer.mode} ({answer.reason})" for answer in answers)
    tell([{"account": answer.account, "mode": answer.mode, "reason": answer.reason} for answer in answers], told, json=json)


def _answered(wanted: ModeWanted | FlattenWanted, account: str) -> ModeSet:
    """Risk's answer. NotReachable when none came in time: what was written stays written, and holds once risk is there."""
    bootstrap = configured().bootstrap

    def answers(record: Record) -> bool:
        return isinstance(record.message, ModeSet) and record.message.request_id == wanted.request_id

    answer = await_record(bootstrap, [ACCOUNT_EVENT.name], lambda: publish(bootstrap, [wanted]), answers, ANSWER_S)
    if answer is None:
        raise NotReachable(
            f"{type(wanted).__name__} for {account} is written (request {wanted.request_id}), but risk did not answer within {ANSWER_S:g} s",
            "start it with `streams worker risk`: it works what is written; `streams status` tells what is in force",
        )
    return answer.message  # type: ignore[no-any-return]  # a ModeSet, by the condition above


def _control_symbol(symbol: str, control: str, reason: str, *, json: bool) -> None:
    """Positions has no answer of its own: its decision on the record is the answer."""
    wanted = SymbolControlled(symbol, control, reason, getpass.getuser())
    bootstrap, written = configured().bootstrap, list[Record]()

    def decided(record: Record) -> bool:
        found, [place] = record.message, written
        return isinstance(found, Decided) and (found.topic, found.partition, found.offset) == (place.topic, place.partition, place.offset)

    answer = await_record(bootstrap, [DECISION_LOG.name], lambda: written.extend(publish(bootstrap, [wanted])), decided, ANSWER_S)
    if answer is None:
        raise NotReachable(f"{control} of {symbol} is written, but positions did not answer", "start it with `streams worker positions`")
    tell({"symbol": symbol, "control": control, "seq": answer.message.seq}, f"{symbol}: {control} in force", json=json)


def _given(wishes: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in wishes.items() if value}


def _ask(question: str, *, yes: bool) -> None:
    if not yes and sys.stdin.isatty() and not typer.confirm(question):
        raise Refused("nothing was done: you said no")
