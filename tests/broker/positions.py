"""The pipeline's own positions worker on a broker, with nobody after it: the facts that open a position, and what log and table hold of it."""
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec
from confluent_kafka import Consumer, Message, Producer, TopicPartition

from streams.core.commands import Decided
from streams.core.events import Instrument, Intent, Tick
from streams.core.ids import client_order_id
from streams.core.symbol_state import SymbolState
from streams.core.values import e8
from streams.core.words import Action
from streams.runtime.broker import EmbeddedBroker
from streams.runtime.records import Stored
from streams.wire import admin, topics
from streams.wire.codec import encode
from streams.wire.log import publish, read
from streams.wire.topics import DECISION_LOG, PARTITIONS, POSITIONS_CHANGELOG, PRICE_TICK
from tests import make
from tests.broker.harness import Log, until, value_of
from tests.broker.worker import Setup

ACCOUNT, QUANTITY = "main", "1"
READ = {
    "positions": [topic.name for topic in (topics.ORDER_FILL, topics.ORDER_STATUS, topics.TRADE_INTENT, PRICE_TICK, topics.INSTRUMENT)],
    "risk": [topic.name for topic in (topics.POSITION_UPDATE, topics.ACCOUNT_EVENT, topics.ORDER_PROPOSAL)],
}


class Positions:
    """One broker with the pipeline's topics."""

    def __init__(self, broker: EmbeddedBroker, folder: Path) -> None:
        self.bootstrap, self.folder = broker.bootstrap, folder
        admin.apply(self.bootstrap)
        self.log = Log(Setup(bootstrap=self.bootstrap, run="none", state_dir=str(folder)))
        self._groups = {group: Consumer({"bootstrap.servers": self.bootstrap, "group.id": group}) for group in READ}

    @property
    def environment(self) -> dict[str, str]:
        return {"STREAMS_KAFKA_BOOTSTRAP": self.bootstrap, "STREAMS_STATE_DIR": str(self.folder / "state"), "STREAMS_VENUE": "paper"}

    def publish(self, *messages: Any) -> None:  # noqa: ANN401  (any of the topic table)
        publish(self.bootstrap, messages)

    def told(self, *messages: Any) -> None:  # noqa: ANN401
        """Published, and worked by positions: what comes next comes after it, whatever its topic."""
        places = {(record.topic, record.partition, record.offset) for record in publish(self.bootstrap, messages)}
        until(lambda: places <= {(one.topic, one.partition, one.offset) for one in self.decisions()}, f"{messages} decided")

    def behind(self, topic: str = PRICE_TICK.name, group: str = "positions") -> int:
        """Records that the group has not committed."""
        places = [TopicPartition(topic, partition) for partition in range(PARTITIONS)]
        committed = {place.partition: max(place.offset, 0) for place in self._groups[group].committed(places, timeout=10)}
        return sum(end - committed[place.partition] for place, end in self.log.ends(topic).items())

    def decisions(self) -> list[Decided]:
        return [record.message for record in read(self.bootstrap, [DECISION_LOG.name]) if isinstance(record.message, Decided)]

    def ranges(self) -> dict[str, set[tuple[int, int]]]:
        """Of the ticks of each symbol that decisions name: the first and last offset of each."""
        found = defaultdict[str, set[tuple[int, int]]](set)
        for one in self.decisions():
            if one.event == Tick.__name__:
                found[one.key].add((one.offset_first, one.offset))
        return found

    def decided(self, intents: Iterable[Intent]) -> bool:
        return {intent.intent_id for intent in intents} <= {one.subject for one in self.decisions() if one.event == Intent.__name__}

    def best(self) -> dict[str, int]:
        """Of each symbol that is held: the best price since it is."""
        books = {symbol: state.books.get(ACCOUNT) for symbol, state in self.states().items()}
        return {symbol: book.position.best for symbol, book in books.items() if book and book.position}

    def states(self) -> dict[str, SymbolState]:
        """What recovery makes of the changelog."""
        held: dict[bytes, Stored[SymbolState]] = {}
        decode = msgspec.msgpack.Decoder(Stored[SymbolState]).decode
        for message in self.log.read(POSITIONS_CHANGELOG.name):
            stored, key = decode(value_of(message)), message.key() or b""
            if key not in held or (stored.epoch, stored.seq) >= (held[key].epoch, held[key].seq):
                held[key] = stored
        return {key.decode(): stored.state for key, stored in held.items() if stored.state is not None}

    def opened(self, *symbols: str) -> None:
        """Each is bought at 100, with its guard at 98; nobody answers the exit plans."""
        self.told(*map(instrument, symbols))
        self.told(*(tick(symbol, "100") for symbol in symbols))
        self.told(*map(buy, symbols))
        for symbol in symbols:
            entry, guard = (client_order_id(ACCOUNT, symbol, buy(symbol).intent_id, leg) for leg in ("entry", "guard"))
            fill = make.fill("buy", QUANTITY, "100", entry, f"t-{symbol}")
            done = make.entry(buy(symbol).intent_id, "DONE", filled=QUANTITY)
            safe = make.entry(buy(symbol).intent_id, "PROTECTED", guard=guard, guard_price="98")
            self.told(msgspec.structs.replace(fill, symbol=symbol))
            self.told(*(msgspec.structs.replace(report, symbol=symbol, client_order_id=entry) for report in (done, safe)))

    def backlog(self, ticks: Iterable[Tick]) -> None:
        """Raw, as a feed without a fold of its own would write them, and quickly."""
        options = {"partitioner": "murmur2_random", "queue.buffering.max.messages": 1_000_000, "linger.ms": 20}
        producer = Producer({"bootstrap.servers": self.bootstrap, **options})
        for number, one in enumerate(ticks):
            producer.produce(PRICE_TICK.name, encode(one), key=one.symbol.encode())
            if number % 1_000 == 0:
                producer.poll(0)
        assert producer.flush(30) == 0

    def ticks(self) -> dict[str, dict[int, int]]:
        """Of each symbol, by their offsets: the log's times."""
        times = defaultdict[str, dict[int, int]](dict)
        for message in self.log.read(PRICE_TICK.name):
            if message.key():
                times[(message.key() or b"").decode()][_offset(message)] = message.timestamp()[1]
        return times


def _offset(message: Message) -> int:
    offset = message.offset()
    assert offset is not None
    return offset


def instrument(symbol: str) -> Instrument:
    return msgspec.structs.replace(make.INSTRUMENT, symbol=symbol, base=symbol.removesuffix("USDT"))


def tick(symbol: str, last: str, **more: str) -> Tick:
    return msgspec.structs.replace(make.tick(last, **more), symbol=symbol)


def buy(symbol: str) -> Intent:
    return Intent(f"buy-{symbol}", symbol, Action.BUY, ACCOUNT, size=e8("100"), stop_ppm=20_000, target_price=e8("150"))


def close(symbol: str) -> Intent:
    return Intent(f"close-{symbol}", symbol, Action.CLOSE, ACCOUNT)

