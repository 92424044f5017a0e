"""What must hold of a world after a run: each rule says what is wrong, or nothing."""
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

from streams.core.commands import Close, Decided, Enter, Plan, Propose, Step, Verdict
from streams.core.earnings import DayBooked
from streams.core.events import BalanceSeen, EntryReported, Filled, PositionUpdated
from streams.core.ids import leg_of
from streams.core.values import decimal
from streams.core.words import Action, EntryState
from streams.paper.faults import Kind
from streams.venue.gateway import RECONCILE_S
from streams.wire.topics import (
    ACCOUNT_EVENT,
    DEAD_LETTER,
    DECISION_LOG,
    EXIT_COMMAND,
    ORDER_COMMAND,
    ORDER_FILL,
    ORDER_PROPOSAL,
    ORDER_STATUS,
    POSITION_UPDATE,
)
from tests.simulation.script import Break, Script
from tests.simulation.venue import KEY, told
from tests.simulation.world import World

PROTECTED_AGAIN_S = 5.0
ENDED = (EntryState.DENIED, EntryState.EXPIRED, EntryState.REFUSED, EntryState.REJECTED, EntryState.DONE)
REPEATED = ("INTENT_KNOWN",)
Rule = Callable[[World, Script], Iterator[str]]


def each_id_once(world: World, _: Script) -> Iterator[str]:
    """A guard that somebody cancelled while no gateway was there may be made again under its id: it did nothing yet."""
    for client_id, count in world.exchange.record.created.items():
        if count != 1 and leg_of(client_id) and client_id not in world.cancelled:
            yield f"{told(client_id)} was made {count} times"
    filled = Counter(order.client_id for order in world.engine.accounts[KEY].orders.values() if order.filled and leg_of(order.client_id))
    yield from (f"{told(client_id)} was executed {count} times" for client_id, count in filled.items() if count != 1)


def each_trade_once(world: World, _: Script) -> Iterator[str]:
    trades = Counter(str(trade.trade_id) for trade in world.engine.accounts[KEY].trades)
    fills = Counter(fill.trade_id for fill in world.log.messages(ORDER_FILL.name))
    if trades != fills:
        yield f"trades {trades - fills} are not booked, fills {fills - trades} are no trades"


def books_are_the_venue(world: World, _: Script) -> Iterator[str]:
    if world.booked != world.held:
        yield f"books {world.booked}, venue {world.held}"
    if (known := positions_hold(world)) != world.held:
        yield f"positions holds {known}, venue {world.held}"


def positions_hold(world: World) -> dict[str, int]:
    newest: dict[str, PositionUpdated] = {}
    for seen in world.log.messages(POSITION_UPDATE.name):
        if isinstance(seen, PositionUpdated) and (seen.symbol not in newest or seen.seq >= newest[seen.symbol].seq):
            newest[seen.symbol] = seen
    return {symbol: seen.quantity for symbol, seen in newest.items() if seen.quantity}


def protected(world: World, script: Script) -> Iterator[str]:
    """Bare no longer than it takes to notice, and while nobody is there, to come back. What a stream loses without a word the minute finds."""
    if world.bare:
        yield f"without a stop: {world.bare}"
    deaths = len(world.lives["gateway"]) - 1
    mute = any(isinstance(act.what, Break) and act.what.fault["kind"] == Kind.MUTE for act in script.acts)
    limit = (RECONCILE_S if mute else 0.0) + PROTECTED_AGAIN_S + deaths * (max(script.restart_s, *world.restarts_s, 0.0) + PROTECTED_AGAIN_S)
    if world.unprotected_s() > limit:
        yield f"unprotected for {world.unprotected_s():.2f} s; {limit:.2f} s are the most after {deaths} deaths"


def never_turned_over(world: World, script: Script) -> Iterator[str]:
    """Not by an exit; an entry against the position is no exit, and there is none: it waits for flat."""
    yield from (f"turned over by {flip}" for flip in world.flips())


def nobody_fell(world: World, _: Script) -> Iterator[str]:
    yield from (f"{life.name} ended of its own: {life.failure}" for lives in world.lives.values() for life in lives if life.failure)
    yield from world.loop.strays
    yield from (f"dead letter: {buried.reason} {buried.detail}" for buried in world.log.messages(DEAD_LETTER.name))


