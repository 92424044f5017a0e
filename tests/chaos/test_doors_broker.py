"""A sample of the doors, on a real broker: the gateway is a process, it dies by a real SIGKILL, and its successor is one too."""
import asyncio
import os
import sys
import threading
import time
import uuid
from collections import defaultdict
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Self

import pytest

from streams.core.values import e8
from streams.paper.server import PaperExchange
from streams.wire import admin
from streams.wire.log import publish, tail
from streams.wire.topics import EXIT_COMMAND, INSTRUMENT, ORDER_COMMAND, ORDER_FILL, ORDER_LEDGER, ORDER_STATUS
from tests.chaos.walk import PARTLESS, SYMBOL, UNSENT, WHOLE, Walk, outcome
from tests.simulation.seeing import Seeing

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]
ROOT = Path(__file__).parents[2]
READ = [topic.name for topic in (ORDER_COMMAND, EXIT_COMMAND, ORDER_LEDGER, ORDER_FILL, ORDER_STATUS, INSTRUMENT)]
PATIENCE = 6.0                        # times what the simulation waits: processes start slowly
DOORS = (
    (("log: send EntryRecord done", "log: commit"), UNSENT),                 # its wish is in the log, and never becomes true
    (("rest: POST order entry.0", "rest: POST order entry.0 answered"), WHOLE),
    (("rest: POST algoOrder guard.0", "log: send Filled done"), WHOLE),      # the fill is in the log, in a transaction that nobody ends
    (("rest: POST algoOrder stop.1", "rest: POST algoOrder stop.1 answered"), WHOLE),
    (("log: send PlanReported", "log: send PlanReported", "rest: POST order exit.0"), PARTLESS),
    (("rest: POST order exit.0 answered",), WHOLE),
    (("rest: POST order exit.1", "log: send ExitRecord done", "log: commit done"), WHOLE),
)


class Real(Seeing):
    """As much of the simulation's world as a walk asks for, of real processes."""

    def __init__(self, bootstrap: str, folder: Path, doors: tuple[str, ...]) -> None:
        self.account = f"a-{uuid.uuid4().hex[:8]}"
        self.exchange = PaperExchange(symbols=[SYMBOL])
        self.engine = self.exchange.engine
        self.doors, self.lives, self.said = SimpleNamespace(labels=[]), dict[str, list[Any]](), list[str]()
        self.loop = SimpleNamespace(strays=list[str]())
        self.log = self
        self._bootstrap, self._folder, self._dying = bootstrap, folder, doors
        self._told: dict[str, list[Any]] = defaultdict(list)
        self._over, self._listens = threading.Event(), threading.Event()
        self._published: list[Any] = []
        self._process: asyncio.subprocess.Process | None = None
        self.deaths = 0

    async def __aenter__(self) -> Self:
        await self.exchange.__aenter__()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        await asyncio.to_thread(self._listens.wait, 30)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._keeping.cancel()
        if self._process is not None and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()
        self._over.set()
        await asyncio.to_thread(self._reader.join)
        await self.exchange.__aexit__(None, None, None)

    # ------------------------------------------------------------------------------------------------------------ as the world

    def start(self, _name: str) -> None:
        self._keeping = asyncio.create_task(self._keep())

    async def until(self, holds: Any, seconds: float) -> bool:  # noqa: ANN401
        deadline = time.monotonic() + seconds * PATIENCE
        while not holds():
            if time.monotonic() > deadline:
                return False
            await asyncio.sleep(0.02)
        return True

    def publish(self, message: Any) -> None:  # noqa: ANN401
        self._published.append(message)
        self._publishing = asyncio.get_running_loop().run_in_executor(None, publish, self._bootstrap, [message])

    def price(self, symbol: str, bid: int) -> None:
        self.exchange.set_price(symbol, bid, bid + e8("0.1"))

    def messages(self, topic: str) -> list[Any]:
        ours = [message for message in self._told[topic] if getattr(message, "account", self.account) == self.account]
        return sorted(ours, key=lambda fill: int(fill.trade_id)) if topic == ORDER_FILL.name else ours

    def now(self) -> int:
        return time.time_ns() // 1_000_000

    # ------------------------------------------------------------------------------------------------------------ its processes

    def _read(self) -> None:
        for record in tail(self._bootstrap, READ, self._over.is_set):
            self._listens.set()
            if record is not None and record.message is not None:
                self._told[record.topic].append(record.message)

    async def _keep(self) -> None:
        """One life that dies at its door, and then one that lives; to that one everything is told twice more."""
        await self._spawn("tests.chaos.dying", *self._dying)
        if await self._process.wait() == -9:             # type: ignore[union-attr]  # just spawned
            self.deaths += 1
        self._publishing = asyncio.get_running_loop().run_in_executor(None, publish, self._bootstrap, [*self._published, *self._published])
        await self._spawn("streams.cli", "worker", "gateway")

    async def _spawn(self, *module: str) -> None:
        environment = {
            **os.environ, "STREAMS_KAFKA_BOOTSTRAP": self._bootstrap, "STREAMS_VENUE": "custom", "STREAMS_BINANCE_REST_URL": self.exchange.rest_url,
            "STREAMS_BINANCE_WS_URL": self.exchange.ws_url, "STREAMS_ACCOUNT": self.account, "STREAMS_SYMBOLS": SYMBOL,
            "STREAMS_STATE_DIR": str(self._folder / "state"), "STREAMS_BINANCE_API_KEY": "paper", "STREAMS_BINANCE_API_SECRET": "paper",
        }
        with (self._folder / "gateway.log").open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(sys.executable, "-m", *module, cwd=ROOT, env=environment, stdout=log, stderr=log)


@pytest.fixture(scope="module")
def topics(kafka: str) -> str:
    admin.apply(kafka)
    return kafka


@pytest.fixture
async def real(topics: str, tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[Real]:
    async with Real(topics, tmp_path, request.param) as real:
        yield real


@pytest.mark.parametrize(("real", "reached"), DOORS, indirect=["real"], ids=lambda given: given[-1] if isinstance(given, tuple) else "")
async def test_killed_at_a_door(real: Real, reached: str, tmp_path: Path) -> None:
    walk = Walk(real)
    await walk.run()
    came = outcome(real, walk)
    assert (came.wrong, came.reached, real.deaths) == ((), reached, 1), (tmp_path / "gateway.log").read_text(errors="replace")[-20_000:]
