"""Proposals as three symbols make them: coarse and dear, fine and cheap, and one with another margin asset."""
from typing import Any

import msgspec

from streams.core.commands import Propose
from streams.core.values import Side, e8
from streams.core.words import OrderType

BTC = Propose(
    account="main", symbol="BTCUSDT", intent_id="i1", seq=10, side=Side.BUY, order_type=OrderType.MARKET, entry_price=e8("60000"),
    stop_price=e8("58800"), target_price=0, size_wish=0, leverage_wish=0, confidence_ppm=-1, timestamp=1_000, expires_at=61_000, mark=e8("60000"),
    mark_time=1_000, spread_ppm=2, margin_asset="USDT", quantity_step=e8("0.001"), quantity_min=e8("0.001"), quantity_max=e8("120"),
    notional_min=e8("50"), leverage_max=125, maintenance_ppm=4_000, taker_fee_ppm=500, policy="default", source="", model="",
)
PEPE = msgspec.structs.replace(
    BTC, symbol="1000PEPEUSDT", entry_price=e8("0.0123457"), stop_price=e8("0.0120988"), mark=e8("0.0123457"), quantity_step=e8("1"),
    quantity_min=e8("1"), quantity_max=e8("50000000"), notional_min=e8("5"), leverage_max=75, maintenance_ppm=6_500,
)
ETHC = msgspec.structs.replace(
    BTC, symbol="ETHUSDC", entry_price=e8("2500"), stop_price=e8("2450"), mark=e8("2500"), margin_asset="USDC", notional_min=e8("20"),
    quantity_max=e8("2000"),
)


def proposal(base: Propose = BTC, **changes: Any) -> Propose:  # noqa: ANN401
    """Prices and amounts may be given as decimal strings."""
    return msgspec.structs.replace(base, **{name: e8(value) if name in E8_FIELDS else value for name, value in changes.items()})


E8_FIELDS = frozenset(("entry_price", "stop_price", "size_wish", "mark", "quantity_step", "quantity_min", "quantity_max", "notional_min"))
