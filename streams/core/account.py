"""One account's only door: proposals become orders or denials here, and the account's mode is made here.

A proposal is sized and judged in the turn in which it arrives, unless the account's equity is not known yet: then it waits, as a field of the state.
What is ordered is reserved, and only the symbol frees it (`exposure`). An intent is answered once: what was ordered is remembered for `known_max`,
what was denied until no other answer would be possible and a while longer.

    Propose          -> Enter, or EntryReported DENIED with Deny
    PositionUpdated  the symbol's snapshot; a late one is ignored. -> DayBooked, where it earned or cost something
    BalanceSeen      the wallet of one asset and what explains it; what waited for it is judged
    ModeWanted       -> ModeSet, the answer
    FlattenWanted    -> ModeSet, the answer, and one CLOSE intent for each symbol that holds or may come to hold something
    LagSeen, Beat    -> ModeSet, where the mode changes by it; and CLOSE intents, where a loss that halts is to flatten
    GatewaySeen      -> ModeSet, where the gateway is another one: it may have missed the last
"""
from typing import Any

from streams.core import earnings, exposure, modes, pace
from streams.core.account_state import AccountState, balanced, equity, forgotten, new, realised, reconciled, replace, unexplained, updated
from streams.core.commands import Deny, Enter, Propose
from streams.core.earnings import DayBooked
from streams.core.events import (
    BalanceSeen,
    Beat,
    EntryReported,
    FlattenWanted,
    GatewaySeen,
    Intent,
    LagSeen,
    ModeSet,
    ModeWanted,
    PositionUpdated,
    Seen,
)
from streams.core.ids import flatten_id, placed_id
from streams.core.ordering import proposed, tried_again
from streams.core.settings import Ages, Settings
from streams.core.words import Action, Exit, Mode

__all__ = ["AccountState", "Output", "due", "new", "step"]
GONE_MS = 60_000                      # a position not heard of for so long holds up no judgement of the equity
Output = Enter | EntryReported | Deny | ModeSet | DayBooked | Intent
Turn = tuple[AccountState, tuple[Output, ...]]


def due(state: AccountState, log_time: int, settings: Settings) -> bool:
    """Whether a beat at this time would do anything."""
    total = equity(state)
    judging = total is not None and not modes.settled(state.modes, total, realised(state), log_time, settings.limits)
    return bool(state.waiting) or judging or unexplained(state)


def step(state: AccountState, seen: Seen[Any], settings: Settings) -> Turn:
    """Apply one event; say what must happen next."""
    state = replace(state, seq=state.seq + 1, time=max(state.time, seen.log_time))
    match seen.body:
        case Propose():
            return proposed(state, seen.body, settings)
        case PositionUpdated():
            return _updated(state, seen.body, settings)
        case BalanceSeen():
            return tried_again(balanced(state, seen.body), settings)
        case ModeWanted():
            return _mode_wanted(state, seen.body, settings.ages)
        case FlattenWanted():
            return _flattened(state, seen, seen.body, settings.ages)
        case LagSeen():
            return _said(replace(state, modes=modes.lagged(state.modes, seen.body)))
        case GatewaySeen():
            return _gateway_seen(state, seen.body)
        case Beat():
            return _beat(state, seen, settings)
        case ModeSet() | DayBooked():
            return state, ()              # our own word
        case _:
            raise AssertionError(f"no branch for {seen.body!r}")


def _beat(state: AccountState, seen: Seen[Any], settings: Settings) -> Turn:
    state, outputs = tried_again(forgotten(state), settings)
    before = state.modes.losses.mode
    state = _judged(reconciled(state, settings.ages), settings)
    halts = settings.limits.halt_flattens and state.modes.losses.mode is Mode.HALTED is not before
    closes = _closes(state, placed_id(seen.topic, seen.partition, seen.offset), state.modes.losses.reason) if halts else ()
    state, said = _said(state)
    return state, (*outputs, *said, *closes)


def _judged(state: AccountState, settings: Settings) -> AccountState:
    """With one more look at what the account has lost, while its wallets are explained and its positions are heard of."""
    total = equity(state)
    ages = [state.time - held.time for held in state.snapshots.values() if held.quantity]
    if total is None or unexplained(state) or any(settings.ages.mark_max < age <= GONE_MS for age in ages):
        return state
    return replace(state, modes=modes.judged(state.modes, total, realised(state), state.time, settings.limits))


def _updated(state: AccountState, update: PositionUpdated, settings: Settings) -> Turn:
    after = updated(state, update)
    if after is state:
        return state, ()
    today, booked = earnings.earned(after.earnings, update, after.seq, after.time)
    return replace(after, earnings=today, pace=pace.ended(after.pace, update, after.time, settings.limits)), booked


def _mode_wanted(state: AccountState, wish: ModeWanted, ages: Ages) -> Turn:
    if _asked_before(state, wish.request_id):
        return state, ()
    calm = pace.resumed(state.pace) if wish.mode is Mode.ACTIVE else state.pace
    state = replace(state, pace=calm, modes=modes.wanted(state.modes, wish), known=_with_request(state, wish.request_id, ages))
    return _answered(state, wish.request_id)


def _flattened(state: AccountState, seen: Seen[Any], wish: FlattenWanted, ages: Ages) -> Turn:
    """A request is worked once; one without an id is named by its place."""
    if _asked_before(state, wish.request_id):
        return state, ()
    request_id = wish.request_id or placed_id(seen.topic, seen.partition, seen.offset)
    closes = _closes(state, request_id, f"{wish.by}: {wish.reason}", wish.symbol)
    symbols = tuple(close.symbol for close in closes)
    state, answer = _answered(replace(state, known=_with_request(state, wish.request_id, ages)), wish.request_id, symbols)
    return state, (*answer, *closes)


def _closes(state: AccountState, request_id: str, why: str, symbol: str = "") -> tuple[Intent, ...]:
    """One CLOSE for each symbol (or the one) that holds something, or may come to."""
    may_hold = exposure.busy(state.snapshots, state.reservations) | {one.proposal.symbol for one in state.waiting}
    return tuple(
        Intent(
            flatten_id(state.account, name, request_id), name, Action.CLOSE, state.account, timestamp=state.time, reason=Exit.FLATTEN,
            source="risk", comment=why,
        )
        for name in sorted(may_hold) if symbol in ("", name)
    )


def _asked_before(state: AccountState, request_id: str) -> bool:
    return f"request {request_id}" in state.known


def _with_request(state: AccountState, request_id: str, ages: Ages) -> dict[str, int]:
    return {**state.known, f"request {request_id}": state.time + ages.known_max} if request_id else state.known


def _gateway_seen(state: AccountState, seen: GatewaySeen) -> Turn:
    if seen.instance == state.gateway:
        return state, ()
    return _answered(replace(state, gateway=seen.instance), "")


def _answered(state: AccountState, request_id: str, symbols: tuple[str, ...] = ()) -> Turn:
    ruling = state.modes.ruling
    return replace(state, told=ruling), (ModeSet(state.account, ruling.mode, ruling.reason, request_id, symbols),)


def _said(state: AccountState) -> Turn:
    """The mode, where it is not what was said last."""
    return (state, ()) if state.modes.ruling == state.told else _answered(state, "")
