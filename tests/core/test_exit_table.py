"""The truth table of exits, `exits.txt`: each row is worked by the symbol's own door, once as a long and once, mirrored at 100, as a short.

The venue of the table is the simplest there is: it accepts every plan at once, and a resting order fills at the first price that reaches it, wherever
that is: a gap through a stop costs what it costs. Within a record the adverse extreme comes first.
"""
import pathlib
import re
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from streams.core.commands import Close, Deny, Plan, Propose, Step
from streams.core.events import Beat, PositionUpdated
from streams.core.protected import rests_at
from streams.core.settings import Patience, Policy, Rung, Settings, Tighten, Trail
from streams.core.symbol import new, step
from streams.core.values import E8, PPM, Side, decimal, e8, nearer, ppm, share
from streams.core.words import Exit
from tests import make

CENT, ENTRY, MIRROR = e8("0.01"), 100 * E8, 200 * E8
LINES = (pathlib.Path(__file__).parent / "exits.txt").read_text().splitlines()
ROWS = [tuple(cell.strip() for cell in line.split("|")) for line in LINES if line.count("|") == 3]
replace = msgspec.structs.replace


class Order(msgspec.Struct, frozen=True):
    client_order_id: str
    trigger: int
    quantity: int                     # 0: all that is held
    is_stop: bool


