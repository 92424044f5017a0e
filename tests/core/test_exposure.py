"""The sums over an account, by hand: 10,000 of USDT and 500 of USDC; two positions, one of them nobody's we know, and two entries under way."""
import pytest

from streams.core.events import PositionUpdated
from streams.core.exposure import Reservation, Room, Snapshot, busy, equity, freed, room, snapshot
from streams.core.settings import Group
from streams.core.values import Side, e8

WALLETS = {"USDT": e8("10000"), "USDC": e8("500")}
SNAPSHOTS = {
    "BTCUSDT": Snapshot(12, e8("0.1"), e8("60000"), e8("150"), "USDT", "", 0, e8("58500")),   # 6000 long, at leverage 3
    "SOLUSDT": Snapshot(12, e8("-20"), e8("100"), e8("-50"), "USDT", "", 0, e8("97.5")),      # 2000 short, a stranger's
    "ETHUSDC": Snapshot(12, e8("0.1"), e8("2500"), e8("5"), "USDC", "", 0, e8("2450")),       # 250 long
    "XRPUSDT": Snapshot(12, 0, e8("2"), e8("7"), "USDT", "", 0),                         # flat: its profit is in the wallet
}
RESERVATIONS = {
    "i1": Reservation("BTCUSDT", 20, e8("0.05"), e8("60000"), 3, "USDT"),                # 3000 more
    "i2": Reservation("DOGEUSDT", 20, e8("-1000"), e8("0.1"), 1, "USDT"),                # 100 short
}
LEVERAGES = {"BTCUSDT": 3, "ETHUSDC": 2, "DOGEUSDT": 1}


@pytest.mark.parametrize(("asset", "expected"), [("USDT", e8("10100")), ("USDC", e8("505")), ("BNB", None)])
def test_equity_is_wallet_and_open_profit_of_one_asset(asset: str, expected: int | None) -> None:
    assert equity(asset, WALLETS, SNAPSHOTS.values()) == expected


@pytest.mark.parametrize(
    ("symbol", "asset", "expected"),
    [
        # gross 6000 + 2000 + 3000 + 100; net 6000 - 2000 + 3000 - 100; margin elsewhere 2000 / 5 + 100 / 1
        ("BTCUSDT", "USDT", Room(1, e8("11100"), e8("6900"), e8("9000"), e8("500"), 3, "", 0, ((e8("0.1"), e8("58500")), (e8("0.05"), e8("60000"))))),
        # margin elsewhere 6000 / 3 + 3000 / 3 + 100 / 1
        ("SOLUSDT", "USDT", Room(1, e8("11100"), e8("6900"), e8("2000"), e8("3100"), 5, entered=((e8("-20"), e8("97.5")),))),
        ("XRPUSDT", "USDT", Room(1, e8("11100"), e8("6900"), 0, e8("3500"), 0)),
        ("ETHUSDC", "USDC", Room(1, e8("250"), e8("250"), e8("250"), 0, 2, entered=((e8("0.1"), e8("2450")),))),
        ("BTCUSDC", "USDC", Room(1, e8("250"), e8("250"), 0, e8("125"), 0)),
    ],
)
def test_the_room_that_a_symbol_finds(symbol: str, asset: str, expected: Room) -> None:
    assert room(symbol, asset, 1, SNAPSHOTS, RESERVATIONS, LEVERAGES, leverage_unknown=5, groups={}) == expected


GROUPS = {
    "majors": Group(("BTCUSDT", "ETHUSDT", "ETHUSDC"), 2_000_000),
    "layer1": Group(("SOLUSDT", "BTCUSDT"), 1_150_000),
    "memes": Group(("DOGEUSDT",), 500_000),
}


@pytest.mark.parametrize(
    ("symbol", "asset", "group", "left"),
    [
        pytest.param("BTCUSDT", "USDT", "layer1", "500", id="in two: 11500 - 11000 leaves less than 20000 - 9000"),
        pytest.param("ETHUSDT", "USDT", "majors", "11000", id="what it holds not, its group does"),
        pytest.param("ETHUSDC", "USDC", "majors", "19750", id="each margin asset counts its own"),
        pytest.param("DOGEUSDT", "USDT", "memes", "4900", id="a reservation counts"),
        pytest.param("XRPUSDT", "USDT", "", "0", id="in none"),
    ],
)
def test_the_tightest_group_bounds_a_symbol(symbol: str, asset: str, group: str, left: str) -> None:
    found = room(symbol, asset, e8("10000"), SNAPSHOTS, RESERVATIONS, LEVERAGES, leverage_unknown=5, groups=GROUPS)
    assert (found.group, found.group_room) == (group, e8(left))


def test_longs_and_shorts_are_told_apart() -> None:
    found = room("BTCUSDT", "USDT", 1, SNAPSHOTS, RESERVATIONS, LEVERAGES, leverage_unknown=5, groups={})
    assert (found.on_side(Side.BUY), found.on_side(Side.SELL)) == (e8("9000"), e8("2100"))


def test_busy_is_what_holds_or_may_come_to_hold() -> None:
    assert busy(SNAPSHOTS, RESERVATIONS) == {"BTCUSDT", "SOLUSDT", "ETHUSDC", "DOGEUSDT"}


@pytest.mark.parametrize(
    ("seq", "names", "left", "kept"),
    [
        (19, "", "0", "0.05"),                # before the proposal
        (20, "", "0", "0.05"),                # of the very state that proposed
        (21, "", "0", None),
        (21, "i9", "0", None),
        (21, "i1", "0", "0.05"),              # how much of it will fill is not known yet
        (21, "i1", "0.02", "0.02"),
        (21, "i1", "0.07", "0.05"),           # never more than was promised
    ],
)
def test_a_snapshot_frees_what_it_has_ended(seq: int, names: str, left: str, kept: str | None) -> None:
    update = PositionUpdated("main", "BTCUSDT", seq, entry_intent_id=names, entry_remaining=e8(left))
    after = freed(RESERVATIONS, update)
    assert {name: one.quantity for name, one in after.items()} == {**({"i1": e8(kept)} if kept else {}), "i2": e8("-1000")}


def test_a_snapshot_is_what_the_update_says_and_when() -> None:
    update = PositionUpdated("main", "BTCUSDT", 12, quantity=1, price_average=5, mark=2, unrealised_pnl=3, margin_asset="USDT", entry_intent_id="i1")
    assert snapshot(update, 4) == Snapshot(12, 1, 2, 3, "USDT", "i1", 4, 5)
