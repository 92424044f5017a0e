"""The parameters of a request, read one by one, or the code with which Binance refuses what cannot be read."""
import re
from collections.abc import Mapping
from urllib.parse import parse_qsl

from streams.core.values import e8
from streams.paper.orders import VenueError

NUMBER = re.compile(r"-?\d{1,20}(\.\d{1,20})?")                # no exponent: 1e-1 is refused as Binance refuses it
TOO_FINE = "Precision is over the maximum defined for this asset."
Asked = Mapping[str, str]


def parsed(raw: str) -> dict[str, str]:
    """The parameters of a query or of a form body."""
    return dict(parse_qsl(raw, keep_blank_values=True))


def needed(asked: Asked, name: str) -> str:
    given = asked.get(name)
    if not given:
        raise missing(name)
    return given


def missing(name: str) -> VenueError:
    return VenueError(-1102, f"Mandatory parameter '{name}' was not sent, was empty/null, or malformed.")


def named(asked: Asked, *names: str) -> None:
    """One of these must be there."""
    if not any(asked.get(name) for name in names):
        raise missing(names[0])


def flag(asked: Asked, name: str) -> bool:
    given = asked.get(name, "false").lower()
    if given not in ("true", "false"):
        raise VenueError(-1130, f"Data sent for parameter '{name}' is not valid.")
    return given == "true"


def whole(asked: Asked, name: str, otherwise: int) -> int:
    """A number that may be left out: a time, an id, a limit."""
    given = asked.get(name, "")
    if given and not given.isdecimal():
        raise missing(name)
    return int(given) if given else otherwise


def one_of(asked: Asked, name: str, known: tuple[str, ...], refusal: VenueError, otherwise: str = "") -> str:
    """One of the known words; mandatory where there is nothing otherwise."""
    given = asked.get(name) or otherwise or needed(asked, name)
    if given not in known:
        raise refusal
    return given


def number(asked: Asked, name: str) -> int:
    given = needed(asked, name)
    if not NUMBER.fullmatch(given):
        raise VenueError(-1100, f"Illegal characters found in parameter '{name}'; legal range is '{NUMBER.pattern}'.")
    try:
        return e8(given)
    except ValueError:
        raise VenueError(-1111, TOO_FINE) from None


def precise(value: int, places: int) -> None:
    if value % 10 ** (8 - places):
        raise VenueError(-1111, TOO_FINE)


def not_wanted(asked: Asked, *names: str) -> None:
    for name in names:
        if asked.get(name):
            raise VenueError(-1106, f"Parameter '{name.lower()}' sent when not required.")
