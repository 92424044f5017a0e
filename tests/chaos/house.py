"""The whole pipeline around a test: a broker of its own, the exchange in this process, feed and workers as children that may be killed."""
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

from confluent_kafka import Producer

from streams.core.events import Filled, Intent
from streams.core.values import decimal, e8
from streams.core.words import Action
from streams.demo.pipeline import Pipeline
from streams.demo.processes import Processes, ours
from streams.paper.instruments import ALL
from streams.paper.record import is_covered
from streams.paper.server import PaperExchange
from streams.runtime.broker import EmbeddedBroker
from streams.settings import for_children
from streams.wire import admin
from streams.wire.codec import encode
from streams.wire.lineage import TOPICS as LINEAGE
from streams.wire.lineage import lineage
from streams.wire.log import read
from streams.wire.topics import ORDER_FILL, PARTITIONS, TRADE_INTENT

PARTS = (*(ours(kind, "worker", kind) for kind in ("positions", "risk", "gateway")), ours("feed", "feed", "--source", "venue"))
TICK_S = 0.1
PATIENCE_S = 60.0


async def until(true: Callable[[], object | Awaitable[object]], what: str, seconds: float = PATIENCE_S) -> None:
    deadline = time.monotonic() + seconds
    while not (await answer if isinstance(answer := true(), Awaitable) else answer):
        assert time.monotonic() < deadline, f"{what}: it did not come about within {seconds:g} s"
        await asyncio.sleep(0.05)


class House:
    """Prices go up and down by a tick, so that what is opened stays open until somebody closes it."""

    def __init__(self, folder: Path, broker: EmbeddedBroker) -> None:
        self.folder, self.broker = folder, broker
        self.exchange = PaperExchange()

    async def __aenter__(self) -> Self:
        await self.exchange.__aenter__()
        self._moving = asyncio.create_task(self._move())
        await asyncio.to_thread(admin.apply, self.broker.bootstrap)
        environment = {
            "STREAMS_KAFKA_BOOTSTRAP": self.broker.bootstrap, "STREAMS_VENUE": "custom", "STREAMS_BINANCE_REST_URL": self.exchange.rest_url,
            "STREAMS_BINANCE_WS_URL": self.exchange.ws_url, "STREAMS_STATE_DIR": str(self.folder / "state"),
        }
        self.processes = Processes(self.folder / "logs", {**for_children(ours=False), **environment}, lambda _said: None)
        self.pipeline = Pipeline(self.broker.bootstrap, self.processes)
        await self.pipeline.start(None, self.exchange.rest_url, PARTS)
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self.pipeline.close()
        self._moving.cancel()
        await self.exchange.__aexit__(kind, error, trace)

    async def _move(self) -> None:
        up = 0
        while True:
            up = 1 - up
            for rules in ALL.values():
                bid = rules.price // rules.tick * rules.tick + up * rules.tick
                self.exchange.set_price(rules.symbol, bid, bid + rules.tick)
            await asyncio.sleep(TICK_S)

    # ------------------------------------------------------------------------------------------------------------ what is asked

    def publish(self, intents: Iterable[Intent], *, strewn: random.Random | None = None) -> None:
        """To the partition of its key, or strewn over all of them as a careless producer would."""
        producer = Producer({"bootstrap.servers": self.broker.bootstrap, "partitioner": "murmur2_random", "acks": "all", "log_level": 0})
        for intent in intents:
            partition = strewn.randrange(PARTITIONS) if strewn else -1       # -1: the partitioner's choice
            producer.produce(TRADE_INTENT.name, encode(intent), key=intent.symbol.encode(), partition=partition)
        assert producer.flush(10) == 0

    def kill(self, name: str) -> None:
        os.kill(self.processes.health[name].pid, signal.SIGKILL)

    # ------------------------------------------------------------------------------------------------------------ what is seen

    @property
    def account(self) -> Any:  # noqa: ANN401
        return self.exchange.engine.accounts["paper"]

    def held(self) -> dict[str, int]:
        """The exchange's positions."""
        return {symbol: held.quantity for symbol, held in self.account.positions.items() if held.quantity}

    def covered(self) -> bool:
        return all(is_covered(self.account, symbol) for symbol in self.held())

    def booked(self) -> dict[str, int]:
        """The signed sum of `order.fill`, by symbol; a trade that is there twice counts twice."""
        total: Counter[str] = Counter()
        for record in read(self.broker.bootstrap, [ORDER_FILL.name]):
            if isinstance(record.message, Filled):
                total[record.message.symbol] += record.message.signed
        return {symbol: quantity for symbol, quantity in total.items() if quantity}

    async def agrees(self) -> bool:
        """The books are the exchange's positions, and every one is covered."""
        return self.covered() and await asyncio.to_thread(self.booked) == self.held()

    def told(self, intent_id: str) -> list[str]:
        """What the log says of an intent: for the person who reads why a test failed."""
        links = lineage(read(self.broker.bootstrap, LINEAGE), intent_id)
        return [f"{link.log_time} {link.kind} {link.detail}" for link in links]

    def works(self, since: int) -> bool:
        """Feed, positions and risk have been heard of since then (epoch ms)."""
        return all(self.pipeline.board.heard.get(name, 0) > since for name in ("feed", "positions", "risk"))

    def twice(self) -> dict[str, int]:
        """Client ids under which more than one order was made."""
        return {client_id: count for client_id, count in self.exchange.record.created.items() if count > 1}

    def unprotected_s(self) -> float:
        return float(self.exchange.record.told(self.exchange.clock())["unprotected_seconds_max"])


def buy(intent_id: str, symbol: str) -> Intent:
    """An entry whose stop and target lie far off."""
    price = ALL[symbol].price
    return Intent(intent_id, symbol, Action.BUY, size=e8("500"), stop_ppm=50_000, target_price=price // 10 * 12, comment=f"at {decimal(price)}")


def close(intent_id: str, symbol: str) -> Intent:
    return Intent(intent_id, symbol, Action.CLOSE)
