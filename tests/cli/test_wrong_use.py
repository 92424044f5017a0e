"""What a person gets wrong in files and names is one line with what to do, and no traceback."""
from collections.abc import Callable
from pathlib import Path

import pytest

Streams = Callable[..., tuple[int, str, str]]


@pytest.mark.parametrize(("variables", "named"), [({}, "streams.toml"), ({"STREAMS_CONFIG": "folder"}, "folder")])
def test_a_settings_file_that_is_a_folder(variables: dict[str, str], named: str, streams: Streams, tmp_path: Path) -> None:
    (tmp_path / named).mkdir()
    said = f"streams: {named} cannot be read: Is a directory; mend it, or set STREAMS_CONFIG to another file\n"
    assert streams("explain", "risk", **variables) == (2, "", said)


def test_variables_that_are_no_text(streams: Streams, tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(b"STREAMS_ACCOUNT=\xff\xfe\n")
    code, out, err = streams("status")
    assert (code, out, err.count("\n"), err.startswith("streams: .env cannot be read: ")) == (2, "", 1, True)
    assert err.endswith("; write it anew as UTF-8; .env.example is one\n")


def test_a_recording_that_cannot_be_written_is_said_before_the_venue_is_asked(streams: Streams) -> None:
    said = "streams: nowhere/x.raw cannot be written: nowhere is no folder that this user may write to; make it, or choose another\n"
    assert streams("record", "nowhere/x.raw") == (2, "", said)


def test_a_port_that_is_none(streams: Streams) -> None:
    code, _, err = streams("paper", "--port", "99999")
    assert (code, "65535" in err) == (2, True), err


def test_a_misspelt_variable_is_warned_of_at_any_command(streams: Streams) -> None:
    code, _, err = streams("explain", "risk", STREAMS_VNUE="live")
    assert (code, "STREAMS_VNUE means nothing: did you mean STREAMS_VENUE?" in err) == (0, True), err


def test_a_broker_that_does_not_answer_is_named_with_the_variable_that_may_be_wrong(streams: Streams) -> None:
    code, _, err = streams("topics", "check", STREAMS_KAFKA_BOOTSTRAP="127.0.0.1:1")
    assert (code, err.startswith("streams: no Kafka broker answers at 127.0.0.1:1: "), "KafkaError{" in err) == (4, True, False), err
    assert err.endswith("; streams kafka up; where STREAMS_KAFKA_BOOTSTRAP is set, mend or unset it\n")
