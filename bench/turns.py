"""Events a second that change a state: table, a log record each, one command in ten, all confirmed. Beside stock Faust in the same run."""
import time
from contextlib import ExitStack

from confluent_kafka.admin import NewTopic

from bench.counting import GROUPS, IN, LOG, OUT
from bench.figures import Figure
from bench.rig import Rig, names, rig, until

LONGEST_S = 30.0


def topics(r: Rig) -> None:
    kept = [NewTopic(name, 12, 1) for name in (IN, LOG, OUT)]
    compacted = [NewTopic(f"{group}-counts-changelog", 12, 1, config={"cleanup.policy": "compact"}) for group in GROUPS.values()]
    for made in r.admin.create_topics([*kept, *compacted]).values():
        made.result()


def fill(r: Rig, count: int, keys: int = 100) -> None:
    producer, known = r.producer(**{"queue.buffering.max.messages": 1_000_000}), names(keys)
    for number in range(count):
        producer.produce(IN, b"event %d" % number, key=known[number % keys].encode())
    producer.flush(60)


def measured(r: Rig, kind: str, count: int, *, workers: int = 1, delay_ms: int = 0) -> tuple[float, float]:
    """Events a second from the first commit to the last, or until 30 s are over; and CPU microseconds an event."""
    group = GROUPS[kind]
    with ExitStack() as processes:
        running = [
            processes.enter_context(r.worker("bench.counting", kind, r.bootstrap, str(r.folder / f"{kind}{number}"), str(delay_ms)))
            for number in range(workers)
        ]
        until(lambda: r.behind(group, IN) < count, f"{kind} commits", 60)
        if workers > 1:
            until(lambda: all(worker.ready() for worker in running), f"{kind} are ready", 60)
        began, cpu, left = time.monotonic(), sum(worker.cpu_s() for worker in running), r.behind(group, IN)
        until(lambda: r.behind(group, IN) == 0 or time.monotonic() - began > LONGEST_S, f"{kind} is through", pause_s=0.05)
        done = max(left - r.behind(group, IN), 1)
        return done / (time.monotonic() - began), (sum(worker.cpu_s() for worker in running) - cpu) / done * 1e6


def run(quick: bool) -> list[Figure]:  # noqa: FBT001  (the same for every file)
    count = 20_000 if quick else 100_000
    with rig() as r:
        topics(r)
        fill(r, count)
        (rate, cpu), (soft_rate, soft_cpu), (stock_rate, stock_cpu) = (measured(r, kind, count) for kind in ("ours", "soft", "stock"))
        (late, _), (stock_late, _) = (measured(r, kind, count, delay_ms=5) for kind in ("late-ours", "late-stock"))
        scale = [] if quick else [measured(r, kind, count, workers=number)[0] for kind, number in (("two", 2), ("four", 4))]
    name = "events that change a state, confirmed"
    return [
        Figure(name, rate, "per second", "stock Faust, each send awaited", stock_rate),
        Figure(f"{name}: CPU of one", cpu, "us", "stock Faust", stock_cpu),
        Figure(f"{name}, with the hardening", rate, "per second", "without it", soft_rate),
        Figure(f"{name}, with the hardening: CPU of one", cpu, "us", "without it", soft_cpu),
        Figure(f"{name}, a confirmation taking 5 ms", late, "per second", "stock Faust", stock_late),
        *(Figure(f"{name}, {number} workers here", found, "per second", "one", rate) for number, found in zip((2, 4), scale, strict=False)),
    ]
