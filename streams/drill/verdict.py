"""What a drill has shown: each rule, whether it held, and its figure. Pure; times are epoch milliseconds of this machine."""
from collections import Counter
from collections.abc import Iterable, Sequence

import msgspec

from streams.core.commands import Decided, Enter
from streams.core.events import EntryReported, Filled, Intent
from streams.core.ids import leg_of, placed_id
from streams.core.words import EntryState
from streams.wire.log import Record
from streams.wire.topics import DECISION_LOG, ORDER_COMMAND, ORDER_FILL, ORDER_STATUS, TRADE_INTENT

TOPICS = tuple(topic.name for topic in (TRADE_INTENT, DECISION_LOG, ORDER_COMMAND, ORDER_STATUS, ORDER_FILL))
CALM_MS, STRUCK_MS = 2_000, 5_000     # without a live stop at most, where nothing was done to stops or gateway lately, and where something was
LINGER_MS = 6_000                     # a blow is still felt so long after its end
ENDED = (EntryState.EXPIRED, EntryState.REFUSED, EntryState.REJECTED, EntryState.DONE)


class Span(msgspec.Struct, frozen=True):
    """From `start` to `end`."""

    what: str
    start: int
    end: int

    def overlap(self, other: "Span", linger: int = 0) -> int:
        return max(min(self.end, other.end + linger) - max(self.start, other.start), 0)


class Rule(msgspec.Struct, frozen=True):
    name: str
    held: bool
    figure: str
    wrong: tuple[str, ...] = ()


class Told(msgspec.Struct):
    """What the log says, by ids."""

    intents: set[str] = set()
    decided: set[str] = set()
    entries: dict[str, str] = {}                          # intent id -> the entry's client id
    ended: set[str] = set()
    fills: list[Filled] = []

    def take(self, record: Record) -> None:
        match record.message:
            case Intent():
                self.intents.add(record.message.intent_id or placed_id(record.topic, record.partition, record.offset))
            case Decided(event="Intent"):
                self.decided.add(record.message.subject)
            case Enter():
                self.entries[record.message.intent_id] = record.message.entry_id
            case EntryReported() if record.message.state in ENDED:
                self.ended.add(record.message.intent_id)
            case Filled():
                self.fills.append(record.message)


class Seen(msgspec.Struct, frozen=True):
    """What the exchange says at the end."""

    now: int
    held: dict[str, int]              # symbol -> signed quantity
    resting: list[str]                # client ids
    created: dict[str, int]           # client id -> how many orders were made under it
    trades: int
    bare: list[Span]                  # by symbol: a position without live stops that cover it
    orphans: list[Span] = []          # by symbol: exit orders of ours where nothing is held


def told_of(records: Iterable[Record]) -> Told:
    told = Told()
    for record in records:
        told.take(record)
    return told


def verdict(told: Told, seen: Seen, struck: Sequence[Span], away: Sequence[Span]) -> list[Rule]:
    """`struck`: what was done to gateway, broker and venue, and when; `away`: when no gateway was at work."""
    return [
        _orders(seen), _trades(told, seen), _intents(told), _flips(told), _resting(seen, struck, away), _books(told, seen),
        _covered(seen, struck, away),
    ]


def _rule(name: str, figure: str, wrong: Iterable[str]) -> Rule:
    wrong = tuple(wrong)
    return Rule(name, not wrong, figure, wrong)


def _orders(seen: Seen) -> Rule:
    ours = {client_id: count for client_id, count in seen.created.items() if leg_of(client_id)}
    return _rule("every order was made once", f"{len(ours)} orders", (f"{name} {count} times" for name, count in ours.items() if count != 1))


def _trades(told: Told, seen: Seen) -> Rule:
    booked = Counter((fill.account, fill.symbol, fill.trade_id) for fill in told.fills)
    wrong = [f"trade {trade_id} of {symbol} is booked {count} times" for (_, symbol, trade_id), count in booked.items() if count != 1]
    if len(booked) != seen.trades:
        wrong.append(f"{len(booked)} trades in the log, {seen.trades} at the exchange")
    return _rule("every trade is booked once", f"{seen.trades} trades", wrong)


def _intents(told: Told) -> Rule:
    wrong = [f"{intent_id} was never decided" for intent_id in sorted(told.intents - told.decided)]
    wrong += [f"the entry of {intent_id} has no end" for intent_id in sorted(told.entries.keys() - told.ended)]
    return _rule("every intent has its answer", f"{len(told.intents)} intents, {len(told.entries)} entries", wrong)


def _flips(told: Told) -> Rule:
    held: Counter[tuple[str, str]] = Counter()
    wrong = []
    for fill in sorted(told.fills, key=_number):
        before = held[fill.account, fill.symbol]
        held[fill.account, fill.symbol] = after = before + fill.signed
        if before * after < 0:
            wrong.append(f"{fill.client_order_id} of {fill.symbol}: from {before} to {after}")
    return _rule("no trade turned a position over", f"{len(told.fills)} fills", wrong)


def _number(fill: Filled) -> int:
    return int(fill.trade_id) if fill.trade_id.isdigit() else 0


def _resting(seen: Seen, struck: Sequence[Span], away: Sequence[Span]) -> Rule:
    longest, wrong = _judged(seen.orphans, struck, away)
    return _rule("nothing outlives its position", longest, [*wrong, *(f"{name} rests at the end" for name in seen.resting)])


def _books(told: Told, seen: Seen) -> Rule:
    booked: Counter[str] = Counter()
    for fill in told.fills:
        booked[fill.symbol] += fill.signed
    held = {symbol: quantity for symbol, quantity in booked.items() if quantity}
    wrong = [f"books {held}, exchange {seen.held}"] if held != seen.held else []
    return _rule("the books are the exchange's", "all closed", [*wrong, *(f"{symbol} is still held" for symbol in seen.held)])


def _covered(seen: Seen, struck: Sequence[Span], away: Sequence[Span]) -> Rule:
    longest, wrong = _judged(seen.bare, struck, away)
    return _rule("live stops cover what is held", longest, wrong)


def _judged(spans: Sequence[Span], struck: Sequence[Span], away: Sequence[Span]) -> tuple[str, list[str]]:
    """The longest of each kind, and those that were too long. The time without a gateway counts as its restart."""
    wrong = []
    longest: dict[str, int] = {"left alone": 0, "struck": 0, "gateway away": 0}
    for span in spans:
        absent = sum(span.overlap(gone) for gone in away)
        kind = "gateway away" if absent else "struck" if any(span.overlap(blow, LINGER_MS) for blow in struck) else "left alone"
        limit = CALM_MS if kind == "left alone" else STRUCK_MS + absent
        lasted = span.end - span.start
        longest[kind] = max(longest[kind], lasted)
        if lasted > limit:
            wrong.append(f"{span.what} for {lasted / 1000:.1f} s from {span.start}, {kind}; {limit / 1000:.1f} s are allowed")
    return ", ".join(f"{kind} {ms / 1000:.2f} s" for kind, ms in longest.items()), wrong
