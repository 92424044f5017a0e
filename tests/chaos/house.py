"""The whole pipeline around a test: a broker of its own; exchange, feed and workers as children, of which any may be killed.

The exchange is known by what it answers (`/_state`, `/_record`, `/_faults`) and by nothing else. Its prices hardly move, so that what is opened stays
open until somebody closes it.
"""
import asyncio
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import aiohttp
import msgspec
from confluent_kafka import Producer

from streams.core.events import Filled, Intent
from streams.core.ledger import OrderState
from streams.core.values import e8
from streams.core.words import Action
from streams.demo.pipeline import Pipeline, free_port
from streams.demo.processes import Processes, ours
from streams.paper.instruments import ALL
from streams.runtime.broker import EmbeddedBroker
from streams.settings import for_children
from streams.wire import admin
from streams.wire.codec import encode
from streams.wire.lineage import TOPICS as LINEAGE
from streams.wire.lineage import lineage
from streams.wire.log import read
from streams.wire.topics import ORDER_FILL, PARTITIONS, TRADE_INTENT

WORKERS = ("positions", "risk", "gateway")
PARTS = (*(ours(kind, "worker", kind) for kind in WORKERS), ours("feed", "feed", "--source", "venue"))
PATIENCE_S = 60.0                     # two shared cores may be busy with others


async def until(true: Callable[[], object | Awaitable[object]], what: str, seconds: float = PATIENCE_S) -> None:
    """Waits for a condition; fails where it does not come about in time."""
    deadline = time.monotonic() + seconds
    while not (await answer if isinstance(answer := true(), Awaitable) else answer):
        assert time.monotonic() < deadline, f"{what}: it did not come about within {seconds:g} s"
        await asyncio.sleep(0.02)


class AtExchange(msgspec.Struct, frozen=True):
    """What the exchange shows of itself at one moment."""

    now: int                          # epoch ms
    held: dict[str, int]              # symbol -> signed quantity, 1e-8
    bare: set[str]                    # symbols whose position no live stops cover
    resting: list[str]                # client ids of orders and conditional orders that work
    created: dict[str, int]           # client id -> how many orders were made under it
    requests: list[dict[str, Any]]
    unprotected_s: float              # the longest time that any position was not covered

    @property
    def twice(self) -> dict[str, int]:
        return {client_id: count for client_id, count in self.created.items() if count != 1}

    def arrived(self, symbol: str, prefix: str) -> list[int]:
        """When requests for new orders of this symbol and kind came."""
        return [
            asked["arrived"] for asked in self.requests
            if (asked["method"], asked["symbol"]) == ("POST", symbol) and asked["client_id"].startswith(prefix)
        ]


class House:
    def __init__(self, folder: Path, broker: EmbeddedBroker) -> None:
        self.folder, self.broker = folder, broker

    async def __aenter__(self) -> Self:
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        environment = {
            **for_children(ours=False), "STREAMS_KAFKA_BOOTSTRAP": self.broker.bootstrap, "STREAMS_VENUE": "custom",
            "STREAMS_BINANCE_REST_URL": self.url, "STREAMS_BINANCE_WS_URL": f"ws://127.0.0.1:{port}", "STREAMS_STATE_DIR": str(self.folder / "state"),
        }
        await asyncio.to_thread(admin.apply, self.broker.bootstrap)
        self._session = aiohttp.ClientSession(self.url, raise_for_status=True)
        self.processes = Processes(self.folder / "logs", environment, lambda _said: None)
        self.pipeline = Pipeline(self.broker.bootstrap, self.processes)
        exchange = ours("paper", "paper", "--port", str(port), "--seed", "1", "--volatility", "0.01")
        try:
            await self.pipeline.start(exchange, self.url, PARTS)
        except BaseException:
            await self._close()
            raise
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self._close()

    async def _close(self) -> None:
        await self.pipeline.close()
        await self._session.close()

    # ------------------------------------------------------------------------------------------------------------ what is done to it

    def publish(self, intents: Iterable[Intent], *, strewn: random.Random | None = None) -> None:
        """To the partition of its key, or strewn over all of them as a careless producer would."""
        producer = Producer({"bootstrap.servers": self.broker.bootstrap, "partitioner": "murmur2_random", "acks": "all", "log_level": 0})
        for intent in intents:
            partition = strewn.randrange(PARTITIONS) if strewn else -1       # -1: the partitioner's choice
            producer.produce(TRADE_INTENT.name, encode(intent), key=intent.symbol.encode(), partition=partition)
        assert producer.flush(10) == 0

    def pid(self, name: str) -> int:
        """0 while it is down."""
        return self.processes.health[name].pid

    def kill(self, name: str) -> None:
        os.kill(self.pid(name), signal.SIGKILL)

    async def arm(self, **fault: Any) -> None:  # noqa: ANN401
        async with self._session.post("/_faults", json=fault):
            pass

    async def disarm(self) -> None:
        async with self._session.delete("/_faults"):
            pass

    # ------------------------------------------------------------------------------------------------------------ what is seen of it

    async def look(self) -> AtExchange:
        async with self._session.get("/_state") as answer:
            state = await answer.json()
        async with self._session.get("/_record") as answer:
            record = await answer.json()
        account = next(iter(state["accounts"].values()))
        return AtExchange(
            record["now"], {symbol: e8(quantity) for symbol, quantity in account["positions"].items()},
            {span["symbol"] for span in record["unprotected"] if not span["end"]},
            [*account["orders"], *(algo["client_id"] for algo in account["algos"])], state["created"], record["requests"],
            record["unprotected_seconds_max"],
        )

    def booked(self) -> dict[str, int]:
        """The signed sum of `order.fill`, by symbol; a trade that is there twice counts twice."""
        total: Counter[str] = Counter()
        for record in read(self.broker.bootstrap, [ORDER_FILL.name]):
            if isinstance(record.message, Filled):
                total[record.message.symbol] += record.message.signed
        return {symbol: quantity for symbol, quantity in total.items() if quantity}

    def ended(self, intent_id: str) -> bool:
        """Whether it was commanded, and has ended without an order."""
        command = self.pipeline.board.tally.commands.get(intent_id)
        return command is not None and self.pipeline.board.tally.orders.get(command[0].entry_id) is OrderState.EXPIRED

    async def agrees(self) -> bool:
        """The books are the exchange's positions, and every one is covered."""
        booked, seen = await asyncio.to_thread(self.booked), await self.look()
        return booked == seen.held and not seen.bare

    def works(self, since: int) -> bool:
        """Everybody has been heard of since then (epoch ms)."""
        return all(self.pipeline.board.heard.get(name, 0) > since for name in ("feed", *WORKERS))

    def told(self, intent_id: str) -> list[str]:
        """What the log says of an intent: for the person who reads why a test failed."""
        links = lineage(read(self.broker.bootstrap, LINEAGE), intent_id)
        return [f"{link.log_time} {link.kind} {link.detail}" for link in links]


def buy(intent_id: str, symbol: str) -> Intent:
    """An entry whose stop and target lie far off."""
    price = ALL[symbol].price
    return Intent(intent_id, symbol, Action.BUY, size=e8("500"), stop_ppm=50_000, target_price=price // 10 * 12)


def close(intent_id: str, symbol: str) -> Intent:
    return Intent(intent_id, symbol, Action.CLOSE)
