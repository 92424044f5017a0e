"""What one account knows: wallets, snapshots, reservations, what waits, what is remembered, the mode; and how facts about its money change that."""
import msgspec

from streams.core import drawdown, exposure
from streams.core.commands import Propose
from streams.core.drawdown import Ruling
from streams.core.events import BalanceSeen, PositionUpdated
from streams.core.exposure import Reservation, Snapshot
from streams.core.modes import FREE, Modes
from streams.core.pace import Pace
from streams.core.settings import Ages

# counted as one another in the account's equity; another asset is counted from when a symbol has it as its margin
DOLLARS = frozenset(("USDT", "USDC", "FDUSD", "BUSD", "USD1"))
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
    assets: tuple[str, ...] = ()      # those that the drawdown counts
    snapshots: dict[str, Snapshot] = {}
    reservations: dict[str, Reservation] = {}          # by intent id
    leverages: dict[str, int] = {}    # symbol -> the last that we asked for
    waiting: tuple[Waiting, ...] = ()
    known: dict[str, int] = {}        # ids of intents, requests and payments -> the log_time at which they are forgotten
    pace: Pace = Pace()
    modes: Modes = Modes()
    told: Ruling = FREE               # the mode and reason last said
    gateway: str = ""


def new(account: str) -> AccountState:
    return AccountState(account)


def updated(state: AccountState, update: PositionUpdated) -> AccountState:
    last = state.snapshots.get(update.symbol)
    if last and update.seq <= last.seq:
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


def balanced(state: AccountState, seen: BalanceSeen, ages: Ages) -> AccountState:
    """The newest wallet, by the venue's time where it is told. A payment moves the baselines once, however late and often it is told."""
    last = state.told_at.get(seen.asset, 0)
    fresh = not seen.venue_time or seen.venue_time >= last
    change = _payment(state, seen, fresh=fresh)
    if seen.reason in drawdown.PAID:
        state = replace(state, known={**state.known, _name(seen): state.time + ages.known_max})
    if fresh:
        state = replace(state, wallets={**state.wallets, seen.asset: seen.wallet}, told_at={**state.told_at, seen.asset: seen.venue_time or last})
    return counted(_paid(state, change), seen.asset) if seen.asset in DOLLARS else _paid(state, change)


def _payment(state: AccountState, seen: BalanceSeen, *, fresh: bool) -> int:
    """What this moves the baselines by. An asset that is not counted yet joins with all that it has."""
    if seen.reason not in drawdown.PAID or seen.asset not in state.assets or _name(seen) in state.known:
        return 0
    return seen.change or (seen.wallet - state.wallets[seen.asset] if fresh else 0)


def _name(seen: BalanceSeen) -> str:
    return f"payment {seen.asset} {seen.venue_time} {seen.change} {seen.wallet}"


def counted(state: AccountState, asset: str) -> AccountState:
    """With the asset among those that the drawdown counts, once its wallet is known."""
    owned = exposure.equity(asset, state.wallets, state.snapshots.values())
    if owned is None or asset in state.assets:
        return state
    return _paid(replace(state, assets=(*state.assets, asset)), owned)


def _paid(state: AccountState, change: int) -> AccountState:
    return replace(state, modes=replace(state.modes, drawdown=drawdown.paid(state.modes.drawdown, change))) if change else state


def equity(state: AccountState) -> int | None:
    """Of all counted assets; None before the first balance."""
    owned = [exposure.equity(asset, state.wallets, state.snapshots.values()) or 0 for asset in state.assets]
    return sum(owned) if owned else None


def remembered(state: AccountState) -> AccountState:
    known = {name: forget_at for name, forget_at in state.known.items() if forget_at > state.time}
    return state if len(known) == len(state.known) else replace(state, known=known)
