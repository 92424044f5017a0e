"""`streams`: one program, a file a family of commands. Exit codes: 0 done, 1 failed, 2 wrong use, 3 refused, 4 something needed is not reachable."""
import sys

import typer

from streams.cli import kafka
from streams.errors import StreamsError

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False, add_completion=False, help=__doc__)
app.add_typer(kafka.app, name="kafka")


def main() -> None:
    try:
        app()
    except StreamsError as error:
        sys.stderr.write(f"streams: {error}\n")
        sys.exit(error.exit_code)
