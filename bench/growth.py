"""What the log grows by: one trade, one plan, and an hour of a symbol's ticks, flat and held; with what it costs the workers and the broker.

The real positions and risk workers on a broker of this run's own, in real time, at ten ticks a second of each symbol; the gateway's part is played
here, since its own topics do not grow with ticks. Each figure is the difference of the log's files before and after one kind of work, less what an
idle pipeline writes in that time (its clock: a beat a second in each partition). An hour is a stretch of it, taken as often as it goes into one:
nothing here depends on how long it has lasted, except that a symbol's first intents make its state a little longer.
"""
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Self

import msgspec
from confluent_kafka import OFFSET_END, Consumer, TopicPartition

from bench.figures import Figure
from bench.rig import Rig, Worker, cpu_s, instrument, names, rig, tick, until
from streams.core.commands import Close, Enter, Plan, Step
from streams.core.events import BalanceSeen, EntryReported, Filled, Intent, PlanReported
from streams.core.values import Side, e8
from streams.core.words import Action, EntryState
from streams.wire.codec import decode, encode
from streams.wire.topics import (
    ACCOUNTS_CHANGELOG,
    DECISION_LOG,
    EXIT_COMMAND,
    ORDER_COMMAND,
    PARTITIONS,
    POSITION_UPDATE,
    POSITIONS_CHANGELOG,
    PRICE_TICK,
    TOPIC_OF,
    TOPICS,
    key_of,
)

ACCOUNT, RATE = "main", 10            # ticks a second of each symbol: what the feed's fold lets through
WATCHED, HELD, MANY = 500, 10, 50     # symbols that are flat, held at a time by default, and held by who allows himself more
LIMITS = f"[limits]\npositions_max = {MANY}\n"
HOUR_S = 3_600
SHOWN = (PRICE_TICK, POSITIONS_CHANGELOG, ACCOUNTS_CHANGELOG, DECISION_LOG, POSITION_UPDATE)
BALANCE = BalanceSeen(ACCOUNT, "USDT", e8("10000"), e8("10000"), "RECONCILED")


class Size(msgspec.Struct, frozen=True):
    """Of a topic: how many records, and the bytes of its files."""

    records: float
    bytes: float


class Spent(msgspec.Struct, frozen=True):
    """What a stretch of work has written, and the CPU seconds of positions, risk and broker; all of it a second."""

    topics: dict[str, Size]
    cpu: dict[str, float]
    seconds: float                    # it took

    def less(self, idle: "Spent") -> "Spent":
        """Without what an idle pipeline spends in a second."""
        topics = {name: Size(size.records - idle.topics[name].records, size.bytes - idle.topics[name].bytes) for name, size in self.topics.items()}
        return Spent(topics, {name: cpu - idle.cpu[name] for name, cpu in self.cpu.items()}, self.seconds)

    def times(self, factor: float) -> dict[str, Size]:
        return {name: Size(size.records * factor, size.bytes * factor) for name, size in self.topics.items()}


class Gateway:
    """Answers each entry, plan and close as the gateway does where the venue takes everything at once: on the topics that positions and risk read."""

    def __init__(self, r: Rig) -> None:
        self.planned = 0
        self.held: dict[str, Enter] = {}
        self._rig, self._ended, self._trades = r, threading.Event(), 0
        self._producer = r.producer(**{"linger.ms": 0})
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        self._consumer = Consumer({"bootstrap.servers": self._rig.bootstrap, "group.id": "bench-gateway", "enable.auto.commit": False})
        places = [TopicPartition(topic.name, number, OFFSET_END) for topic in (ORDER_COMMAND, EXIT_COMMAND) for number in range(PARTITIONS)]
        self._consumer.assign(places)
        self._consumer.poll(1.0)                         # the ends are asked for now, not when the first command is there
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()
        self._consumer.close()

    def tell(self, *facts: msgspec.Struct) -> None:
        for fact in facts:
            self._producer.produce(TOPIC_OF[type(fact)].name, encode(fact), key=key_of(fact))
        self._producer.flush(10)

    def _run(self) -> None:
        while not self._ended.is_set():
            for message in self._consumer.consume(100, 0.02):
                if not message.error():
                    self._answer(decode(message.topic() or "", message.value() or b""))

    def _answer(self, asked: object) -> None:
        match asked:
            case Enter():
                self.held[asked.symbol] = asked
                self._enter(asked)
            case Plan():
                placed = tuple(one.client_order_id for one in asked.steps if one.step is not Step.CANCEL)
                gone = tuple(one.client_order_id for one in asked.steps if one.step is Step.CANCEL)
                self.tell(PlanReported(ACCOUNT, asked.symbol, asked.position_id, asked.revision, placed, (), gone))
                self.planned += 1
            case Close():
                entry = self.held[asked.symbol]
                self.tell(self._fill(entry, Side.SELL, asked.client_order_id), BALANCE)
                del self.held[asked.symbol]

    def _enter(self, entry: Enter) -> None:
        for state in (EntryState.SENT, EntryState.WORKING):
            self.tell(EntryReported(ACCOUNT, entry.symbol, entry.intent_id, state, entry.entry_id))
        self.tell(self._fill(entry, Side.BUY, entry.entry_id), BALANCE)
        safe = EntryReported(
            ACCOUNT, entry.symbol, entry.intent_id, EntryState.PROTECTED, entry.entry_id, guard_id=entry.guard_id, guard_price=entry.stop_price,
        )
        self.tell(safe, EntryReported(ACCOUNT, entry.symbol, entry.intent_id, EntryState.DONE, entry.entry_id, entry.quantity))

    def _fill(self, entry: Enter, side: Side, order: str) -> Filled:
        self._trades += 1
        return Filled(
            ACCOUNT, entry.symbol, side, entry.quantity, entry.mark, 0, "USDT", 0, f"t{self._trades}", order, "", "", is_maker=False, venue_time=0,
        )


