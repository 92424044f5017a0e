"""What is looked at before an order may leave, at an exchange of paper that answers as Binance would."""
from collections.abc import AsyncIterator, Callable
from typing import Any

import msgspec
import pytest

from streams.core.values import e8
from streams.errors import NotReachable, Refused, StreamsError, WrongUse
from streams.paper import rest
from streams.paper.orders import VenueError
from streams.paper.server import PaperExchange
from streams.venue import filters, selfcheck
from streams.venue.addresses import Addresses
from streams.venue.binance import Binance, Keys
from streams.venue.clock import Clock
from streams.venue.findings import Finding, Verdict

Told = dict[str, str]
HARMLESS = {"ipRestrict": True, "enableReading": True, "enableFutures": True, "enableWithdrawals": False}


@pytest.fixture
async def exchange() -> AsyncIterator[PaperExchange]:
    async with PaperExchange(symbols=["BTCUSDT", "ETHUSDT"]) as exchange:
        exchange.set_price("BTCUSDT", e8("60000"), e8("60000.1"))
        yield exchange


async def venue_of(exchange: PaperExchange, keys: Keys | None = None, spot: str | None = None) -> Binance:
    addresses = Addresses(exchange.rest_url, exchange.ws_url, exchange.rest_url if spot is None else spot)
    venue = Binance(addresses, keys or Keys("paper", "paper"), Clock())
    await venue.synchronise()
    loaded = await filters.load(venue, ())
    venue.instruments.update({one.symbol: one for one in loaded} if isinstance(loaded, list) else {})
    return venue


def told(findings: list[Finding]) -> Told:
    return {one.name: one.verdict.value for one in findings}


def refusing(code: int) -> Callable[..., Any]:
    def refuse(*_: object) -> object:
        raise VenueError(code, "no")

    return refuse


async def test_paper_is_fit_to_trade_and_nothing_is_left_there(exchange: PaperExchange) -> None:
    venue = await venue_of(exchange)
    found = [*await selfcheck.answering(venue), *await selfcheck.account(venue), *await selfcheck.permissions(venue)]
    found += await selfcheck.orders(venue, ["BTCUSDT"])
    await venue.close()
    assert told(found) == dict.fromkeys(
        ("venue", "clock", "keys", "position mode", "permissions", "symbols", "MARKET entries", "LIMIT entries", "stops and targets"), "ok",
    )
    assert exchange.engine.accounts["paper"].orders == {}


