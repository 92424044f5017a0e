"""What a drill has shown: each promise, whether it held, and its figure. Pure; times are epoch milliseconds of this machine."""
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
TELLING_MS = 500                      # a shorter time needs no story
ENDED = (EntryState.EXPIRED, EntryState.REFUSED, EntryState.REJECTED, EntryState.DONE)
CALM, STRUCK, AWAY = "left alone", "struck", "gateway away"
ALLOWED = {CALM: f"{CALM_MS / 1000:g} s", STRUCK: f"{STRUCK_MS / 1000:g} s", AWAY: f"its absence and {STRUCK_MS / 1000:g} s"}


class Span(msgspec.Struct, frozen=True):
    """From `start` to `end`."""

    what: str
    start: int
    end: int

    @property
    def ms(self) -> int:
        return self.end - self.start

    def overlap(self, other: "Span", linger: int = 0) -> int:
        return max(min(self.end, other.end + linger) - max(self.start, other.start), 0)


class Rule(msgspec.Struct, frozen=True):
    """`held` is None where it cannot be said: the drill ended before all had come to rest, or who knows it does not answer."""

    name: str
    held: bool | None
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

    @property
    def unanswered(self) -> list[str]:
        missing = [f"{intent_id} was never decided" for intent_id in sorted(self.intents - self.decided)]
        return missing + [f"the entry of {intent_id} has no end" for intent_id in sorted(self.entries.keys() - self.ended)]

    @property
    def held(self) -> dict[str, int]:
        """By symbol, signed: what all fills lead to; a trade that is there twice counts twice."""
        total: Counter[str] = Counter()
        for fill in self.fills:
            total[fill.symbol] += fill.signed
        return {symbol: quantity for symbol, quantity in total.items() if quantity}


class Audited(msgspec.Struct, frozen=True):
    """What a reader that takes no part finds in the log: faults and late bookings by their places, and the longest time without a stop."""

    faults: tuple[str, ...] = ()
    late: tuple[str, ...] = ()
    bare_ms: int = 0


class Seen(msgspec.Struct, frozen=True):
    """What the exchange says at the end."""

    now: int
    held: dict[str, int]              # symbol -> signed quantity
    resting: list[str]                # client ids
    created: dict[str, int]           # client id -> how many orders were made under it
    trades: int
    bare: list[Span]                  # by symbol: a position without live stops that cover it
    orphans: list[Span] = []          # by symbol: exit orders of ours where nothing is held


class Shown(msgspec.Struct, frozen=True):
    """All that a drill is judged by. None: it could not be had. `rest`: all was closed, and had come to rest."""

    told: Told | None
    audited: Audited | None
    seen: Seen | None
    struck: Sequence[Span] = ()       # what was done to gateway, broker and venue, and when
    away: Sequence[Span] = ()         # when no gateway was at work
    rest: bool = True


def told_of(records: Iterable[Record]) -> Told:
    told = Told()
    for record in records:
        told.take(record)
    return told


def verdict(shown: Shown) -> list[Rule]:
    """Every promise, in the order of the report."""
    return [
        _orders(shown), _trades(shown), _whole(shown), _intents(shown), _flips(shown), _books(shown),
        *(_covered(shown, kind) for kind in (CALM, STRUCK, AWAY)), *(_orphans(shown, kind) for kind in (CALM, STRUCK, AWAY)), _resting(shown),
    ]


def _rule(name: str, figure: str, wrong: Iterable[str] = (), *, open_yet: Iterable[str] = (), rest: bool = True) -> Rule:
    """`open_yet`: what is wrong only when all has come to rest."""
    broken, still = tuple(wrong), tuple(open_yet)
    if rest or broken or not still:
        return Rule(name, not broken and not still, figure, (*broken, *still))
    return Rule(name, None, f"{figure}; not at rest when it ended", still)


def _unsaid(name: str, *, by: str) -> Rule:
    return Rule(name, None, f"{by} could not be read")


def _orders(shown: Shown) -> Rule:
    name = "every order was made once"
    if shown.seen is None:
        return _unsaid(name, by="the exchange")
    ours = {client_id: count for client_id, count in shown.seen.created.items() if leg_of(client_id)}
    return _rule(name, f"{len(ours)} orders", (f"{order} {count} times" for order, count in ours.items() if count != 1))


