import re
import socket
import urllib.request
from pathlib import Path

from prometheus_client import Counter, Gauge, Histogram

from streams.runtime import metrics


def test_a_free_port_shows_the_names_that_outside_programs_rely_on() -> None:
    metrics.INTENTS.labels("tested").inc()
    metrics.HOP.labels("tested").observe(0.004)
    metrics.EQUITY.set(12.5)
    metrics.DRAWDOWN.set(0.25)
    metrics.UNKNOWN_ORDERS.set(3)
    port = metrics.serve()
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics") as answer:
        shown = answer.read().decode()
    assert 'streams_intents_total{result="tested"} 1.0' in shown
    assert 'streams_hop_seconds_bucket{hop="tested",le="0.005"} 1.0' in shown
    assert "\nstreams_equity 12.5\n" in shown
    assert "\nstreams_drawdown_ratio 0.25\n" in shown
    assert "\nstreams_unknown_orders 3.0\n" in shown
    for name in (
        "streams_unprotected_seconds", "streams_positions", "streams_breaker_open", "streams_consumer_lag_records", "streams_consumer_lag_seconds",
        "streams_dead_letters_total",
    ):
        assert f"# TYPE {name}" in shown


def test_a_taken_port_ends_nothing() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        assert metrics.serve(taken.getsockname()[1]) is None


def test_every_name_is_on_the_page_of_metrics_and_no_other() -> None:
    page = (Path(__file__).parent.parent.parent / "docs" / "metrics.md").read_text()
    shown = [one for one in vars(metrics).values() if isinstance(one, Counter | Gauge | Histogram)]
    names = {f"{one._name}_total" if isinstance(one, Counter) else one._name: ", ".join(one._labelnames) for one in shown}
    assert dict(re.findall(r"^\| `(\w+)` \| ([\w, ]*?) ?\|", page, re.MULTILINE)) == names
