"""Stories of one account, in `risk*.txt`: one event a line, and after the arrow what must follow. Each starts at midnight UTC with nothing known.

    balance ASSET WALLET [REASON [CHANGE [AGO]]]    what the venue says of an asset, and how long ago it did (ms). By its reason the gateway's books
                                                    explain it: ORDER and FUNDING_FEE have earned the difference, DEPOSIT and WITHDRAW have moved
                                                    CHANGE, and what is left is unexplained
    propose ID SYMBOL SIDE MARK STOP [name=value]   an entry that the symbol allows; expires_in (ms), seq and the other fields of a proposal
    update SYMBOL SEQ [name=value]                  a snapshot: holds, mark, pnl, entry (the intent in flight), left (what it may still fill); and of
                                                    position ID: earned, fees, funding, source, model, closed (it has ended)
    beat [N]                                        the clock, once a second
    wait MS                                         time passes, and nobody says so
    want MODE WHO REQUEST                           a person's word
    flatten SYMBOL|all REQUEST
    lag GROUP LEVEL
    gateway INSTANCE
    again                                           the last event once more, from another place: nothing may follow, nothing may change
    limits name=value …                             for this story; ppm and 1e-8 as in the settings
    group NAME SYMBOL,SYMBOL exposure_max_ppm       for this story
    lost|won SYMBOL SEQ AMOUNT                      a position of the symbol is flat, and it has cost or earned so much
    reserved [ID …]                                 what must be reserved now

Prices, quantities and amounts are decimals.
"""
import itertools
import pathlib
import re
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from streams.core.account import AccountState, due, new, step
from streams.core.commands import Deny, Enter, Propose
from streams.core.drawdown import DAY_MS
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
from streams.core.settings import Group, Settings
from streams.core.values import Side, decimal, e8
from streams.core.words import EntryState, Mode
from tests.core.proposals import BTC, ETHC, PEPE

HERE = pathlib.Path(__file__).parent
STORIES = [
    (path.stem, story.strip())
    for path in sorted(HERE.glob("risk*.txt")) for story in re.split(r"^# ", path.read_text(), flags=re.MULTILINE) if story.strip()
]
MIDNIGHT = 20_000 * DAY_MS
BASES = {"BTCUSDT": BTC, "1000PEPEUSDT": PEPE, "ETHUSDC": ETHC}
PRICES = {"mark", "size_wish", "notional_min", "quantity_min"}
WORDS: dict[type, Callable[[Any], str]] = {
    Enter: lambda o: f"enter {o.intent_id} {decimal(o.quantity * o.side.sign)} x{o.leverage} stop {decimal(o.stop_price)}",
    EntryReported: lambda o: f"report {o.intent_id} {o.state} {o.reason}",
    Deny: lambda o: f"deny {o.intent_id} {o.reason}",
    ModeSet: lambda o: " ".join(filter(None, ["mode", o.mode, o.request_id and f"answers {o.request_id}", *o.symbols])),
    Intent: lambda o: f"{o.action.lower()} {o.symbol} {o.reason}",
    DayBooked: lambda o: " ".join([
        f"day {o.day - 20_000}", *filter(None, [o.source, o.model]), f"{o.wins}/{o.trades}", *map(decimal, (o.realised_pnl, o.fees, o.funding)),
    ]),
}


