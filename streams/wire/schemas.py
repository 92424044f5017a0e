"""The Avro schemas: one file a message in `schemas/`, each with a fixed number in `schemas/ids.json`.

A schema is derived from its struct, so that the two cannot part (`python -m streams.wire.schemas` writes the files, a test holds them together).
`trade_intent` alone is written by hand: it speaks the names of the programs outside. Enums travel as strings: a reader of yesterday must be able to
read a record with a word of tomorrow.
"""
import json
import re
import types
import typing
from enum import StrEnum
from pathlib import Path
from typing import Any

import msgspec

from streams.core.events import Intent
from streams.wire.topics import TOPICS

HERE = Path(__file__).parent.parent
FOLDER = HERE / "schemas" if (HERE / "schemas").is_dir() else HERE.parent / "schemas"
NAMESPACE = "quantum.streams"
PLAIN = {str: "string", int: "long", bool: "boolean", bytes: "bytes"}
MESSAGES: tuple[type, ...] = tuple(dict.fromkeys(message for topic in TOPICS for message in topic.messages))


def name_of(message: type) -> str:
    """The schema's name: the class's, in snake case; an intent's is that of its topic."""
    return "trade_intent" if message is Intent else re.sub(r"(?<!^)(?=[A-Z])", "_", message.__name__).lower()


def derived(message: type) -> dict[str, Any]:
    """The record schema of a struct: every field by its own type, with the struct's default."""
    return {
        "type": "record", "name": message.__name__, "namespace": NAMESPACE, "doc": (message.__doc__ or "").strip().split("\n")[0],
        "fields": [_field(field, kind) for field, kind in _fields(message)],
    }


def _fields(message: type) -> list[tuple[msgspec.structs.FieldInfo, Any]]:
    kinds = typing.get_type_hints(message)
    return [(field, kinds[field.name]) for field in msgspec.structs.fields(message)]


def _field(field: msgspec.structs.FieldInfo, kind: Any) -> dict[str, Any]:  # noqa: ANN401
    told: dict[str, Any] = {"name": field.name, "type": _type(kind)}
    if field.default is not msgspec.NODEFAULT:
        told["default"] = msgspec.to_builtins(field.default)
    return told


def _type(kind: Any) -> Any:  # noqa: ANN401
    if kind in PLAIN:
        return PLAIN[kind]
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        return "string"
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return derived(kind)
    if typing.get_origin(kind) is tuple:
        return {"type": "array", "items": _type(typing.get_args(kind)[0])}
    if typing.get_origin(kind) in (types.UnionType, typing.Union):
        return ["null", *(_type(one) for one in typing.get_args(kind) if one is not type(None))]
    raise TypeError(f"no Avro type for {kind}")


def ids() -> dict[str, int]:
    """schema name -> the number in the five-byte header. A number is never given twice."""
    known: dict[str, int] = json.loads((FOLDER / "ids.json").read_text())
    return known


def schema(message: type) -> dict[str, Any]:
    """As it stands in its file."""
    found: dict[str, Any] = json.loads((FOLDER / f"{name_of(message)}.avsc").read_text())
    return found


def write() -> None:
    """Every derived schema into its file, and a number for each that is new."""
    numbers = ids() if (FOLDER / "ids.json").exists() else {}
    for message in MESSAGES:
        name = name_of(message)
        numbers.setdefault(name, max(numbers.values(), default=0) + 1)
        if message is not Intent:
            (FOLDER / f"{name}.avsc").write_text(json.dumps(derived(message), indent=2) + "\n")
    (FOLDER / "ids.json").write_text(json.dumps(numbers, indent=2) + "\n")


if __name__ == "__main__":
    write()
