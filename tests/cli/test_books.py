"""`streams books`, by its pure half: records in any order, and what a person reads."""
from hypothesis import given
from hypothesis import strategies as st

from streams.cli.books import Books, Earned, Wallet, kept, told
from streams.core.drawdown import DAY_MS
from streams.core.earnings import DayBooked
from streams.core.events import BalanceSeen
from streams.core.values import e8
from streams.wire.log import Record

DAY = 20_000                              # 4 October 2024
BOT = DayBooked("main", DAY, "bot", "m1", 7, 3, 2, e8("15.5"), e8("2"), e8("-0.5"))
MESSAGES = [
    BOT, DayBooked("main", DAY, "bot", "m1", 5, 2, 1, e8("10"), e8("1"), 0), DayBooked("main", DAY, "cli", "", 6, 1, 0, e8("-4"), e8("1"), 0),
    DayBooked("main", DAY - 1, "bot", "m1", 3, 9, 9, e8("9"), 0, 0), DayBooked("other", DAY, "bot", "m1", 8, 1, 1, e8("1"), 0, 0),
    BalanceSeen("main", "USDT", e8("10000"), 0, "RECONCILED", venue_time=DAY * DAY_MS, begun=DAY * DAY_MS),
    BalanceSeen("main", "USDT", e8("5008"), 0, "ORDER", 0, DAY * DAY_MS + 5, e8("8"), e8("-5000"), 0, DAY * DAY_MS),
]


def records() -> list[Record]:
    return [Record("account.event", 0, offset, 0, b"main", message, b"") for offset, message in enumerate(MESSAGES)]


EXPECTED = Books(
    (
        Earned("main", "2024-10-04", "bot", "m1", 3, 2, "15.5", "2", "-0.5", "13"),
        Earned("main", "2024-10-04", "cli", "", 1, 0, "-4", "1", "0", "-5"),
    ),
    (Wallet("main", "USDT", "5008", "2024-10-04T00:00:00Z", "8", "-5000", "0"),),
)


@given(st.permutations(records() * 2))
def test_of_each_line_the_newest_counts_in_whatever_order_and_however_often(shuffled: list[Record]) -> None:
    assert kept(shuffled, ["main"], DAY) == EXPECTED


def test_of_two_words_on_a_wallet_at_one_time_the_later_counts() -> None:
    fill = [BalanceSeen("main", "USDT", e8("9"), 0, "ORDER", venue_time=5, earned=earned) for earned in (0, e8("1"))]
    found = kept([Record("account.event", 0, offset, 0, b"main", seen, b"") for offset, seen in enumerate(fill)], ["main"], DAY)
    assert [wallet.earned for wallet in found.wallets] == ["1"]


def test_it_is_told_as_a_table() -> None:
    lines = told(EXPECTED)
    assert lines[1].split() == ["main", "2024-10-04", "bot", "m1", "2", "3", "15.5", "2", "-0.5", "13"]
    assert lines[2].split() == ["main", "2024-10-04", "cli", "-", "0", "1", "-4", "1", "0", "-5"]
    assert lines[5].split() == ["main", "USDT", "5008", "8", "-5000", "0", "2024-10-04T00:00:00Z"]
    assert told(Books((), ())) == ["nothing is booked yet"]