class Pipeline:
    """A rig with both workers ready, and the gateway's part played."""

    def __init__(self, r: Rig, gateway: Gateway, workers: Mapping[str, Worker]) -> None:
        self.rig, self.gateway, self._workers = r, gateway, workers
        self._up = 280                                   # steps above where all begin; from 200 on a stop trails

    def sizes(self) -> dict[str, Size]:
        return {topic.name: Size(sum(self.rig.ends(topic.name).values()), self.rig.bytes(topic.name)) for topic in TOPICS}

    def cpu(self) -> dict[str, float]:
        return {**{name: worker.cpu_s() for name, worker in self._workers.items()}, "broker": cpu_s(self.rig.broker.pid)}

    def spent(self, work: Callable[[], None]) -> Spent:
        """What this work writes and costs until both workers have committed all of it, a second."""
        before, cpu, began = self.sizes(), self.cpu(), time.monotonic()
        work()
        self.settled()
        seconds, after, then = time.monotonic() - began, self.sizes(), self.cpu()
        topics = {
            name: Size((size.records - before[name].records) / seconds, (size.bytes - before[name].bytes) / seconds) for name, size in after.items()
        }
        return Spent(topics, {name: (value - cpu[name]) / seconds for name, value in then.items()}, seconds)

    def settled(self) -> None:
        """Beats go on: a second's worth of them is never quite committed."""
        until(lambda: self.rig.behind("positions", PRICE_TICK.name) < 3 * PARTITIONS, "the ticks are committed", 60)
        until(lambda: self.rig.behind("risk", POSITION_UPDATE.name) < 3 * MANY, "the updates are committed", 60)

    def listed(self, symbols: list[str]) -> None:
        self.gateway.tell(*map(instrument, symbols))

    def opened(self, symbols: list[str]) -> None:
        """Each bought at the last price, with its guard and its target at rest."""
        planned = partial(self._planned, self.gateway.planned + len(symbols))
        self.listed(symbols)
        self.priced(symbols, 0)
        self.gateway.tell(*(Intent(f"buy-{one}", one, Action.BUY, ACCOUNT, size=e8("100"), target_price=e8("150")) for one in symbols))
        until(planned, "all are open, guarded and planned", 60)

    def closed(self, symbols: list[str]) -> None:
        self.gateway.tell(*(Intent(f"close-{one}", one, Action.CLOSE, ACCOUNT) for one in symbols))
        until(lambda: not self.gateway.held.keys() & set(symbols), "all are closed", 60)

    def raised(self, symbols: list[str], times: int) -> None:
        """By as much as moves a trailing stop, so often; each plan is answered before the next rise."""
        first = self.gateway.planned
        for number in range(times):
            self._up += 20
            self.priced(symbols, self._up)
            until(partial(self._planned, first + (number + 1) * len(symbols)), "each stop has moved", 30)

    def priced(self, symbols: list[str], steps: int) -> None:
        """One tick each, so many steps above where all begin."""
        now_ms = int(time.time() * 1_000)
        for symbol in symbols:
            flat = tick(symbol, 0, now_ms)
            up = steps * e8("0.01")
            moved = msgspec.structs.replace(
                flat, last=flat.last + up, bid=flat.bid + up, ask=flat.ask + up, mark=flat.mark + up, high=flat.high + up, low=flat.low + up,
            )
            self.gateway.tell(moved)

    def ticking(self, symbols: list[str], seconds: float) -> None:
        """Ten ticks a second of each, spread over the second as a market's are."""
        producer, began, done = self.rig.producer(**{"linger.ms": 0}), time.monotonic(), 0
        while (passed := time.monotonic() - began) < seconds:
            now_ms = int(time.time() * 1_000)
            due = int(passed * RATE * len(symbols))
            for number in range(done, due):
                symbol = symbols[number % len(symbols)]
                producer.produce(PRICE_TICK.name, encode(tick(symbol, number // len(symbols), now_ms)), key=symbol.encode())
            done = due
            producer.poll(0.005)
        producer.flush(10)

    def _planned(self, number: int) -> bool:
        return self.gateway.planned >= number


@contextmanager
def pipeline() -> Iterator[Pipeline]:
    with rig() as r, Gateway(r) as gateway, ExitStack() as processes:
        limits = r.folder / "limits.toml"
        limits.write_text(LIMITS)
        positions, risk = (
            processes.enter_context(r.worker("streams.cli", "worker", kind, STREAMS_CONFIG=str(limits))) for kind in ("positions", "risk")
        )
        until(lambda: positions.ready() and risk.ready(), "both workers are ready", 60)
        gateway.tell(BALANCE)
        yield Pipeline(r, gateway, {"positions": positions, "risk": risk})


def run(quick: bool) -> list[Figure]:  # noqa: FBT001  (the same for every file)
    stretch, trades = (6.0, 5) if quick else (30.0, 30)
    listed = names(WATCHED + MANY + trades)
    flat, many, traded = listed[:WATCHED], listed[WATCHED:WATCHED + MANY], listed[WATCHED + MANY:]
    held = many[:HELD]
    with pipeline() as p:
        p.opened(traded[:1])                             # whatever happens once happens now
        p.closed(traded[:1])
        p.listed(flat)
        p.ticking(flat, 3)
        p.settled()
        idle = p.spent(lambda: time.sleep(stretch / 2))

        def trade() -> None:
            for symbol in traded[1:]:
                p.opened([symbol])
                p.closed([symbol])

        lives = p.spent(trade).less(idle)
        watched = p.spent(lambda: p.ticking(flat, stretch)).less(idle)
        p.opened(held)
        kept = p.spent(lambda: p.ticking(held, stretch)).less(idle)
        p.opened(many[HELD:])
        crowd = p.spent(lambda: p.ticking(many, stretch)).less(idle)
        p.raised(many, 1)                                # the trail begins
        plans = p.spent(lambda: p.raised(many, 3)).less(idle)
    return [
        *grown("an idle pipeline, an hour", idle.times(HOUR_S)),
        *grown("a trade: intent, entry, fills, target, close", lives.times(lives.seconds / (trades - 1))),
        *grown("a plan that moves a stop, and its answer", plans.times(plans.seconds / 3 / MANY)),
        *grown("a flat symbol's hour", watched.times(HOUR_S / WATCHED)),
        *grown(f"a held symbol's hour, one of {HELD}", kept.times(HOUR_S / HELD)),
        *grown(f"a held symbol's hour, one of {MANY}", crowd.times(HOUR_S / MANY)),
        *cost(f"{WATCHED} flat symbols, {WATCHED * RATE} ticks a second", watched),
        *cost(f"{HELD} held symbols, {HELD * RATE} ticks a second", kept),
        *cost(f"{MANY} held symbols, {MANY * RATE} ticks a second", crowd),
        *cost("an idle pipeline", idle),
    ]


def grown(what: str, topics: dict[str, Size]) -> list[Figure]:
    """A row a topic, and one for all others."""
    shown = {topic.name: topics[topic.name] for topic in SHOWN}
    rest = [size for name, size in topics.items() if name not in shown]
    shown["all other topics"] = Size(sum(size.records for size in rest), sum(size.bytes for size in rest))
    return [
        Figure(f"{what}: {name}", size.bytes, "B", note=f"{size.records:.1f} records")
        for name, size in shown.items() if size.records > 0.05
    ]


def cost(what: str, spent: Spent) -> list[Figure]:
    return [Figure(f"{what}: CPU of {name}", 100 * max(seconds, 0), "% of a core") for name, seconds in spent.cpu.items()]
