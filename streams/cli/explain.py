"""`streams explain`: the policies and limits in force with where each value comes from, and every reason for which an intent is denied."""
import sys
from collections.abc import Sequence
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from streams.cli.common import JSON, configured, tell
from streams.cli.denials import explained, page
from streams.cli.provenance import BUILT_IN, Row, rows
from streams.errors import WrongUse

app = typer.Typer(no_args_is_help=True, help="What is in force, and why: exits, risk, denials.")
LEAVING = ("policies", "regimes")     # tables of the settings that are about exits; all others are about entries
WIDE = 150                            # columns, where the output is no terminal


@app.command()
def exits(
    policy: Annotated[str, typer.Argument(help="one policy with all its values; else of the others only what differs from `default`")] = "", *,
    json: JSON = False,
) -> None:
    """Each exit policy: its values, where each comes from, and what it means."""
    found = [row for row in in_force() if row.key.partition(".")[0] in LEAVING]
    names = list(dict.fromkeys(row.key.split(".")[1] for row in found if row.key.startswith("policies.")))
    if policy and policy not in names:
        raise WrongUse(f"there is no policy {policy}", f"one of {', '.join(names)}")
    if policy:
        found = [row for row in found if row.key.startswith(f"policies.{policy}.")]
    tables = [table_of(_titled(name, whole=bool(policy)), _told(found, name, whole=bool(policy))) for name in ([policy] if policy else names)]
    tables.append(table_of("regimes", [row for row in found if row.key.startswith("regimes")]))
    tell(found, printed(tables), json=json)


@app.command()
def risk(*, json: JSON = False) -> None:
    """Everything that an entry is held against: limits, ages, breakers, accounts and symbols."""
    found = [row for row in in_force() if row.key.partition(".")[0] not in LEAVING]
    titles = dict.fromkeys(row.key.rpartition(".")[0] for row in found)
    of = {title: [row for row in found if row.key.rpartition(".")[0] == title] for title in titles}
    tell(found, printed([table_of(title or "every account", part) for title, part in of.items()]), json=json)


@app.command()
def denials(*, markdown: Annotated[bool, typer.Option("--markdown", help="as the page of the documentation")] = False, json: JSON = False) -> None:
    """Every reason for which an intent is denied, in the order in which they are asked: who denies, when, and what to do."""
    if markdown:
        sys.stdout.write(page())
        return
    table = Table(title="denials, in the order in which they are asked", title_justify="left")
    for column in ("reason", "by", "when", "what to do"):
        table.add_column(column, overflow="fold")
    for one in explained():
        table.add_row(one.reason, " and ".join(one.by), one.when, one.remedy)
    tell(explained(), printed([table]), json=json)


def in_force() -> list[Row]:
    """The settings of this environment and folder. Raises WrongUse."""
    environment = configured()
    path, account, symbols = environment.limits_path, environment.variable_of("account"), environment.variable_of("symbols")
    variables = {"default_account": account, "accounts": account, "symbols": symbols}
    return rows(environment.decisions, path.read_text() if path else "", str(path), variables)


def _titled(name: str, *, whole: bool) -> str:
    return f"policy {name}" if whole or name == "default" else f"policy {name}: what differs from default, and what the file says"


def _told(found: Sequence[Row], name: str, *, whole: bool) -> list[Row]:
    """A policy's rows. A person sees of the others what differs from `default`, and what the file says of them."""
    default = {row.key.split(".", 2)[2]: row.value for row in found if row.key.startswith("policies.default.")}
    mine = [row for row in found if row.key.startswith(f"policies.{name}.")]
    return [row for row in mine if whole or name == "default" or row.value != default[row.key.split(".", 2)[2]]
            or not row.origin.startswith((BUILT_IN, "policies.default"))]


def table_of(title: str, found: Sequence[Row]) -> Table:
    """What differs from the built-in default is bold."""
    table = Table(title=title, title_justify="left")
    for column in ("setting", "value", "from", "meaning"):
        table.add_column(column, overflow="fold")
    for row in found:
        name = row.key.split(".", 2)[2] if row.key.startswith("policies.") else row.key.rpartition(".")[2]
        value = escape(row.value) if row.value == row.default else f"[bold]{escape(row.value)}[/bold] (built in: {escape(row.default) or 'none'})"
        table.add_row(escape(name), value, escape(row.origin), escape(row.meaning))
    return table


def printed(tables: Sequence[Table]) -> str:
    """The tables as text, in colour only on a terminal."""
    console = Console(file=sys.stdout, width=None if sys.stdout.isatty() else WIDE)
    with console.capture() as captured:
        for table in tables:
            if table.row_count:
                console.print(table)
    return "\n".join(line.rstrip() for line in captured.get().rstrip().splitlines())
