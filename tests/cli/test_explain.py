"""What is in force and where it comes from; why intents are denied: told by the code, and held to it."""
import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from typer.testing import CliRunner

from streams import limits_file
from streams.cli import look, program
from streams.cli.common import configured
from streams.cli.denials import EXPLAINED, page
from streams.cli.provenance import Row, lines_of, rows
from streams.core import settings
from streams.core.commands import Denial
from streams.core.settings import Limits, Settings
from streams.settings import Environment
from streams.wire.lineage import Link

ROOT = Path(__file__).parent.parent.parent
MINE = """limits.risk = 0.01
policies.mine.targets = [
  { part = 0.5, r = 1 },
  { part = 0.25, distance = 0.03 },
]
[policies.default]
stop = 0.03
trail = { distance = 0.01 }
[ages]
intent_max = "90s"
[regimes]
trending = "mine"
[groups]
majors = { symbols = ["BTCUSDT", "ETHUSDT"], exposure_max = 1.5 }
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty working directory, and no variable of ours."""
    for name in Environment.model_fields:
        monkeypatch.delenv(f"STREAMS_{name.upper()}", raising=False)
    monkeypatch.chdir(tmp_path)
    configured.cache_clear()
    yield tmp_path
    configured.cache_clear()


def asked(*arguments: str) -> list[Row]:
    answer = CliRunner().invoke(program(), [*arguments, "--json"])
    assert answer.exit_code == 0, answer.output
    return msgspec.json.decode(answer.stdout, type=list[Row])


def test_what_is_told_is_what_the_file_would_say(tmp_path: Path) -> None:
    """Read back, the values are the settings themselves: none is missing, none is rounded."""
    path = tmp_path / "streams.toml"
    path.write_text(MINE)
    meant = limits_file.read(path, Settings())
    path.write_text("\n".join(f"{row.key} = {row.value}" for row in rows(meant)))
    assert limits_file.read(path, Settings()) == meant


def test_each_value_comes_from_somewhere(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "streams.toml").write_text(MINE)
    (folder / ".env").write_text("STREAMS_SYMBOLS=ethusdt\n")
    monkeypatch.setenv("STREAMS_ACCOUNT", "second")
    found = {row.key: (row.value, row.default, row.origin) for row in [*asked("explain", "risk"), *asked("explain", "exits")]}
    wanted = {
        "default_account": ('"second"', '"main"', "STREAMS_ACCOUNT"),
        "symbols": ('["ETHUSDT"]', "[]", "STREAMS_SYMBOLS in .env"),
        "limits.risk": ("0.01", "0.005", "streams.toml:1"),
        "limits.leverage_max": ("5", "5", "built in"),
        "ages.intent_max": ('"90s"', '"1min"', "streams.toml:10"),
        "policies.default.stop": ("0.03", "0.02", "streams.toml:7"),
        "policies.default.trail.distance": ("0.01", "0.008", "streams.toml:8"),
        "policies.scalper.stop": ("0.006", "0.006", "built in"),
        "policies.mine.stop": ("0.03", "0.02", "policies.default, streams.toml:7"),
        "policies.mine.time_max": ("0", "0", "policies.default, built in"),
        "policies.mine.targets": ("[{ part = 0.5, r = 1 }, { part = 0.25, distance = 0.03 }]", "[]", "streams.toml:2"),
        "regimes.trending": ('"mine"', "", "streams.toml:12"),
        "groups.majors.exposure_max": ("1.5", "", "streams.toml:14"),
    }
    assert {key: found[key] for key in wanted} == wanted


def test_every_setting_is_explained_by_the_file_that_comes_with_the_project() -> None:
    assert [row.key for row in rows(Settings()) if not row.meaning] == []


def test_a_field_that_is_added_is_told_by_itself() -> None:
    class More(Limits, frozen=True):
        funding_max_ppm: int = 1_000

    told = {row.key: row.value for row in rows(msgspec.structs.replace(Settings(), limits=More()))}
    assert told["limits.funding_max"] == "0.001"


