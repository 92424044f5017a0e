"""The hourly renewal of filters and fees, its hour a fraction of a second. Nobody has been refused anything."""
from typing import Any

import pytest
from msgspec.structs import replace

from streams.core.events import Instrument
from streams.core.values import e8
from streams.paper import rest
from streams.venue import gateway
from tests.gateway.stage import SYMBOL, Stage, until

HOUR_S = 0.3


@pytest.fixture
def _hours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gateway, "RELOAD_S", HOUR_S)


@pytest.fixture
async def hourly(_hours: None, stage: Stage) -> Stage:
    """The hour is patched before the gateway starts."""
    return stage


def known(stage: Stage) -> Instrument:
    return stage.gateway.venue.instruments[SYMBOL]


async def test_what_has_changed_at_the_exchange_is_used_by_the_next_order(hourly: Stage) -> None:
    rules, account = hourly.exchange.engine.rules, hourly.exchange.engine.accounts["paper"]
    before = known(hourly)
    rules[SYMBOL], account.fee_tier = replace(rules[SYMBOL], tick=e8("0.5"), step=e8("0.002"), market_quantity_max=e8("50")), 9
    await until(lambda: known(hourly).tick_size == e8("0.5"), "the hour is over", 5.0)
    await hourly.entered(stop="59000.3")

    assert known(hourly) == replace(before, tick_size=e8("0.5"), price_min=e8("0.5"), quantity_step=e8("0.002"), quantity_min=e8("0.002"),
                                    quantity_max=e8("50"), taker_fee_ppm=known(hourly).taker_fee_ppm)
    assert known(hourly).taker_fee_ppm < before.taker_fee_ppm
    assert (hourly.resting(), hourly.requests()) == (["guard.0 59000.5"], ["entry.0 ok", "guard.0 ok"])
    assert not hourly.gateway.venue.filters_doubted.is_set()


@pytest.mark.parametrize("body", [{}, {"symbols": [{}]}, {"symbols": None}, {"symbols": "none"}], ids=str)
async def test_an_hour_in_which_the_venue_tells_nothing_leaves_the_old_filters(
    hourly: Stage, monkeypatch: pytest.MonkeyPatch, body: dict[str, Any],
) -> None:
    asked, before, listed = [0], known(hourly), rest.ROUTES["GET", "exchangeInfo"]

    def nothing(*_: object) -> object:
        asked[0] += 1
        return body

    monkeypatch.setitem(rest.ROUTES, ("GET", "exchangeInfo"), nothing)
    await until(lambda: asked[0] >= 2, "two such hours", 5.0)
    assert known(hourly) == before

    rules = hourly.exchange.engine.rules
    rules[SYMBOL] = replace(rules[SYMBOL], tick=e8("0.5"))
    monkeypatch.setitem(rest.ROUTES, ("GET", "exchangeInfo"), listed)
    await until(lambda: known(hourly).tick_size == e8("0.5"), "and the next hour is as ever", 5.0)
