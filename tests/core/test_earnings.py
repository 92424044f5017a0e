"""The books of a day hold what the trades made, whoever traded, in whatever order their snapshots come and however often."""
from typing import Any

import msgspec
from hypothesis import example, given
from hypothesis import strategies as st

from streams.core import account, symbol
from streams.core.drawdown import DAY_MS
from streams.core.earnings import LINES_MAX, OTHERS, DayBooked, Earnings, earned
from streams.core.events import PositionUpdated
from streams.core.funding import Funded
from streams.core.positions import FLAT, Trade, filled
from streams.core.settings import Settings
from streams.core.values import E8, e8
from tests import make

Happened = tuple[str, int, int, int]      # trade or funding, amount or quantity, price, hours that pass before it
events = st.lists(
    st.tuples(st.sampled_from(["trade", "trade", "funding"]), st.integers(-3, 3).filter(bool), st.integers(90, 110), st.integers(0, 15)), max_size=25,
)


def facts(happened: list[Happened]) -> list[tuple[int, Any]]:
    """What the gateway makes of it, with its log time. A fee of 0.1 for each trade."""
    now, told = make.NOON, []
    for number, (kind, amount, price, hours) in enumerate(happened):
        now += hours * 3_600_000
        fact: Any = Funded("main", make.SYMBOL, "USDT", amount * E8, f"f{number}", "", now)
        if kind == "trade":
            fact = make.fill("buy" if amount > 0 else "sell", str(abs(amount)), str(price), "web_1", f"t{number}", fee="0.1")
        told.append((now, fact))
    return told


def snapshots(told: list[tuple[int, Any]]) -> list[tuple[int, PositionUpdated]]:
    state, _ = symbol.step(symbol.new(make.SYMBOL), make.seen(make.INSTRUMENT), Settings())
    found = []
    for now, fact in told:
        state, outputs = symbol.step(state, make.seen(fact, now), Settings())
        found += [(now, output) for output in outputs if isinstance(output, PositionUpdated)]
    return found


def booked(told: list[tuple[int, PositionUpdated]]) -> dict[tuple[int, str, str], DayBooked]:
    """The newest line of each day, source and model."""
    state, lines = account.new("main"), dict[tuple[int, str, str], DayBooked]()
    for now, update in told:
        state, outputs = account.step(state, make.seen(update, now), Settings())
        lines |= {(line.day, line.source, line.model): line for line in outputs if isinstance(line, DayBooked)}
    return lines


def expected(happened: list[Happened]) -> tuple[int, int, int]:
    """Realised profit, fees and funding by the trades alone. Funding before the first trade is nobody's."""
    held, realised, fees, funding, begun = FLAT, 0, 0, 0, False
    for number, (kind, amount, price, _) in enumerate(happened):
        if kind == "trade":
            held, profit = filled(held, Trade("main", make.SYMBOL, f"t{number}", amount * E8, price * E8))
            realised, fees, begun = realised + profit, fees + e8("0.1"), True
        elif begun:
            funding += amount * E8
    return realised, fees, funding


def total(lines: dict[tuple[int, str, str], DayBooked]) -> tuple[int, int, int]:
    return (
        sum(line.realised_pnl for line in lines.values()), sum(line.fees for line in lines.values()), sum(line.funding for line in lines.values()),
    )


@given(events)
def test_all_lines_together_are_what_the_trades_earned_and_cost(happened: list[Happened]) -> None:
    assert total(booked(snapshots(facts(happened)))) == expected(happened)


@given(events, st.data())
def test_repeated_and_late_snapshots_book_nothing(happened: list[Happened], data: st.DataObject) -> None:
    told = snapshots(facts(happened))
    again = [told[: data.draw(st.integers(0, len(told)))] for _ in range(2)]
    disturbed = [*again[0], *told, *again[1]]
    late = [(told[-1][0], update) for _, update in disturbed]       # at the last time: only the sums can be told apart
    assert total(booked(late)) == expected(happened)


@example([("trade", 1, 100, 0), ("trade", -1, 100, 0), ("funding", 1, 100, 0)])
@given(events)
def test_positions_count_once_each_and_wins_are_those_that_paid(happened: list[Happened]) -> None:
    told = snapshots(facts(happened))
    ends = {update.position_id: update for _, update in told if update.closed_at}
    lines = booked(told).values()
    won = sum(update.realised_pnl + update.funding > update.fees for update in ends.values())
    assert (sum(line.trades for line in lines), sum(line.wins for line in lines)) == (len(ends), won)


@given(events)
def test_money_counts_on_the_day_on_which_it_moved(happened: list[Happened]) -> None:
    days: dict[int, int] = {}
    begun = False
    for now, fact in facts(happened):
        begun = begun or not isinstance(fact, Funded)
        moved = fact.amount if isinstance(fact, Funded) else -fact.fee
        if begun:
            days[now // DAY_MS] = days.get(now // DAY_MS, 0) + moved
    lines = booked(snapshots(facts(happened))).values()
    assert {line.day: line.funding - line.fees for line in lines} == days


def test_the_lines_are_bounded_and_lose_nothing() -> None:
    book, lines = Earnings(), dict[tuple[str, str], DayBooked]()
    for number in range(200):
        update = PositionUpdated("main", "BTCUSDT", number, f"p{number}", closed_at=1, realised_pnl=E8, source=f"bot{number}")
        book, told = earned(book, update, number, make.NOON)
        lines |= {(line.source, line.model): line for line in told}
    assert (len(book.lines), len(book.known["BTCUSDT"]), sum(line.trades for line in book.lines)) == (LINES_MAX, 2, 200)
    assert (len(lines), lines[OTHERS, ""].trades, sum(line.realised_pnl for line in lines.values())) == (LINES_MAX, 200 - LINES_MAX + 1, 200 * E8)
    assert len(msgspec.msgpack.encode(book)) < 3_000
