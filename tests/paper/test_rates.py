"""How often a program may ask, how far away the exchange is, and how long a listen key lives."""
import asyncio
import itertools
import time

import aiohttp
import pytest

from streams.paper import sockets
from streams.paper.conditions import Conditions
from streams.paper.instruments import Limits
from streams.paper.orders import VenueError
from streams.paper.server import PaperExchange
from streams.paper.usage import Usage
from tests.paper.bank import Bank

NOW = 1_800_000_000_000               # a whole minute
HOUR = 3_600_000
BUY: dict[str, str | int] = {"symbol": "BTCUSDT", "side": "BUY", "type": "MARKET", "quantity": "0.001"}


def used(usage: Usage, times: int, now: int, *, method: str = "GET", path: str = "income", key: str = "a", address: str = "here") -> list[int]:
    """The statuses of so many requests; 200 for what may pass."""
    statuses = []
    for _ in range(times):
        try:
            usage.count(method, path, {}, key, address, now)
            statuses.append(200)
        except VenueError as refused:
            statuses.append(refused.status)
    return statuses


def test_weight_is_counted_by_address_and_minute() -> None:
    """30 for each income; who goes on after ten refusals is banned, for two minutes, then for four."""
    usage = Usage(Limits(weight_1m=90))
    assert used(usage, 4, NOW) == [200, 200, 200, 429]
    assert used(usage, 1, NOW, address="elsewhere") == [200]
    assert used(usage, 3, NOW + 60_000) == [200, 200, 200]
    assert used(usage, 11, NOW + 61_000) == [429] * 10 + [418]
    assert used(usage, 1, NOW + 61_000 + 119_999) == [418]
    assert used(usage, 3 + 11, NOW + 240_000) == [200] * 3 + [429] * 10 + [418]
    assert (used(usage, 1, NOW + 240_000 + 239_999), used(usage, 1, NOW + 240_000 + 240_000)) == ([418], [200])


def test_orders_are_counted_by_account_in_ten_seconds_and_in_a_minute() -> None:
    usage = Usage(Limits(orders_10s=2, orders_1m=3))
    one = {"method": "POST", "path": "order"}
    assert used(usage, 3, NOW, **one) == [200, 200, 429]
    assert used(usage, 1, NOW, key="b", **one) == [200]
    assert used(usage, 2, NOW + 10_000, **one) == [200, 429]            # the third of this minute, and one too many
    assert used(usage, 1, NOW + 60_000, **one) == [200]
    assert used(usage, 1, NOW, method="GET", path="order") == [200]


def test_a_limit_of_zero_is_none() -> None:
    assert set(used(Usage(Limits(0, 0, 0)), 5_000, NOW, method="POST", path="order")) == {200}


@pytest.mark.parametrize(("limits", "code", "wait"), [(Limits(orders_10s=1), -1015, "10"), (Limits(weight_1m=1), -1003, "60")])
async def test_what_is_answered_beyond_a_limit(limits: Limits, code: int, wait: str) -> None:
    async with Bank(conditions=Conditions(limits=limits)) as bank:
        bank.exchange.clock = lambda: NOW
        await bank.ask("POST", "v1/order", **BUY)
        await bank.ask("GET", "v1/openOrders", symbol="BTCUSDT")
        refused = await bank.ask("POST", "v1/order", **BUY) if code == -1015 else await bank.ask("GET", "v1/openOrders", symbol="BTCUSDT")
        assert (refused[0], refused[1]["code"], bank.headers["Retry-After"]) == (429, code, wait)


async def test_the_limits_are_told() -> None:
    async with Bank(conditions=Conditions(limits=Limits(100, 20, 0))) as bank:
        info, orders = await bank.body("GET", "v1/exchangeInfo"), await bank.body("GET", "v1/rateLimit/order")
    assert [one["limit"] for one in info["rateLimits"]] == [100, 1_000_000, 20]
    assert [(one["interval"], one["limit"]) for one in orders] == [("MINUTE", 1_000_000), ("SECOND", 20)]


