"""A whole pipeline that has traded, was refused with its own request repeated to it, and has died: its keys and signatures are nowhere to be read.

Not in any topic, the broker's own and what was never committed included, nor in logs, metrics, state folders and the answers of `streams doctor`.
"""
import asyncio
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiokafka import AIOKafkaProducer
from confluent_kafka import OFFSET_BEGINNING, Consumer, TopicPartition

from streams.core.values import decimal
from streams.demo.pipeline import Pipeline
from streams.demo.processes import Processes
from streams.errors import Refused
from streams.paper import market, rest
from streams.paper.orders import VenueError
from streams.paper.server import PaperExchange
from streams.runtime.broker import EmbeddedBroker
from streams.settings import for_children
from streams.wire import admin
from streams.wire.log import publish
from tests.chaos.house import PARTS, buy, close, until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]
SYMBOL, ATTEMPTS = "BTCUSDT", 5
KEY, SECRET = "kkkkkkkkkkkkkkkk-key", "ssssssssssssssss-secret"
URL = re.compile(r"http://127\.0\.0\.1:\d+/metrics")
HEARD = "Invalid API-key •••, signed with •••; signature=•••"


class Venue(PaperExchange):
    """Refuses what it is told to, and repeats the request as it does so."""

    def __init__(self) -> None:
        super().__init__(market.simulated([SYMBOL], 1, volatility=0.01), symbols=[SYMBOL], secrets={KEY: SECRET})
        self.signatures: list[str] = []

    def refusing(self, code: int) -> Callable[..., object]:
        def refuse(_exchange: PaperExchange, _key: str, asked: dict[str, str], _now: int) -> object:
            self.signatures.append(asked["signature"])
            raise VenueError(code, f"Invalid API-key {KEY}, signed with {SECRET}; signature={asked['signature']}")

        return refuse

    @property
    def held(self) -> str:
        return decimal(self.engine.accounts[KEY].held(SYMBOL).quantity)

    @property
    def resting(self) -> int:
        return len(self.engine.accounts[KEY].waiting())


class Told:
    """Whatever anybody can read of the pipeline."""

    def __init__(self, folder: Path, environment: dict[str, str], bootstrap: str) -> None:
        self.folder, self.environment, self.bootstrap = folder, environment, bootstrap

    def topics(self) -> Iterator[tuple[str, bytes]]:
        reading = {"group.id": "unused", "enable.auto.commit": False, "isolation.level": "read_uncommitted", "enable.partition.eof": True}
        consumer = Consumer({"bootstrap.servers": self.bootstrap, "log_level": 0, **reading})
        known = consumer.list_topics(timeout=10).topics
        left = {(name, partition) for name, topic in known.items() for partition in topic.partitions}
        consumer.assign([TopicPartition(*place, OFFSET_BEGINNING) for place in left])
        while left:
            message: Any = consumer.poll(1.0)
            if message is not None and message.error():
                left.discard((message.topic(), message.partition()))
            elif message is not None:
                parts = (message.key(), message.value(), *(value for _, value in message.headers() or ()))
                yield message.topic(), b" ".join(part for part in parts if part)
        consumer.close()

    def files(self) -> Iterator[tuple[str, bytes]]:
        for path in self.folder.rglob("*"):
            if path.is_file():
                yield str(path.relative_to(self.folder)), path.read_bytes()

    async def metrics(self) -> list[tuple[str, bytes]]:
        """Of every worker that shows any, at its newest address."""
        found = []
        async with aiohttp.ClientSession() as session:
            for log in (self.folder / "logs").glob("*.log"):
                if urls := URL.findall(log.read_text()):
                    async with session.get(urls[-1]) as answer:
                        found.append((f"metrics of {log.stem}", await answer.read()))
        return found

    async def doctor(self, *arguments: str) -> tuple[str, bytes]:
        child = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "streams.cli", "doctor", *arguments, cwd=self.folder, env=self.environment,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )
        output, _ = await asyncio.wait_for(child.communicate(), 90)
        return f"doctor {' '.join(arguments)}", output


