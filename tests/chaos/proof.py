"""`docs/proof.md`: what the kills at every door came to. `python -m tests.chaos.proof` writes it anew."""
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from tests.chaos.walk import PARTLESS, UNSENT, WHOLE, Outcome, walked

DOC = Path(__file__).resolve().parents[2] / "docs" / "proof.md"
AGAIN = ("POST order entry.0 done", "POST algoOrder stop.1 done", "POST order exit.0 done")
RECOVERY = 90                         # doors of the next life: more than it needs until it works
COLUMNS = (WHOLE, PARTLESS, UNSENT)
TEXT = """# What has been killed, and what came of it

Written by `python -m tests.chaos.proof`; `tests/chaos/test_doors.py` walks it again and fails where the doors are others than here.

One position walks through a gateway: it is entered and guarded, a stop and a rung of a ladder are placed, the stop is replaced, the rung fills, a
part is sold at market, the stop is placed for what is left, the position is closed. A *door* is where the gateway meets the world: before and after
each send to the log, before and after the commit of a transaction, before each request, when the venue has done it and nobody knows, and when its
answer has come and nobody has read it. The list comes from the run itself. The walk is then repeated once for each door, and there the gateway's
process dies: no line of it runs again. Another one starts a second later, and every command that was ever given is delivered to it twice.

After each walk all of this held, or the test had failed: every client order id was made at most once; every trade of the venue is booked once; the
books are the venue's position; it is flat at the end, and nothing rests; no trade turned a position over; while something was held, a live stop
covered it again within the restart and five seconds.

- *{whole}*: as if nothing had happened.
- *{partless}*: it died before the request for the part was made. Whether it had been made cannot be known then, and a sale is not made
  twice: positions asks for it again if it is still wanted.
- *{unsent}*: it died before the entry's request was made. An entry that its command has outlived is not sent late.

The code is the real one: agents, ledger, saga, plans, closes, watch, reconciliation, user stream, and the paper exchange's matching. Log and Faust
are models (`tests/simulation`). On a real broker with a real `kill -9` a sample of these doors is walked by `tests/chaos/test_doors_broker.py`.

| part of the walk | call | doors | {columns} | wrong |
|---|---|--:|{lines}--:|
{rows}
| **all** | | **{doors}** | {totals} | **{wrong}** |

## Killed again while it recovers

The first death is at a door where the venue has done what nobody knows; the second one at each of the next doors, while the second gateway reads its
books, reconciles, and takes up what was left.

| first death | doors of the next life | {columns} | wrong |
|---|--:|{lines}--:|
{again}

## A thousand seeds

`make simulate` plays the whole pipeline, not the gateway alone: positions, risk and gateway over the same models, two symbols whose prices wander
into stops and targets, intents of every kind, some twice and some in another key's partition. Each seed draws its own bad day: requests that are lost
before or behind the venue, answered late, with a 503, a 429 or nothing; a user stream that loses, repeats and reorders events, breaks off or expires;
clocks that differ; workers that die at a time, at a door, or between any two steps of theirs. Of what a dying worker had on its way to a
broker a first part arrives; every second seed has three brokers, slow ones among them, between which nothing is in order. Then it is left alone,
looked at, closed, and looked at again:

- every client order id was made at most once, every trade is booked once; books, positions and venue agree, and so do wallets and days
- what is held is covered: within five seconds, or five seconds after the gateway is back; what a stream loses without a word, within the minute
- no trade turned a position over; no worker ended of its own; nothing is in `dead.letter`
- what is said twice means the same; every entry's intent has its end, and none was denied and ordered
- closed, it is flat, and nothing rests

A seed that fails is printed with the command that plays it again, to the byte.
"""


class Row(msgspec.Struct):
    """All doors of one call in one part of the walk."""

    part: str
    call: str
    doors: int = 0
    reached: Counter[str] = msgspec.field(default_factory=Counter)
    wrong: int = 0

    def take(self, outcome: Outcome) -> None:
        self.doors += 1
        self.reached[outcome.reached] += 1
        self.wrong += bool(outcome.wrong)

    @property
    def counts(self) -> str:
        return " | ".join(str(self.reached[column] or "") for column in COLUMNS)


def call_of(label: str) -> str:
    """`rest: POST order entry.0 done` as `POST order entry.0`."""
    return label.removesuffix(" done").removesuffix(" answered").removeprefix("rest: ").removeprefix("log: ")


def rows(whole: Outcome, outcomes: Sequence[Outcome]) -> list[Row]:
    found: dict[tuple[str, str], Row] = {}
    for (part, label), outcome in zip(whole.doors, outcomes, strict=False):
        found.setdefault((part, call_of(label)), Row(part, call_of(label))).take(outcome)
    return list(found.values())


def worth(whole: Outcome) -> int:
    """How many doors are killed at: behind the last order only beats and questions for the time follow."""
    return max(number for number, (_, label) in enumerate(whole.doors) if "CloseRecord" in label) + 3


def again(whole: Outcome) -> Iterator[tuple[Row, Outcome]]:
    """Each second death: its row, which it is counted in, and its outcome."""
    labels = [call.removeprefix("rest: ") for _, call in whole.doors]
    for name in AGAIN:
        first, row = labels.index(name), Row("", name.removesuffix(" done"))
        for second in range(first + 1, first + 1 + RECOVERY):
            outcome = walked(first, second)
            row.take(outcome)
            yield row, outcome


def text(found: Sequence[Row], recovered: Sequence[Row]) -> str:
    total = Row("", "")
    for row in found:
        total.doors += row.doors
        total.reached += row.reached
        total.wrong += row.wrong
    return TEXT.format(
        whole=WHOLE, partless=PARTLESS, unsent=UNSENT, columns=" | ".join(COLUMNS), lines="--:|" * len(COLUMNS), doors=total.doors, wrong=total.wrong,
        rows="\n".join(f"| {row.part} | `{row.call}` | {row.doors} | {row.counts} | {row.wrong} |" for row in found), totals=total.counts,
        again="\n".join(f"| `{row.call}` | {row.doors} | {row.counts} | {row.wrong} |" for row in recovered),
    )


def structure(document: str) -> set[tuple[str, str]]:
    """Parts and calls of the first table."""
    lines = document.partition("## Killed again")[0].splitlines()
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("|")]
    return {(cell[0], cell[1].strip("`")) for cell in cells if cell[1].startswith("`")}


def main() -> None:
    whole = walked()
    found = rows(whole, [walked(door) for door in range(worth(whole))])
    recovered = {row.call: row for row, _ in again(whole)}
    DOC.write_text(text(found, list(recovered.values())))


if __name__ == "__main__":
    main()
