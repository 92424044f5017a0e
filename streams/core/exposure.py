"""What an account holds and has promised: the last snapshot of each symbol, a reservation for each entry under way, and the sums over them.

A reservation is made with the decision to enter and freed by the symbol alone: a snapshot that is later than the proposal and no longer names its
intent. Until then it counts beside the fills that it already led to, in full or as far as the symbol says that more may fill: the account would
rather count a moment twice than not at all.
"""
from collections.abc import Iterable, Mapping

import msgspec

from streams.core.events import PositionUpdated
from streams.core.settings import Group
from streams.core.values import PPM, Side, notional, share, share_up


class Snapshot(msgspec.Struct, frozen=True):
    """The last that positions said of one symbol. It stays when the symbol is flat: its `seq` tells the late from the new."""

    seq: int
    quantity: int                     # signed
    mark: int
    unrealised_pnl: int
    margin_asset: str
    entry_intent_id: str
    time: int                         # log_time
    price_average: int = 0


class Reservation(msgspec.Struct, frozen=True):
    """What an entry may still come to."""

    symbol: str
    seq: int                          # of its proposal
    quantity: int                     # signed
    price: int
    leverage: int
    margin_asset: str


class Room(msgspec.Struct, frozen=True):
    """The account as one proposal meets it; amounts in the proposal's margin asset, and of symbols with that asset alone."""

    equity: int
    gross: int                        # notional of positions and reservations, longs and shorts added
    net: int                          # longs less shorts
    of_symbol: int                    # gross, of the proposal's symbol
    margin_elsewhere: int             # initial margin of all other symbols
    leverage_held: int                # that the symbol stands at; 0: it holds nothing
    group: str = ""                   # of the symbol's groups the one that leaves the least room; empty: it is in none
    group_room: int = 0               # notional that this one leaves
    entered: tuple[tuple[int, int], ...] = ()   # of the symbol's position and reservations: signed quantity and price

    def on_side(self, side: Side) -> int:
        """Notional of the longs, or of the shorts."""
        return (self.gross + side.sign * self.net) // 2


def snapshot(update: PositionUpdated, log_time: int) -> Snapshot:
    return Snapshot(
        update.seq, update.quantity, update.mark, update.unrealised_pnl, update.margin_asset, update.entry_intent_id, log_time, update.price_average,
    )


def equity(asset: str, wallets: Mapping[str, int], snapshots: Iterable[Snapshot]) -> int | None:
    """Wallet and open profit of one margin asset; None until the venue has told its balance."""
    if asset not in wallets:
        return None
    return wallets[asset] + sum(held.unrealised_pnl for held in snapshots if held.quantity and held.margin_asset == asset)


def freed(reservations: Mapping[str, Reservation], update: PositionUpdated) -> dict[str, Reservation]:
    """After a snapshot: without what it has ended, and no larger than what it says may still fill."""
    left = dict(reservations)
    for intent_id, kept in reservations.items():
        if kept.symbol != update.symbol or kept.seq >= update.seq:
            continue
        if intent_id != update.entry_intent_id:
            del left[intent_id]
        elif 0 < abs(update.entry_remaining) < abs(kept.quantity):
            left[intent_id] = msgspec.structs.replace(kept, quantity=update.entry_remaining)
    return left


def busy(snapshots: Mapping[str, Snapshot], reservations: Mapping[str, Reservation]) -> set[str]:
    """The symbols with a position or a reservation."""
    return {symbol for symbol, held in snapshots.items() if held.quantity} | {kept.symbol for kept in reservations.values()}


def room(
    symbol: str, asset: str, owned: int, snapshots: Mapping[str, Snapshot], reservations: Mapping[str, Reservation], leverages: Mapping[str, int],
    leverage_unknown: int, groups: Mapping[str, Group],
) -> Room:
    """`owned` is the asset's equity. A position that we never gave a leverage (a stranger's) is taken to stand at `leverage_unknown`."""
    held = [
        (name, notional(one.quantity, one.mark), leverages.get(name) or leverage_unknown)
        for name, one in snapshots.items() if one.quantity and one.margin_asset == asset
    ]
    promised = [(kept.symbol, notional(kept.quantity, kept.price), kept.leverage) for kept in reservations.values() if kept.margin_asset == asset]
    both = held + promised
    rooms = {
        group: share(owned, rule.exposure_max_ppm, PPM) - sum(abs(amount) for name, amount, _ in both if name in rule.symbols)
        for group, rule in groups.items() if symbol in rule.symbols
    }
    last = snapshots.get(symbol)
    entered = ((last.quantity, last.price_average),) if last and last.quantity else ()
    tightest = min(rooms, key=lambda group: (rooms[group], group), default="")
    return Room(
        equity=owned,
        gross=sum(abs(amount) for _, amount, _ in both),
        net=sum(amount for _, amount, _ in both),
        of_symbol=sum(abs(amount) for name, amount, _ in both if name == symbol),
        margin_elsewhere=sum(share_up(abs(amount), 1, leverage) for name, amount, leverage in both if name != symbol),
        leverage_held=max((leverage for name, _, leverage in both if name == symbol), default=0),
        group=tightest, group_room=rooms.get(tightest, 0),
        entered=(*entered, *((kept.quantity, kept.price) for kept in reservations.values() if kept.symbol == symbol)),
    )
