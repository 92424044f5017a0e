"""`trade.intent` as programs outside send it: their names, their units, their habits, made into one Intent, and back for our own writers.

JSON and Avro carry the same fields. A wish out of range is refused whole (Unreadable, with a word): half of an intent is not what somebody wants.
What is unknown is kept in `extra`, and what is ignored is said there.
"""
import datetime as dt
import json
import unicodedata
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

import msgspec

from streams.core.events import Intent
from streams.core.values import E8, PPM, decimal, nearest
from streams.core.words import Action, Exit, OrderType, TimeInForce
from streams.errors import Unreadable

ACTIONS = {**{action.value: action for action in Action}, "LONG": Action.BUY, "SHORT": Action.SELL}
POLICY = ("mode", "trail_pct", "max_time_sec", "partial_close_pct")
KNOWN = frozenset(
    (
        "symbol", "action", "side", "confidence", "timestamp", "expires_at", "intent_id", "account", "position_size_usd", "ai_size_usd",
        "leverage", "ai_leverage", "order_type", "entry_price", "stop_loss", "take_profit", "stop_loss_pct", "take_profit_pct", "atr_value",
        "harvest_policy", "partial_close_pct", "source", "model", "regime", "reason", "exit_reason",
        "time_in_force", "time_to_live_sec",
    )
)
FRACTION_MAX, PERCENT_MIN = Decimal("0.10"), Decimal("0.30")   # between them nobody knows which of the two was meant
ATR_RANGE = (Decimal("0.0001"), Decimal("0.3"))
TEXT_MAX = 64                         # characters of a symbol, an id, an account
TIME_MAX_MS = 253_402_300_800_000     # the year 10000
EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
LINEAGE = ("source", "model", "regime", "reason")              # any JSON, kept as it was written
_parts = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_value = msgspec.json.Decoder(float_hook=Decimal).decode


def from_json(value: bytes) -> Intent:
    """Raises Unreadable, whatever the bytes are."""
    try:
        parts = _parts(value)
        fields = {name: _known(name, parts[name]) for name in KNOWN & parts.keys()}
        kept = {name: bytes(part).decode() for name, part in parts.items() if name not in KNOWN or _says_more(name, fields[name])}
    except (msgspec.DecodeError, UnicodeDecodeError, InvalidOperation, RecursionError) as reason:
        raise Unreadable("JSON", f"not a JSON object: {str(reason)[:200]}") from None
    extra = "{" + ", ".join(f"{json.dumps(name, ensure_ascii=False)}: {part}" for name, part in kept.items()) + "}"
    return from_fields({**fields, "extra": extra if kept else None})


def _known(name: str, part: msgspec.Raw) -> Any:  # noqa: ANN401
    read = _value(part)
    return bytes(part).decode() if name in LINEAGE and read is not None and not isinstance(read, str) else read


def _says_more(name: str, field: object) -> bool:
    """Whether a policy names what we do not know."""
    return name == "harvest_policy" and isinstance(field, dict) and not field.keys() <= set(POLICY)


def from_fields(fields: Mapping[str, Any]) -> Intent:
    """From the wire's names and values; None is "not given". Raises Unreadable."""
    policy, policy_name = _policy(fields.get("harvest_policy"))
    atr, ignored = _atr(fields.get("atr_value"))
    action = _action(fields.get("action") or fields.get("side"))
    return Intent(
        intent_id=_word("intent_id", fields.get("intent_id")),
        symbol=symbol_of(fields.get("symbol")),
        action=action,
        account=_word("account", fields.get("account")),
        confidence_ppm=_number("confidence", fields.get("confidence"), PPM, Decimal(0), Decimal(1), absent=-1),
        timestamp=_time("timestamp", fields.get("timestamp")),
        expires_at=_time("expires_at", fields.get("expires_at")),
        size=_smaller(_amount("position_size_usd", fields), _amount("ai_size_usd", fields)),
        leverage=_smaller(_leverage("leverage", fields), _leverage("ai_leverage", fields)),
        order_type=_order_type(fields.get("order_type")),
        entry_price=_amount("entry_price", fields),
        stop_price=_amount("stop_loss", fields),
        target_price=_amount("take_profit", fields),
        stop_ppm=_percent("stop_loss_pct", fields.get("stop_loss_pct")),
        target_ppm=_percent("take_profit_pct", fields.get("take_profit_pct")),
        atr_ppm=atr,
        trail_ppm=_percent("trail_pct", policy.get("trail_pct")),
        time_max_ms=_number("max_time_sec", policy.get("max_time_sec"), 1_000, Decimal("0.001"), Decimal(31_536_000)),
        partial_ppm=_part(fields.get("partial_close_pct") if policy.get("partial_close_pct") is None else policy["partial_close_pct"]),
        policy=policy_name,
        regime=fields["regime"] if isinstance(fields.get("regime"), str) else _text(fields.get("regime")),
        reason=Exit.FLATTEN if fields.get("exit_reason") == Exit.FLATTEN and action is Action.CLOSE else None,
        source=_text(fields.get("source")),
        model=_text(fields.get("model")),
        comment=_text(fields.get("reason")),
        extra=_with(fields.get("extra"), ignored),
        time_in_force=_time_in_force(fields.get("time_in_force")),
        lives_ms=_number("time_to_live_sec", fields.get("time_to_live_sec"), 1_000, Decimal("0.001"), Decimal(31_536_000)),
    )


