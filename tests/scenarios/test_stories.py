"""Stories of one symbol: one event a line, and after the arrow what must follow. Each starts at noon with filters known, flat, and 100 as the price.

    tick PRICE [MARK] [high=P] [low=P]           a tenth of a second passes, and the market is there
    steady SECONDS PRICE                         the same, once a second
    buy|sell ID [name=value]                     an intent: stop, target, entry (a limit), policy, account, atr, trail, confidence, regime, expires_in
    close ID [part=0.5] [flatten]                cancel ID
    entry ID STATE [FILLED]                      the gateway on an entry (also risk's DENIED)
    protected ID PRICE                           its guard rests there
    fill SIDE QUANTITY PRICE ORDER [fee=F asset=A worth=F]  ORDER: entry, guard, flat (of the last entry), stop, target, rung1, exit (the last), any
    opened SIDE QUANTITY [name=value]            shorthand: an intent i1, filled at 100, DONE and PROTECTED, and the first plan answered
    funding AMOUNT ID [earlier]                  the venue's, of the position held, or of the one before
    answer [accepted=stop] [refused=stop] [stale] [undone] [kept=stop.0]    of the plan under way: without a word all was done
    gone ORDER [STATE]                           a resting order ended by itself
    guard PRICE                                  the gateway has set the guard anew
    moved ORDER PRICE                            a person has given a resting order another price
    list [STATUS] [most=Q]                       filters and status
    halt, resume, reset                          a person's word on the symbol
    wait MS                                      time passes, and nobody says so
    beat [N]                                     the clock, once a second, where something is due
    again                                        the last event once more: nothing may follow
    settings, limits name=value …                of this story
    of ACCOUNT                                   from here on the orders, the statuses and the book are this account's
    book …                                       holds Q @P, stop P, target P, entry STATE, waits ID, breaker STATE: what is known now

What follows: propose, deny, plan WHY: steps, close WHY [intents], withdraw, holds Q, flat WHY PROFIT, open ID (nothing held, an entry in flight).
Orders are told as leg.revision, an account's own of an intent for `all` as ID@ACCOUNT.
"""
import functools
import pathlib
import re
from typing import Any

import msgspec
import pytest

from streams.core.commands import Close, Note, Plan, Propose, Step
from streams.core.events import Beat
from streams.core.funding import Funded
from streams.core.ids import account_id
from streams.core.protected import rests_at
from streams.core.symbol import SymbolState, due, new, step
from streams.core.values import decimal, e8, ppm
from streams.core.words import ALL, Exit, OrderType
from tests import make
from tests.scenarios.words import WORDS, order

HERE = pathlib.Path(__file__).parent
FILES = ("entries.txt", "exits.txt", "targets.txt", "trails.txt", "breakers.txt", "books.txt", "adopted.txt", "limits.txt")
STORIES = [
    (name, story.strip()) for name in FILES for story in re.split(r"^# ", (HERE / name).read_text(), flags=re.MULTILINE) if story.strip()
]