class Desk:
    """One row as one side: `across` turns the table's prices, which are a long's, into this side's."""

    def __init__(self, sign: int, how: str) -> None:
        self.sign, self.now, self.trades, self.held, self.left = sign, make.NOON, 0, 0, 0
        self.orders: list[Order] = []
        self.parts: list[tuple[int, int]] = []                 # quantity, price
        self.ended: PositionUpdated | None = None
        self.refusing, self.stuck, self.denied, self.first_stop = False, False, "", 0
        self.price, self.most = ENTRY, make.INSTRUMENT.quantity_max
        self.state = new(make.SYMBOL)
        policy, wish, more = read(how, self)
        self.settings = replace(Settings(policies={"default": policy}, opposite="close"), **more)
        self.seen(make.INSTRUMENT)
        self.seen(make.tick("100"))
        self.seen(make.intent("i1", "BUY" if sign > 0 else "SELL", **wish))

    def across(self, price: int) -> int:
        return price if self.sign > 0 else MIRROR - price

    def seen(self, body: Any) -> None:  # noqa: ANN401
        self.state, outputs = step(self.state, make.seen(body, self.now), self.settings)
        for output in outputs:
            match output:
                case Deny():
                    self.denied = self.denied or output.reason.value
                case Propose():
                    self.enter(output)
                case Plan():
                    self.work(output)
                case Close():
                    self.fill(output.client_order_id, self.held, self.price)
                case PositionUpdated() if output.closed_at:
                    self.ended, self.orders = output, []

    def enter(self, entry: Propose) -> None:
        number = entry.intent_id
        self.held += E8
        fill = make.fill(entry.side, "1", decimal(self.price), make.entry_id(number), f"open {number}")
        self.orders = [*self.orders, Order(make.guard_id(number), entry.stop_price, 0, is_stop=True)] if number == "i1" else self.orders
        self.seen(fill)
        self.seen(make.entry(number, "DONE", filled="1"))
        if number == "i1":
            self.first_stop = entry.stop_price
            self.seen(make.entry(number, "PROTECTED", guard_price=decimal(entry.stop_price)))

    def work(self, plan: Plan) -> None:
        placed = [one for one in plan.steps if one.step is not Step.CANCEL]
        names = tuple(one.client_order_id for one in placed)
        if self.refusing:
            self.seen(make.answer(plan.position_id, plan.revision, refused=names))
            return
        gone = tuple(one.client_order_id for one in plan.steps if one.step is Step.CANCEL)
        self.orders = [order for order in self.orders if order.client_order_id not in gone]
        resting = [one for one in placed if one.step is not Step.REDUCE]
        self.orders += [Order(one.client_order_id, one.trigger_price, one.quantity, one.step is Step.PLACE_STOP) for one in resting]
        for one in placed:
            if one.step is Step.REDUCE:
                self.fill(one.client_order_id, one.quantity, self.price)
        self.seen(make.answer(plan.position_id, plan.revision, accepted=names, cancelled=gone))

    def fill(self, name: str, quantity: int, price: int) -> None:
        quantity = min(quantity, self.held)
        if not quantity:
            return
        self.held -= quantity
        self.trades += 1
        self.parts.append((quantity, price))
        side = "sell" if self.sign > 0 else "buy"
        self.seen(make.fill(side, decimal(quantity), decimal(price), name, f"t{self.trades}"))

    def reach(self, price: int, mark: int) -> None:
        """What rests and is reached by a price does its work there."""
        by = mark if self.settings.policies["default"].trigger == "MARK_PRICE" else price
        for order in () if self.stuck else tuple(self.orders):
            beyond = self.sign * (by - order.trigger) * (-1 if order.is_stop else 1)
            if beyond >= 0 and order in self.orders:
                self.orders.remove(order)
                self.fill(order.client_order_id, order.quantity or self.held, price)

    # -------------------------------------------------------------------------------------------- the words of a path

    def walk(self, path: str) -> None:
        for word in path.split():
            self.go(word)

    def go(self, word: str) -> None:
        if match := re.fullmatch(r"(\d+)s(?:@(.+))?", word):      # so many seconds, at a price or in silence
            for _ in range(int(match[1])):
                self.now += 1_000
                self.tick(match[2]) if match[2] else self.seen(Beat("w"))
        elif match := re.fullmatch(r"close(\d+)?%?", word):
            self.now += 1
            self.seen(make.intent(f"c{self.now}", "CLOSE", partial_ppm=int(match[1] or 0) * 10_000))
        elif match := re.fullmatch(r"(add|against)", word):
            action = "BUY" if (self.sign > 0) == (word == "add") else "SELL"
            self.seen(make.intent(f"{word}{self.now}", action))
        elif match := re.fullmatch(r"moved(.+)", word):
            order = self.orders[-1]
            moved = replace(order, trigger=self.across(e8(match[1])))
            self.orders = [moved if one is order else one for one in self.orders]
            report = make.exit_report(self.position_id(), order.client_order_id, "WORKING")
            self.seen(replace(report, trigger_price=moved.trigger))
        elif re.fullmatch(r"refusing|accepting|stuck|working|most.+", word):
            self.venue(word)
        elif match := re.fullmatch(r"by_hand(.+)", word):
            self.fill("web_1", e8(match[1]), self.price)
        elif word == "liquidated":
            self.fill("autoclose-1", self.held, self.price)
        else:
            self.now += 1_000
            self.tick(word)

    def venue(self, word: str) -> None:
        """What it does with plans and with resting orders, and how much one order may have."""
        match word:
            case "refusing" | "accepting":
                self.refusing = word == "refusing"
            case "stuck" | "working":
                self.stuck = word == "stuck"
            case _:
                self.most = e8(word.removeprefix("most"))
                self.seen(replace(make.INSTRUMENT, quantity_max=self.most))

    def tick(self, word: str) -> None:
        """102, or 102^103 (a high before), 102v99 (a low before), 102/101 (the mark)."""
        last, sign, other = re.fullmatch(r"([\d.]+)([v^/])?([\d.]+)?", word).groups()        # type: ignore[union-attr]
        self.price = self.across(e8(last))
        extreme = self.across(e8(other)) if other else self.price
        mark = extreme if sign == "/" else self.price
        if sign in {"v", "^"}:
            self.reach(extreme, mark)
        self.reach(self.price, mark)
        prices = (self.price, extreme) if sign != "/" else (self.price,)
        tick = make.tick(decimal(self.price), mark=decimal(mark))
        self.seen(replace(tick, high=max(prices), low=min(prices)))

    def position_id(self) -> str:
        position = self.state.books["main"].position
        return position.held.position_id if position else ""

    def told(self) -> tuple[list[tuple[int, int]], str, str]:
        """Parts and prices, why, and R; of one that is held what rests."""
        if self.denied and not self.parts and not self.held:
            return [], self.denied, ""
        position = self.state.books["main"].position
        if self.ended is None:
            return [*self.parts, (self.held, rests_at(position) if position else 0)], "holds", ""
        return self.parts, str(self.ended.exit), in_r(self.ended.realised_pnl, abs(ENTRY - self.first_stop))


