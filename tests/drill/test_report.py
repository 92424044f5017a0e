"""What a person reads when a drill is over, whole."""
from streams.drill.report import report, text
from streams.drill.verdict import Rule, Span

BLOWS = [
    Span("kill gateway", 1_000, 1_000), Span("kill gateway", 9_000, 9_000), Span("stop broker for 2.2 s", 20_000, 22_200),
    Span("fault hang POST qs-guard for 4.0 s", 30_000, 34_000), Span("fault hang POST qs-entry for 4.0 s", 40_000, 44_000),
]
AWAY = [Span("no gateway", 1_000, 6_000), Span("no gateway", 9_000, 16_400)]
HELD = Rule("every order was made once", held=True, figure="12 orders")


def test_all_held() -> None:
    told = report(7, 3.0, "", BLOWS, AWAY, 1_060, [HELD])
    assert text(told, "there/logs") == """\
HELD: 1 of 1 promises held

struck 5 times, 12 s of it without a gateway
  killed  gateway 2
  stopped broker 1
  faults  hang 2

held     every order was made once  12 orders

by the log alone  1.06 s without a stop at most
logs              there/logs
again             streams drill --minutes 3 --seed 7   (the same prices, signals and blows; the moments differ)"""
    assert (told.held, told.blows, told.struck["fault hang"]) == (True, 5, 2)


def test_what_is_broken_comes_with_its_reasons() -> None:
    told = report(7, 0.5, "", [], [], None, [HELD, Rule("nothing rests at the end", held=False, figure="1 orders", wrong=("qs-stop",))])
    assert text(told, "there/logs").splitlines() == [
        "BROKEN: 1 of 2 promises held, 1 broken",
        "",
        "struck 0 times, 0 s of it without a gateway",
        "",
        "held     every order was made once  12 orders",
        "BROKEN   nothing rests at the end   1 orders",
        "           qs-stop",
        "",
        "by the log alone  an unknown time without a stop at most",
        "logs              there/logs",
        "again             streams drill --minutes 0.5 --seed 7   (the same prices, signals and blows; the moments differ)",
    ]


def test_one_that_ended_early_has_not_held() -> None:
    told = report(7, 3.0, "interrupted after 12 s of 180", [], [], 0, [HELD])
    assert text(told, "there/logs").splitlines()[:2] == ["NOT FINISHED: 1 of 1 promises held", "it ended early: interrupted after 12 s of 180"]
    assert not told.held