class Told:
    """One story as far as it has been told."""

    def __init__(self) -> None:
        self.state, self.settings, self.now, self.offset, self.last = new("main"), Settings(), MIDNIGHT, 0, Beat("")
        self.books: dict[str, tuple[int, int, int, int]] = {}   # asset -> first and last wallet, earned, transferred

    def seen(self, body: Any) -> str:  # noqa: ANN401
        """Step, and what followed; a denial is told once, though two messages carry it."""
        self.last, self.offset = body, self.offset + 1
        self.state, outputs = step(self.state, Seen("topic", 0, self.offset, self.now, body), self.settings)
        for report, deny in itertools.pairwise(outputs):
            if isinstance(deny, Deny):
                assert report == EntryReported(deny.account, deny.symbol, deny.intent_id, EntryState.DENIED, reason=deny.reason)
                assert deny.detail or deny.reason.startswith("MODE"), deny
        return "; ".join(WORDS[type(output)](output) for output in outputs if not isinstance(output, EntryReported))

    def balance(self, asset: str, wallet: str, reason: str = "RECONCILED", change: str = "0", ago: str = "0") -> str:
        first, last, earned, transferred = self.books.get(asset, (e8(wallet), e8(wallet), 0, 0))
        if reason in {"ORDER", "FUNDING_FEE"}:
            earned += e8(wallet) - last
        if reason in {"DEPOSIT", "WITHDRAW"}:
            transferred += e8(change)
        if not int(ago):
            self.books[asset] = first, e8(wallet), earned, transferred
        left = e8(wallet) - first - earned - transferred
        return self.seen(BalanceSeen(
            "main", asset, e8(wallet), e8(wallet), reason, e8(change), self.now - int(ago), earned, transferred, left, MIDNIGHT,
        ))

    def propose(self, intent_id: str, symbol: str, side: str, mark: str, stop: str, *more: str) -> str:
        given = options(more)
        expires_at = self.now + int(given.pop("expires_in", "60000"))
        fields: dict[str, Any] = {name: e8(value) if name in PRICES else int(value) for name, value in given.items()}
        base = BASES.get(symbol) or msgspec.structs.replace(BTC, symbol=symbol)
        terms = {"side": Side(side.upper()), "mark": e8(mark), "entry_price": e8(mark), "stop_price": e8(stop), "mark_time": self.now}
        proposal: Propose = msgspec.structs.replace(
            base, **{"intent_id": intent_id, "seq": self.seq(symbol), "timestamp": self.now, "expires_at": expires_at, **terms, **fields},
        )
        return self.seen(proposal)

    def seq(self, symbol: str) -> int:
        """Of a state that comes after all that the symbol has told."""
        seqs = [kept.seq for kept in self.state.reservations.values() if kept.symbol == symbol]
        return max([9, *seqs, *(last.seq for name, last in self.state.snapshots.items() if name == symbol)]) + 1

    def update(self, symbol: str, seq: str, *more: str) -> str:
        given = options(more)
        quantity, average, mark, pnl, left = (e8(given.get(name, "0")) for name in ("holds", "average", "mark", "pnl", "left"))
        earned, fees, funding = (e8(given.get(name, "0")) for name in ("earned", "fees", "funding"))
        asset = BASES.get(symbol, BTC).margin_asset
        return self.seen(PositionUpdated(
            "main", symbol, int(seq), quantity=quantity, price_average=average, mark=mark, margin_asset=asset, entry_intent_id=given.get("entry", ""),
            entry_remaining=left,
            unrealised_pnl=pnl, position_id=given.get("position", ""), realised_pnl=earned, fees=fees, funding=funding,
            closed_at=self.now if "closed" in given else 0, source=given.get("source", ""), model=given.get("model", ""),
        ))

    def beat(self, times: str = "1") -> str:
        """A beat is written each second, and stepped where something is due."""
        said = []
        for _ in range(int(times)):
            self.now += 1_000
            if due(self.state, self.now, self.settings):
                said.append(self.seen(Beat("risk-1")))
        return "; ".join(filter(None, said))

    def wait(self, ms: str) -> str:
        self.now += int(ms)
        return ""

    def want(self, mode: str, who: str, request: str) -> str:
        return self.seen(ModeWanted("main", Mode(mode), "told so", who, request))

    def flatten(self, symbol: str, request: str) -> str:
        return self.seen(FlattenWanted("main", "" if symbol == "all" else symbol, "told so", "ann", request))

    def lag(self, group: str, level: str) -> str:
        return self.seen(LagSeen("main", group, level, 1_000, 9_000))

    def gateway(self, instance: str) -> str:
        return self.seen(GatewaySeen("main", instance, 0, 0, 0, 0, self.now))

    def again(self) -> str:
        before = self.state
        said = self.seen(self.last)
        assert comparable(self.state) == comparable(before)
        return said

    def limits(self, *more: str) -> str:
        plain = {"true": True, "false": False}
        changed = {name: plain.get(value, int(value) if value.isdigit() else value) for name, value in options(more).items()}
        self.settings = msgspec.structs.replace(self.settings, limits=msgspec.structs.replace(self.settings.limits, **changed))
        return ""

    def group(self, name: str, symbols: str, exposure_max_ppm: str) -> str:
        group = Group(tuple(symbols.split(",")), int(exposure_max_ppm))
        self.settings = msgspec.structs.replace(self.settings, groups={**self.settings.groups, name: group})
        return ""

    def won(self, symbol: str, seq: str, amount: str) -> str:
        return self.seen(PositionUpdated("main", symbol, int(seq), f"p-{seq}", margin_asset="USDT", closed_at=self.now, realised_pnl=e8(amount)))

    def lost(self, symbol: str, seq: str, amount: str) -> str:
        return self.won(symbol, seq, f"-{amount}")

    def reserved(self, *intents: str) -> str:
        assert tuple(self.state.reservations) == intents
        return ""


def options(more: tuple[str, ...]) -> dict[str, str]:
    return dict(word.split("=", 1) for word in more)


def comparable(state: AccountState) -> AccountState:
    return msgspec.structs.replace(state, seq=0, time=0)


@pytest.mark.parametrize(("file", "story"), STORIES, ids=[f"{file}: {story.splitlines()[0]}" for file, story in STORIES])
def test_story(file: str, story: str) -> None:
    told = Told()
    for line in story.splitlines()[1:]:
        happened, _, expected = re.sub(r"\(.*\)", "", line).partition("->")
        if happened.strip():
            word, *fields = happened.split()
            assert getattr(told, word)(*fields) == expected.strip(), f"{file}: {line}"
    text = msgspec.msgpack.encode(told.state)
    assert msgspec.msgpack.decode(text, type=AccountState) == told.state
