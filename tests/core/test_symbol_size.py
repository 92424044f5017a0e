"""A state goes to its changelog whole, and every command is a record: neither may grow with what a producer writes into an intent."""
import msgspec

from streams.core.commands import Propose
from streams.core.symbol import SymbolState, new, step
from tests import make

MEGABYTE = "x" * 1_000_000


def size(value: object) -> int:
    return len(msgspec.msgpack.encode(value))


def test_a_large_intent_leaves_small_records() -> None:
    wordy = make.intent("i1", "BUY", source=MEGABYTE, model=MEGABYTE, regime=MEGABYTE, comment=MEGABYTE, extra=MEGABYTE)
    waiting, _ = step(new(make.SYMBOL), make.seen(wordy), make.SETTINGS)
    state = fed(waiting, make.INSTRUMENT)
    state, (proposed,) = step(state, make.seen(make.tick("100")), make.SETTINGS)
    assert isinstance(proposed, Propose)
    held, (update,) = step(state, make.seen(make.fill("buy", "1", "100", make.entry_id("i1"), "t1")), make.SETTINGS)
    assert max(map(size, (waiting, state, proposed, held, update))) < 5_000


def fed(state: SymbolState, body: object) -> SymbolState:
    return step(state, make.seen(body), make.SETTINGS)[0]


def test_a_day_of_intents_is_a_small_state() -> None:
    state = new(make.SYMBOL)
    for number in range(2_000):
        state = fed(state, make.intent(f"an-intent-with-a-long-name-{number}", "CANCEL"))
    assert size(state) < 2_000 * 12 + 1_000
