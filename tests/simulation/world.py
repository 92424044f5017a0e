"""A whole pipeline in one process and in no time: the log, the exchange, and the workers' real code, each in lives that may end at any moment.

What is real: positions, risk and gateway as `build` makes them, the flow with its outbox, the ledger, saga, plans, closes, watch and reconciliation,
the user stream, every decision, the wire's bytes, the paper exchange. What is a model: the log (`log.py`), Faust (`faust.py`), the way to the venue
(`venue.py`). What is left out: the feed; ticks are written as it would write them. The same seed gives the same run, to the byte, where Python
hashes the same (PYTHONHASHSEED).
"""
import asyncio
import contextlib
from collections import deque
from collections.abc import Callable, Coroutine, Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from random import Random
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import structlog

from streams.agents import gateway, positions, risk
from streams.core.events import Tick
from streams.core.ids import leg_of
from streams.core.settings import Settings
from streams.paper.faults import Kind
from streams.paper.market import Quote
from streams.paper.server import PaperExchange
from streams.venue import binance, clock, ledger, userstream
from streams.venue.addresses import Addresses
from streams.venue.binance import Keys
from streams.venue.gateway import Gateway
from streams.wire.codec import encode
from streams.wire.topics import TOPIC_OF, key_of, partition_of
from tests.simulation.doors import Doors
from tests.simulation.faust import App
from tests.simulation.log import Consumer, Log, Producer, Wire
from tests.simulation.loop import PROCESS, Ended, Loop, Process
from tests.simulation.seeing import Seeing
from tests.simulation.venue import KEY, Aiohttp, Client, Venue

BEGIN_MS = 1_790_000_000_000
ACCOUNT = "main"
PAUSE_S = (0.001, 0.004)
RESTART_S = 1.0
LINES_KEPT = 400


