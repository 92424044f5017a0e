"""`trade.intent` as it is sent in the wild, field by field."""
import json
import pathlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.core.events import Intent
from streams.core.values import e8
from streams.core.words import Action, Exit, OrderType, TimeInForce
from streams.errors import Unreadable
from streams.wire.codec import decode, encode

SAMPLE = pathlib.Path(__file__).parents[3] / "shared/data/intents/sample.jsonl"
BUY = {"symbol": "BTCUSDT", "action": "BUY"}


def read(**fields: Any) -> Intent:  # noqa: ANN401
    intent: Intent = decode("trade.intent", json.dumps({**BUY, **fields}, ensure_ascii=False).encode())
    return intent


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, {}),
        ({"symbol": "btc/usdt:usdt"}, {"symbol": "BTCUSDT"}),
        ({"symbol": "币安人生USDT"}, {"symbol": "币安人生USDT"}),
        ({"action": "long"}, {"action": Action.BUY}),
        ({"action": None, "side": "Short"}, {"action": Action.SELL}),
        ({"confidence": 0.72}, {"confidence_ppm": 720_000}),
        ({"confidence": 1}, {"confidence_ppm": 1_000_000}),
        ({"timestamp": "2025-12-24T04:32:14.062679"}, {"timestamp": 1_766_550_734_062}),
        ({"timestamp": "2025-12-24T06:32:14.062+02:00"}, {"timestamp": 1_766_550_734_062}),
        ({"timestamp": "2025-12-24T04:32:14Z", "expires_at": 1_766_550_794_000}, {"timestamp": 1_766_550_734_000, "expires_at": 1_766_550_794_000}),
        ({"timestamp": "1766550734062"}, {"timestamp": 1_766_550_734_062}),
        ({"take_profit": 1.4943000000000002}, {"target_price": e8("1.4943")}),      # a float's tail is no price
        ({"stop_loss": "61000.5"}, {"stop_price": e8("61000.5")}),
        ({"position_size_usd": 200.0, "ai_size_usd": 150}, {"size": e8("150")}),
        ({"ai_size_usd": 150}, {"size": e8("150")}),
        ({"leverage": 5, "ai_leverage": 2.9}, {"leverage": 2}),
        ({"stop_loss_pct": 2.0}, {"stop_ppm": 20_000}),
        ({"stop_loss_pct": 0.02}, {"stop_ppm": 20_000}),
        ({"stop_loss_pct": 0.10}, {"stop_ppm": 100_000}),
        ({"take_profit_pct": 0.30}, {"target_ppm": 3_000}),
        ({"atr_value": 0.02}, {"atr_ppm": 20_000}),
        ({"order_type": "limit", "entry_price": 100}, {"order_type": OrderType.LIMIT, "entry_price": e8("100")}),
        ({"time_in_force": "ioc", "time_to_live_sec": 2.5}, {"time_in_force": TimeInForce.IOC, "lives_ms": 2_500}),
        ({"time_in_force": "post-only"}, {"time_in_force": TimeInForce.GTX}),
        ({"harvest_policy": {"mode": "Swing", "trail_pct": 0.8, "max_time_sec": 90}}, {"policy": "swing", "trail_ppm": 8_000, "time_max_ms": 90_000}),
        ({"harvest_policy": "scalper"}, {"policy": "scalper"}),
        ({"harvest_policy": {"partial_close_pct": 50}}, {"partial_ppm": 500_000}),
        ({"partial_close_pct": 0.25}, {"partial_ppm": 250_000}),
        ({"partial_close_pct": 1}, {"partial_ppm": 0}),
        ({"partial_close_pct": 100}, {"partial_ppm": 0}),
        ({"source": {"bot": 1}, "model": ["a"]}, {"source": '{"bot": 1}', "model": '["a"]'}),
        ({"reason": "why", "regime": {"x": 1}}, {"comment": "why", "regime": '{"x": 1}'}),
        ({"source": {"score": 0.5, "at": None}}, {"source": '{"score": 0.5, "at": null}'}),
        ({"volatility": 0.5, "ü": [1e3]}, {"extra": '{"volatility": 0.5, "ü": [1000.0]}'}),
        ({"harvest_policy": {"mode": "swing", "rungs": 3}}, {"policy": "swing", "extra": '{"harvest_policy": {"mode": "swing", "rungs": 3}}'}),
        ({"exit_reason": "FLATTEN"}, {}),                                           # only a CLOSE is a flatten's
        ({"action": "CLOSE", "exit_reason": "FLATTEN"}, {"action": Action.CLOSE, "reason": Exit.FLATTEN}),
        ({"intent_id": 17}, {"intent_id": "17"}),
    ],
)
def test_a_field_is_understood(fields: dict[str, Any], expected: dict[str, Any]) -> None:
    intent = read(**fields)
    assert intent == Intent(**{"intent_id": "", "symbol": "BTCUSDT", "action": Action.BUY, **expected})


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"symbol": None}, "SYMBOL"),
        ({"symbol": ""}, "SYMBOL"),
        ({"symbol": 5}, "SYMBOL"),
        ({"symbol": "A" * 65}, "TEXT"),
        ({"symbol": "BTC\u0000USDT"}, "TEXT"),
        ({"symbol": "BTC USDT"}, "SYMBOL"),
        ({"action": "HOLD"}, "ACTION"),
        ({"action": 1}, "ACTION"),
        ({"confidence": 1.01}, "RANGE"),
        ({"confidence": "NaN"}, "RANGE"),
        ({"confidence": True}, "NUMBER"),
        ({"stop_loss": 0}, "RANGE"),
        ({"stop_loss": -5}, "RANGE"),
        ({"stop_loss": 1e308}, "RANGE"),
        ({"stop_loss": [1]}, "NUMBER"),
        ({"position_size_usd": -200}, "RANGE"),
        ({"leverage": 0}, "RANGE"),
        ({"stop_loss_pct": 0.2}, "PERCENT"),
        ({"take_profit_pct": -1}, "RANGE"),
        ({"harvest_policy": {"trail_pct": 0.2}}, "PERCENT"),
        ({"harvest_policy": [1]}, "HARVEST_POLICY"),
        ({"harvest_policy": {"max_time_sec": 0}}, "RANGE"),
        ({"partial_close_pct": 101}, "RANGE"),
        ({"timestamp": "yesterday"}, "TIME"),
        ({"timestamp": -1}, "RANGE"),
        ({"timestamp": 1e300}, "RANGE"),
        ({"order_type": "ICEBERG"}, "ORDER_TYPE"),
        ({"intent_id": "x" * 65}, "TEXT"),
        ({"account": {"a": 1}}, "TEXT"),
    ],
)
def test_half_an_intent_is_not_taken(fields: dict[str, Any], reason: str) -> None:
    with pytest.raises(Unreadable) as told:
        read(**fields)
    assert told.value.reason == reason


