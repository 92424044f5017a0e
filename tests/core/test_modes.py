"""Who tightens, and who loosens. Each row is a story of words; the last column is the mode in force after all of them."""
import pytest

from streams.core.drawdown import DAY_MS, Ruling
from streams.core.events import LagSeen, ModeWanted
from streams.core.modes import Modes, judged, lagged, settled, wanted
from streams.core.settings import Limits
from streams.core.words import Mode


def with_equity(modes: Modes, equity: int, log_time: int = 0) -> Modes:
    return judged(modes, equity, equity, log_time, Limits())


WORDS = {
    "halt": lambda modes: wanted(modes, ModeWanted("main", Mode.HALTED, "night", "ann", "r")),
    "reduce": lambda modes: wanted(modes, ModeWanted("main", Mode.REDUCING, "news", "bob", "r")),
    "resume": lambda modes: wanted(modes, ModeWanted("main", Mode.ACTIVE, "morning", "ann", "r")),
    "slow": lambda modes: lagged(modes, LagSeen("main", "positions", "STOP", 5_000, 9_000)),
    "slower": lambda modes: lagged(modes, LagSeen("main", "positions", "STOP", 6_000, 9_900)),
    "warn": lambda modes: lagged(modes, LagSeen("main", "positions", "WARN", 50, 900)),
    "gateway slow": lambda modes: lagged(modes, LagSeen("main", "gateway-main", "STOP", 7, 8_000)),
    "lose": lambda modes: with_equity(with_equity(with_equity(modes, 100), 94), 94),
    "midnight": lambda modes: with_equity(modes, 94, DAY_MS),
}
NIGHT, NEWS = Ruling(Mode.HALTED, "ann: night"), Ruling(Mode.REDUCING, "bob: news")
SLOW = Ruling(Mode.REDUCING, "positions is 5000 records, 9000 ms behind")
LOST = Ruling(Mode.HALTED, "daily loss 6 % of 0.000001, 5 % at most")


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("", Ruling()),
        ("halt", NIGHT),
        ("halt, reduce", NIGHT),
        ("reduce, halt", NIGHT),
        ("halt, resume", Ruling()),
        ("halt, midnight, midnight", NIGHT),
        ("halt, slow, warn", NIGHT),
        ("lose", LOST),
        ("lose, reduce", LOST),
        ("lose, reduce, midnight", NEWS),
        ("lose, resume", Ruling()),
        ("lose, midnight", Ruling()),
        ("slow", SLOW),
        ("slow, slower", SLOW),
        ("slow, resume", SLOW),
        ("slow, warn", Ruling()),
        ("slow, gateway slow", Ruling(Mode.REDUCING, "positions is 5000 records, 9000 ms behind; gateway-main is 7 records, 8000 ms behind")),
        ("slow, gateway slow, warn", Ruling(Mode.REDUCING, "gateway-main is 7 records, 8000 ms behind")),
        ("slow, reduce", NEWS),
    ],
)
def test_the_mode_in_force(words: str, expected: Ruling) -> None:
    modes = Modes()
    for word in filter(None, words.split(", ")):
        modes = WORDS[word](modes)
    assert modes.ruling == expected


REALISED = Ruling(Mode.REDUCING, "realised daily loss 4 % of 0.000001, 3 % at most")


@pytest.mark.parametrize(("losses", "expected"), [("equity", LOST), ("realised", REALISED), ("either", LOST)])
def test_equity_and_wallets_are_judged_apart(losses: str, expected: Ruling) -> None:
    modes, limits = Modes(), Limits(losses=losses)
    for equity, wallets in ((100, 100), (94, 96), (94, 96)):
        modes = judged(modes, equity, wallets, 0, limits)
    assert modes.ruling == expected
    assert wanted(modes, ModeWanted("main", Mode.ACTIVE, "morning", "ann", "r")).ruling == Ruling()


@pytest.mark.parametrize(("losses", "equity", "wallets"), [("equity", True, False), ("realised", False, True), ("either", True, True)])
def test_what_the_limits_of_losses_look_at(losses: str, *, equity: bool, wallets: bool) -> None:
    """A fall of the one, of the other; the second look settles it."""
    limits = Limits(losses=losses)
    for falls, fallen, counts in (((900, 1_000), "daily loss", equity), ((1_000, 900), "realised daily loss", wallets)):
        modes = Modes()
        for look in ((1_000, 1_000), falls, falls):
            modes = judged(modes, *look, 0, limits)
        assert (modes.ruling.mode, modes.ruling.reason.startswith(fallen)) == ((Mode.HALTED, True) if counts else (Mode.ACTIVE, False))
        assert settled(modes, *falls, 0, limits)
        assert settled(modes, falls[0] - 1, falls[1], 0, limits) != equity
        assert settled(modes, falls[0], falls[1] - 1, 0, limits) != wallets


def test_the_last_of_two_equal_words_gives_the_reason() -> None:
    modes = wanted(Modes(), ModeWanted("main", Mode.HALTED, "night", "ann", "r"))
    assert wanted(modes, ModeWanted("main", Mode.HALTED, "again", "bob", "s")).person == Ruling(Mode.HALTED, "bob: again")
