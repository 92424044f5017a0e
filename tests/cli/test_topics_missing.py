"""A broker without our topics, and what each command says of it: at once, which is missing, and what makes it."""
from collections.abc import Callable

import pytest

from streams.runtime.broker import EmbeddedBroker

Streams = Callable[..., tuple[int, str, str]]
COMMANDS = [
    "intent BTCUSDT BUY", "halt --reason night", "halt --symbol BTCUSDT --reason night", "flatten --reason night", "why i1", "status", "books", "audit",
]


def test_a_missing_topic_is_named_with_what_makes_it(streams: Streams, own_broker: EmbeddedBroker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streams.wire.log.LISTED_S", 0.0)
    ended = {command: streams(*command.split(), STREAMS_KAFKA_BOOTSTRAP=own_broker.bootstrap) for command in COMMANDS}
    said = {command: (code, out, err.partition(" missing on ")[2]) for command, (code, out, err) in ended.items()}
    assert said == dict.fromkeys(COMMANDS, (4, "", "the broker; streams topics apply\n"))
    assert ended["intent BTCUSDT BUY"][2].startswith("streams: topic trade.intent is missing")