def test_an_impossible_atr_is_ignored_and_said() -> None:
    intent = read(atr_value=25.0)
    assert intent.atr_ppm == 0
    assert json.loads(intent.extra)["ignored"]["atr_value"] == "25.0"


prices = st.integers(0, 10**17)
times = st.integers(0, 2**41)
INTENTS = st.builds(
    Intent, intent_id=st.just("i"), symbol=st.just("BTCUSDT"), action=st.just(Action.CLOSE), confidence_ppm=st.integers(-1, 1_000_000),
    timestamp=times, expires_at=times, size=prices, leverage=st.integers(0, 1_000), entry_price=prices, stop_price=prices, target_price=prices,
    stop_ppm=st.sampled_from([0, 10, 100_000, 300_000, 900_000]), target_ppm=st.sampled_from([0, 3_000, 100_000, 5_000_000]),
    atr_ppm=st.integers(100, 300_000), trail_ppm=st.integers(10, 2_000_000), time_max_ms=st.integers(0, 31_536_000_000),
    partial_ppm=st.integers(0, 999_999), reason=st.sampled_from([None, Exit.FLATTEN]), order_type=st.sampled_from(OrderType),
)


@given(INTENTS)
def test_what_we_write_reads_back_as_it_was(intent: Intent) -> None:
    assert decode("trade.intent", encode(intent)) == intent


def test_real_intents_of_a_live_bot() -> None:
    if not SAMPLE.exists():
        pytest.skip("the recorded intents are not beside this checkout")
    found = [decode("trade.intent", line) for line in SAMPLE.read_bytes().splitlines()]
    assert [(intent.symbol, intent.action, intent.size, intent.stop_price, intent.atr_ppm) for intent in found] == [
        ("NEARUSDT", Action.BUY, e8("200"), e8("1.4357"), 20_000),
        ("RENDERUSDT", Action.BUY, e8("200"), e8("1.22892"), 20_000),
        ("APTUSDT", Action.BUY, e8("200"), e8("1.552516"), 20_000),
    ]
