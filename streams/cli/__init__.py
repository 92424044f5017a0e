"""`streams`: one program, a file a family of commands. Exit codes: 0 done, 1 failed, 2 wrong use, 3 refused, 4 something needed is not reachable.

A worker that ends itself: 70 its group gave its partitions away, 71 it could not stop in time, 72 its ledger cannot be written or was taken over.

Only the file of the command that is asked for is imported: a worker is up a second sooner without the exchange's server, and `--help` has all.
"""
import importlib
import sys
from collections.abc import Iterable

import typer

from streams.errors import StreamsError

FILES = {
    "demo": "run", "up": "run", "drill": "drill",
    "status": "look", "why": "look", "books": "books", "audit": "audit", "doctor": "doctor",
    "intent": "control", "halt": "control", "resume": "control", "flatten": "control",
    "worker": "worker", "feed": "feed", "record": "feed", "paper": "paper",
}
GROUPS = ("explain", "kafka", "topics")                  # files with commands of their own


def program(names: Iterable[str] = (*FILES, *GROUPS)) -> typer.Typer:
    """The program with these commands, all of them unless told."""
    app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False, add_completion=False, help=(__doc__ or "").rpartition("\n\n")[0])
    app.callback()(lambda: None)                         # with one command only, typer would take its name for an argument
    for name in names:
        file = importlib.import_module(f"streams.cli.{FILES.get(name, name)}")
        if name in GROUPS:
            app.add_typer(file.app, name=name)
        else:
            app.command()(getattr(file, name))
    return app


def main() -> None:
    """Run the command; an error of ours is one line on standard error and its exit code."""
    asked = sys.argv[1] if len(sys.argv) > 1 else ""
    try:
        (program([asked]) if asked in FILES or asked in GROUPS else program())()
    except StreamsError as error:
        sys.stderr.write(f"streams: {error}\n")
        sys.exit(error.exit_code)
