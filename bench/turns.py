"""Events a second that change a state: table, a log record each, one command in ten, all confirmed. Beside stock Faust in the same run."""
import time

from confluent_kafka.admin import NewTopic

from bench.counting import GROUPS, IN, LOG, OUT
from bench.figures import Figure
from bench.rig import Rig, names, rig, until


def topics(r: Rig) -> None:
    needed = IN, LOG, OUT, *(f"{group}-counts-changelog" for group in GROUPS.values())
    for made in r.admin.create_topics([NewTopic(name, 12, 1) for name in needed]).values():
        made.result()


def fill(r: Rig, count: int, keys: int = 100) -> None:
    producer, known = r.producer(**{"queue.buffering.max.messages": 1_000_000}), names(keys)
    for number in range(count):
        producer.produce(IN, b"event %d" % number, key=known[number % keys].encode())
    producer.flush(60)


def measured(r: Rig, kind: str, count: int) -> tuple[float, float]:
    """Events a second from the first commit to the last, and CPU microseconds an event."""
    group = GROUPS[kind]
    with r.worker("bench.counting", kind, r.bootstrap, str(r.folder / kind)) as worker:
        until(lambda: r.behind(group, IN) < count, f"{kind} commits", 60)
        began, cpu, left = time.monotonic(), worker.cpu_s(), r.behind(group, IN)
        until(lambda: r.behind(group, IN) == 0, f"{kind} is through", pause_s=0.05)
        return left / (time.monotonic() - began), (worker.cpu_s() - cpu) / left * 1e6


def run(quick: bool) -> list[Figure]:  # noqa: FBT001  (the same for every file)
    count = 20_000 if quick else 60_000
    with rig() as r:
        topics(r)
        fill(r, count)
        found = {kind: measured(r, kind, count) for kind in ("ours", "stock")}
    (rate, cpu), (stock_rate, stock_cpu) = found["ours"], found["stock"]
    return [
        Figure("events that change a state, confirmed", rate, "per second", "stock Faust, each send awaited", stock_rate),
        Figure("CPU of one of them", cpu, "us", "stock Faust", stock_cpu),
    ]

