"""What a person names on the command line, held to what is there: a symbol, an account, an intent's fields. What is not there is wrong use."""
from collections.abc import Callable, Iterable
from difflib import get_close_matches
from typing import TypeVar

from streams.cli.common import configured
from streams.core.events import GatewaySeen, Instrument
from streams.core.words import ALL
from streams.errors import Unreadable, WrongUse
from streams.wire.intents import symbol_of
from streams.wire.log import read
from streams.wire.topics import ACCOUNT_EVENT, INSTRUMENT

Understood = TypeVar("Understood")
SHOWN = 12
OPTIONS = {
    "position_size_usd": "--size-usd", "leverage": "--leverage", "stop_loss": "--stop", "take_profit": "--target", "stop_loss_pct": "--stop-pct",
    "take_profit_pct": "--target-pct", "entry_price": "--limit", "time_in_force": "--time-in-force", "time_to_live_sec": "--time-to-live-sec",
    "trail_pct": "--trail-pct", "max_time_sec": "--max-time-sec", "partial_close_pct": "--part", "harvest_policy.mode": "--mode",
    "confidence": "--confidence", "account": "--account", "intent_id": "--id",
}


def listed(symbol: str) -> str:
    """As the venue writes it; empty where none is meant. Raises WrongUse for one whose filters the gateway has not published.

    Before a gateway has published any, every symbol is taken at its word: a halt must not wait for one.
    """
    if not symbol:
        return ""
    name = understood(lambda: symbol_of(symbol))
    messages = (record.message for record in read(configured().bootstrap, [INSTRUMENT.name]))
    there = {message.symbol for message in messages if isinstance(message, Instrument)}
    if there and name not in there:
        raise WrongUse(f"{name} is none of the {len(there)} symbols that the gateway trades: nothing was done", _nearest(name, there))
    return name


def served(account: str) -> tuple[str, ...]:
    """The accounts that are meant. Raises WrongUse for one that is not in the settings and that no gateway serves, as the log has it."""
    known = {*configured().decisions.accounts, configured().account}
    if account in known or account in ("", ALL):
        return configured().accounts(account)
    messages = (record.message for record in read(configured().bootstrap, [ACCOUNT_EVENT.name]))
    known |= {message.account for message in messages if isinstance(message, GatewaySeen)}
    if account not in known:
        raise WrongUse(f"there is no account {account}", _nearest(account, known))
    return (account,)


def _nearest(name: str, known: Iterable[str]) -> str:
    near = get_close_matches(name, sorted(known), n=1)
    return f"did you mean {near[0]}?" if near else f"there are {', '.join(sorted(known)[:SHOWN])}{' …' if len(set(known)) > SHOWN else ''}"


def understood(read_it: Callable[[], Understood]) -> Understood:
    """What `wire/intents.py` makes of it, in the words of the command line. Raises WrongUse."""
    try:
        return read_it()
    except Unreadable as reason:
        field, _, rest = reason.what.partition(" ")
        raise WrongUse(f"{OPTIONS.get(field, field)} {rest}", "`streams intent --help` has each option with its unit") from None