class World(Seeing):
    def __init__(
        self, loop: Loop, seed: int, symbols: Sequence[str], *, settings: Settings | None = None, last_doors: Iterable[int] = (),
        pause_s: tuple[float, float] = PAUSE_S, sends_s: tuple[float, float] = PAUSE_S, skews_ms: tuple[int, int] = (0, 0), repeat: bool = False,
        leaders: int = 1,
    ) -> None:
        self.loop, self.symbols, self.settings = loop, tuple(symbols), settings or Settings()
        self.dice = Random(seed)                         # noqa: S311  (a simulation)
        self.doors = Doors("gateway", last_doors)
        self.log = Log(lambda: self.now() + skews_ms[0])
        self.exchange = PaperExchange(symbols=symbols, clock=lambda: self.now() + skews_ms[1])
        self.engine = self.exchange.engine
        self.account = ACCOUNT
        self.venue = Venue(loop, self.exchange, self.doors, self.dice, pause_s)
        self.wire = Wire(self.log, self.doors.passed, self._travel)
        self.lives: dict[str, list[Process]] = {}
        self.said: deque[str] = deque(maxlen=LINES_KEPT)
        self.restart_s = RESTART_S
        self.restarts_s: list[float] = []
        self.ready: Process | None = None                # the gateway's life that has come up last
        self.faults_armed = 0
        self.cancelled: set[str] = set()                 # by somebody else
        self.when_restarted: Callable[[], None] = lambda: None
        self._pause_s, self._sends_s, self._repeat, self._leaders = pause_s, sends_s, repeat, leaders

    def now(self) -> int:
        return BEGIN_MS + round(self.loop.now * 1_000)

    async def _travel(self) -> None:
        await asyncio.sleep(self.venue.pause())

    # ------------------------------------------------------------------------------------------------------------ lives

    def start(self, name: str, *, last_step: int = 0) -> Process:
        """A worker, which is started again whenever it dies."""
        process = Process(name, last_step)
        self.lives.setdefault(name, []).append(process)
        process.mourners.append(lambda: self._mourn(process))
        self.loop.beside(self._live(process), process)
        return process

    def _mourn(self, process: Process) -> None:
        self.say("dead", f"{process.name} after {process.steps} steps {process.failure}")
        self.loop.after(self.restart_s, self._again, process.name)

    def _again(self, name: str) -> None:
        self.when_restarted()
        self.start(name)

    async def _live(self, process: Process) -> None:
        work: dict[str, Callable[[], Coroutine[Any, Any, None]]] = {
            "gateway": self._gateway, "positions": partial(self._keyed, positions), "risk": partial(self._keyed, risk),
        }
        try:
            await work[process.name]()
        except Exception as failure:  # noqa: BLE001  (as a worker that halts)
            process.failure = process.failure or repr(failure)
            process.kill()

    async def _keyed(self, agent: Any) -> None:  # noqa: ANN401
        app = agent.build(self.settings, bootstrap="", state_dir=Path(), instance_id=agent.GROUP)
        await app.live()

    async def _gateway(self) -> None:
        options = gateway.Options(ACCOUNT, "", Addresses("", ""), Keys(KEY, KEY), self.symbols)
        app, reader = gateway.build(options, state_dir=Path(), instance_id=None)
        made = Gateway(ACCOUNT, f"life {len(self.lives['gateway'])}", "", options.addresses, options.keys, options.symbols)
        reader.gateway = await made.__aenter__()
        self.ready = self.lives["gateway"][-1]
        await app.live()                                 # type: ignore[attr-defined]  # the App of this simulation

    def alive(self, name: str) -> Process:
        return self.lives[name][-1]

    def app(self, group: str, **_: object) -> App:
        process = PROCESS.get()
        if process is None:
            raise AssertionError("an app belongs to a process")
        again = self._repeat and len(self.lives[process.name]) > 1
        return App(group, self.loop, self.log, process, self.dice, self._pause_s, self._sends_s, repeat=again, leaders=self._leaders)

    # ------------------------------------------------------------------------------------------------------------ what is done to it

    def publish(self, message: Any, *, partition: int | None = None) -> None:  # noqa: ANN401
        key = key_of(message) or b""
        self.log.append(TOPIC_OF[type(message)].name, partition_of(key) if partition is None else partition, key, encode(message))

    def price(self, symbol: str, bid: int, *, told: bool = True) -> None:
        """At the exchange, and as the feed's tick."""
        ask = bid + self.engine.rules[symbol].tick
        self.exchange.quote(Quote(symbol, bid, ask, bid))
        if told:
            now = self.now()
            self.publish(Tick(symbol, bid, bid, ask, bid, mark_is_mid=False, high=bid, low=bid, first_time=now, last_time=now))

    def fault(self, asked: dict[str, Any]) -> None:
        """By the exchange's panel; what waits for no request happens at once, to our line as to anybody's."""
        self.faults_armed += 1
        self.say("fault", str(asked))
        kind = self.exchange.faults.arm(asked).kind
        if kind is Kind.WS_DROP:
            self.venue.drop_lines()
        if kind is Kind.EXPIRE_KEY:
            self.exchange.sockets.expire(self.exchange.clock())

    def cancel(self, leg: str) -> None:
        """By somebody at the venue: the first resting order of ours that plays this leg, if there is one."""
        waiting = [algo for algo in self.engine.accounts[KEY].waiting() if algo.status == "NEW" and leg_of(algo.client_id) == leg]
        if waiting:
            self.say("fault", f"somebody cancels {waiting[0].client_id}")
            self.cancelled.add(waiting[0].client_id)
            self.engine.cancel_algo(KEY, {"clientAlgoId": waiting[0].client_id}, self.exchange.clock())
            self.exchange.record.look(KEY, waiting[0].symbol, self.engine.accounts[KEY], self.exchange.clock())

    # ------------------------------------------------------------------------------------------------------------ what is seen of it

    async def until(self, holds: Callable[[], bool], seconds: float) -> bool:
        deadline = self.loop.now + seconds
        while not holds():
            if self.loop.now > deadline:
                return False
            await asyncio.sleep(0.05)
        return True

    # ------------------------------------------------------------------------------------------------------------ what it says

    def say(self, level: str, text: str) -> None:
        self.said.append(f"{self.loop.now:9.4f} {level:8} {text}")

    def _heard(self, _logger: object, level: str, event: Any) -> Any:  # noqa: ANN401
        process = PROCESS.get()
        self.say(level, f"{process.name if process else 'venue':9} " + " ".join(f"{name}={value}" for name, value in event.items()))
        raise structlog.DropEvent

    def exits(self, _code: int) -> None:
        """In the place of `os._exit`."""
        process = PROCESS.get()
        if process is None:
            raise AssertionError("nobody ends")
        process.kill()
        raise Ended

    def last_words(self, _stream: int, words: bytes) -> None:
        process = PROCESS.get()
        if process is not None:
            process.failure = words.decode().strip()

    @contextlib.contextmanager
    def inside(self) -> Iterator["World"]:
        """While it lasts, what the program calls is this world."""
        time = SimpleNamespace(clock_gettime_ns=lambda _: round(self.loop.now * 1e9), time_ns=lambda: self.now() * 1_000_000)
        system = SimpleNamespace(_exit=self.exits, write=self.last_words)
        before = structlog.get_config()
        structlog.configure(processors=[self._heard], wrapper_class=structlog.make_filtering_bound_logger(20))
        with contextlib.ExitStack() as stack:
            for module, name, value in (
                (ledger, "AIOKafkaProducer", partial(Producer, self.wire)), (ledger, "AIOKafkaConsumer", partial(Consumer, self.wire)),
                (ledger, "os", system), (clock, "time", time), (userstream, "aiohttp", Aiohttp(self.venue)),
                (binance, "_client", lambda _addresses, _keys, timeout_ms: Client(self.venue, timeout_ms)),
                *((agent, "make_app", self.app) for agent in (gateway, positions, risk)),
            ):
                stack.enter_context(patch.object(module, name, value))
            try:
                yield self
            finally:
                structlog.configure(**before)
