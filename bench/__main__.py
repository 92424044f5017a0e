"""All measurements in one command: `python -m bench [--quick] [--json] [FILE …]`.

Each file of this folder that has a `run(quick) -> list[Figure]` is one set of measurements; without names all are run, in this order. A set is told
as soon as it is measured, with the seconds that it took; as JSON all come at the end.
`bench/result.json` has the figures of the last run, in one list.
"""
import argparse
import importlib
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
from rich.console import Console
from rich.table import Table

from bench.figures import Figure

RESULT = Path(__file__).with_name("result.json")
FILES = ("core", "ticks", "turns", "hops", "starts", "scale", "growth")
WIDTH = 150


class Set(msgspec.Struct, frozen=True):
    """One set of measurements."""

    seconds: float                    # that it took
    figures: list[Figure]


def measured(name: str, *, quick: bool) -> Set:
    began = time.monotonic()
    figures = importlib.import_module(f"bench.{name}").run(quick)
    return Set(round(time.monotonic() - began, 1), figures)


def table(name: str, found: Set) -> Table:
    shown = Table(title=f"{name} (measured in {found.seconds:.0f} s)", title_justify="left", box=None, pad_edge=False)
    for column in ("figure", "value", "unit", "of its anchor", "anchor"):
        shown.add_column(column, justify="right" if column in {"value", "of its anchor"} else "left", no_wrap=True)
    for figure in found.figures:
        ratio = f"{figure.ratio:.3g}" if figure.anchor_value else ""
        anchor = f"{_short(figure.anchor_value)} {figure.anchor}" if figure.anchor_value else ""
        anchor = "; ".join(said for said in (anchor, figure.note) if said)
        shown.add_row(figure.name, _short(figure.value), figure.unit, ratio, anchor)
    return shown


def result(found: Mapping[str, Set]) -> list[dict[str, Any]]:
    """One row for each figure, for programs; without an anchor its fields are empty and 0."""
    return [
        {"name": f"{name}: {one.name}", "value": one.value, "unit": one.unit, "anchor": one.anchor, "anchor_value": one.anchor_value,
         "ratio": one.ratio, "runs": one.runs}
        for name, measurements in found.items() for one in measurements.figures
    ]


def _short(value: float) -> str:
    for unit, name in ((1e9, " G"), (1e6, " M"), (1e3, " k")):
        if value >= unit:
            return f"{value / unit:.3g}{name}" if value < 1e3 * unit else f"{value / unit:.0f}{name}"
    return f"{value:.3g}"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench", description="What is measured, each beside its anchor in the same run.")
    parser.add_argument("files", nargs="*", choices=[*FILES, []], help="sets of measurements; all of them without a name")
    parser.add_argument("--quick", action="store_true", help="fewer rounds: seconds instead of minutes, and rougher")
    parser.add_argument("--json", action="store_true", help="JSON instead of tables")
    asked = parser.parse_args()
    found = dict[str, Set]()
    for name in asked.files or FILES:
        found[name] = measured(name, quick=asked.quick)
        if not asked.json:
            Console(width=WIDTH).print(table(name, found[name]))
    RESULT.write_bytes(msgspec.json.format(msgspec.json.encode(result(found))) + b"\n")
    if asked.json:
        sys.stdout.buffer.write(msgspec.json.format(msgspec.json.encode(found)) + b"\n")


if __name__ == "__main__":
    main()
