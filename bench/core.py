"""The decisions alone, on one core and without a log: steps of a symbol and of an account a second, and what the watch band spares.

The anchor of a step is the least that any such function does: a loop that finds the branch of an event by `match` and makes one new state. The
anchor of a step with its encoding is the encoding of the same states alone.
"""
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import msgspec

from bench import arrays
from bench.figures import Figure, rate
from bench.stories import ACCOUNT_SETTINGS, SETTINGS, account_of, entries, flat, held, life, prices, snapshots
from streams.core import account, symbol
from streams.core.events import Beat, Filled, Intent, Seen, Tick
from streams.core.values import E8
from streams.core.watch import band, folded

Step = Callable[[Any, Seen[Any], Any], tuple[Any, Any]]
EVENTS = 20_000                       # of a round


def run(quick: bool) -> list[Figure]:  # noqa: FBT001
    rounds, count = (3, EVENTS // 4) if quick else (9, EVENTS)
    start = held()
    calm, rising = prices(count, step_ppm=2, seed=1), prices(count, step_ppm=2, seed=2, drift=E8 // 50)
    rows: list[tuple[str, Step, Any, Sequence[Seen[Any]], Any]] = [
        ("flat symbol, ticks", symbol.step, flat(), calm, SETTINGS),
        ("held position, ticks", symbol.step, start, calm, SETTINGS),
        ("held position, each tick the best price", symbol.step, start, rising, SETTINGS),
        ("lives: entry, fills, plans, 40 ticks, close", symbol.step, flat(), life(count), SETTINGS),
        ("account, snapshots of ten symbols", account.step, account_of(10), snapshots(10, count), ACCOUNT_SETTINGS),
        ("account, entries ordered and ended", account.step, account_of(1), entries(count), ACCOUNT_SETTINGS),
    ]
    found = []
    for name, step, state, events, settings in rows:
        anchor = rate(partial(dispatched, state, events), rounds)
        steps = rate(partial(stepped, step, state, events, settings), rounds)
        found.append(Figure(name, steps, "steps/s", "match and one new state", anchor, runs=rounds))
        alone = rate(partial(encoded_alone, states(step, state, events, settings)), rounds)
        encoded = rate(partial(stepped_and_encoded, step, state, events, settings), rounds)
        found.append(Figure(f"{name}; each state encoded", encoded, "steps/s", "encoding alone", alone, runs=rounds))
    return [*found, *in_band(rounds, count), *by_array(rounds)]


def stepped(step: Step, state: Any, events: Sequence[Seen[Any]], settings: Any) -> int:  # noqa: ANN401
    for seen in events:
        state, _ = step(state, seen, settings)
    return len(events)


def stepped_and_encoded(step: Step, state: Any, events: Sequence[Seen[Any]], settings: Any) -> int:  # noqa: ANN401
    encode = msgspec.msgpack.Encoder().encode
    for seen in events:
        state, _ = step(state, seen, settings)
        encode(state)
    return len(events)


def states(step: Step, state: Any, events: Sequence[Seen[Any]], settings: Any) -> list[Any]:  # noqa: ANN401
    found = []
    for seen in events:
        state, _ = step(state, seen, settings)
        found.append(state)
    return found


def encoded_alone(after: Sequence[Any]) -> int:
    encode = msgspec.msgpack.Encoder().encode
    for state in after:
        encode(state)
    return len(after)


def dispatched(state: Any, events: Sequence[Seen[Any]]) -> int:  # noqa: ANN401
    """The anchor: the branch of each event is found, and one new state is made."""
    for seen in events:
        state = _branch(state, seen)
    return len(events)


def _branch(state: Any, seen: Seen[Any]) -> Any:  # noqa: ANN401
    match seen.body:
        case Tick() | Beat():
            return msgspec.structs.replace(state, seq=state.seq + 1, time=seen.log_time)
        case Intent() | Filled():
            return msgspec.structs.replace(state, seq=state.seq + 1, time=seen.log_time)
        case _:
            return msgspec.structs.replace(state, seq=state.seq + 1, time=seen.log_time)


# ---------------------------------------------------------------------------------------------------------------- in the band


def in_band(rounds: int, count: int) -> list[Figure]:
    """Tick by tick, as the positions worker does it."""
    state = held()
    ticks = prices(count, step_ppm=2, seed=1, every_ms=0)
    anchor = rate(partial(looked_at, ticks), rounds)
    watch = band(state, SETTINGS)

    def checked() -> int:
        return sum(watch.holds(seen.body, seen.log_time) for seen in ticks)

    def added_up() -> int:
        quiet = None
        for seen in ticks:
            if watch.holds(seen.body, seen.log_time):
                quiet = folded(quiet, state, seen.body, seen.log_time)
        return count

    if checked() != count:
        raise AssertionError("a tick of the measurement lies outside the band")
    return [
        Figure("ticks in the band, looked at", rate(checked, rounds), "ticks/s", "a loop that reads one price", anchor, runs=rounds),
        Figure("ticks in the band, added up", rate(added_up, rounds), "ticks/s", "a loop that reads one price", anchor, runs=rounds),
        Figure("bands reckoned", rate(partial(reckoned, state), rounds), "bands/s", runs=rounds),
    ]


def looked_at(ticks: Sequence[Seen[Tick]]) -> int:
    for seen in ticks:
        _ = seen.body.last
    return len(ticks)


def reckoned(state: Any) -> int:  # noqa: ANN401
    for _ in range(2_000):
        band(state, SETTINGS)
    return 2_000


def by_array(rounds: int) -> list[Figure]:
    """All ticks of a recording at once."""
    ticks, watch = arrays.drawn(4_000_000), band(held(), SETTINGS)
    anchor, searched = rate(partial(arrays.summed, ticks), rounds), rate(partial(arrays.searched, ticks, watch), rounds)
    return [Figure("ticks in the band, by array", searched, "ticks/s", "numpy's sum of one column", anchor, runs=rounds)]