def test_the_lines_of_a_files_keys() -> None:
    assert lines_of(MINE) == {
        "limits.risk": 1, "policies.mine.targets": 2, "policies.default": 6, "policies.default.stop": 7, "policies.default.trail.distance": 8,
        "ages": 9, "ages.intent_max": 10, "regimes": 11, "regimes.trending": 12,
        "groups": 13, "groups.majors.symbols": 14, "groups.majors.exposure_max": 14,
    }
    with pytest.raises(tomllib.TOMLDecodeError):
        tomllib.loads("\n".join(MINE.splitlines()[:2]))          # a statement of several lines is told by its first


def test_people_read_tables(folder: Path) -> None:
    (folder / "streams.toml").write_text(MINE)
    exits = CliRunner().invoke(program(), ["explain", "exits"]).stdout
    assert re.search(r"│ stop +│ 0\.03 \(built in: 0\.02\) +│ streams\.toml:7", exits)
    scalper = exits.partition("policy scalper")[2].partition("policy ")[0]
    assert ("time_max" in scalper, "price_protect" in scalper) == (True, False)          # as in default
    assert "price_protect" in CliRunner().invoke(program(), ["explain", "exits", "scalper"]).stdout


def test_what_the_file_says_of_a_policy_is_told_also_where_default_has_the_same(folder: Path) -> None:
    (folder / "streams.toml").write_text("[policies.trend_runner]\nstop = 0.02\n")
    runner = CliRunner().invoke(program(), ["explain", "exits"]).stdout.partition("policy trend_runner: what differs from default")[2]
    assert re.search(r"│ stop +│ 0\.02 +│ streams\.toml:2", runner)


# ---------------------------------------------------------------------------------------------------------------- denials


def test_the_page_of_denials_is_written_from_the_code() -> None:
    assert (ROOT / "docs" / "denials.md").read_text() == page(), "make docs"


def test_whoever_asks_why_reads_what_to_do() -> None:
    denied = Link(1_000, "decision.log", 0, 7, "decision", "i1", 0, {"verdict": "DENIED", "reason": "POSITION_MISSING"})
    said = look._line(denied, 1_000).splitlines()
    assert (said[0].endswith("verdict=DENIED  reason=POSITION_MISSING"), said[1].strip()) == (True, "→ Nothing: there is nothing to close.")
    assert len(look._line(msgspec.structs.replace(denied, detail={"verdict": "STEPPED", "reason": ""}), 1_000).splitlines()) == 1


def test_denials_are_explained_in_the_order_in_which_they_are_asked() -> None:
    assert list(EXPLAINED) == list(Denial)


def mentions(start: str) -> dict[str, set[str]]:
    """By denial, the modules of core behind `start` that name it."""
    todo, seen, found = [start], set[str](), dict[str, set[str]]()
    while todo:
        module = todo.pop()
        if module in seen or module == "commands":
            continue
        seen.add(module)
        text = (ROOT / "streams" / "core" / f"{module}.py").read_text()
        for name in re.findall(r"No\(Denial\.(\w+)|(?<!is )Denial\.(\w+), ", text):
            found.setdefault("".join(set(name)), set()).add(module)
        todo += [node.module.removeprefix("streams.core.") for node in ast.walk(ast.parse(text))
                 if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("streams.core.") and node.module]
    return found


def test_who_denies_is_who_says_it() -> None:
    by = {"positions": mentions("symbol"), "risk": mentions("account")}
    assert {reason.value: tuple(who for who in by if reason.value in by[who]) for reason in Denial} == {
        reason.value: who for reason, (who, _, _) in EXPLAINED.items()
    }


def test_a_setting_that_a_denial_names_exists() -> None:
    keys = {row.key for row in rows(Settings())}
    structs = [kind for kind in vars(settings).values() if isinstance(kind, type) and issubclass(kind, msgspec.Struct)]
    parts = {*keys, *(limits_file.key_of(field) for kind in structs for field in kind.__struct_fields__)}
    named = {word for _, when, remedy in EXPLAINED.values() for word in re.findall(r"`([a-z_.]+)`", f"{when} {remedy}")}
    assert named - parts - {"account", "expires_at", "intent_id", "entry_price", "streams.toml", "regime", "harvest_policy.mode"} == set()
