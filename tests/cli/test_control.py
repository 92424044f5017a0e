"""A person's word that cannot be meant: an intent that says nothing, a symbol or an account that is not there, a broker without our topics."""
from collections.abc import Callable

import msgspec
import pytest

from streams.core.events import GatewaySeen
from streams.runtime.broker import EmbeddedBroker
from streams.wire import admin
from streams.wire.log import publish
from tests.make import INSTRUMENT

Streams = Callable[..., tuple[int, str, str]]
COMMANDS = [
    "intent BTCUSDT BUY", "halt --reason night", "halt --symbol BTCUSDT --reason night", "flatten --reason night", "why i1", "status", "books",
    "audit",
]
NOBODY = "streams: there is no account secnd; did you mean second?\n"


@pytest.mark.parametrize(("arguments", "said"), [
    (("BTCUSDT", "HODL"), "action is BUY, SELL, CLOSE or CANCEL, not 'HODL'"),
    (("", "BUY"), "'' names no symbol"),
    (("BTCUSDT", "BUY", "--confidence", "abc"), "--confidence is a finite number, not 'abc'"),
    (("BTCUSDT", "BUY", "--size-usd", "-5"), "--size-usd lies between 1E-8 and 10000000000; '-5' does not"),
    (("BTCUSDT", "BUY", "--stop-pct", "0.2"), "--stop-pct '0.2' may be a fraction or a percent: up to 0.10 is a fraction, from 0.30 on a percent"),
])
def test_an_intent_that_cannot_be_read_is_wrong_use_in_the_words_of_the_command_line(arguments: tuple[str, ...], said: str, streams: Streams) -> None:
    told = f"streams: {said}; `streams intent --help` has each option with its unit\n"
    assert streams("intent", *arguments, STREAMS_KAFKA_BOOTSTRAP="127.0.0.1:1") == (2, "", told)


def test_a_word_about_what_is_not_there_does_nothing(streams: Streams, own_broker: EmbeddedBroker, monkeypatch: pytest.MonkeyPatch) -> None:
    """First the topics are missing, then the symbol, then the account; what is there is asked for, and nobody answers here."""
    monkeypatch.setattr("streams.wire.log.LISTED_S", 0.0)
    monkeypatch.setattr("streams.cli.control.ANSWER_S", 0.2)
    bootstrap = own_broker.bootstrap

    def ended(command: str) -> tuple[int, str, str]:
        return streams(*command.split(), STREAMS_KAFKA_BOOTSTRAP=bootstrap)

    told = {command: ended(command) for command in COMMANDS}
    said = {command: (code, out, err.partition(" missing on ")[2]) for command, (code, out, err) in told.items()}
    assert said == dict.fromkeys(COMMANDS, (4, "", "the broker; streams topics apply\n"))
    assert told["intent BTCUSDT BUY"][2].startswith("streams: topic trade.intent is missing")

    admin.apply(bootstrap)
    written = "streams: HALT of NOSUCH is written, but positions did not answer; start it with `streams worker positions`\n"
    assert ended("halt --symbol nosuch --reason night") == (4, "", written)                  # no gateway yet: taken at its word
    publish(bootstrap, [msgspec.structs.replace(INSTRUMENT, symbol=symbol) for symbol in ("BTCUSDT", "ETHUSDT")])
    publish(bootstrap, [GatewaySeen("second", "g", 1, 0, 0, 0, 1)])
    none = "is none of the 2 symbols that the gateway trades: nothing was done"
    for command in ("halt", "resume", "flatten"):
        assert ended(f"{command} --symbol btc/usdtt --reason night") == (2, "", f"streams: BTCUSDTT {none}; did you mean BTCUSDT?\n")
        assert ended(f"{command} --account secnd --reason night") == (2, "", NOBODY)
    assert ended("books --account secnd") == (2, "", NOBODY)
    code, _, err = ended("halt --symbol eth/usdt --reason night")
    assert (code, err.split()[1:4]) == (4, ["HALT", "of", "ETHUSDT"])
    code, _, err = ended("halt --account second --reason night")
    assert (code, err.split()[1:4]) == (4, ["ModeWanted", "for", "second"])
