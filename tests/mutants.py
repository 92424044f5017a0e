"""Mutation testing of the core: each mutant is one small fault in one function, and some test that needs no broker should notice it.

    make mutants                         every file of streams/core
    make mutants ARGS="exits watch"      these files
    make mutants ARGS="--survivors"      what lived the last time, and what has changed since

mutmut makes the mutants: every function beside its faulty copies, chosen among by name at each call. Its own runner starts pytest for each of them,
which takes a second; here the tests are collected once and a mutant is a fork of that, which takes some milliseconds. A mutant meets the tests that
reach its function: those of its own file first, then the quick ones, and none beyond a budget of seconds. It ends with the first that fails; one that
needs four times as long as all of them has been noticed too. Properties draw few examples, the same each time, and do not shrink what fails.
"""
import collections
import difflib
import gc
import hashlib
import importlib
import inspect
import itertools
import json
import os
import pkgutil
import resource
import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from _pytest.runner import runtestprotocol
from hypothesis import HealthCheck, Phase, settings
from mutmut.mutation import trampoline

ROOT = Path(__file__).resolve().parents[1]
COPIED = ("streams/__init__.py", "streams/core", "tests/make.py", "tests/core", "tests/scenarios")
CONFIG = '[tool.mutmut]\nsource_paths = ["streams/core"]\nuse_git_change_detection = false\n'
TESTS = ["tests/core", "tests/scenarios"]
AT_ONCE = 2
BUDGET_S = 1.5                        # of a mutant's tests
KILLED, SURVIVED, TIMEOUT, UNREACHED = "killed", "survived", "timeout", "no test"


def generate(folder: Path) -> None:
    """A copy of the core and its tests in `folder`, and beside it, in `folder/mutants`, the same with all mutants in it."""
    for old in (folder / "streams", folder / "tests", folder / "mutants" / "tests"):      # the mutants of what has not changed stay
        shutil.rmtree(old, ignore_errors=True)
    for name in COPIED:
        source, target = ROOT / name, folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__")) if source.is_dir() else shutil.copy2(source, target)
    (folder / "pyproject.toml").write_text(CONFIG)
    (folder / "mutants").mkdir(exist_ok=True)
    os.chdir(folder)
    mutmut = importlib.import_module("mutmut.__main__")      # reads its settings here and now
    trampoline.set_mutant_under_test("mutant_generation")
    mutmut.copy_src_dir()
    mutmut.copy_also_copy_files()
    mutmut.create_mutants(AT_ONCE)
    os.chdir(folder / "mutants")
    sys.path.insert(0, str(folder / "mutants"))


Mutants = dict[str, tuple[Any, Any]]  # by full name: the function as it is, and as it is not


def mutants_of(module: str) -> Mutants:
    found: Mutants = {}
    for name, copies in vars(importlib.import_module(module)).items():
        if name.startswith("mutants_") and isinstance(copies, dict):
            found |= {f"{module}.{mutant}": (copies["_mutmut_orig"], copy) for mutant, copy in copies.items() if mutant != "_mutmut_orig"}
    return found


def exchange(functions: dict[Any, Any]) -> None:
    """One function for another, wherever a module of ours knows it by name."""
    for module in [module for name, module in sys.modules.items() if name.startswith(("streams.", "tests."))]:
        for name, value in list(vars(module).items()):
            if inspect.isfunction(value) and value in functions:
                setattr(module, name, functions[value])


def shortcuts(every: Mutants) -> dict[Any, Any]:
    """What mutmut has put before each function, to choose among its copies at each call -> the function itself."""
    modules = {name: vars(sys.modules[name]) for name in {was.__module__ for was, _ in every.values()}}
    plain = {was: modules[was.__module__].get(was.__name__.removeprefix("x_").removesuffix("__mutmut_orig")) for was, _ in every.values()}
    return {before: was for was, before in plain.items() if before is not None}      # methods keep theirs


