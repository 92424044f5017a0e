"""Bytes to structs and back: Avro behind the five-byte Confluent header (a zero, then the schema's number); `trade.intent` is JSON as well.

The only file that knows the wire's form. What cannot be read raises Unreadable, whatever the bytes are; nothing else is ever raised by `decode`.
"""
import io
import struct
from typing import Any

import msgspec
from fastavro import parse_schema, schemaless_reader, schemaless_writer

from streams.core.events import Intent
from streams.errors import Unreadable
from streams.wire import intents
from streams.wire.schemas import MESSAGES, ids, name_of, schema
from streams.wire.topics import MESSAGE_MAX, TOPICS

HEADER = struct.Struct(">bI")
_IDS = ids()
PARSED = {message: parse_schema(schema(message)) for message in MESSAGES}
HEADER_OF = {message: HEADER.pack(0, _IDS[name_of(message)]) for message in MESSAGES}
_BY_ID = {_IDS[name_of(message)]: message for message in MESSAGES}
_ALLOWED = {topic.name: frozenset(topic.messages) for topic in TOPICS}
_LARGEST = {topic.name: topic.message_max for topic in TOPICS}


def encode(message: Any) -> bytes:  # noqa: ANN401  (any message of the topic table)
    """Header and Avro of one message."""
    kind = type(message)
    out = io.BytesIO()
    out.write(HEADER_OF[kind])
    fields = intents.fields_of(message) if kind is Intent else msgspec.to_builtins(message, builtin_types=(bytes,))
    schemaless_writer(out, PARSED[kind], fields)
    return out.getvalue()


def decode(topic: str, value: bytes) -> Any:  # noqa: ANN401
    """The message that a record of this topic holds.

    Raises Unreadable: EMPTY, TOO_LARGE, HEADER, SCHEMA_UNKNOWN, TOPIC_WRONG, AVRO, FIELD, JSON, or the reason of an intent's field.
    """
    if not value:
        raise Unreadable("EMPTY", "the record has no value")
    if len(value) > (largest := _LARGEST.get(topic, MESSAGE_MAX)):
        raise Unreadable("TOO_LARGE", f"{len(value)} bytes; a message of {topic} has at most {largest}")
    intents_here = Intent in _ALLOWED.get(topic, ())
    if intents_here and value[0] != 0:
        return intents.from_json(value)
    kind = _kind(topic, value)
    fields = _fields(kind, value)
    return intents.from_fields(fields) if kind is Intent else _struct(kind, fields)


def intent_id_in(value: bytes | None) -> str:
    """The id in the bytes of an intent that cannot be taken; empty where they name none that could be one."""
    try:
        if value and value[0] == 0 and _BY_ID.get(HEADER.unpack_from(value)[1]) is Intent:
            return intents.id_of(_fields(Intent, value))
        return intents.id_of(msgspec.json.decode(value or b""))
    except (msgspec.DecodeError, Unreadable, struct.error, RecursionError):
        return ""


def _kind(topic: str, value: bytes) -> type:
    if len(value) < HEADER.size or value[0] != 0:
        raise Unreadable("HEADER", f"a record begins with a zero byte and its schema's number; this one with {value[:8].hex()}")
    number = HEADER.unpack_from(value)[1]
    kind = _BY_ID.get(number)
    if kind is None:
        raise Unreadable("SCHEMA_UNKNOWN", f"no schema has the number {number}; schemas/ids.json has them all")
    if kind not in _ALLOWED.get(topic, ()):
        raise Unreadable("TOPIC_WRONG", f"{kind.__name__} is no message of {topic}")
    return kind


def _fields(kind: type, value: bytes) -> dict[str, Any]:
    """Any failure of the Avro reader means that the bytes are not of this schema: it meets them with every kind of exception."""
    body = io.BytesIO(value)
    body.seek(HEADER.size)
    try:
        fields = schemaless_reader(body, PARSED[kind], None)
    except Exception as reason:  # noqa: BLE001  (see above)
        raise Unreadable("AVRO", f"not a {kind.__name__}: {type(reason).__name__}: {str(reason)[:200]}") from None
    if body.tell() != len(value):
        raise Unreadable("AVRO", f"{len(value) - body.tell()} bytes follow the {kind.__name__}")
    return fields  # type: ignore[return-value]  # a record's reader gives a dict


def _struct(kind: type, fields: dict[str, Any]) -> Any:  # noqa: ANN401
    try:
        return msgspec.convert(fields, kind)
    except msgspec.ValidationError as reason:
        raise Unreadable("FIELD", f"{kind.__name__}: {reason}") from None