def in_r(profit: int, risk: int) -> str:
    """With two places."""
    return decimal(share(profit, 100, risk) * E8 // 100)


# ------------------------------------------------------------------------------------------------ how a position is to be left, in words


def read(how: str, desk: Desk) -> tuple[Policy, dict[str, Any], dict[str, Any]]:
    """The policy, the intent's own fields and the settings that a first cell names."""
    policy, wish, more = Policy(target_r_ppm=0, trail=Trail()), dict[str, Any](), dict[str, Any]()
    for clause in how.split(","):
        word, *rest = clause.split()
        if word in POLICY:
            policy = replace(policy, **POLICY[word](rest))
        elif word in {"stop", "target"}:
            wish |= of_price(word, rest[0], desk)
        elif word in {"atr", "own"}:
            wish["trail_ppm" if word == "own" else "atr_ppm"] = of_percent(rest[0])
        else:
            more[{"adds": "additions_max"}[word]] = int(rest[0])
    return policy, wish, more


POLICY: dict[str, Callable[[list[str]], dict[str, Any]]] = {
    "ladder": lambda rest: {"targets": tuple(Rung(of_percent(part), *of_distance(at)) for part, at in pairs(rest, "@"))},
    "trail": lambda rest: {"trail": of_trail(rest)},
    "tighten": lambda rest: {"tighten": tuple(Tighten(in_ppm(at), in_ppm(by)) for at, by in pairs(rest, ":"))},
    "patience": lambda rest: {"patience": tuple(Patience(of_seconds(age), in_ppm(least)) for age, least in pairs(rest, ":"))},
    "even": lambda rest: {"break_even_rung": int(rest[0][:-4])} if rest[0].endswith("rung") else {"break_even_r_ppm": in_ppm(rest[0])},
    "reward": lambda rest: {"target_r_ppm": in_ppm(rest[0])},
    "time": lambda rest: {"time_max_ms": of_seconds(rest[0])},
    "mark": lambda _: {"trigger": "MARK_PRICE"},
}


def pairs(words: list[str], mark: str) -> list[list[str]]:
    return [word.split(mark) for word in words]


def in_ppm(text: str) -> int:
    return ppm(text.removesuffix("R"))


def of_percent(text: str) -> int:
    return ppm(text.removesuffix("%")) // 100


def of_seconds(text: str) -> int:
    return int(text.removesuffix("s")) * 1_000


def of_distance(text: str) -> tuple[int, int]:
    """In R and in per cent: one of the two."""
    return (in_ppm(text), 0) if text.endswith("R") else (0, of_percent(text))


def of_price(word: str, text: str, desk: Desk) -> dict[str, int]:
    return {f"{word}_ppm": of_percent(text)} if text.endswith("%") else {f"{word}_price": desk.across(e8(text))}


def of_trail(words: list[str]) -> Trail:
    start = in_ppm(words[words.index("from") + 1]) if "from" in words else PPM
    distance = words[0]
    if distance.endswith("ATR"):
        return Trail(distance_atr_ppm=ppm(distance.removesuffix("ATR")), activation_r_ppm=start)
    in_r_ppm, per_cent = of_distance(distance)
    return Trail(distance_ppm=per_cent, distance_r_ppm=in_r_ppm, activation_r_ppm=start)


# ------------------------------------------------------------------------------------------------ what the row expects


def expected(sign: int, left: str) -> list[tuple[int, int]]:
    """`0.5 @102, 0.5 @1% behind 104`, of a long, as this side has it."""
    parts = []
    for part in filter(None, left.split(",")):
        quantity, _, at = part.strip().rpartition("@")
        parts.append((e8(quantity.strip() or "1"), price_of(sign, at)))
    return parts


def price_of(sign: int, text: str) -> int:
    distance, behind, best = text.partition("% behind ")
    if not behind:
        return e8(text) if sign > 0 else MIRROR - e8(text)
    top = e8(best) if sign > 0 else MIRROR - e8(best)
    return nearer(top - sign * share(top, of_percent(distance), PPM), CENT, Side.BUY if sign > 0 else Side.SELL)


@pytest.mark.parametrize("sign", [1, -1], ids=["long", "short"])
@pytest.mark.parametrize(("how", "path", "left", "why"), ROWS, ids=[f"{row[0]}: {row[1]}" for row in ROWS])
def test_the_truth_table(sign: int, how: str, path: str, left: str, why: str) -> None:
    desk = Desk(sign, how)
    desk.walk(path)
    parts, said, earned = desk.told()
    reason, _, in_units = why.partition(" ")
    assert (parts, said) == (expected(sign, left), reason)
    if said in list(Exit):
        profit = sum(quantity * sign * (price - ENTRY) // E8 for quantity, price in parts)
        by_hand = in_units.removesuffix(" R")
        assert earned == (in_r(profit, abs(ENTRY - desk.first_stop)) if "%" in left and sign < 0 else by_hand)


def test_it_has_rows_enough() -> None:
    assert len(set(ROWS)) == len(ROWS) >= 80
    reasons = {row[3].split()[0] for row in ROWS}
    assert set(Exit) - reasons == {"GUARD", "FLATTEN", "NO_GUARD"}         # the stories tell these
