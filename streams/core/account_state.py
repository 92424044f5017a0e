"""What one account knows: wallets, snapshots, reservations, what waits, what is remembered, the mode; and how facts about its money change that."""
import msgspec

from streams.core import explained, exposure, modes
from streams.core.cash import DOLLARS
from streams.core.commands import Propose
from streams.core.drawdown import Ruling
from streams.core.earnings import Earnings
from streams.core.events import BalanceSeen, PositionUpdated
from streams.core.explained import Explained
from streams.core.exposure import Reservation, Snapshot
from streams.core.modes import FREE, Modes
from streams.core.pace import Pace
from streams.core.settings import Ages

replace = msgspec.structs.replace


class Waiting(msgspec.Struct, frozen=True):
    """A proposal that met no equity yet."""

    proposal: Propose
    since: int                        # log_time


class AccountState(msgspec.Struct, frozen=True):
    account: str
    seq: int = 0                      # events so far
    time: int = 0                     # the highest log_time seen
    wallets: dict[str, int] = {}      # asset -> amount
    told_at: dict[str, int] = {}      # asset -> venue_time of that
    explained: dict[str, Explained] = {}   # asset -> what explains it
    assets: tuple[str, ...] = ()      # those that the drawdown counts
    snapshots: dict[str, Snapshot] = {}
    earnings: Earnings = Earnings()   # today's
    reservations: dict[str, Reservation] = {}          # by intent id
    leverages: dict[str, int] = {}    # symbol -> the last that we asked for
    waiting: tuple[Waiting, ...] = ()
    known: dict[str, int] = {}        # ids of requests and of intents that were not ordered -> the log_time at which they are forgotten
    ordered: bytes = b""              # the intents that were, of a day (`known`)
    pace: Pace = Pace()
    modes: Modes = Modes()
    told: Ruling = FREE               # the mode and reason last said
    gateway: str = ""


def new(account: str) -> AccountState:
    return AccountState(account)


def updated(state: AccountState, update: PositionUpdated) -> AccountState:
    """With the symbol's newest snapshot. Of two of one step, where a fill went through zero, the one that holds something is the newer."""
    last = state.snapshots.get(update.symbol)
    if last and (update.seq, bool(update.quantity)) <= (last.seq, bool(last.quantity)):
        return state
    waiting = tuple(
        one for one in state.waiting
        if one.proposal.symbol != update.symbol or one.proposal.seq >= update.seq or one.proposal.intent_id == update.entry_intent_id
    )
    after = replace(
        state, snapshots={**state.snapshots, update.symbol: exposure.snapshot(update, state.time)},
        reservations=exposure.freed(state.reservations, update), waiting=waiting,
    )
    return counted(after, update.margin_asset) if update.quantity else after


def balanced(state: AccountState, seen: BalanceSeen) -> AccountState:
    """The newest wallet, by the venue's time where it is told. What was paid in or out by then moves the baselines, however it is told."""
    last = state.told_at.get(seen.asset, 0)
    if seen.venue_time and seen.venue_time < last:
        return state
    state = replace(state, wallets={**state.wallets, seen.asset: seen.wallet}, told_at={**state.told_at, seen.asset: seen.venue_time or last})
    state = _explained(state, seen.asset, explained.told(state.explained.get(seen.asset), seen, state.time))
    return counted(state, seen.asset) if seen.asset in DOLLARS else state     # another one from when a symbol has it as its margin


def reconciled(state: AccountState, ages: Ages) -> AccountState:
    """With what has stood unexplained for long enough counted as it is."""
    for asset, known in state.explained.items():
        state = _explained(state, asset, explained.stood(known, state.time, ages.unexplained_max))
    return state


def unexplained(state: AccountState) -> bool:
    """Whether a wallet of the equity has just moved, and nothing says why."""
    return any(state.explained[asset].since for asset in state.assets if asset in state.explained)


def _explained(state: AccountState, asset: str, after: Explained) -> AccountState:
    """With an asset's totals; an asset that is not counted yet joins with all that it has."""
    before = state.explained.get(asset)
    if after == before:
        return state
    state = replace(state, explained={**state.explained, asset: after})
    same = before is not None and before.begun == after.begun and asset in state.assets
    change = after.paid - before.paid if same and before is not None else 0
    return _paid(state, change, change)


def counted(state: AccountState, asset: str) -> AccountState:
    """With the asset among those that the drawdown counts, once its wallet is known."""
    owned = exposure.equity(asset, state.wallets, state.snapshots.values())
    if owned is None or asset in state.assets:
        return state
    return _paid(replace(state, assets=(*state.assets, asset)), owned, state.wallets[asset])


def _paid(state: AccountState, equity: int, wallets: int) -> AccountState:
    return replace(state, modes=modes.paid(state.modes, equity, wallets)) if equity or wallets else state


def realised(state: AccountState) -> int:
    """The wallets of all counted assets: their equity without open profit."""
    return sum(state.wallets.get(asset, 0) for asset in state.assets)


def equity(state: AccountState) -> int | None:
    """Of all counted assets; None before the first balance."""
    owned = [exposure.equity(asset, state.wallets, state.snapshots.values()) or 0 for asset in state.assets]
    return sum(owned) if owned else None


def forgotten(state: AccountState) -> AccountState:
    """Without the ids whose time is over."""
    known = {name: forget_at for name, forget_at in state.known.items() if forget_at > state.time}
    return state if len(known) == len(state.known) else replace(state, known=known)
