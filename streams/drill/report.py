"""What a person reads when a drill is over: what was struck, what held and what did not, and how to do it again."""
from collections import defaultdict
from collections.abc import Sequence

import msgspec

from streams.drill.blows import What
from streams.drill.verdict import Rule, Span

WORDS = {True: "held", False: "BROKEN", None: "unknown"}


class Report(msgspec.Struct, frozen=True):
    """The answer for programs. `held`: every promise did, and the drill came to its end; `ended` says why where it did not."""

    seed: int
    minutes: float
    held: bool
    ended: str
    blows: int
    struck: dict[str, int]            # what was done -> how often
    without_gateway_seconds: float
    bare_seconds_by_log: float | None # the longest time without a stop as the log alone tells it
    rules: list[Rule]
    again: str                        # the command line


def report(
    seed: int, minutes: float, ended: str, blows: Sequence[Span], away: Sequence[Span], bare_ms: int | None, rules: list[Rule],
) -> Report:
    struck: dict[str, int] = defaultdict(int)
    for blow in blows:
        struck[kind_of(blow)] += 1
    held, without_s = not ended and all(rule.held for rule in rules), sum(span.ms for span in away) / 1_000
    bare_s, again = None if bare_ms is None else bare_ms / 1_000, f"streams drill --minutes {minutes:g} --seed {seed}"
    return Report(seed, minutes, held, ended, len(blows), dict(sorted(struck.items())), without_s, bare_s, rules, again)


def kind_of(blow: Span) -> str:
    """Without its length, and without the words of a fault that say on what."""
    return " ".join(blow.what.split(" ")[:2])


def text(told: Report, folder: str) -> str:
    """The verdict first, then what was done, every promise with its figure, and what a reader needs to go on."""
    broken, unknown = ([rule for rule in told.rules if rule.held is held] for held in (False, None))
    held = len(told.rules) - len(broken) - len(unknown)
    word = "HELD" if told.held else "BROKEN" if broken else "NOT FINISHED"
    more = "".join(f", {len(rules)} {name}" for rules, name in ((broken, "broken"), (unknown, "not to be said")) if rules)
    wide = max(len(rule.name) for rule in told.rules)
    return "\n".join([
        f"{word}: {held} of {len(told.rules)} promises held{more}",
        *([f"it ended early: {told.ended}"] if told.ended else []),
        "",
        f"struck {told.blows} times, {told.without_gateway_seconds:.0f} s of it without a gateway",
        *(f"  {name:<8}{counts}" for name, counts in _counts(told.struck) if counts),
        "",
        *(line for rule in told.rules for line in _lines(rule, wide)),
        "",
        f"by the log alone  {_seconds(told.bare_seconds_by_log)} without a stop at most",
        f"logs              {folder}",
        f"again             {told.again}   (the same prices, signals and blows; the moments differ)",
    ])


def _seconds(seconds: float | None) -> str:
    return "an unknown time" if seconds is None else f"{seconds:.2f} s"


def _counts(struck: dict[str, int]) -> list[tuple[str, str]]:
    """Killed, stopped, broken: who, and how often."""
    told: dict[str, list[str]] = {"killed": [], "stopped": [], "faults": []}
    for what, count in struck.items():
        how, whom = what.split(" ", 1)
        told[{What.KILL: "killed", What.STOP: "stopped", What.FAULT: "faults"}[What(how)]].append(f"{whom} {count}")
    return [(name, ", ".join(counts)) for name, counts in told.items()]


def _lines(rule: Rule, wide: int) -> list[str]:
    return [f"{WORDS[rule.held]:<8} {rule.name:<{wide}}  {rule.figure}", *(f"           {reason}" for reason in rule.wrong)]