class Runner:
    """The plugin that runs each mutant instead of the tests."""

    def __init__(self, every: Mutants, wanted: set[str], results: dict[str, str], keep: Callable[[dict[str, str]], None]) -> None:
        self.every, self.wanted, self.results, self.keep = every, wanted, results, keep          # results: those of the last time
        self.reached: dict[str, list[pytest.Item]] = collections.defaultdict(list)
        self.seconds: dict[str, float] = {}

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        self.measure(session.items)
        gc.collect()
        gc.freeze()                   # lest each fork copy what it only looks through
        exchange(shortcuts(self.every))
        started, ended, running, left = time.monotonic(), 0, dict[int, str](), sorted(self.wanted)
        while left or running:
            while left and len(running) < AT_ONCE:
                name = left.pop()
                if self.tests_of(name):
                    running[self.start(name)] = name
                else:
                    self.results[name] = UNREACHED
            if running:
                pid, status = os.wait()
                ended += 1
                if ended % 100 == 0:
                    print(f"{ended} of {len(self.wanted)}", flush=True)  # noqa: T201
                    self.keep(self.results)
                self.results[running.pop(pid)] = {0: SURVIVED, 1: KILLED}.get(os.waitstatus_to_exitcode(status), TIMEOUT)
        print(f"{len(self.wanted)} mutants in {time.monotonic() - started:.0f} s")  # noqa: T201
        return True

    def measure(self, items: list[pytest.Item]) -> None:
        """Which functions each test reaches, and how long it takes; all must pass."""
        reached: set[str] = set()
        trampoline.set_mutant_under_test("stats")
        trampoline.record_trampoline_hit = lambda name, caller=None: reached.add(name)  # noqa: ARG005
        for item in items:
            reached.clear()
            began = time.process_time()
            if not passes(item):
                raise SystemExit(f"{item.nodeid} fails without a mutant")
            self.seconds[item.nodeid] = time.process_time() - began
            for function in reached:
                self.reached[function].append(item)

    def tests_of(self, name: str) -> list[pytest.Item]:
        file = name.split(".")[2]
        reached = self.reached[name.rpartition("__mutmut_")[0]]
        tests = sorted(reached, key=lambda item: (f"test_{file}.py" not in item.nodeid, self.seconds[item.nodeid]))
        spent = list(itertools.accumulate(self.seconds[item.nodeid] for item in tests))
        return [item for item, so_far in zip(tests, spent, strict=True) if so_far <= BUDGET_S] or tests[:1]

    def start(self, name: str) -> int:
        tests = self.tests_of(name)
        if pid := os.fork():
            return pid
        limit = 3 + int(4 * sum(self.seconds[item.nodeid] for item in tests))
        resource.setrlimit(resource.RLIMIT_CPU, (limit, limit))
        sink = os.open(os.devnull, os.O_WRONLY)
        os.dup2(sink, 1)
        os.dup2(sink, 2)
        trampoline.get_mutant_under_test = lambda: name
        exchange({self.every[name][0]: self.every[name][1]})
        os._exit(0 if all(passes(item) for item in tests) else 1)


def passes(item: pytest.Item) -> bool:
    return not any(report.failed for report in runtestprotocol(item, log=False, nextitem=None))


def table(results: dict[str, str]) -> str:
    """A line a file, the weakest first, and one of all."""
    by_file: dict[str, collections.Counter[str]] = collections.defaultdict(collections.Counter)
    for name, verdict in results.items():
        by_file[name.split(".")[2]][verdict] += 1
    lines = [line(file, counts) for file, counts in sorted(by_file.items(), key=lambda entry: share(entry[1]))]
    head = "| file | mutants | killed | timeout | survived | no test | score |\n|---|---|---|---|---|---|---|"
    return "\n".join([head, *lines, line("all", sum(by_file.values(), collections.Counter()))])


def line(file: str, counts: collections.Counter[str]) -> str:
    figures = [sum(counts.values()), *(counts[verdict] for verdict in (KILLED, TIMEOUT, SURVIVED, UNREACHED))]
    return f"| {file} | {' | '.join(map(str, figures))} | {100 * share(counts):.1f} % |"


def share(counts: collections.Counter[str]) -> float:
    return (counts[KILLED] + counts[TIMEOUT]) / sum(counts.values())


def difference(name: str, was: Any, now: Any) -> str:  # noqa: ANN401  (functions)
    before, after = ([one.replace(f.__name__, "") for one in inspect.getsource(f).splitlines()] for f in (was, now))
    changed = [one for one in difflib.unified_diff(before, after, lineterm="", n=0) if one[:2] not in {"--", "++", "@@"}]
    return "\n".join([name, *changed, ""])


def digest(pair: tuple[Any, Any]) -> str:
    """Of a mutant and what it was made from: a function that has changed since is another one."""
    return hashlib.blake2b("".join(inspect.getsource(function) for function in pair).encode(), digest_size=8).hexdigest()


def main(folder: Path, arguments: list[str]) -> None:
    kept = folder.parent / "results.json"
    last: dict[str, list[str]] = json.loads(kept.read_text()) if kept.exists() else {}      # name -> verdict and what it was about
    generate(folder)
    settings.register_profile(
        "mutants", max_examples=20, phases=(Phase.explicit, Phase.generate), database=None, derandomize=True, deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    settings.load_profile("mutants")
    every = {name: pair for module in pkgutil.iter_modules(["streams/core"]) for name, pair in mutants_of(f"streams.core.{module.name}").items()}
    files = {argument for argument in arguments if not argument.startswith("-")}
    wanted = {name for name in every if not files or name.split(".")[2] in files}
    results = {name: verdict for name, (verdict, about) in last.items() if name in every and about == digest(every[name])}
    if "--survivors" in arguments:
        wanted = {name for name in wanted if results.get(name) not in {KILLED, TIMEOUT}}
    options = ["-c", os.devnull, "--rootdir=.", "--import-mode=importlib", "-p", "no:cacheprovider", "-q", "-s", "--assert=plain", "--tb=no"]

    def keep(results: dict[str, str]) -> None:
        kept.write_text(json.dumps({name: [verdict, digest(every[name])] for name, verdict in results.items()}, indent=1, sort_keys=True))
        lived = [name for name, verdict in sorted(results.items()) if verdict in {SURVIVED, UNREACHED}]
        (folder.parent / "survivors.diff").write_text("\n".join(difference(name, *every[name]) for name in lived))
        (folder.parent / "table.md").write_text(table(results) + "\n")

    if pytest.main([*options, *TESTS], plugins=[Runner(every, wanted, results, keep)]) != pytest.ExitCode.OK:
        raise SystemExit("the tests could not be run")
    keep(results)
    print(table(results), f"\nThe survivors: {folder.parent / 'survivors.diff'}")  # noqa: T201


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve(), sys.argv[2:])
