"""One message of every kind, with every field told apart from its neighbours: the golden bytes are theirs."""
import typing
from enum import StrEnum
from typing import Any

import msgspec

from streams.core.events import Intent
from streams.core.words import Action, Exit, OrderType, TimeInForce
from streams.wire.schemas import MESSAGES, name_of

INTENT = Intent(
    intent_id="i-1", symbol="BTCUSDT", action=Action.CLOSE, account="main", confidence_ppm=720_000,
    timestamp=1_766_550_734_062, expires_at=1_766_550_794_062, size=200 * 10**8, leverage=3, order_type=OrderType.LIMIT,
    entry_price=6_180_020_000_000, stop_price=6_000_000_000_000, target_price=6_500_000_000_000,
    stop_ppm=20_000, target_ppm=350_000, atr_ppm=20_000, trail_ppm=8_000, time_max_ms=900_000, partial_ppm=500_000, policy="swing", regime="trend",
    reason=Exit.FLATTEN, source="bot", model="ensemble", comment="AI signal", extra='{"a": 1}', time_in_force=TimeInForce.GTX,
    lives_ms=1_500,
)


def example(kind: type) -> Any:  # noqa: ANN401
    """Numbers count up from 1, texts name their field, in the order of the fields."""
    if kind is Intent:
        return INTENT
    hints = typing.get_type_hints(kind)
    return kind(**{field: _value(hints[field], field, number) for number, field in enumerate(kind.__struct_fields__, 1)})  # type: ignore[attr-defined]


def _value(hint: Any, field: str, number: int) -> Any:  # noqa: ANN401
    if typing.get_origin(hint) is tuple:
        return (_value(typing.get_args(hint)[0], field, number),)
    if len(typing.get_args(hint)) > 1:
        return _value(typing.get_args(hint)[0], field, number)
    if issubclass(hint, StrEnum):
        return list(hint)[-1]
    if issubclass(hint, msgspec.Struct):
        return example(hint)
    if hint is bool:
        return True
    if hint is int:
        return number
    return field if hint is str else b"\x00" + field.encode()


EXAMPLES = {name_of(kind): example(kind) for kind in MESSAGES}
