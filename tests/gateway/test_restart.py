"""The gateway as a process: killed, stopped, paused, or with a second one beside it. Its state folder is empty every time."""
import asyncio
import os
import signal
import sys
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from streams.core import ids
from streams.core.commands import Close, Enter, Plan, PlanStep, Step
from streams.core.events import ModeSet, ModeWanted
from streams.core.ledger import ModeRecord
from streams.core.values import Side, e8
from streams.core.words import Exit, Mode, OrderType
from streams.venue.clock import Clock
from streams.wire.log import publish
from tests.gateway.stage import SYMBOL, Stage, until

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[2]
READY_S = 90.0


class Worker:
    """`streams worker gateway` in a process of its own."""

    def __init__(self, stage: "Remote", number: int) -> None:
        self.log = stage.folder / f"worker-{number}.log"
        state = stage.folder / f"state-{number}"
        environment = {
            **os.environ, "STREAMS_KAFKA_BOOTSTRAP": stage.bootstrap, "STREAMS_VENUE": "custom", "STREAMS_BINANCE_REST_URL": stage.exchange.rest_url,
            "STREAMS_BINANCE_WS_URL": stage.exchange.ws_url, "STREAMS_ACCOUNT": stage.account, "STREAMS_SYMBOLS": SYMBOL,
            "STREAMS_STATE_DIR": str(state), "STREAMS_BINANCE_API_KEY": "paper", "STREAMS_BINANCE_API_SECRET": "paper",
        }
        self._command = [sys.executable, "-m", "streams.cli", "worker", "gateway"]
        self._environment = environment

    async def start(self) -> "Worker":
        with self.log.open("wb") as log:
            self.process = await asyncio.create_subprocess_exec(*self._command, cwd=ROOT, env=self._environment, stdout=log, stderr=log)
        return self

    async def ready(self) -> "Worker":
        await until(lambda: "the worker is ready" in self.said() or self.process.returncode is not None, "the worker ready", READY_S)
        assert self.process.returncode is None, self.said()
        return self

    def said(self) -> str:
        return self.log.read_text(errors="replace")

    def send(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    async def ended(self, seconds: float = 30.0) -> int:
        async with asyncio.timeout(seconds):
            return await self.process.wait()

    async def killed(self) -> None:
        self.send(signal.SIGKILL)
        await self.ended()


class Remote(Stage):
    """A stage whose gateway is a process, and whose commands go by the log."""

    def __init__(self, bootstrap: str, account: str, folder: Path) -> None:
        super().__init__(bootstrap, account)
        self.folder = folder
        self.workers: list[Worker] = []

    async def worker(self) -> Worker:
        self.workers.append(Worker(self, len(self.workers)))
        return await self.workers[-1].start()

    async def publish(self, *commands: Any) -> None:  # noqa: ANN401
        await asyncio.to_thread(publish, self.bootstrap, commands)

    def entry(self, intent: str = "i1", *, stop: str = "59000", limit: str = "", lives_ms: int = 10_000) -> Enter:
        now = Clock().now()
        entry, guard, flat = (self.id_of(intent, leg) for leg in ("entry", "guard", "flat"))
        kind = OrderType.LIMIT if limit else OrderType.MARKET
        return Enter(
            self.account, SYMBOL, intent, entry, guard, flat, Side.BUY, e8("0.01"), kind, e8(limit or "0"), e8(stop), 5, now, now + lives_ms, now, 0
        )

    async def guarded(self, what: str = "guard.0 59000") -> None:
        await until(lambda: what in self.resting(), f"{what} rests; {self.requests()}", READY_S)

    async def position_opened(self) -> str:
        await self.booked(bool)
        return str((await self.log("order.fill"))[0].position_id)

    async def booked(self, holds: Callable[[list[str]], bool]) -> None:
        await eventually(self.fills, holds)

    async def answered(self, holds: Callable[[list[str]], bool]) -> None:
        await eventually(self.statuses, holds)

    async def told(self, status: str) -> None:
        await self.answered(lambda statuses: status in statuses)

    async def modes(self, count: int) -> None:
        """Until the ledger has had so many modes: what was said of them is in force."""
        await eventually(lambda: self.log("order.ledger"), lambda records: sum(isinstance(one, ModeRecord) for one in records) == count)


async def eventually(read: Callable[[], Awaitable[list[Any]]], holds: Callable[[list[Any]], bool], seconds: float = 30.0) -> None:
    """Reads the log until it holds."""
    async with asyncio.timeout(seconds):
        while not holds(await read()):
            pass


@pytest.fixture
async def remote(topics: str, tmp_path: Path) -> AsyncIterator[Remote]:
    async with Remote(topics, f"a-{uuid.uuid4().hex[:8]}", tmp_path) as remote:
        yield remote
        for worker in remote.workers:
            if worker.process.returncode is None:
                await worker.killed()


async def test_commands_come_by_the_log_and_a_restart_knows_them_all(remote: Remote) -> None:
    """Enter, plan, close through Kafka; then everything again, to a new process: answered from the ledger, and nothing is sent."""
    worker = await (await remote.worker()).ready()
    enter = remote.entry()
    await remote.publish(msgspec.structs.replace(enter, account="somebody else"), enter)
    await remote.guarded()
    position = await remote.position_opened()
    stop = PlanStep(Step.PLACE_STOP, ids.client_order_id(remote.account, SYMBOL, position, "stop"), e8("0.01"), e8("59500"))
    plan = Plan(remote.account, SYMBOL, position, 0, Side.SELL, (stop,), Exit.STOP, 0)
    await remote.publish(plan)
    await remote.guarded("stop.0 59500")
    await remote.told("plan 0 accepted stop.0")
    await worker.killed()

    await (await remote.worker()).ready()
    await remote.publish(enter, plan)
    await remote.answered(lambda statuses: min(statuses.count("plan 0 accepted stop.0"), statuses.count("i1 DONE 0.01")) >= 2)
    await remote.publish(Close(remote.account, SYMBOL, position, 1, ("i1",), remote.id_of(position, "exit"), Exit.CLOSE, 0))
    await until(lambda: remote.position == "0" and not remote.resting(), "flat and swept", 20.0)

    assert remote.requests() == ["entry.0 ok", "guard.0 ok", "stop.0 ok", "exit.0 ok"]
    await remote.booked(lambda fills: fills == ["BUY 0.01 entry.0", "SELL 0.01 exit.0"])


async def test_killed_between_the_request_and_its_answer(remote: Remote) -> None:
    """The venue did it; nobody was there to hear. The next process asks, books the fill from the list, and guards before anything else."""
    worker = await (await remote.worker()).ready()
    remote.fault("hang", path="order", method="POST", client_id="qs-entry", seconds=5.0)
    remote.fault("mute", count=9)
    await remote.publish(remote.entry())
    await until(lambda: remote.position == "0.01", "filled", 20.0)
    await worker.killed()
    remote.exchange.faults.armed.clear()
    assert remote.resting() == []

    await (await remote.worker()).ready()
    await remote.guarded()
    await remote.told("i1 PROTECTED guard.0 59000")

    assert remote.requests() == ["entry.0 ok", "guard.0 ok"]
    assert await remote.fills() == ["BUY 0.01 entry.0"]


async def test_killed_between_the_guard_and_its_answer(remote: Remote) -> None:
    """The guard stands, and nobody knows: the next process asks for it again, is told that it is there, and looks before it believes that."""
    worker = await (await remote.worker()).ready()
    remote.fault("hang", path="algoOrder", method="POST", client_id="qs-guard", seconds=5.0)
    remote.fault("mute", count=9)
    await remote.publish(remote.entry())
    await remote.guarded()
    await worker.killed()
    remote.exchange.faults.armed.clear()

    await (await remote.worker()).ready()
    await remote.told("i1 PROTECTED guard.0 59000")

    assert (remote.resting(), remote.requests()) == (["guard.0 59000"], ["entry.0 ok", "guard.0 ok", "guard.0 -4116"])


async def test_killed_before_the_venue_had_the_request(remote: Remote) -> None:
    """Durable, and then nothing: it ends EXPIRED, and is not sent by the next process."""
    worker = await (await remote.worker()).ready()
    remote.fault("delay", path="leverage", method="POST", seconds=30.0)     # asked before the entry's own request
    await remote.publish(remote.entry(lives_ms=4_000))
    await until(lambda: not remote.exchange.faults.armed, "the request under way", 20.0)
    await worker.killed()

    await (await remote.worker()).ready()
    await remote.told("i1 EXPIRED 0")

    assert (remote.requests(), remote.position) == ([], "0")


async def test_a_second_gateway_fences_the_first(remote: Remote) -> None:
    first = await (await remote.worker()).ready()
    second = await remote.worker()

    assert await first.ended() == 72
    assert "another gateway of account" in first.said()
    await second.ready()
    await remote.publish(remote.entry())
    await remote.guarded()


async def test_sigterm_carries_a_fill_to_its_guard(remote: Remote) -> None:
    """Asked to stop while an entry is under way: what it fills is guarded before the process ends."""
    worker = await (await remote.worker()).ready()
    remote.fault("delay", path="algoOrder", method="POST", client_id="qs-guard", seconds=0.9)
    await remote.publish(remote.entry())
    await until(lambda: remote.position == "0.01", "filled", 20.0)
    worker.send(signal.SIGTERM)

    assert await worker.ended() == 0
    assert (remote.position, remote.resting()) == ("0.01", ["guard.0 59000"])
    assert (await remote.statuses())[-1] == "i1 PROTECTED guard.0 59000"


async def test_sigterm_takes_a_resting_entry_along(remote: Remote) -> None:
    """A limit entry must not fill while nobody is there to guard it."""
    worker = await (await remote.worker()).ready()
    await remote.publish(remote.entry(limit="59900"))
    await until(lambda: remote.requests() == ["entry.0 ok"], "it rests at the venue", 20.0)
    worker.send(signal.SIGTERM)

    assert await worker.ended() == 0
    assert (remote.exchange.engine.accounts["paper"].working(), (await remote.statuses())[-1]) == ([], "i1 DONE 0")


async def test_what_a_paused_process_sends_late_has_no_effect(remote: Remote) -> None:
    """Stopped for longer than the entry lives: woken up, it sends nothing, or nothing that the venue takes."""
    worker = await (await remote.worker()).ready()
    worker.send(signal.SIGSTOP)
    await remote.publish(remote.entry(lives_ms=1_000))
    await asyncio.sleep(2.5)
    worker.send(signal.SIGCONT)
    await remote.told("i1 EXPIRED 0")

    assert (remote.position, [one for one in remote.requests() if one.endswith("ok")]) == ("0", [])


async def test_a_word_on_the_account_tightens_the_mode_and_risk_s_loosens_it(remote: Remote) -> None:
    await (await remote.worker()).ready()
    await remote.publish(ModeWanted(remote.account, Mode.HALTED, "a test", "a person", "r1"))
    await remote.modes(1)
    await remote.publish(remote.entry())
    await remote.told("i1 REFUSED 0")
    await remote.publish(ModeWanted(remote.account, Mode.ACTIVE, "a test", "a person", "r2"), ModeSet(remote.account, Mode.ACTIVE, "a test", "r2"))
    await remote.modes(3)
    await remote.publish(remote.entry("i2"))
    await remote.guarded()

    assert remote.requests() == ["entry.0 ok", "guard.0 ok"]


async def test_a_record_that_nobody_can_read_is_buried(remote: Remote) -> None:
    await (await remote.worker()).ready()
    key = SYMBOL.encode()

    def send() -> None:
        from confluent_kafka import Producer  # noqa: PLC0415

        producer = Producer({"bootstrap.servers": remote.bootstrap, "partitioner": "murmur2_random"})
        producer.produce("order.command", b"\x00no command", key=key)
        producer.flush(10)

    await asyncio.to_thread(send)
    await remote.publish(remote.entry())
    await remote.guarded()
    buried = [one for one in await all_of(remote, "dead.letter") if one.group == f"gateway-{remote.account}"]

    assert [(one.topic, one.reason, one.key, one.value) for one in buried] == [("order.command", "SCHEMA_UNKNOWN", key, b"\x00no command")]


async def all_of(remote: Remote, topic: str) -> list[Any]:
    from streams.wire.log import read  # noqa: PLC0415

    return [record.message for record in await asyncio.to_thread(lambda: list(read(remote.bootstrap, [topic])))]
