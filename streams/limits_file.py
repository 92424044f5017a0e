"""`streams.toml`: limits and exit policies as a person writes them, made into the exact integers that decisions know.

A key is the field's name in `core/settings.py` without its unit: `stop = 0.02` is `stop_ppm = 20_000`. Numbers may be bare or quoted and
are read as decimals, never as floats; durations are milliseconds, or "60s", "15min", "24h". What the file does not name keeps its default.
"""
import re
import tomllib
from collections.abc import Mapping
from decimal import Decimal
from difflib import get_close_matches
from pathlib import Path
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

import msgspec

from streams.core.settings import Ages, Group, Settings
from streams.core.values import e8, ppm
from streams.core.words import ALL
from streams.errors import WrongUse

AMOUNTS = {"size_default", "size_fixed", "notional_max", "symbol_notional_max"}      # in the quote asset
DURATIONS = {*Ages.__struct_fields__, "cool_down", "frozen_max", "streak_cool_down", "loss_cool_down"} | {"time_max_ms", "age_ms"}
WORDS = {
    "opposite": ("close", "flip", "ignore"), "sizing": ("risk", "equity", "fixed"), "losses": ("equity", "realised", "either"),
    "trigger": ("CONTRACT_PRICE", "MARK_PRICE"),
}
MS = {"ms": 1, "s": 1_000, "min": 60_000, "h": 3_600_000, "d": 86_400_000}
S = TypeVar("S", bound=msgspec.Struct)
AS_THE_VENUE = ": as the venue writes them, BTCUSDT"
BARE_MIN_MS = 100                     # a smaller number without a unit is taken for seconds forgotten
REMEDY = "mend the file; the one that comes with the project explains every key"


def read(path: Path, defaults: Settings) -> Settings:
    """The file over `defaults`. Raises WrongUse, which names each wrong key with the nearest right one."""
    try:
        given = tomllib.loads(path.read_text(), parse_float=Decimal)
    except FileNotFoundError:
        raise WrongUse(f"there is no file {path}", "mend STREAMS_CONFIG, or remove it: there are defaults") from None
    except OSError as error:
        raise WrongUse(f"{path} cannot be read: {error.strerror}", "mend it, or set STREAMS_CONFIG to another file") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise WrongUse(f"{path} is not TOML: {error}", REMEDY) from None
    faults: list[str] = []
    settings = _over(defaults, given, "", faults)
    faults += [] if faults else _contradictions(settings)
    if faults:
        raise WrongUse(f"{path}: {'; '.join(faults)}", REMEDY)
    return settings


def key_of(field: str) -> str:
    """How the file calls a field."""
    return field.removesuffix("_ppm").removesuffix("_ms")


def _over(base: S, given: Mapping[str, Any], where: str, faults: list[str]) -> S:
    """`base` with what is given in its place. Faults are collected, so that one run names them all."""
    fields = {key_of(field): field for field in base.__struct_fields__}
    kinds = get_type_hints(type(base))
    changed: dict[str, Any] = {}
    for key, value in given.items():
        at = f"{where}.{key}" if where else key
        if key not in fields:
            faults.append(_unknown(at, key, list(fields)))
            continue
        field = fields[key]
        try:
            changed[field] = _value(field, kinds[field], value, getattr(base, field), at, faults)
        except (ValueError, TypeError) as error:
            faults.append(f"{at}: {error}")
    return msgspec.structs.replace(base, **changed)


def _unknown(at: str, key: str, known: list[str]) -> str:
    near = get_close_matches(key, known, n=1, cutoff=0)
    return f"{at} is not known: did you mean {near[0]}?" if near else f"{at} is not known"


def _value(field: str, kind: Any, given: Any, base: Any, at: str, faults: list[str]) -> Any:  # noqa: ANN401  (whatever the file says)
    """One field's value. Raises ValueError."""
    if field in {"policies", "groups"}:
        return _named(_table(given), base, at, faults)
    if isinstance(base, msgspec.Struct):
        return _over(base, _table(given), at, faults)
    if get_origin(kind) is dict:
        return {str(name): _text(value) for name, value in _table(given).items()}
    if get_origin(kind) is tuple and isinstance(row := get_args(kind)[0], type) and issubclass(row, msgspec.Struct):
        return tuple(_over(row(), _table(value), f"{at}[{number}]", faults) for number, value in enumerate(_list(given)))
    if get_origin(kind) is tuple:
        return tuple(_text(value) for value in _list(given))
    if kind is bool:
        return _flag(given)
    if kind is str:
        return _word(field, given)
    if field in DURATIONS:
        return _duration(given)
    if field.endswith("_ppm"):
        return _positive(ppm(_number(given)))
    return _positive(e8(_number(given)) if field in AMOUNTS else _whole(given))


def _named(given: Mapping[str, Any], base: dict[str, Any], at: str, faults: list[str]) -> dict[str, Any]:
    """A known name changes what it names; a new policy starts from `default`, a new group from nothing."""
    made = dict(base)
    for name in sorted(given, key=lambda name: name != "default"):
        made[name] = _over(made.get(name, made.get("default", Group())), _table(given[name]), f"{at}.{name}", faults)
    return made


