"""What `decision.log` says of each kind of event at a symbol's door, also of those that changed nothing."""
from typing import Any

import msgspec
import pytest

from streams.core.commands import Close, Decided, Enter, Plan, Verdict, Withdraw
from streams.core.decided import decided
from streams.core.events import Beat, ModeWanted
from streams.core.ids import account_id, position_id
from streams.core.symbol import new, step
from streams.core.values import Side
from streams.core.words import Exit, Mode, OrderType
from tests import make

PLACE = position_id("main", make.SYMBOL, "t1")
READY = (make.INSTRUMENT, make.tick("100"))
ASKED = (*READY, make.intent("i1", "BUY", policy="target"))
HELD = (*ASKED, make.fill("buy", "1", "100", make.entry_id("i1"), "t1"))
GUARDED = (*HELD, make.entry("i1", "PROTECTED", guard_price="98"))


@pytest.mark.parametrize(
    ("before", "body", "verdict", "subject", "reason", "detail"),
    [
        pytest.param((), make.tick("100"), "STEPPED", "", "", "", id="a tick"),
        pytest.param(READY, make.intent("i1", "BUY"), "PROPOSED", "i1", "", "", id="an intent"),
        pytest.param(ASKED, make.intent("i1", "BUY"), "DENIED", "i1", "INTENT_KNOWN", "it was answered before", id="an intent again"),
        pytest.param(ASKED, make.intent("i2", "BUY"), "DENIED", "i2", "ENTRY_IN_FLIGHT", "one entry at a time; the last has not ended", id="another"),
        pytest.param(ASKED, make.entry("i1", "SENT"), "STEPPED", "i1", "", "", id="a status"),
        pytest.param((*ASKED, make.entry("i1", "WORKING")), make.entry("i1", "SENT"), "REPEATED", "i1", "REPEATED", "the entry is WORKING already",
                     id="a status that says less than what is known"),
        pytest.param((*ASKED, make.entry("i1", "WORKING")), make.entry("i1", "REFUSED"), "IGNORED", "i1", "STATE_IMPOSSIBLE", "REFUSED after WORKING",
                     id="a status that cannot be"),
        pytest.param((*ASKED, make.entry("i1", "DENIED")), make.entry("i1", "DONE"), "IGNORED", "i1", "ENTRY_UNKNOWN",
                     "DONE of an entry that is not in flight", id="a status after the end"),
        pytest.param(ASKED, HELD[-1], "STEPPED", make.entry_id("i1"), "", "", id="a fill"),
        pytest.param(HELD, HELD[-1], "REPEATED", make.entry_id("i1"), "REPEATED", "trade t1 is in the book", id="a fill again"),
        pytest.param(HELD, GUARDED[-1], "PLANNED", "i1", "TARGET", "", id="protected: the target is placed"),
        pytest.param(GUARDED, make.answer(PLACE, 7), "IGNORED", PLACE, "PLAN_UNKNOWN", "revision 7 is not under way", id="an answer to no plan"),
        pytest.param(GUARDED, make.exit_report("p-1", "qs-guard.0-x", "FINISHED"), "IGNORED", "qs-guard.0-x", "POSITION_UNKNOWN",
                     "FINISHED of an order of a position that is not held", id="an order of an earlier position"),
    ],
)
def test_what_became_of_it(before: tuple[Any, ...], body: Any, verdict: str, subject: str, reason: str, detail: str) -> None:  # noqa: ANN401
    state = new(make.SYMBOL)
    for offset, earlier in enumerate(before):
        state, _ = step(state, make.seen(earlier, offset=offset), make.SETTINGS)
    seen = make.seen(body, offset=99)
    after, outputs = step(state, seen, make.SETTINGS)
    told = decided("positions", make.SYMBOL, after.seq, seen, outputs, "hash")
    assert told == Decided(
        "positions", make.SYMBOL, len(before) + 1, "topic", 0, 99, 99, make.NOON, type(body).__name__, Verdict(verdict), subject, reason, detail,
        told.outputs, "hash",
    )


TWO = msgspec.structs.replace(make.SETTINGS, accounts=("main", "second"))
WAITS = (make.INSTRUMENT, make.intent("i2", "BUY"))            # no price has come


def told_of(*bodies: Any) -> Decided:  # noqa: ANN401
    """What is decided of the last, with two accounts."""
    state = new(make.SYMBOL)
    outputs: tuple[Any, ...] = ()
    for body in bodies:
        state, outputs = step(state, make.seen(body), TWO)
    return decided("positions", make.SYMBOL, state.seq, make.seen(bodies[-1]), outputs, "hash")