def each_intent_has_one_end(world: World, script: Script) -> Iterator[str]:
    """One against the position may be answered by closing it."""
    denied: dict[str, str] = {}
    closed = set()
    for decision in world.log.messages(DECISION_LOG.name):
        if isinstance(decision, Decided):
            if decision.verdict is Verdict.DENIED and decision.reason not in REPEATED:
                denied[decision.subject] = decision.reason
            elif decision.verdict in (Verdict.EXITED, Verdict.PLANNED, Verdict.WITHDRAWN):
                closed.add(decision.subject)
            denied |= {denial.intent_id: denial.reason for denial in decision.denials if denial.reason not in REPEATED}
    ended = {
        report.intent_id for report in world.log.messages(ORDER_STATUS.name) if isinstance(report, EntryReported) and report.state in ENDED
    }
    entries = {command.intent_id: command.entry_id for command in world.log.messages(ORDER_COMMAND.name)}
    for intent_id, intent in script.intents.items():
        if intent.action in (Action.BUY, Action.SELL) and intent_id not in denied.keys() | ended | closed:
            yield f"{intent_id} was never answered"
        if intent_id in denied and entries.get(intent_id) in world.exchange.record.created:
            yield f"{intent_id} was denied ({denied[intent_id]}) and ordered"


def a_repeated_turn_says_the_same(world: World, _: Script) -> Iterator[str]:
    """Whoever hears it twice must be able to drop one. A worker that died between an output and its state may decide anew, at another time."""
    said: dict[tuple[str, str, int], Any] = {}
    for topic in (ORDER_COMMAND, EXIT_COMMAND, ORDER_PROPOSAL):
        for message in world.log.messages(topic.name):
            if (told := _meaning(message)) is not None and said.setdefault(told[0], told[1]) != told[1]:
                yield f"{topic.name}: {told[0]} means {said[told[0]]} and {told[1]}"


def _meaning(message: Any) -> tuple[tuple[str, str, int], Any] | None:  # noqa: ANN401
    """What it is, and what it asks for. A close without a position is named by its intents: its order's id is made of them."""
    match message:
        case Enter():
            return ("enter", message.intent_id, 0), (message.entry_id, message.guard_id, message.side)
        case Propose():
            return ("propose", message.intent_id, 0), (message.side, message.order_type)
        case Plan():
            return ("plan", message.position_id, message.revision), message.steps
        case Close():
            return ("close", message.position_id or message.client_order_id, message.revision), (message.intents, message.client_order_id)
    return None


def orders_make_sense(world: World, _: Script) -> Iterator[str]:
    for command in world.log.messages(EXIT_COMMAND.name):
        for step in command.steps if isinstance(command, Plan) else ():
            if step.step is not Step.CANCEL and step.quantity <= 0:
                yield f"{told(step.client_order_id)} of {step.quantity}"
            if step.step in (Step.PLACE_STOP, Step.PLACE_TARGET) and step.trigger_price <= 0:
                yield f"{told(step.client_order_id)} at {step.trigger_price}"
    for fill in world.log.messages(ORDER_FILL.name):
        if isinstance(fill, Filled) and not fill.position_id:
            yield f"trade {fill.trade_id} belongs to no position"


def flat(world: World, _: Script) -> Iterator[str]:
    if world.held:
        yield f"not flat: {world.held}"
    if world.resting:
        yield f"outlives its position: {[told(name) for name in world.resting]}"


def wallets_are_explained(world: World, _: Script) -> Iterator[str]:
    """By what was booked: whatever was lost on the way has been found, and nothing was counted twice."""
    last = {seen.asset: seen for seen in world.log.messages(ACCOUNT_EVENT.name) if isinstance(seen, BalanceSeen)}
    account = world.engine.accounts[KEY]
    for asset, wallet in account.wallets.items():
        seen, earned = last.get(asset), sum(line.amount for line in account.incomes if line.asset == asset)
        if seen is None or (seen.wallet, seen.earned, seen.unexplained) != (wallet, earned, 0):
            yield f"{asset} has {decimal(wallet)} and earned {decimal(earned)}, and was told as {seen}"


def the_days_hold_it_all(world: World, _: Script) -> Iterator[str]:
    """Each position ended in one line of one source, and the lines together cost what the venue took."""
    booked = sorted((line for line in world.log.messages(ACCOUNT_EVENT.name) if isinstance(line, DayBooked)), key=lambda line: line.seq)
    lines = {(line.day, line.source, line.model): line for line in booked}
    ends = {seen.position_id for seen in world.log.messages(POSITION_UPDATE.name) if isinstance(seen, PositionUpdated) and seen.closed_at}
    if (trades := sum(line.trades for line in lines.values())) != len(ends):
        yield f"{len(ends)} positions ended, {trades} are in the days"
    if (fees := sum(line.fees for line in lines.values())) != (paid := sum(trade.fee for trade in world.engine.accounts[KEY].trades)):
        yield f"fees of {decimal(paid)}, {decimal(fees)} are in the days"


ALWAYS: tuple[Rule, ...] = (
    each_id_once, each_trade_once, books_are_the_venue, protected, never_turned_over, nobody_fell, a_repeated_turn_says_the_same, orders_make_sense,
)
LAST: tuple[Rule, ...] = (each_intent_has_one_end, flat, wallets_are_explained, the_days_hold_it_all)


def broken(world: World, script: Script, *more: Rule) -> list[str]:
    return [f"{rule.__name__}: {wrong}" for rule in (*ALWAYS, *more) for wrong in rule(world, script)]
