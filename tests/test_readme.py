"""What the README tells a stranger to type is there, and its programs run as they are printed."""
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import typer.main

from streams.cli import program
from streams.core.events import Intent
from streams.wire import admin
from streams.wire.log import read
from streams.wire.topics import TRADE_INTENT

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
COMMANDS = sorted({found for found in re.findall(r"^(streams [^\n`]+)$|`(streams [^`]+)`", README, re.MULTILINE) for found in found if found})
MAKE = sorted(set(re.findall(r"(?:^|`)make ([a-z]+)", README, re.MULTILINE)))


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_is_there_with_its_options(command: str) -> None:
    """`streams a`, `b` in a table names a family: the first word is looked up, and every option."""
    words = command.split()[1:]
    click_command = typer.main.get_command(program())
    while words and hasattr(click_command, "commands") and not words[0].startswith("-"):
        name = words.pop(0).rstrip(",")
        assert name in click_command.commands, f"streams has no {name}"
        click_command = click_command.commands[name]
    options = {option for parameter in click_command.params for option in parameter.opts}
    assert {word for word in words if word.startswith("--")} <= options


@pytest.mark.parametrize("target", MAKE)
def test_a_target_of_make_is_there(target: str) -> None:
    assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(), re.MULTILINE)


@pytest.mark.parametrize("example", ["bot.py", "bot.mjs"])
def test_the_examples_are_printed_as_they_are(example: str) -> None:
    assert (ROOT / "docs/examples" / example).read_text() in README


def test_the_python_bot_is_heard(kafka: str) -> None:
    assert "my-bot-1" in _heard(kafka, [sys.executable, str(ROOT / "docs/examples/bot.py")], ROOT)


def test_the_javascript_bot_is_heard(kafka: str, tmp_path: Path) -> None:
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        pytest.skip("node and npm are not on this machine")
    shutil.copy(ROOT / "docs/examples/bot.mjs", tmp_path)
    subprocess.run([npm, "install", "--silent", "--no-audit", "--no-fund", "kafkajs"], cwd=tmp_path, check=True, timeout=100)
    assert "my-bot-2" in _heard(kafka, [node, "bot.mjs"], tmp_path)


def _heard(bootstrap: str, program: list[str], folder: Path) -> set[str]:
    """The ids of the intents in the log after the program has run."""
    admin.apply(bootstrap)
    subprocess.run(program, cwd=folder, check=True, timeout=60, env={**os.environ, "STREAMS_KAFKA_BOOTSTRAP": bootstrap})
    return {record.message.intent_id for record in read(bootstrap, [TRADE_INTENT.name]) if isinstance(record.message, Intent)}