def _trades(shown: Shown) -> Rule:
    """A fill that is booked late is a fill that is booked."""
    name = "every trade is booked once"
    if shown.told is None or shown.seen is None:
        return _unsaid(name, by="the log" if shown.seen else "the exchange")
    booked = Counter((fill.account, fill.symbol, fill.trade_id) for fill in shown.told.fills)
    twice = [f"trade {trade_id} of {symbol} is booked {count} times" for (_, symbol, trade_id), count in booked.items() if count != 1]
    missing = [f"{len(booked)} trades in the log, {shown.seen.trades} at the exchange"] if len(booked) != shown.seen.trades else []
    return _rule(name, f"{shown.seen.trades} trades", twice, open_yet=missing, rest=shown.rest)


def _whole(shown: Shown) -> Rule:
    name = "no fill is lost, doubled or out of order"
    if shown.audited is None:
        return _unsaid(name, by="the log")
    late = shown.audited.late
    return _rule(name, f"none; {len(late)} booked late" + (f" ({late[0]})" if late else ""), shown.audited.faults)


def _intents(shown: Shown) -> Rule:
    name, told = "every intent has its answer", shown.told
    if told is None:
        return _unsaid(name, by="the log")
    return _rule(name, f"{len(told.intents)} intents, {len(told.entries)} entries", open_yet=told.unanswered, rest=shown.rest)


def _flips(shown: Shown) -> Rule:
    name = "no trade turned a position over"
    if shown.told is None:
        return _unsaid(name, by="the log")
    held: Counter[tuple[str, str]] = Counter()
    wrong = []
    for fill in sorted(shown.told.fills, key=_number):
        before = held[fill.account, fill.symbol]
        held[fill.account, fill.symbol] = after = before + fill.signed
        if before * after < 0:
            wrong.append(f"{fill.client_order_id} of {fill.symbol}: from {before} to {after}")
    return _rule(name, f"{len(shown.told.fills)} fills", wrong)


def _number(fill: Filled) -> int:
    return int(fill.trade_id) if fill.trade_id.isdigit() else 0


def _books(shown: Shown) -> Rule:
    name, seen = "the books are the exchange's", shown.seen
    if shown.told is None or seen is None:
        return _unsaid(name, by="the log" if seen else "the exchange")
    wrong = [f"books {shown.told.held}, exchange {seen.held}"] if shown.told.held != seen.held else []
    figure = f"{len(seen.held)} positions still held" if seen.held else "all closed"
    return _rule(name, figure, open_yet=[*wrong, *(f"{symbol} is still held" for symbol in seen.held)], rest=shown.rest)


def _resting(shown: Shown) -> Rule:
    name = "nothing rests at the end"
    if shown.seen is None:
        return _unsaid(name, by="the exchange")
    return _rule(name, f"{len(shown.seen.resting)} orders", open_yet=shown.seen.resting, rest=shown.rest)


def _covered(shown: Shown, kind: str) -> Rule:
    name = f"without a live stop, {kind}: {ALLOWED[kind]} at most"
    return _rule(name, *_longest(shown.seen.bare, shown, kind)) if shown.seen else _unsaid(name, by="the exchange")


def _orphans(shown: Shown, kind: str) -> Rule:
    name = f"exit orders without a position, {kind}: {ALLOWED[kind]} at most"
    return _rule(name, *_longest(shown.seen.orphans, shown, kind)) if shown.seen else _unsaid(name, by="the exchange")


def _longest(spans: Sequence[Span], shown: Shown, kind: str) -> tuple[str, list[str]]:
    """The longest of this kind, and those that were too long. The time without a gateway counts as its restart."""
    wrong, longest, number = [], "0.00 s", 0
    for span in sorted(spans, key=lambda one: one.ms):
        absent = sum(span.overlap(gone) for gone in shown.away)
        felt = [blow.what for blow in shown.struck if span.overlap(blow, LINGER_MS)]
        if kind != (AWAY if absent else STRUCK if felt else CALM):
            continue
        number += 1
        limit = CALM_MS if kind == CALM else STRUCK_MS + absent
        during = f" during {', '.join(dict.fromkeys(felt))}" if felt else ""
        longest = f"{span.ms / 1000:.2f} s"
        if span.ms >= TELLING_MS:
            longest += f" of {limit / 1000:.2f} s ({span.what}{during})"
        if span.ms > limit:
            wrong.append(f"{span.what} for {span.ms / 1000:.1f} s from {span.start}, {kind}{during}; {limit / 1000:.1f} s are allowed")
    return f"{longest}, {number} times" if number else "never", wrong