@pytest.mark.parametrize(("route", "answer", "name", "kind", "said"), [
    (("GET", "positionSide/dual"), {"dualSidePosition": True}, "position mode", WrongUse, "hedge mode"),
    (("GET", "sapi/account/apiRestrictions"), {**HARMLESS, "enableWithdrawals": True}, "permissions", Refused, "may withdraw"),
    (("GET", "sapi/account/apiRestrictions"), {**HARMLESS, "enableFutures": False}, "permissions", Refused, "may not trade futures"),
    (("POST", "order/test"), -4120, "MARKET entries", Refused, "-4120"),
    (("POST", "order/test"), -2015, "LIMIT entries", Refused, "-2015"),
    (("GET", "openAlgoOrders"), -5000, "stops and targets", Refused, "-5000"),
])
async def test_what_must_not_trade(
    exchange: PaperExchange, route: tuple[str, str], answer: Any, name: str, kind: type[StreamsError], said: str,  # noqa: ANN401
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(rest.ROUTES, route, refusing(answer) if isinstance(answer, int) else lambda *_: answer)
    venue = await venue_of(exchange)
    found = {one.name: one for one in [
        *await selfcheck.account(venue), *await selfcheck.permissions(venue), *await selfcheck.orders(venue),
    ]}
    await venue.close()
    assert (found[name].verdict, type(found[name].error()), said in found[name].said, bool(found[name].remedy)) == (Verdict.FAIL, kind, True, True)


@pytest.mark.parametrize(("route", "answer", "name", "said"), [
    (("POST", "order/test"), -2019, "MARKET entries", "but not now"),                     # no margin says nothing of the type
    (("POST", "order/test"), -1008, "LIMIT entries", "but not now"),
    (("GET", "premiumIndex"), -1121, "MARKET entries", "without a price"),
    (("GET", "sapi/account/apiRestrictions"), -1002, "permissions", "does not tell"),
    (("GET", "sapi/account/apiRestrictions"), {**HARMLESS, "ipRestrict": False}, "permissions", "bound to no address"),
    (("GET", "positionSide/dual"), -1007, "keys", "not answered"),
    (("GET", "openAlgoOrders"), -1003, "stops and targets", "did not answer"),
])
async def test_what_is_said_and_keeps_nobody_from_watching(
    exchange: PaperExchange, route: tuple[str, str], answer: Any, name: str, said: str, monkeypatch: pytest.MonkeyPatch,  # noqa: ANN401
) -> None:
    monkeypatch.setitem(rest.ROUTES, route, refusing(answer) if isinstance(answer, int) else lambda *_: answer)
    venue = await venue_of(exchange)
    found = {one.name: one for one in [
        *await selfcheck.account(venue), *await selfcheck.permissions(venue), *await selfcheck.orders(venue),
    ]}
    await venue.close()
    assert (found[name].verdict, said in found[name].said) == (Verdict.WARN, True)
    assert [one.name for one in found.values() if one.verdict is Verdict.FAIL] == []


async def test_keys_that_nobody_knows_are_refused_and_not_told(exchange: PaperExchange) -> None:
    venue = await venue_of(exchange, Keys("kkkkkkkk", "ssssssss"))
    found = [*await selfcheck.account(venue), *await selfcheck.permissions(venue), *await selfcheck.orders(venue)]
    await venue.close()
    assert (found[0].name, found[0].verdict, "-2015" in found[0].said) == ("keys", Verdict.FAIL, True)
    assert not any(secret in msgspec.json.encode(found).decode() for secret in ("kkkkkkkk", "ssssssss"))


async def test_symbols_that_do_not_trade_are_named(exchange: PaperExchange) -> None:
    exchange.engine.status["ETHUSDT"] = "SETTLING"
    venue = await venue_of(exchange)
    part, none = await selfcheck.orders(venue, ["BTCUSDT", "ETHUSDT", "XUSDT"]), await selfcheck.orders(venue, ["ETHUSDT"])
    await venue.close()
    assert (part[0].verdict, part[0].said) == (Verdict.WARN, "1 trade; not ETHUSDT (SETTLING), XUSDT (not listed)")
    assert (none[0].verdict, type(none[0].error()), told(none)) == (Verdict.FAIL, WrongUse, {"symbols": "fail", "stops and targets": "ok"})


async def test_the_order_types_are_tried_with_the_symbols_that_are_named(exchange: PaperExchange) -> None:
    exchange.set_price("ETHUSDT", e8("2650"), e8("2650.01"))
    venue = await venue_of(exchange)
    usual, chosen = await selfcheck.orders(venue), await selfcheck.orders(venue, tried=("ETHUSDT", "XUSDT", "BTCUSDT"))
    await venue.close()
    words = [[f"{one.name}: {one.said}" for one in found[1:-1]] for found in (usual, chosen)]
    entries = [[f"{kind} entries: taken, tried with {symbol}" for kind in ("MARKET", "LIMIT")] for symbol in ("BTCUSDT", "ETHUSDT")]
    assert words == [entries[0], [*entries[1], *entries[0], "symbols: the venue does not list XUSDT"]]
    assert [one.exit_code for one in chosen if one.verdict is Verdict.FAIL] == [WrongUse.exit_code]


async def test_a_venue_without_a_spot_host_says_so(exchange: PaperExchange) -> None:
    venue = await venue_of(exchange, spot="")
    [found] = await selfcheck.permissions(venue)
    await venue.close()
    assert (found.verdict, found.said) == (Verdict.WARN, "this venue does not tell what the key may do")


async def test_a_venue_that_is_away_is_not_reachable() -> None:
    venue = Binance(Addresses("http://127.0.0.1:9", "ws://127.0.0.1:9"), Keys("paper", "paper"), Clock())
    [found] = await selfcheck.answering(venue)
    await venue.close()
    assert (found.verdict, type(found.error())) == (Verdict.FAIL, NotReachable)


async def test_a_clock_that_is_off_is_told() -> None:
    async with PaperExchange(clock=lambda: 1_900_000_000_000) as exchange:
        venue = await venue_of(exchange)
        _, clock = await selfcheck.answering(venue)
        await venue.close()
    assert (clock.verdict, clock.remedy) == (Verdict.WARN, "switch time synchronisation (NTP) on")
