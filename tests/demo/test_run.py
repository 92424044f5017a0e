"""The whole pipeline from its command line: what it prints, what it trades, and that nothing of it is left behind."""
import asyncio
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest

from streams.core.events import Filled
from streams.core.values import Side
from streams.demo.summary import HOPS
from streams.paper.market import simulated
from streams.paper.server import PaperExchange
from streams.runtime.running import recorded
from streams.wire.log import read

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]
KEYS = [
    "seconds", "intents", "denials", "orders", "fills", "exits", "positions_opened", "positions_closed", "positions_open", "realised_pnl",
    "unrealised_pnl", "fees", "unprotected_seconds_max", "unknown_orders", "dead_letters", "latency_ms", "audit",
]
DANGEROUS = {"STREAMS_VENUE": "live", "STREAMS_LIVE_ACK": "I-UNDERSTAND", "STREAMS_KAFKA_BOOTSTRAP": "127.0.0.1:1", "STREAMS_SYMBOLS": "NOSUCHUSDT"}


class Program:
    """`streams` as a child, in a folder of its own. Whatever it starts works in that folder, and is found by it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.errors = folder / "errors.txt"
        self.process: asyncio.subprocess.Process | None = None

    async def start(self, *arguments: str, environment: Mapping[str, str]) -> None:
        clean = {name: value for name, value in os.environ.items() if not name.startswith("STREAMS_")}
        with self.errors.open("wb") as errors:
            self.process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "streams.cli", *arguments, cwd=self.folder, env={**clean, **environment},
                stdout=asyncio.subprocess.PIPE, stderr=errors,
            )

    async def end(self) -> tuple[int, list[str]]:
        """Exit code and lines of standard output."""
        assert self.process is not None
        output, _ = await asyncio.wait_for(self.process.communicate(), 120)
        return self.process.returncode or 0, output.decode().splitlines()

    def says(self, words: str) -> bool:
        assert self.process is not None
        assert self.process.returncode is None, f"it ended with {self.process.returncode}: {self.errors.read_text()}"
        return words in self.errors.read_text()

    def left(self) -> list[str]:
        """Processes that still work in the folder."""
        found = []
        for link in Path("/proc").glob("[0-9]*/cwd"):
            try:
                inside = link.readlink().is_relative_to(self.folder)
                running = inside and (link.parent / "stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
            except OSError:
                continue
            if running:
                found.append((link.parent / "cmdline").read_bytes().replace(b"\0", b" ").decode()[:200])
        return found


@pytest.fixture
async def program(tmp_path: Path) -> AsyncIterator[Program]:
    made = Program(tmp_path)
    yield made
    if made.process is not None and made.process.returncode is None:
        made.process.kill()
        await made.process.wait()


async def until(true: Callable[[], Awaitable[object] | object], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not (await answer if isinstance(answer := true(), Awaitable) else answer):
        assert time.monotonic() < deadline, "it did not come about in time"
        await asyncio.sleep(0.1)


async def test_a_demo_trades_protects_and_tells_whatever_the_environment_says(program: Program) -> None:
    (program.folder / ".env").write_text("STREAMS_VENUE=live\nSTREAMS_BINANCE_REST_URL=http://127.0.0.1:1\n")
    await program.start("demo", "--minutes", "0.5", "--seed", "7", "--json", environment=DANGEROUS)
    code, output = await program.end()
    assert (code, len(output)) == (0, 1), program.errors.read_text()
    told: dict[str, Any] = msgspec.json.decode(output[0])
    assert (list(told), list(told["latency_ms"])) == (KEYS, list(HOPS))
    assert (told["seconds"] >= 30, 10 <= told["intents"] <= 25, told["unknown_orders"], told["dead_letters"]) == (True, True, 0, 0)
    assert told["positions_opened"] - told["positions_closed"] == told["positions_open"]
    assert min(told["positions_opened"], told["fills"], told["orders"], sum(told["exits"].values())) > 0
    assert told["unprotected_seconds_max"] < 3
    assert (told["audit"]["faults"], told["audit"]["unprotected_seconds_max"] < 3) == ([], True)
    assert {hop for hop, figures in told["latency_ms"].items() if figures["n"] == 0} <= {"tick_to_exit"}   # half a minute may pass without one
    assert "seed 7" in program.errors.read_text()
    assert program.left() == []


async def test_ctrl_c_ends_a_demo_in_order(program: Program) -> None:
    await program.start("demo", environment={})
    await until(lambda: program.says("every part works"), 150)
    assert program.process is not None
    program.process.send_signal(signal.SIGINT)
    code, output = await program.end()
    assert (code, output[0].split()[:2], program.left()) == (0, ["ran", "for"], [])


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux binds a child to its parent's death")
async def test_a_demo_that_is_killed_leaves_nothing(program: Program) -> None:
    await program.start("demo", environment={})
    await until(lambda: program.says("every part works"), 150)
    assert program.process is not None
    assert len(program.left()) >= 7                                                                # itself, broker, exchange, feed, three workers
    program.process.kill()
    await program.process.wait()
    await until(lambda: program.left() == [], 15)


async def test_up_trades_what_a_bot_asks_for(program: Program) -> None:
    async with PaperExchange(simulated(["BTCUSDT"], seed=1), symbols=["BTCUSDT"]) as exchange:
        environment = {"STREAMS_VENUE": "custom", "STREAMS_BINANCE_REST_URL": exchange.rest_url, "STREAMS_BINANCE_WS_URL": exchange.ws_url}
        await program.start("up", environment=environment)
        await until(lambda: program.says("publish to trade.intent"), 150)
        bot = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "streams.cli", "intent", "btc/usdt", "BUY", "--size-usd", "500", cwd=program.folder,
        )
        assert await bot.wait() == 0
        broker = recorded(program.folder / ".streams")
        assert broker is not None

        def filled() -> list[tuple[str, Side]]:
            return [(one.message.symbol, one.message.side) for one in read(broker.bootstrap, ["order.fill"]) if isinstance(one.message, Filled)]

        await until(lambda: asyncio.to_thread(filled), 30)
        assert filled()[0] == ("BTCUSDT", Side.BUY)
        assert program.process is not None
        program.process.send_signal(signal.SIGINT)
        assert await program.end() == (0, [])
    assert program.left() == []


async def test_up_ends_where_another_gateway_takes_its_account(program: Program, tmp_path_factory: pytest.TempPathFactory) -> None:
    """It must not start its own again: each would end the other's, with positions open."""
    elsewhere = Program(tmp_path_factory.mktemp("elsewhere"))
    async with PaperExchange(simulated(["BTCUSDT"], seed=1), symbols=["BTCUSDT"]) as exchange:
        environment = {"STREAMS_VENUE": "custom", "STREAMS_BINANCE_REST_URL": exchange.rest_url, "STREAMS_BINANCE_WS_URL": exchange.ws_url}
        await program.start("up", environment=environment)
        await until(lambda: program.says("publish to trade.intent"), 150)
        broker = recorded(program.folder / ".streams")
        assert broker is not None
        assert program.errors.read_text().startswith(f"broker {broker.bootstrap}: ")
        await elsewhere.start("worker", "gateway", environment={**environment, "STREAMS_KAFKA_BOOTSTRAP": broker.bootstrap})
        code, _ = await program.end()
        assert elsewhere.process is not None
        elsewhere.process.kill()                                     # its broker has ended with the pipeline
        await elsewhere.process.wait()
    said = program.errors.read_text()
    assert (code, said.count("gateway ended with 72"), "another gateway of account main runs on" in said, program.left()) == (3, 1, True, []), said


async def test_a_recording_that_is_not_there_is_named(program: Program) -> None:
    await program.start("demo", "--recording", "nowhere.raw", environment={})
    assert (await program.end(), program.errors.read_text()) == (
        (2, []), "streams: there is no recording nowhere.raw; streams record PATH writes one\n",
    )
