"""Key, secret and signature are in no answer, no text of an object and no line of the log, whatever the venue does to a request. No broker."""
import logging
import os
import re
from collections.abc import AsyncIterator

import pytest

from streams.agents.gateway import Options
from streams.core.values import Side, e8
from streams.paper import rest
from streams.paper.orders import VenueError
from streams.paper.server import PaperExchange
from streams.runtime import logs
from streams.venue.addresses import Addresses
from streams.venue.answers import Kind, Order, Refused
from streams.venue.binance import Binance, Keys
from streams.venue.clock import Clock
from streams.venue.ledger import Ledger

KEY, SECRET = "kkkkkkkk-key", "ssssssss-secret"
TELLING = re.compile(f"{KEY}|{SECRET}|signature=[0-9a-f]{{8}}")
KINDS = ("drop", "execute_then_drop", "error_503_executed", "timeout_1007", "http_429", "empty_202", "reject", "")


@pytest.fixture
async def exchange() -> AsyncIterator[PaperExchange]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    async with PaperExchange(secrets={KEY: SECRET}) as exchange:
        exchange.set_price("BTCUSDT", e8("60000"), e8("60000.1"))
        yield exchange
    root.handlers[:], root.level = handlers, level


async def test_nothing_tells_them(exchange: PaperExchange, capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("json", "DEBUG")
    addresses, keys = Addresses(exchange.rest_url, exchange.ws_url), Keys(KEY, SECRET)
    venue, told = Binance(addresses, keys, Clock()), [repr(keys), str(keys), repr(Options("a", "b", addresses, keys))]
    for number, kind in enumerate(KINDS):
        if kind:
            exchange.faults.arm({"kind": kind, "path": "order"})
        answer = await venue.place(Order("BTCUSDT", Side.BUY, Kind.MARKET, f"a{number}", e8("0.01")), venue.clock.now())
        told.append(repr(answer))
    told += [repr(await venue.listen_key(keep="nobody's")), repr(venue)]
    await venue.close()
    captured = capsys.readouterr()

    assert [text for text in (*told, captured.out, captured.err) if TELLING.search(text)] == []
    assert "api/v1/order" in captured.err                # the client library has logged its requests


def test_the_last_words_of_a_gateway_do_not_tell_them(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """They are written past the log, whose disk may be full."""
    class Ended(BaseException):
        pass

    def ended(_code: int) -> None:
        raise Ended

    monkeypatch.setattr(logs, "_hidden", {SECRET})
    monkeypatch.setattr(os, "_exit", ended)
    with pytest.raises(Ended):
        Ledger("127.0.0.1:1", "main", "test", Clock()).end(ConnectionError(f"{SECRET} at /order?signature=0123456789"), "the pen failed")

    assert "streams: the pen failed: ConnectionError('••• at /order?signature=•••')\n" in capfd.readouterr().err


async def test_a_refusal_that_repeats_the_request_is_told_without_them(exchange: PaperExchange, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its words go on to the log of events. What would be cut off is hidden before."""
    def refuse(_exchange: PaperExchange, _key: str, asked: dict[str, str], _now: int) -> object:
        raise VenueError(-2014, f"API-key {KEY} invalid: secret {SECRET}, signature={asked['signature']}&timestamp=1 {'.' * 90} {KEY}")

    monkeypatch.setitem(rest.ROUTES, ("POST", "order"), refuse)
    venue = Binance(Addresses(exchange.rest_url, exchange.ws_url), Keys(KEY, SECRET), Clock())
    answer = await venue.place(Order("BTCUSDT", Side.BUY, Kind.MARKET, "a1", e8("0.01")), venue.clock.now())
    await venue.close()

    assert answer == Refused(-2014, f"API-key ••• invalid: secret •••, signature=•••&timestamp=1 {'.' * 90} •••")
