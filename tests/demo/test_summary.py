"""The summary of the tally's story, with an exchange that saw the orders arrive."""
from streams.demo.summary import HOPS, Exchange, summary, text
from tests.demo.test_tally import T, ledger, records, tallied

SEEN = Exchange(arrivals={"e-1": T + 12, "g-1": T + 19, "c-2": T + 80, "somebody-else": T}, unprotected_seconds_max=0.0123)
NOTHING = {"p50": None, "p95": None, "p99": None, "max": None, "n": 0}


def one(value: int) -> dict[str, int]:
    return {"p50": value, "p95": value, "p99": value, "max": value, "n": 1}


def test_the_summary_of_a_run() -> None:
    assert summary(tallied([*records(), *ledger()]), SEEN, 12.345) == {
        "seconds": 12.3,
        "intents": 2,
        "denials": {"ENTRY_IN_FLIGHT": 1, "POSITION_OPEN": 1},
        "orders": 4,
        "fills": 2,
        "exits": {"TARGET": 1},
        "positions_opened": 2,
        "positions_closed": 1,
        "positions_open": 1,
        "realised_pnl": "0",
        "unrealised_pnl": "-0.00000002",
        "fees": "2",
        "unprotected_seconds_max": 0.012,
        "unknown_orders": 1,
        "dead_letters": 1,
        "latency_ms": {
            "intent_to_proposal": one(4),
            "intent_to_command": one(9),
            "intent_to_rest": one(12),
            "tick_to_exit": {"p50": 2, "p95": 3, "p99": 3, "max": 3, "n": 2},
            "fill_to_stop": one(2),                                                                # the guard came at 19, the first fill was at 17
            "rest": {"p50": 4, "p95": 6, "p99": 6, "max": 6, "n": 2},
        },
    }


def test_a_run_in_which_nothing_happened() -> None:
    told = summary(tallied([]), Exchange({}, 0.0), 1)
    assert told["latency_ms"] == dict.fromkeys(HOPS, NOTHING)
    assert [name for name, value in told.items() if name != "latency_ms" and value not in (0, {}, "0", 1)] == []


def test_people_read_it_too() -> None:
    lines = text(summary(tallied([*records(), *ledger()]), SEEN, 12.345)).splitlines()
    assert [line.split() for line in lines if line.startswith(("intents", "left", "fill_to_stop"))] == [
        ["intents", "2,", "denied", "ENTRY_IN_FLIGHT", "1,", "POSITION_OPEN", "1"],
        ["left", "by", "TARGET", "1"], ["fill_to_stop", "2", "2", "2", "2", "1"],
    ]
