"""`streams`: one program, a file a family of commands. Exit codes: 0 done, 1 failed, 2 wrong use, 3 refused, 4 something needed is not reachable."""
import sys

import typer

from streams.cli import audit, books, control, doctor, drill, explain, feed, kafka, look, paper, run, topics, worker
from streams.errors import StreamsError

COMMANDS = (
    run.demo, run.up, drill.drill,
    look.status, look.why, books.books, audit.audit, doctor.doctor,
    control.intent, control.halt, control.resume, control.flatten,
    worker.worker, feed.feed, feed.record, paper.paper,
)
GROUPS = {"explain": explain.app, "kafka": kafka.app, "topics": topics.app}

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False, add_completion=False, help=__doc__)
for command in COMMANDS:
    app.command()(command)
for name, group in GROUPS.items():
    app.add_typer(group, name=name)


def main() -> None:
    """Run the command; an error of ours is one line on standard error and its exit code."""
    try:
        app()
    except StreamsError as error:
        sys.stderr.write(f"streams: {error}\n")
        sys.exit(error.exit_code)
