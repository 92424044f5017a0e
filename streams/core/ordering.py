"""A proposal becomes an order or a denial: sized, judged and reserved in one turn, or kept waiting while the equity is not known."""
from streams.core import exposure, known, pace
from streams.core.account_state import AccountState, Waiting, counted, forgotten, replace
from streams.core.commands import Denial, Deny, Enter, Propose
from streams.core.events import EntryReported
from streams.core.exposure import Reservation, Room
from streams.core.ids import client_order_id
from streams.core.risk import Asked, No, deny
from streams.core.settings import Limits, Settings
from streams.core.sizing import Size, price_of, size
from streams.core.words import EntryState, OrderType

Output = Enter | EntryReported | Deny
Turn = tuple[AccountState, tuple[Output, ...]]


def proposed(state: AccountState, proposal: Propose, settings: Settings) -> Turn:
    if proposal.intent_id in state.known or known.is_known(state.ordered, proposal.intent_id):
        return state, ()
    return _decided(counted(forgotten(state), proposal.margin_asset), Waiting(proposal, state.time), settings)


def _decided(state: AccountState, waiting: Waiting, settings: Settings) -> Turn:
    """Order it, deny it, or let it wait for the equity while it may."""
    proposal, ages = waiting.proposal, settings.ages
    owned = exposure.equity(proposal.margin_asset, state.wallets, state.snapshots.values())
    sized = size(proposal, _room(state, proposal, owned or 0, settings), settings.limits)
    no = deny(_asked(state, proposal, owned, sized, settings.limits), settings)
    if no is None:
        return _entered(state, proposal, sized, settings)
    if no.reason is Denial.EQUITY_UNKNOWN and state.time - waiting.since < ages.wait_max:
        return replace(state, waiting=(*state.waiting, waiting), known={**state.known, proposal.intent_id: proposal.expires_at + ages.intent_max}), ()
    return _denied(state, proposal, no, settings)


def _asked(state: AccountState, proposal: Propose, owned: int | None, sized: Size, limits: Limits) -> Asked:
    last = state.snapshots.get(proposal.symbol)
    ended = last.seq if last and last.seq > proposal.seq and last.entry_intent_id != proposal.intent_id else 0
    ruling = state.modes.ruling
    others = exposure.busy(state.snapshots, state.reservations) - {proposal.symbol}
    cooling, orders = pace.cooling(state.pace.cooling_since, state.time, limits.streak_cool_down), pace.recent(state.pace.orders, state.time)
    return Asked(proposal, state.time, ended, ruling.mode, ruling.reason, cooling, len(orders), owned, len(others), sized)


def _room(state: AccountState, proposal: Propose, owned: int, settings: Settings) -> Room:
    return exposure.room(
        proposal.symbol, proposal.margin_asset, owned, state.snapshots, state.reservations, state.leverages, settings.limits.leverage_max,
        settings.groups,
    )


def _entered(state: AccountState, proposal: Propose, sized: Size, settings: Settings) -> Turn:
    """One record that holds all that the saga needs, and the reservation beside it."""
    entry, guard, flat = (client_order_id(state.account, proposal.symbol, proposal.intent_id, leg) for leg in ("entry", "guard", "flat"))
    enter = Enter(
        state.account, proposal.symbol, proposal.intent_id, entry, guard, flat, proposal.side, sized.quantity, proposal.order_type,
        proposal.entry_price if proposal.order_type is OrderType.LIMIT else 0, proposal.stop_price, sized.leverage, proposal.timestamp,
        min(proposal.expires_at, state.time + settings.ages.command_max), state.time, proposal.mark,
        proposal.time_in_force, proposal.lives_ms, proposal.trigger, proposal.price_protect,
    )
    kept = Reservation(
        proposal.symbol, proposal.seq, proposal.side.sign * sized.quantity, price_of(proposal), sized.leverage, proposal.margin_asset,
    )
    after = replace(
        state, reservations={**state.reservations, proposal.intent_id: kept}, leverages={**state.leverages, proposal.symbol: sized.leverage},
        ordered=known.remembered(known.forgotten(state.ordered, state.time, settings.ages.known_max), proposal.intent_id, state.time),
        pace=pace.ordered(state.pace, state.time, settings.limits),
    )
    return after, (enter,)


def _denied(state: AccountState, proposal: Propose, no: No, settings: Settings) -> Turn:
    forget_at = max(proposal.expires_at, state.time) + settings.ages.intent_max
    told = EntryReported(state.account, proposal.symbol, proposal.intent_id, EntryState.DENIED, reason=no.reason)
    said = Deny(state.account, proposal.symbol, proposal.intent_id, no.reason, no.detail)
    return replace(state, known={**state.known, proposal.intent_id: forget_at}), (told, said)


def tried_again(state: AccountState, settings: Settings) -> Turn:
    """What waited, judged once more; in the order in which it came."""
    waiting: tuple[Waiting, ...] = state.waiting
    outputs: list[Output] = []
    state = replace(state, waiting=())
    for one in waiting:
        state, followed = _decided(state, one, settings)
        outputs += followed
    return state, tuple(outputs)