class Told:
    """One story as far as it has been told."""

    def __init__(self) -> None:
        self.state, self.settings, self.now, self.offset = new(make.SYMBOL), make.SETTINGS, make.NOON, 0
        self.account, self.intent, self.trades, self.last = make.ACCOUNT, "i1", 0, Beat("")
        self.ids: dict[str, str] = {}                 # leg and leg.revision -> the last order of that name
        self.names: dict[str, str] = {}               # ID@ACCOUNT -> the id of that account's own of an intent for all
        self.plan: Plan | None = None
        self.seen(make.INSTRUMENT)
        self.seen(make.tick("100"))

    def seen(self, body: Any) -> str:  # noqa: ANN401
        self.last, self.offset = body, self.offset + 1
        self.state, outputs = step(self.state, make.seen(body, self.now, self.offset), self.settings)
        for output in outputs:
            self.remember(output)
        said = "; ".join(WORDS[type(output)](output) for output in outputs if not isinstance(output, Note))
        return functools.reduce(lambda text, name: text.replace(self.names[name], name), self.names, said)

    def remember(self, output: Any) -> None:  # noqa: ANN401
        if isinstance(output, Plan):
            self.plan = output
        if isinstance(output, Propose):
            self.intent = output.intent_id
        names = [s.client_order_id for s in output.steps if s.step is not Step.CANCEL] if isinstance(output, Plan) else []
        names += [output.client_order_id] if isinstance(output, Close) else []
        for name in names:
            self.ids[order(name)] = self.ids[order(name).split(".")[0]] = name

    # -------------------------------------------------------------------------------------------- the market, the clock, a person

    def tick(self, price: str, *more: str) -> str:
        self.now += 100
        given = options(word for word in more if "=" in word)
        mark = next((word for word in more if "=" not in word), "")
        return self.seen(make.tick(price, mark=mark, high=given.get("high", ""), low=given.get("low", "")))

    def steady(self, seconds: str, price: str) -> str:
        said = []
        for _ in range(int(seconds)):
            self.now += 900
            said.append(self.tick(price))
        return "; ".join(filter(None, said))

    def list(self, *more: str) -> str:
        given = options(word for word in more if "=" in word)
        status = next((word for word in more if "=" not in word), "TRADING")
        most = e8(given["most"]) if given else make.INSTRUMENT.quantity_max
        return self.seen(msgspec.structs.replace(make.INSTRUMENT, status=status, quantity_max=most))

    def wait(self, ms: str) -> str:
        self.now += int(ms)
        return ""

    def beat(self, times: str = "1") -> str:
        said = []
        for _ in range(int(times)):
            self.now += 1_000
            said.append(self.seen(Beat("positions-1")) if due(self.state, self.now, self.settings) else "")
        return "; ".join(filter(None, said))

    def halt(self) -> str:
        return self.seen(make.control("HALT", "told so"))

    def resume(self) -> str:
        return self.seen(make.control("RESUME"))

    def reset(self) -> str:
        return self.seen(make.control("RESET_BREAKER"))

    def again(self) -> str:
        return self.seen(self.last)

    def settings_(self, *more: str) -> str:
        changed: dict[str, Any] = {}
        for name, value in options(more).items():
            given: Any = value == "true" if value in {"true", "false"} else int(value) if value.isdigit() else value
            changed[name] = tuple(value.split(",")) if name == "accounts" else dict([value.split(":")]) if name == "regimes" else given
        self.settings = msgspec.structs.replace(self.settings, **changed)
        return ""

    def limits(self, *more: str) -> str:
        changed: dict[str, Any] = {name: int(value) for name, value in options(more).items()}
        self.settings = msgspec.structs.replace(self.settings, limits=msgspec.structs.replace(self.settings.limits, **changed))
        return ""

    def of(self, account: str) -> str:
        self.account = account
        return ""

    # -------------------------------------------------------------------------------------------- intents

    def buy(self, intent_id: str, *more: str) -> str:
        return self.wish("BUY", intent_id, *more)

    def sell(self, intent_id: str, *more: str) -> str:
        return self.wish("SELL", intent_id, *more)

    def wish(self, action: str, intent_id: str, *more: str) -> str:
        given = options(more)
        self.account = given.get("account", make.ACCOUNT)
        fields: dict[str, Any] = {f"{name}_price": e8(given[name]) for name in ("stop", "target", "entry") if name in given}
        fields |= {f"{name}_ppm": ppm(given[name]) for name in ("atr", "trail", "confidence") if name in given}
        fields |= {name: given[name] for name in ("policy", "regime", "account") if name in given}
        fields |= {"order_type": OrderType.LIMIT} if "entry" in given else {}
        fields |= {"expires_at": self.now + int(given["expires_in"])} if "expires_in" in given else {}
        fields |= {"timestamp": self.now - int(given["ago"])} if "ago" in given else {}
        return self.seen(make.intent(self.name(intent_id), action, **fields))

    def name(self, intent_id: str) -> str:
        """An intent's id; of one for all, each account's own has a name of its own too."""
        self.names |= {f"{intent_id}@{account}": account_id(account, intent_id) for account in self.settings.accounts if self.account == ALL}
        return intent_id

    def close(self, intent_id: str, *more: str) -> str:
        given = options(word for word in more if "=" in word)
        reason = Exit.FLATTEN if "flatten" in more else None
        return self.seen(make.intent(self.name(intent_id), "CLOSE", partial_ppm=ppm(given.get("part", "0")), reason=reason, account=self.account))

    def cancel(self, intent_id: str) -> str:
        return self.seen(make.intent(self.name(intent_id), "CANCEL", account=self.account))

    # -------------------------------------------------------------------------------------------- the gateway

    def entry(self, intent_id: str, state: str, filled: str = "0") -> str:
        return self.seen(make.entry(self.names.get(intent_id, intent_id), state, filled=filled, account=self.account))

    def protected(self, intent_id: str, price: str) -> str:
        self.ids["guard"] = make.guard_id(intent_id, self.account)
        return self.seen(make.entry(intent_id, "PROTECTED", guard_price=price, account=self.account))

    def fill(self, side: str, quantity: str, price: str, name: str, *more: str) -> str:
        self.trades += 1
        saga = {"entry": make.entry_id, "guard": make.guard_id, "flat": make.flat_id}
        entry = self.state.books[self.account].entry if self.account in self.state.books else None
        intent_id = entry.intent.intent_id if entry else self.intent
        client_id = self.ids.get(name) or (saga[name](intent_id, self.account) if name in saga else name)
        paid = options(more)
        fee, asset = paid.get("fee", "0"), paid.get("asset", "USDT")
        trade = make.fill(side, quantity, price, client_id, f"t{self.trades}", fee=fee, fee_asset=asset, account=self.account)
        return self.seen(msgspec.structs.replace(trade, fee_converted=e8(paid.get("worth", "0"))))

    def funding(self, amount: str, name: str, whose: str = "") -> str:
        book = self.state.books.get(self.account)
        position_id = book.left.position_id if whose == "earlier" and book and book.left else self.position_id()
        return self.seen(Funded(self.account, make.SYMBOL, "USDT", e8(amount), name, position_id, self.now))

    def opened(self, side: str, quantity: str, *more: str) -> str:
        self.wish(side.upper(), "i1", *more)
        stop = self.state.books[self.account].entry
        assert stop is not None
        self.fill(side, quantity, "100", "entry")
        self.entry("i1", "DONE", quantity)
        self.protected("i1", decimal(stop.stop_price))
        if self.state.books[self.account].under_way:
            self.answer()
        return ""

    def answer(self, *more: str) -> str:
        plan = self.plan
        assert plan is not None
        given = {name: [self.ids[word] for word in words.split(",")] for name, words in options(word for word in more if "=" in word).items()}
        placed = [s.client_order_id for s in plan.steps if s.step is not Step.CANCEL]
        refused = given.get("refused", [])
        accepted = given.get("accepted", [name for name in placed if name not in refused])
        leaving = [s.client_order_id for s in plan.steps if s.step is Step.CANCEL and not refused]
        cancelled = [name for name in leaving if name not in given.get("kept", [])]
        if {"stale", "undone"} & {*more}:
            accepted = cancelled = []
        return self.seen(msgspec.structs.replace(
            make.answer(plan.position_id, plan.revision, accepted=tuple(accepted), refused=tuple(refused), cancelled=tuple(cancelled)),
            stale="stale" in more, account=self.account,
        ))

    def gone(self, name: str, state: str = "CANCELLED") -> str:
        return self.seen(make.exit_report(self.position_id(), self.ids[name], state))

    def guard(self, price: str) -> str:
        self.ids["guard"] = make.guard_id(self.intent, self.account, 1)
        return self.seen(make.exit_report(self.position_id(), self.ids["guard"], "WORKING", price))

    def moved(self, name: str, price: str) -> str:
        return self.seen(make.exit_report(self.position_id(), self.ids[name], "WORKING", price))

    def position_id(self) -> str:
        book = self.state.books.get(self.account)
        return book.position.held.position_id if book and book.position else ""

    # -------------------------------------------------------------------------------------------- what is known

    def book(self, *expected: str) -> str:
        book = self.state.books.get(self.account)
        position, resting = (book.position, book.position.resting) if book and book.position else (None, ())
        targets = [f"{decimal(o.quantity)} @{decimal(o.price)}" for o in resting if o.leg not in {"stop", "guard"}]
        facts = {
            "holds": f"{decimal(position.held.quantity)} @{decimal(position.held.price_average)}" if position else "nothing",
            "stop": decimal(rests_at(position)) if position and rests_at(position) else "none",
            "target": " ".join(targets) or "none",
            "entry": str(book.entry.state) if book and book.entry else "none",
            "waits": book.waiting.intent.intent_id if book and book.waiting else "nothing",
            "flips": book.flip.intent.intent_id if book and book.flip else "nothing",
            "breaker": str(self.state.market.breaker.state) + (f" {self.state.market.breaker.reason}" if self.state.market.breaker.reason else ""),
            "fees": decimal(position.fees) if position else "0",
            "funding": decimal(position.funding) if position else "0",
        }
        for fact in " ".join(expected).split(", "):
            word, _, value = fact.partition(" ")
            assert facts[word] == value, fact
        return ""


def options(more: Any) -> dict[str, str]:  # noqa: ANN401
    return dict(word.split("=", 1) for word in more)


@pytest.mark.parametrize(("file", "story"), STORIES, ids=[f"{file}: {story.splitlines()[0]}" for file, story in STORIES])
def test_story(file: str, story: str) -> None:
    teller = Told()
    for line in story.splitlines()[1:]:
        happened, _, expected = re.sub(r"\(.*\)", "", line).partition("->")
        if happened.strip():
            word, *fields = happened.split()
            assert getattr(teller, "settings_" if word == "settings" else word)(*fields) == expected.strip(), f"{file}: {line}"
    text = msgspec.msgpack.encode(teller.state)
    assert msgspec.msgpack.decode(text, type=SymbolState) == teller.state
