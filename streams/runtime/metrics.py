"""Prometheus metrics: the names that outside programs may rely on, in one place, and the small server that shows them."""
from functools import cache
from typing import Final

from prometheus_client import Counter, Gauge, Histogram, start_http_server

from streams.runtime import logs

_log = logs.get(__name__)
HOP_BUCKETS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)

INTENTS: Final = Counter("streams_intents", "Intents: proposed, denied, or accepted (it closes, withdraws or waits)", ["result"])
HOP: Final = Histogram("streams_hop_seconds", "Time between two points of the pipeline (docs/metrics.md)", ["hop"], buckets=HOP_BUCKETS_S)
UNPROTECTED: Final = Gauge("streams_unprotected_seconds", "How long a position has been without a live stop; 0 while it is covered", ["symbol"])
POSITIONS: Final = Gauge("streams_positions", "Signed quantity held", ["symbol"])
EQUITY: Final = Gauge("streams_equity", "Wallet and open profit, in the quote asset")
DRAWDOWN: Final = Gauge("streams_drawdown_ratio", "Fall of equity from its peak, 0 to 1")
BREAKER_OPEN: Final = Gauge("streams_breaker_open", "1 while a symbol's breaker lets no entry through", ["symbol"])
LAG_RECORDS: Final = Gauge("streams_consumer_lag_records", "Records between the committed offset and the end", ["group", "topic", "partition"])
LAG_SECONDS: Final = Gauge("streams_consumer_lag_seconds", "Age of the oldest record not yet committed", ["group", "topic"])
DEAD_LETTERS: Final = Counter("streams_dead_letters", "Records that could not be read", ["topic", "reason"])
UNKNOWN_ORDERS: Final = Gauge("streams_unknown_orders", "Orders whose state at the venue is in doubt")
UNKNOWN_ORDER_AGE: Final = Gauge("streams_unknown_order_age_seconds", "Age of the oldest order in doubt; above 10 s somebody should look")
NOT_TRADING: Final = Gauge("streams_positions_not_trading", "1 while a position is held in a symbol that the venue does not trade", ["symbol"])
VENUE_USED: Final = Gauge("streams_venue_used_ratio", "Of a rate of the venue, what is used in its window, 0 to 1", ["rate"])
VENUE_SILENT: Final = Gauge("streams_venue_silent_seconds", "For how long the venue still wants silence (429, 418) from all but exits")
VENUE_CODES_UNLISTED: Final = Counter("streams_venue_codes_unlisted", "Refusals with a code that the gateway does not know", ["code"])
CLOCK_SKEW: Final = Gauge("streams_clock_skew_seconds", "This machine's clock against the venue's")
AUDIT_FAULTS: Final = Counter("streams_audit_faults", "Fills that were found lost, doubled, out of order or unworked", ["kind"])
EVENTS: Final = Counter("streams_events", "Events worked by this process", ["topic"])
QUIET_TICKS: Final = Counter("streams_quiet_ticks", "Ticks that were left out: they said nothing but a price")
TICKS: Final = Counter("streams_ticks", "Ticks that the feed wrote")
FRAMES_REFUSED: Final = Counter("streams_frames_refused", "Raw market frames that cannot be true or cannot be read", ["reason"])
LOOP_BLOCKED: Final = Counter("streams_loop_blocked", "Times that the loop of this process was held for longer than 50 ms")
UNCONFIRMED: Final = Gauge("streams_unconfirmed_events", "Events handed over and not yet confirmed by the broker")


@cache
def events_of(topic: str) -> Counter:
    """The one of a topic: looking it up costs more than counting."""
    return EVENTS.labels(topic)


def serve(port: int = 0, host: str = "127.0.0.1") -> int | None:
    """Shows the metrics at http://host:port/metrics; port 0 takes a free one. The port in use, or None: a taken port never ends a worker."""
    try:
        server, _ = start_http_server(port, addr=host)
    except OSError as error:
        _log.warning("no metrics: the port cannot be had", host=host, port=port, error=str(error))
        return None
    taken = int(server.server_port)
    _log.info("metrics", url=f"http://{host}:{taken}/metrics")
    return taken
