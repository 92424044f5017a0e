"""The client against an exchange that has had enough: what it holds back, what it lets pass, and what it learns. No broker, no gateway."""
from collections.abc import AsyncIterator
from typing import Any

import pytest

from streams.core.values import Side, e8
from streams.paper import rest
from streams.paper.server import PaperExchange
from streams.venue import filters
from streams.venue.addresses import Addresses
from streams.venue.answers import Accepted, Doubt, Kind, Order, Refused
from streams.venue.binance import Binance, Keys
from streams.venue.clock import Clock
from streams.venue.limits import ORDINARY, Lane
from streams.venue.outcomes import HELD

SYMBOL = "BTCUSDT"


class House:
    """An exchange and a client of it."""

    def __init__(self, exchange: PaperExchange) -> None:
        self.exchange = exchange
        self.venue = Binance(Addresses(exchange.rest_url, exchange.ws_url), Keys("paper", "paper"), Clock())

    def fault(self, kind: str, **on: Any) -> None:  # noqa: ANN401
        self.exchange.faults.arm({"kind": kind, **on})

    async def buys(self, name: str, lane: Lane) -> object:
        """Its answer in a word: the code, or OK."""
        order = Order(SYMBOL, Side.BUY, Kind.MARKET, name, e8("0.01"))
        return word(await self.venue.place(order, self.venue.clock.now(), lane))

    async def reads(self) -> object:
        return word(await self.venue.open_orders(SYMBOL))


def word(answer: object) -> object:
    return answer.code if isinstance(answer, Refused) else "OK" if isinstance(answer, Accepted) else "DOUBT"


@pytest.fixture
async def house() -> AsyncIterator[House]:
    async with PaperExchange() as exchange:
        exchange.set_price(SYMBOL, e8("60000"), e8("60000.1"))
        house = House(exchange)
        yield house
        await house.venue.close()


@pytest.mark.parametrize(("kind", "code"), [("http_429", 429), ("http_418", 418)])
async def test_one_refusal_silences_all_lanes_but_exits(house: House, kind: str, code: int) -> None:
    house.fault(kind, path="positionRisk", seconds=60)
    said = [word(await house.venue.positions()), await house.buys("a", Lane.ENTRIES), await house.reads(), await house.buys("b", Lane.EXITS)]
    arrived = [one.client_id for one in house.exchange.record.requests]

    assert (said, arrived) == ([code, HELD, HELD, "OK"], ["b"])


async def test_a_read_waits_for_a_short_silence(house: House) -> None:
    house.fault("http_429", path="positionRisk", seconds=1)
    await house.venue.positions()
    begun = house.venue.clock.now()

    assert (await house.reads(), house.venue.clock.now() - begun >= 900) == ("OK", True)


async def test_an_exit_that_is_refused_by_429_silences_the_others_and_may_be_asked_for_again(house: House) -> None:
    house.fault("http_429", path="order", client_id="a", seconds=60)
    assert [await house.buys("a", Lane.EXITS), await house.buys("b", Lane.ENTRIES), await house.buys("c", Lane.EXITS)] == [429, HELD, "OK"]


async def test_what_others_use_of_the_account_s_rate_counts(house: House) -> None:
    """The headers tell: 250 of 300 orders in ten seconds were somebody else's."""
    now = house.venue.clock.now()
    for _ in range(250):
        house.exchange.usage.count("POST", "order", {}, "paper", "127.0.0.1", house.exchange.clock())
    first = await house.buys("a", Lane.EXITS)
    used = house.venue.limits.used(ORDINARY[2], house.venue.clock.now())
    if house.venue.clock.now() // 10_000 != now // 10_000:
        pytest.skip("the ten seconds ended meanwhile: nothing can be said")

    assert (first, used, await house.buys("b", Lane.ENTRIES), await house.buys("c", Lane.EXITS)) == ("OK", 251, HELD, "OK")


async def test_a_read_that_is_late_is_asked_again_and_an_order_is_not(house: House) -> None:
    house.fault("reject", path="positionRisk", code=-1021)
    house.fault("reject", path="order", method="POST", code=-1021)
    assert [word(await house.venue.positions()), await house.buys("a", Lane.ENTRIES), house.venue.clock.venue_known] == ["OK", -1021, True]


async def test_a_refusal_may_doubt_the_filters_and_a_read_never_does(house: House) -> None:
    house.fault("reject", path="leverage", code=-4028)
    await house.venue.set_leverage(SYMBOL, 5)
    house.fault("reject", path="order", method="POST", code=-2019)
    await house.buys("a", Lane.ENTRIES)
    before = house.venue.filters_doubted.is_set()
    house.fault("reject", path="order", method="POST", code=-1111)
    await house.buys("b", Lane.ENTRIES)

    assert (before, house.venue.filters_doubted.is_set()) == (False, True)


async def test_filters_bring_the_rates_and_a_renewal_does_not_ask_for_fees_again(house: House) -> None:
    house.venue.limits.learn(ORDINARY[:1])
    loaded = await filters.load(house.venue, [SYMBOL])
    assert isinstance(loaded, list)
    house.venue.instruments[SYMBOL] = loaded[0]
    house.fault("reject", path="commissionRate", code=-1000, count=9)
    renewed = await filters.load(house.venue, [SYMBOL], fees_anew=False)

    assert renewed == loaded
    assert len(house.exchange.faults.armed) == 1 and house.exchange.faults.armed[0].count == 9
    assert sorted((rate.name, rate.limit) for rate in house.venue.limits.rates) == [("orders_10s", 300), ("orders_1m", 1_200), ("weight_1m", 2_400)]


@pytest.mark.parametrize(("path", "body"), [
    ("exchangeInfo", {}), ("exchangeInfo", {"symbols": [{}]}), ("exchangeInfo", {"symbols": None}), ("exchangeInfo", ["what"]),
    ("leverageBracket", [1]), ("leverageBracket", [{"brackets": [{}], "symbol": SYMBOL}]),
], ids=str)
async def test_what_cannot_be_read_of_the_symbols_is_doubt(house: House, monkeypatch: pytest.MonkeyPatch, path: str, body: object) -> None:
    monkeypatch.setitem(rest.ROUTES, ("GET", path), lambda *_: body)
    answer = await filters.load(house.venue, [SYMBOL])
    assert isinstance(answer, Doubt) and answer.reason.startswith("what the venue tells of its symbols cannot be read")


async def test_a_fee_that_cannot_be_had_stays_as_it_was_told_last(house: House) -> None:
    house.exchange.engine.accounts["paper"].fee_tier = 9
    first = await filters.load(house.venue, [SYMBOL])
    assert isinstance(first, list)
    house.venue.instruments[SYMBOL] = first[0]
    house.fault("reject", path="commissionRate", code=-1008, count=9)

    assert (await filters.load(house.venue, [SYMBOL]), first[0].taker_fee_ppm < filters.TAKER_PPM) == (first, True)
