"""What the commands share: the settings, read once; an answer for people or programs; options that mean the same everywhere."""
import sys
from functools import cache
from typing import Annotated, Any

import msgspec
import typer

from streams.runtime import logs
from streams.settings import Environment, load

JSON = Annotated[bool, typer.Option("--json", help="for programs, on standard output")]
Account = Annotated[str, typer.Option("--account", help="an account, or `all`; without it STREAMS_ACCOUNT")]

_log = logs.get(__name__)
PAPER_KEY = "paper"                   # the paper exchange knows it, and nobody else does


@cache
def configured() -> Environment:
    """The environment's settings, with logs set up as they say; a variable that is misspelt is warned of. Raises WrongUse."""
    environment = load()
    logs.configure(environment.log)
    for secret in (environment.binance_api_key, environment.binance_api_secret):
        logs.hide(secret.get_secret_value())
    for said in environment.unknown:
        _log.warning(said, remedy="see .env.example")
    return environment


def venue_keys(environment: Environment) -> tuple[str, str]:
    """Key and secret, for whoever signs; the paper exchange's own where none is set."""
    return environment.binance_api_key.get_secret_value() or PAPER_KEY, environment.binance_api_secret.get_secret_value() or PAPER_KEY


def tell(answer: Any, text: str, *, json: bool) -> None:  # noqa: ANN401  (anything that msgspec can say as JSON)
    """One line of JSON, or the text, on standard output. Everything else goes to standard error."""
    sys.stdout.write((msgspec.json.encode(answer).decode() if json else text) + "\n")
    sys.stdout.flush()