@pytest.mark.parametrize(
    ("bodies", "verdict", "reason", "denials"),
    [
        pytest.param((*WAITS, make.intent("c1", "CLOSE")), "DENIED", "POSITION_MISSING", ["i2 INTENT_WITHDRAWN", "c1 POSITION_MISSING"],
                     id="its own denial comes before the one that it brought another"),
        pytest.param((*WAITS, make.intent("c1", "CANCEL")), "DENIED", "INTENT_WITHDRAWN", ["i2 INTENT_WITHDRAWN"],
                     id="another's alone is what became of it"),
        pytest.param((*ASKED, make.intent("i9", "BUY", account="all")), "PROPOSED", "", [f"{account_id('main', 'i9')} ENTRY_IN_FLIGHT"],
                     id="for all: one is proposed, the other denied"),
        pytest.param((*READY, make.intent("i9", "CLOSE", account="all")), "DENIED", "POSITION_MISSING",
                     [f"{account_id(name, 'i9')} POSITION_MISSING" for name in ("main", "second")], id="for all: none has anything"),
        pytest.param((*ASKED, make.intent("i2", "BUY")), "DENIED", "ENTRY_IN_FLIGHT", [], id="one alone stands in the decision"),
    ],
)
def test_every_intent_that_an_event_ends_is_named(bodies: tuple[Any, ...], verdict: str, reason: str, denials: list[str]) -> None:
    told = told_of(*bodies)
    assert (told.verdict, told.reason, [f"{one.intent_id} {one.reason}" for one in told.denials]) == (verdict, reason, denials)
    assert told.subject == bodies[-1].intent_id


def test_the_ids_of_what_followed() -> None:
    state = new(make.SYMBOL)
    said = []
    for body in GUARDED:
        state, outputs = step(state, make.seen(body), make.SETTINGS)
        said.append(decided("positions", make.SYMBOL, state.seq, make.seen(body), outputs, "hash").outputs)
    under_way = state.books["main"].under_way
    assert under_way is not None
    assert said == [(), (), ("i1",), (), (under_way.plan.steps[0].client_order_id,)]


ENTER = Enter(
    "main", make.SYMBOL, "i1", "entry-1", "guard-1", "flat-1", Side.BUY, 1, OrderType.MARKET, limit_price=0, stop_price=1, leverage=1, timestamp=0,
    expires_at=0, decided_at=0, mark=1,
)
PLAN = Plan("main", make.SYMBOL, "p-1", 1, Side.SELL, (), Exit.TRAIL, 0)
CLOSE = Close("main", make.SYMBOL, "p-1", 0, (), "exit-1", Exit.TIME, 0)


@pytest.mark.parametrize(("body", "outputs", "verdict", "subject", "reason", "ids"), [
    pytest.param(ModeWanted("main", Mode.HALTED, "night", "ann", "r1"), (), "STEPPED", "r1", "", (), id="a person's wish"),
    pytest.param(Beat("w"), (ENTER,), "COMMANDED", "i1", "", ("entry-1",), id="a beat orders"),
    pytest.param(make.tick("100"), (CLOSE,), "EXITED", "exit-1", "TIME", ("exit-1",), id="a tick closes"),
    pytest.param(make.tick("100"), (PLAN, CLOSE), "EXITED", "exit-1", "TIME", ("exit-1",), id="a close says more than a plan"),
    pytest.param(make.intent("i2", "CANCEL"), (Withdraw("main", make.SYMBOL, "i1", 0),), "WITHDRAWN", "i2", "", ("i1",), id="a cancel"),
    pytest.param(make.tick("100"), (), "STEPPED", "", "", (), id="a tick"),
])
def test_what_an_event_led_to(body: Any, outputs: tuple[Any, ...], verdict: str, subject: str, reason: str, ids: tuple[str, ...]) -> None:  # noqa: ANN401
    told = decided("risk", "main", 3, make.seen(body, offset=9), outputs, "hash")
    assert told == Decided(
        "risk", "main", 3, "topic", 0, 9, 9, make.NOON, type(body).__name__, Verdict(verdict), subject, reason, "", ids, "hash",
    )
    assert decided("risk", "main", 3, make.seen(body, offset=9), outputs, "hash", folded_from=4) == msgspec.structs.replace(told, offset_first=4)