def id_of(fields: object) -> str:
    """What somebody called an intent, whatever else is wrong with it. Raises Unreadable where that is no id."""
    return _word("intent_id", fields.get("intent_id")) if isinstance(fields, dict) else ""


def fields_of(intent: Intent) -> dict[str, Any]:
    """The wire's fields of an intent of ours: exact, as decimal strings. What was not wished is None."""
    policy = {
        "mode": intent.policy or None, "trail_pct": _ratio(intent.trail_ppm),
        "max_time_sec": decimal(intent.time_max_ms * E8 // 1_000) if intent.time_max_ms else None,
        "partial_close_pct": decimal(intent.partial_ppm * E8 // PPM) if intent.partial_ppm else None,
    }
    return {
        "symbol": intent.symbol, "action": intent.action.value, "intent_id": intent.intent_id or None, "account": intent.account or None,
        "confidence": decimal(intent.confidence_ppm * E8 // PPM) if intent.confidence_ppm >= 0 else None,
        "timestamp": intent.timestamp or None, "expires_at": intent.expires_at or None, "order_type": intent.order_type.value,
        "position_size_usd": _decimal_or_none(intent.size), "leverage": str(intent.leverage) if intent.leverage else None,
        "time_in_force": intent.time_in_force.value if intent.time_in_force is not TimeInForce.GTC else None,
        "time_to_live_sec": decimal(intent.lives_ms * E8 // 1_000) if intent.lives_ms else None,
        "entry_price": _decimal_or_none(intent.entry_price),
        "stop_loss": _decimal_or_none(intent.stop_price), "take_profit": _decimal_or_none(intent.target_price),
        "stop_loss_pct": _ratio(intent.stop_ppm), "take_profit_pct": _ratio(intent.target_ppm),
        "atr_value": decimal(intent.atr_ppm * E8 // PPM) if intent.atr_ppm else None,
        "harvest_policy": policy if any(policy.values()) else None, "exit_reason": intent.reason.value if intent.reason else None,
        "source": intent.source or None, "model": intent.model or None, "regime": intent.regime or None, "reason": intent.comment or None,
        "extra": intent.extra or None,
    }


def symbol_of(given: object) -> str:
    """`btc/usdt:usdt` is BTCUSDT. Raises Unreadable."""
    if not isinstance(given, str):
        raise Unreadable("SYMBOL", f"a symbol is a string, not {_shown(given)}")
    symbol = _clean("symbol", given.partition(":")[0].replace("/", "").strip().upper())
    if not symbol or any(character.isspace() for character in symbol):
        raise Unreadable("SYMBOL", f"{_shown(given)} names no symbol")
    return symbol


def _action(given: object) -> Action:
    found = ACTIONS.get(given.strip().upper()) if isinstance(given, str) else None
    if found is None:
        raise Unreadable("ACTION", f"action is BUY, SELL, CLOSE or CANCEL, not {_shown(given)}")
    return found


def _order_type(given: object) -> OrderType:
    if given is None or given == "":
        return OrderType.MARKET
    word = given.strip().upper() if isinstance(given, str) else ""
    if word not in list(OrderType):
        raise Unreadable("ORDER_TYPE", f"order_type is MARKET or LIMIT, not {_shown(given)}")
    return OrderType(word)


def _time_in_force(given: object) -> TimeInForce:
    """POST_ONLY is what the venue calls GTX."""
    if given is None or given == "":
        return TimeInForce.GTC
    word = given.strip().upper().replace("-", "_") if isinstance(given, str) else ""
    word = TimeInForce.GTX.value if word == "POST_ONLY" else word
    if word not in list(TimeInForce):
        raise Unreadable("TIME_IN_FORCE", f"time_in_force is GTC, IOC, FOK or GTX (post-only), not {_shown(given)}")
    return TimeInForce(word)


def _policy(given: object) -> tuple[Mapping[str, Any], str]:
    """harvest_policy as an object; a bare word is its mode."""
    policy = {"mode": given} if isinstance(given, str) else given or {}
    if not isinstance(policy, dict):
        raise Unreadable("HARVEST_POLICY", f"harvest_policy is an object with {', '.join(POLICY)}, not {_shown(given)}")
    return policy, _word("harvest_policy.mode", policy.get("mode")).lower()


def _number(name: str, given: object, unit: int, low: Decimal, high: Decimal, *, absent: int = 0) -> int:
    """A number within the bounds as an integer of 1/unit. Raises Unreadable."""
    if given is None:
        return absent
    if isinstance(given, bool) or not isinstance(given, int | float | str | Decimal):
        raise Unreadable("NUMBER", f"{name} is a number, not {_shown(given)}")
    try:
        number = Decimal(str(given))
        scaled = nearest(number, unit)
    except (InvalidOperation, ValueError):
        raise Unreadable("RANGE", f"{name} is a finite number, not {_shown(given)}") from None
    if not low <= number <= high:
        raise Unreadable("RANGE", f"{name} lies between {low} and {high}; {_shown(given)} does not")
    return scaled


def _amount(name: str, fields: Mapping[str, Any]) -> int:
    """A price or a notional: above zero."""
    return _number(name, fields.get(name), E8, Decimal("0.00000001"), Decimal(10_000_000_000))


def _leverage(name: str, fields: Mapping[str, Any]) -> int:
    """Whole, rounded down: a wish for 2.9 is an upper bound."""
    return _number(name, fields.get(name), PPM, Decimal(1), Decimal(1_000)) // PPM


def _percent(name: str, given: object) -> int:
    """2.0 or 0.02. Raises Unreadable for what may mean either."""
    if given is None:
        return 0
    value = _number(name, given, E8, Decimal("0.00001"), Decimal(1_000))
    if value > FRACTION_MAX * E8 and value < PERCENT_MIN * E8:
        raise Unreadable("PERCENT", f"{name} {_shown(given)} may be a fraction or a percent: up to 0.10 is a fraction, from 0.30 on a percent")
    return value * PPM // E8 if value <= FRACTION_MAX * E8 else value * PPM // (100 * E8)


def _part(given: object) -> int:
    """Up to 1 a fraction of the position, else percent; all of it is no part."""
    value = _number("partial_close_pct", given, PPM, Decimal("0.000001"), Decimal(100))
    part = value if value <= PPM else value // 100
    return 0 if part == PPM else part


def _atr(given: object) -> tuple[int, dict[str, Any]]:
    """A fraction of the price; outside of what a market can do it is ignored, and that is said."""
    try:
        value = _number("atr_value", given, PPM, *ATR_RANGE)
    except Unreadable as reason:
        return 0, {"ignored": {"atr_value": str(given)[:TEXT_MAX], "why": reason.what}}
    return value, {}


def _time(name: str, given: object) -> int:
    """ISO 8601 (without a zone: UTC) or epoch milliseconds."""
    if isinstance(given, str) and given.strip() and not given.strip().lstrip("-").replace(".", "", 1).isdigit():
        try:
            found = dt.datetime.fromisoformat(given.strip())
        except ValueError:
            raise Unreadable("TIME", f"{name} is ISO 8601 or epoch milliseconds, not {_shown(given)}") from None
        return (found.replace(tzinfo=found.tzinfo or dt.UTC) - EPOCH) // dt.timedelta(milliseconds=1)
    return _number(name, given or None, 1, Decimal(0), Decimal(TIME_MAX_MS))


def _word(name: str, given: object) -> str:
    """A short text; a number is taken as its digits. Raises Unreadable."""
    if given is None:
        return ""
    if isinstance(given, bool) or not isinstance(given, str | int):
        raise Unreadable("TEXT", f"{name} is a string, not {_shown(given)}")
    return _clean(name, str(given).strip())


def _clean(name: str, text: str) -> str:
    """What may become a key or an id: short, printable, and encodable."""
    if len(text) > TEXT_MAX or any(unicodedata.category(character)[0] == "C" for character in text):
        raise Unreadable("TEXT", f"{name} has at most {TEXT_MAX} printable characters; {_shown(text)} does not")
    return text


def _text(given: object) -> str:
    """Any JSON as text; a string is itself."""
    if given is None:
        return ""
    return given if isinstance(given, str) else json.dumps(given, default=str, ensure_ascii=False)


def _with(extra: object, ignored: dict[str, Any]) -> str:
    return _text(extra) if not ignored else _text({**({"extra": extra} if extra else {}), **ignored})


def _smaller(one: int, other: int) -> int:
    return min(one, other) if one and other else one or other


def _ratio(value: int) -> str | None:
    """A ppm in the form that reads back as itself: a fraction while that is clear, else a percent."""
    if not value:
        return None
    return decimal(value * E8 // PPM) if value <= FRACTION_MAX * PPM else decimal(value * 100 * E8 // PPM)


def _decimal_or_none(value: int) -> str | None:
    return decimal(value) if value else None


def _shown(given: object) -> str:
    """A wrong value for a message: short, whatever it is."""
    return repr(given)[:TEXT_MAX]