async def test_an_exchange_that_is_far_away() -> None:
    """60 to 80 ms for a request there and back, 100 ms for what the streams tell."""
    async with Bank(conditions=Conditions(rest_ms=60, rest_jitter_ms=20, stream_ms=100)) as bank:
        listen = (await bank.body("POST", "v1/listenKey"))["listenKey"]
        async with bank.session.ws_connect(f"{bank.exchange.ws_url}/private/ws?listenKey={listen}") as socket:
            started = time.monotonic()
            await bank.body("POST", "v1/order", **BUY)
            answered = time.monotonic() - started
            await socket.receive_json(timeout=5)
            told = time.monotonic() - started
    assert (0.06 <= answered < 0.3, told >= 0.13) == (True, True)


async def test_frames_keep_their_order_however_they_are_delayed() -> None:
    async with Bank(conditions=Conditions(stream_jitter_ms=30)) as bank, bank.session.ws_connect(f"{bank.exchange.ws_url}/public/ws") as socket:
        await socket.send_json({"method": "SUBSCRIBE", "params": ["btcusdt@bookTicker"], "id": 1})
        await socket.receive_json(timeout=5)
        for number in range(20):
            bank.price(f"{60_000 + number}")
        numbers = [(await socket.receive_json(timeout=5))["u"] for _ in range(20)]
    assert [after - before for before, after in itertools.pairwise(numbers)] == [1] * 19


async def test_who_falls_too_far_behind_is_told_by_a_closed_socket(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three frames are on their way for a minute; the next one is too many."""
    monkeypatch.setattr(sockets, "BACKLOG_MAX", 3)
    async with Bank(conditions=Conditions(stream_ms=60_000)) as bank:
        listen = (await bank.body("POST", "v1/listenKey"))["listenKey"]
        async with bank.session.ws_connect(f"{bank.exchange.ws_url}/private/ws?listenKey={listen}") as socket:
            for number in range(6):
                bank.exchange.sockets.tell("paper", {"e": "ALGO_UPDATE", "number": number})
            assert (await socket.receive(timeout=5)).type in (aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED)


async def test_a_listen_key_lives_an_hour_from_when_it_was_last_kept(bank: Bank) -> None:
    at = bank.exchange.clock()
    bank.exchange.clock = lambda: at
    listen = (await bank.body("POST", "v1/listenKey"))["listenKey"]
    async with bank.session.ws_connect(f"{bank.exchange.ws_url}/private/ws?listenKey={listen}") as socket:
        bank.exchange.clock = lambda: at + HOUR - 1
        kept = await bank.body("PUT", "v1/listenKey")
        bank.exchange.clock = lambda: at + 2 * HOUR - 2
        bank.exchange.passed()
        await bank.body("POST", "v1/order", **BUY)
        alive = (await socket.receive_json(timeout=5))["e"]
        for _ in range(3):
            await socket.receive_json(timeout=5)
        bank.exchange.clock = lambda: at + 2 * HOUR - 1
        bank.exchange.passed()
        ended = await socket.receive_json(timeout=5)
        await bank.body("POST", "v1/order", **BUY)
        with pytest.raises(asyncio.TimeoutError):
            await socket.receive_json(timeout=0.2)
    assert (kept["listenKey"], alive, ended["e"], ended["listenKey"]) == (listen, "ORDER_TRADE_UPDATE", "listenKeyExpired", listen)
    assert (await bank.ask("PUT", "v1/listenKey"))[1]["code"] == -1125
    with pytest.raises(aiohttp.WSServerHandshakeError):
        await bank.session.ws_connect(f"{bank.exchange.ws_url}/private/ws?listenKey={listen}")


def test_an_exchange_is_as_it_was_asked_to_be() -> None:
    conditions = Conditions(fee_tier=2, depth=10**13, funding_rate=5_000, funding_every_ms=HOUR)
    exchange = PaperExchange(symbols=["BTCUSDT"], conditions=conditions)
    terms, account = exchange.engine.funding, exchange.engine.accounts["paper"]
    assert (account.fee_tier, exchange.engine.rules["BTCUSDT"].depth, terms.of("BTCUSDT"), terms.next_at(1)) == (2, 10**13, 5_000, HOUR)