def _contradictions(settings: Settings) -> list[str]:
    """What no single value shows."""
    limits = settings.limits
    rules = [
        (limits.daily_loss_reducing_ppm <= limits.daily_loss_halt_ppm, "limits.daily_loss_reducing is above limits.daily_loss_halt"),
        (limits.drawdown_reducing_ppm <= limits.drawdown_halt_ppm, "limits.drawdown_reducing is above limits.drawdown_halt"),
        (limits.leverage_max >= 1, "limits.leverage_max is below 1"),
        (limits.confidence_weight_ppm <= 1_000_000, "limits.confidence_weight is above 1"),
        (limits.risk_ppm <= 1_000_000, "limits.risk is above 1, which is all of the equity"),
        (limits.margin_use_max_ppm <= 1_000_000, "limits.margin_use_max is above 1, which is all of the equity"),
        *((value, f"limits.{key}: with 0 nothing is traded; `streams halt` stops entries") for key, value in (
            ("risk", limits.risk_ppm), ("notional_max", limits.notional_max), ("symbol_notional_max", limits.symbol_notional_max),
            ("exposure_gross_max", limits.exposure_gross_max_ppm), ("margin_use_max", limits.margin_use_max_ppm),
            ("positions_max", limits.positions_max))),
        *((value, f"ages.{key}: with 0 nothing is traded; `streams halt` stops entries") for key, value in (
            ("intent_max", settings.ages.intent_max), ("command_max", settings.ages.command_max), ("mark_max", settings.ages.mark_max))),
        (_written_right(settings.symbols), f"symbols{AS_THE_VENUE}"),
        (ALL not in settings.accounts, f"accounts: {ALL} means every account, and is the name of none"),
        (settings.default_account in settings.accounts, f"default_account {settings.default_account} is not one of accounts"),
    ]
    for name, policy in settings.policies.items():
        rules += [
            (name == name.lower(), f"policies.{name}: in small letters, as the mode of an intent is read"),
            (policy.stop_distance_min_ppm <= policy.stop_ppm <= policy.stop_distance_max_ppm < 1_000_000,
             f"policies.{name}: stop is not within stop_distance_min and stop_distance_max, below 1"),
            (policy.trail.distance_ppm < 1_000_000, f"policies.{name}.trail.distance is not below 1"),
            (sum(rung.part_ppm for rung in policy.targets) <= 1_000_000, f"policies.{name}.targets: the parts are more than 1"),
            (all(rung.part_ppm and (rung.r_ppm or rung.distance_ppm) for rung in policy.targets),
             f"policies.{name}.targets: each needs a part, and r or distance"),
            (policy.break_even_rung <= len(policy.targets), f"policies.{name}.break_even_rung is more than its targets"),
            (all(point.distance_r_ppm for point in policy.tighten), f"policies.{name}.tighten: each needs a distance_r"),
        ]
    for name, group in settings.groups.items():
        rules += [
            (bool(group.symbols and group.exposure_max_ppm), f"groups.{name}: it needs symbols and exposure_max"),
            (_written_right(group.symbols), f"groups.{name}.symbols{AS_THE_VENUE}"),
        ]
    known = list(settings.policies)
    rules += [(policy in known, f"regimes.{regime}: {_unknown(policy, policy, known)}") for regime, policy in settings.regimes.items()]
    return [said for holds, said in rules if not holds]


def _written_right(symbols: tuple[str, ...]) -> bool:
    return all(symbol == symbol.upper() for symbol in symbols)


def _table(given: object) -> Mapping[str, Any]:
    if not isinstance(given, dict):
        raise ValueError(f"{_shown(given)} is not a table")
    return given


def _list(given: object) -> list[object]:
    if not isinstance(given, list):
        raise ValueError(f"{_shown(given)} is not a list")
    return given


def _text(given: object) -> str:
    if not isinstance(given, str) or not given:
        raise ValueError(f"{_shown(given)} is not a text")
    return given


def _word(field: str, given: object) -> str:
    word = _text(given)
    if word not in WORDS.get(field, (word,)):
        raise ValueError(f"{word} is none of {', '.join(WORDS[field])}")
    return word


def _flag(given: object) -> bool:
    if not isinstance(given, bool):
        raise ValueError(f"{_shown(given)} is not true or false")
    return given


def _number(given: object) -> str:
    if isinstance(given, bool) or not isinstance(given, int | Decimal | str):
        raise ValueError(f"{given!r} is not a number")
    return str(given)


def _whole(given: object) -> int:
    if isinstance(given, bool) or not isinstance(given, int):
        raise ValueError(f"{_shown(given)} is not a whole number")
    return given


def _shown(given: object) -> str:
    return str(given) if isinstance(given, Decimal) else repr(given)


def _positive(number: int) -> int:
    if number < 0:
        raise ValueError("it may not be negative")
    return number


def _duration(given: object) -> int:
    """Milliseconds."""
    if not isinstance(given, str):
        number = _positive(_whole(given))
        if 0 < number < BARE_MIN_MS:
            raise ValueError(f'{number} is {number} ms: write "{number}ms" if that is meant, else "{number}s"')
        return number
    parts = re.fullmatch(r"(\d+)\s*(ms|s|min|h|d)", given)
    if not parts:
        raise ValueError(f"{given!r} is no duration: milliseconds, or 500ms, 60s, 15min, 24h, 1d")
    return int(parts[1]) * MS[parts[2]]
