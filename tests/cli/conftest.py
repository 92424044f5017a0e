"""A command run as a person runs it, but in this process: `streams("intent", "BTCUSDT", "BUY")` is its exit code, its output and its errors."""
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from streams.cli import main
from streams.cli.common import configured
from streams.settings import Environment

Streams = Callable[..., tuple[int, str, str]]


@pytest.fixture
def streams(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Streams]:
    """In an empty working directory, without any variable of ours but those that are given. Another exception than an exit is the test's."""
    for name in Environment.model_fields:
        monkeypatch.delenv(f"STREAMS_{name.upper()}", raising=False)
    monkeypatch.chdir(tmp_path)

    def ended(*arguments: str, **variables: str) -> tuple[int, str, str]:
        configured.cache_clear()
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr(sys, "argv", ["streams", *arguments])
        with pytest.raises(SystemExit) as end:
            main()
        told = capsys.readouterr()
        return int(end.value.code or 0), told.out, told.err

    yield ended
    configured.cache_clear()
