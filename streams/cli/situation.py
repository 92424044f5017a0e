"""How things stand, from the log alone: the last word of every part, and what of it is too old to be believed."""
from collections.abc import Iterable, Iterator

import msgspec

from streams.core.events import Beat, GatewaySeen, ModeSet, PositionUpdated, Tick
from streams.core.values import decimal
from streams.core.words import Mode
from streams.wire.log import Record, read
from streams.wire.topics import ACCOUNT_EVENT, ORDER_LEDGER, POSITION_UPDATE, PRICE_TICK

RECENT_MS = 60_000                    # of ticks and beats: enough to see who is alive
SILENT_MS = 10_000
DAY_MS = 86_400_000


class Account(msgspec.Struct, frozen=True):
    name: str
    mode: Mode
    reason: str
    strangers: int = 0                # orders and positions at the venue that are not ours, when the gateway looked last


class Holding(msgspec.Struct, frozen=True):
    """Decimal strings, as a person reads them."""

    account: str
    symbol: str
    quantity: str
    price_average: str
    stop_price: str                   # the tightest that rests; empty: none
    guarded: bool                     # by the stop that came with the entry: an adopted position has none, and a stop of Exit Brain's
    unrealised_pnl: str


class Part(msgspec.Struct, frozen=True):
    """`age_ms` since its last sign of life; None where there was none."""

    name: str
    age_ms: int | None


class Situation(msgspec.Struct, frozen=True):
    safe: bool                        # every open position has a stop at the venue
    alive: bool                       # every part spoke within 10 s
    accounts: tuple[Account, ...]
    positions: tuple[Holding, ...]
    parts: tuple[Part, ...]
    venue: str = ""                   # by the settings of whoever asks


def situation(bootstrap: str, accounts: Iterable[str], *, now: int) -> Situation:
    """`accounts`: those that a gateway has to serve, by the settings; `now`: epoch ms. Raises NotReachable."""
    recent = list(read(bootstrap, [PRICE_TICK.name], since=now - RECENT_MS))
    ledger = list(read(bootstrap, [ORDER_LEDGER.name]))
    return seen(recent, ledger, list(read(bootstrap, [POSITION_UPDATE.name, ACCOUNT_EVENT.name], since=now - DAY_MS)), accounts, now=now)


def seen(
    recent: Iterable[Record], ledger: Iterable[Record], day: list[Record], accounts: Iterable[str] = (), *, now: int,
) -> Situation:
    """By the records of a minute of ticks, of the whole ledger, and of a day of positions and accounts."""
    positions = tuple(_holding(update) for update in _latest(day) if update.quantity)
    parts = tuple(_part(name, kind, where, now) for name, kind, where in (
        ("feed", Tick, recent), ("positions", Beat, recent), ("risk", Beat, [record for record in day if record.topic == ACCOUNT_EVENT.name]),
    )) + tuple(_gateways(ledger, day, accounts, now))
    return Situation(
        safe=all(position.stop_price for position in positions),
        alive=all(part.age_ms is not None and part.age_ms < SILENT_MS for part in parts),
        accounts=_accounts(day), positions=positions, parts=parts,
    )


def _latest(records: Iterable[Record]) -> list[PositionUpdated]:
    """Each book's newest snapshot, by seq; of two of one step, where a fill went through zero, the one that holds something."""
    newest: dict[tuple[str, str], PositionUpdated] = {}
    for record in records:
        update = record.message
        if isinstance(update, PositionUpdated):
            held = newest.get((update.account, update.symbol))
            if held is None or (update.seq, bool(update.quantity)) > (held.seq, bool(held.quantity)):
                newest[(update.account, update.symbol)] = update
    return sorted(newest.values(), key=lambda update: (update.account, update.symbol))


def _accounts(records: Iterable[Record]) -> tuple[Account, ...]:
    """The last mode that risk set; an account that a gateway serves is ACTIVE until risk says otherwise."""
    found: dict[str, Account] = {}
    for record in sorted(records, key=lambda record: record.log_time):
        match record.message:
            case ModeSet() as answer:
                strangers = found[answer.account].strangers if answer.account in found else 0
                found[answer.account] = Account(answer.account, answer.mode, answer.reason, strangers)
            case GatewaySeen() as gateway:
                known = found.get(gateway.account) or Account(gateway.account, Mode.ACTIVE, "")
                found[gateway.account] = msgspec.structs.replace(known, strangers=gateway.strangers)
    return tuple(found[name] for name in sorted(found))


def _holding(update: PositionUpdated) -> Holding:
    return Holding(
        update.account, update.symbol, decimal(update.quantity), decimal(update.price_average),
        decimal(update.stop_price) if update.stop_price else "", update.guarded, decimal(update.unrealised_pnl),
    )


def _gateways(ledger: Iterable[Record], day: Iterable[Record], accounts: Iterable[str], now: int) -> Iterator[Part]:
    """One for each account of the settings, and for each that was served or held something within the day: the death of one hides behind no other."""
    beats = dict[str, int]()
    for record in ledger:
        if account := getattr(record.message, "account", ""):                    # any word: one that is busy has no time for a beat
            beats[account] = max(beats.get(account, 0), record.log_time)
    lately = {account for account, at in beats.items() if now - at < DAY_MS}
    lately |= {record.message.account for record in day if isinstance(record.message, GatewaySeen | PositionUpdated)}
    for account in sorted({*accounts, *lately}):
        yield Part(f"gateway {account}", max(0, now - beats[account]) if account in beats else None)


def _part(name: str, kind: type, records: Iterable[Record], now: int) -> Part:
    last = max((record.log_time for record in records if isinstance(record.message, kind)), default=None)
    return Part(name, None if last is None else max(0, now - last))
