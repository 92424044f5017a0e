"""The files in `schemas/` are the contract: they follow the structs, stay readable, and mean the same to the reference encoder."""
import io
import json
import pathlib

import avro.io
import avro.schema
import msgspec
import pytest

from streams.core.events import Intent
from streams.wire import intents
from streams.wire.codec import HEADER, decode, encode
from streams.wire.schemas import FOLDER, MESSAGES, derived, ids, name_of, schema
from streams.wire.topics import TOPICS
from tests.wire.examples import EXAMPLES

GOLDEN = pathlib.Path(__file__).with_name("golden")
TOPIC = {name_of(message): topic.name for topic in TOPICS for message in topic.messages}


@pytest.mark.parametrize("kind", [kind for kind in MESSAGES if kind is not Intent], ids=name_of)
def test_a_schema_is_its_struct(kind: type) -> None:
    assert schema(kind) == json.loads(json.dumps(derived(kind))), "python -m streams.wire.schemas"


def test_every_message_has_a_file_and_a_number_of_its_own() -> None:
    names = {name_of(kind) for kind in MESSAGES}
    assert {path.stem for path in FOLDER.glob("*.avsc")} == names
    assert set(ids()) == names
    assert len(set(ids().values())) == len(names)


@pytest.mark.parametrize("name", EXAMPLES)
def test_golden_bytes_stay_readable(name: str) -> None:
    """A record of last year must be read by the program of today. A new kind of message gets its file by this test's first run."""
    path = GOLDEN / f"{name}.bin"
    if not path.exists():
        path.write_bytes(encode(EXAMPLES[name]))
        pytest.fail(f"{path.name} was missing and is written now: look at it, and commit it")
    assert decode(TOPIC[name], path.read_bytes()) == EXAMPLES[name]


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_reference_encoder_writes_the_same_bytes(name: str) -> None:
    message = EXAMPLES[name]
    fields = intents.fields_of(message) if isinstance(message, Intent) else msgspec.to_builtins(message, builtin_types=(bytes,))
    fields = {name: list(value) if isinstance(value, tuple) else value for name, value in fields.items()}      # it takes no tuple for an array
    out = io.BytesIO()
    avro.io.DatumWriter(avro.schema.parse((FOLDER / f"{name}.avsc").read_text())).write(fields, avro.io.BinaryEncoder(out))
    assert HEADER.pack(0, ids()[name]) + out.getvalue() == encode(message)
