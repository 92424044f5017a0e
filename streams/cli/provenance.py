"""Every setting that decisions know: its value as `streams.toml` would say it, where it comes from, and what it means.

Generic over the fields of `core/settings.py`: what is added there is listed here by itself. Meanings are the comments of the `streams.toml` that
comes with the project, and stand nowhere else.
"""
import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from streams.core.settings import Settings
from streams.core.values import E8, PPM, decimal
from streams.limits_file import AMOUNTS, DURATIONS, MS, key_of

HERE = Path(__file__).parent.parent
EXPLAINED = HERE / "streams.toml" if (HERE / "streams.toml").is_file() else HERE.parent / "streams.toml"
BUILT_IN = "built in"
_KEY = re.compile(r"^(?:# )?(?P<key>\w+) = .*?(?:\s# (?P<meaning>.+))?$")
_TABLE = re.compile(r"^\[(?P<table>[\w.]+)\](?:\s+# (?P<meaning>.+))?$")


class Row(msgspec.Struct, frozen=True):
    """One setting. `key` and the values are as the file says them; `default` is what holds without file and environment."""

    key: str
    value: str
    default: str
    origin: str                       # built in, streams.toml:18, STREAMS_ACCOUNT
    meaning: str


def rows(settings: Settings, text: str = "", file: str = "", variables: Mapping[str, str] | None = None) -> list[Row]:
    """All settings in force. `text` is that of the limits file called `file`; `variables`: by key, where else a value came from."""
    lines = {key: f"{file}:{line}" for key, line in lines_of(text).items()}
    known, defaults, said = set(Settings().policies), dict(_leaves(Settings(), "")), meanings()

    def row(key: str, value: str) -> Row:
        origin, template = lines.get(key) or (variables or {}).get(key, ""), _of_policy(key, "default")
        if not origin and template and key.split(".")[1] not in known:           # a policy of the file's own starts from its `default`
            origin = f"policies.default, {lines.get(template, BUILT_IN)}"
        meaning = said.get(key) or said.get(template) or said.get(key.partition(".")[0], "")
        return Row(key, value, defaults.get(key) or defaults.get(template, ""), origin or BUILT_IN, meaning)

    return [row(key, value) for key, value in _leaves(settings, "")]


def lines_of(text: str) -> dict[str, int]:
    """The line on which each key's statement begins. A statement ends where what has been read up to there is TOML again."""
    found: dict[str, int] = {}
    lines, begins = text.splitlines(keepends=True), 1
    for number in range(1, len(lines) + 1):
        try:
            given = tomllib.loads("".join(lines[:number]))
        except tomllib.TOMLDecodeError:
            continue
        for key in _keys(given, ""):
            found.setdefault(key, begins)
        begins = number + 1
    return found


def meanings() -> dict[str, str]:
    """The comment behind each key, and behind each table, of the file that comes with the project."""
    found, table = dict[str, str](), ""
    for line in EXPLAINED.read_text().splitlines():
        if header := _TABLE.match(line):
            table = header["table"]
            found[table] = header["meaning"] or ""
        elif said := _KEY.match(line):
            found[f"{table}.{said['key']}" if table else said["key"]] = said["meaning"] or ""
    return found


def _keys(given: Mapping[str, Any], where: str) -> Iterator[str]:
    for key, value in given.items():
        at = f"{where}.{key}" if where else key
        yield from _keys(value, at) if isinstance(value, dict) and value else (at,)


def _leaves(values: msgspec.Struct | Mapping[str, Any], where: str) -> Iterator[tuple[str, str]]:
    """Key and text of everything that is no table of its own."""
    named = values if isinstance(values, Mapping) else {field: getattr(values, field) for field in values.__struct_fields__}
    for field, value in named.items():
        key = key_of(field) if isinstance(values, msgspec.Struct) else field
        at = f"{where}.{key}" if where else key
        if isinstance(value, msgspec.Struct) or (isinstance(value, Mapping) and value):
            yield from _leaves(value, at)
        else:
            yield at, written(field, value)


def written(field: str, value: Any) -> str:  # noqa: ANN401  (any field of Settings)
    """A value as the file says it; read back, it is the same."""
    match value:
        case bool():
            return str(value).lower()
        case int() if field in DURATIONS:
            return _duration(value)
        case int() if field.endswith("_ppm"):
            return decimal(value * (E8 // PPM))
        case int():
            return decimal(value) if field in AMOUNTS else str(value)
        case tuple():
            return f"[{', '.join(written(field, one) for one in value)}]"
        case msgspec.Struct():
            changed = ((name, getattr(value, name)) for name in value.__struct_fields__ if getattr(value, name) != getattr(type(value)(), name))
            return f"{{ {', '.join(f'{key_of(name)} = {written(name, one)}' for name, one in changed)} }}"
        case Mapping():
            return "{}"
        case _:
            return json.dumps(value, ensure_ascii=False)


def _duration(ms: int) -> str:
    unit = next((unit for unit, size in reversed(MS.items()) if ms and ms % size == 0), "")
    return f'"{ms // MS[unit]}{unit}"' if unit else "0"


def _of_policy(key: str, name: str) -> str:
    """The same key of another policy; empty where it is no policy's."""
    table, _, rest = key.partition(".")
    return f"policies.{name}.{rest.partition('.')[2]}" if table == "policies" else ""