@pytest.mark.parametrize("given", ["by environment", "by file"])
async def test_nobody_is_told_them(given: str, tmp_path: Path, own_broker: EmbeddedBroker, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "here"
    folder.mkdir()
    async with Venue() as venue:
        environment = {
            **for_children(ours=False), "STREAMS_KAFKA_BOOTSTRAP": own_broker.bootstrap, "STREAMS_VENUE": "custom", "STREAMS_SYMBOLS": SYMBOL,
            "STREAMS_BINANCE_REST_URL": venue.rest_url, "STREAMS_BINANCE_WS_URL": venue.ws_url, "STREAMS_STATE_DIR": str(folder / "state"),
            **keys(given, tmp_path),
        }
        await asyncio.to_thread(admin.apply, own_broker.bootstrap)
        processes = Processes(folder / "logs", environment, lambda _said: None)
        pipeline, told = Pipeline(own_broker.bootstrap, processes), Told(folder, environment, own_broker.bootstrap)
        try:
            await pipeline.start(None, venue.rest_url, PARTS)
            seen = await lived(venue, pipeline, told, monkeypatch)
        except AssertionError as failure:
            failure.add_note(str([decided for _, decided in pipeline.board.denials]))
            raise
        finally:
            await pipeline.close()
        seen += await asyncio.to_thread(lambda: [*told.topics(), *told.files()])

    listen_keys = [listen for listen, _ in venue.sockets._keys.values()]
    secrets = [text.encode() for text in (KEY, SECRET, *listen_keys, *venue.signatures)]
    assert listen_keys
    assert sorted({where for where, text in seen for secret in secrets if secret in text}) == []
    heard = {where for where, text in seen if HEARD.encode() in text}
    assert heard >= {"order.status", "order.ledger", "account.event", "doctor ", "doctor --json"}
    assert {where for where, _ in seen} >= {"logs/gateway.log", "metrics of gateway", "metrics of positions", "__consumer_offsets"}


def keys(given: str, folder: Path) -> dict[str, str]:
    if given == "by environment":
        return {"STREAMS_BINANCE_API_KEY": KEY, "STREAMS_BINANCE_API_SECRET": SECRET}
    named = {"KEY": KEY, "SECRET": SECRET}
    for name, text in named.items():
        (folder / name).write_text(f"{text}\n")
    return {f"STREAMS_BINANCE_API_{name}_FILE": str(folder / name) for name in named}


async def lived(venue: Venue, pipeline: Pipeline, told: Told, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, bytes]]:
    """Trades, is refused, is fenced and begins again, closes, and is refused as a whole; what was to be read while it lived."""
    async def insisted(what: str, true: Callable[[], object]) -> None:
        """Asks for an entry until something comes of it: what comes before the gateway reads, or knows that it is flat, has no effect."""
        for number in range(ATTEMPTS):
            await asyncio.to_thread(publish, told.bootstrap, [buy(f"{what} {number}", SYMBOL)])
            with suppress(AssertionError):
                await until(true, what, 8)
                return
        await until(true, what, 1)

    place, processes = rest.ROUTES["POST", "order"], pipeline.processes
    await insisted("a position with its guard and its target", lambda: venue.held != "0" and venue.resting >= 2)
    monkeypatch.setitem(rest.ROUTES, ("POST", "order"), venue.refusing(-2014))
    await asyncio.to_thread(publish, told.bootstrap, [close("out", SYMBOL)])
    await until(lambda: len(venue.signatures) >= 2, "the close is refused twice")
    monkeypatch.setitem(rest.ROUTES, ("POST", "order"), place)
    await until(lambda: venue.held == "0", "and closes")
    monkeypatch.setitem(rest.ROUTES, ("POST", "order"), venue.refusing(-2015))
    await insisted("the account is halted", lambda: "API-key" in pipeline.board.mode_reason)
    monkeypatch.setitem(rest.ROUTES, ("POST", "order"), place)

    await fenced(told.bootstrap)
    await until(lambda: processes.health["gateway"].exit_code is not None, "the gateway ends: another one has started")
    since = pipeline.board.heard["gateway"]
    await until(lambda: processes.health["gateway"].pid and pipeline.board.heard["gateway"] > since, "and begins again")
    seen = await told.metrics()
    monkeypatch.setitem(rest.ROUTES, ("GET", "positionSide/dual"), venue.refusing(-2015))
    seen += [await told.doctor(), await told.doctor("--json")]
    await fenced(told.bootstrap)
    await until(lambda: processes.health["gateway"].exit_code == Refused.exit_code, "the keys are refused at its start")
    return seen


async def fenced(bootstrap: str) -> None:
    """Somebody else takes the pen."""
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, transactional_id="gateway-main")
    await producer.start()
    await producer.stop()
