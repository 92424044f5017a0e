"""`streams doctor`: everything that has to be true before trading, a line each, with what to do where it is not.

Nothing is changed anywhere: topics are compared and not made, orders are tested and not placed. What the venue is asked, the gateway asks again
when it starts (`venue/selfcheck.py`).
"""
import asyncio
import sys
from collections.abc import Collection, Iterator
from typing import Annotated

import msgspec
import typer

from streams.cli.common import JSON, configured, tell, venue_keys
from streams.core.events import Intent
from streams.errors import NotReachable, StreamsError, WrongUse
from streams.settings import Environment
from streams.venue.addresses import addresses
from streams.venue.findings import Finding, Verdict, fail, ok, warn
from streams.wire import admin, schemas

PYTHONS = ((3, 11), (3, 14))          # from, and below; as in pyproject.toml


def doctor(
    *, symbol: Annotated[list[str] | None, typer.Option(metavar="SYMBOL", help="try the order types with it; may be repeated")] = None,
    json: JSON = False,
) -> None:
    """Settings, broker, topics, schemas, clock, venue, keys and order types. Ends with 0 where nothing fails, else with the first failure's code.

    No order is placed: the venue is asked whether it would take the least MARKET and LIMIT order of one symbol, which stands for all: BTCUSDT where
    it is traded, else the first of STREAMS_SYMBOLS. --symbol names others instead.
    """
    findings = list(looked_at([name.upper() for name in symbol or ()]))
    tell(findings, "\n".join(_line(one) for one in findings), json=json)
    if code := next((one.exit_code for one in findings if one.verdict is Verdict.FAIL), 0):
        raise typer.Exit(code)


def looked_at(tried: Collection[str] = ()) -> Iterator[Finding]:
    """What depends on something that failed is not asked."""
    yield _python()
    try:
        environment = configured()
        yield ok("settings", f"account {environment.account}, venue {environment.venue}, limits {environment.limits_path or 'built in'}")
        accounts = environment.decisions.accounts
    except StreamsError as error:
        yield fail("settings", error)
        return
    for said in environment.unknown:
        yield warn("variables", said, "mend or remove it; .env.example explains each that there is")
    if environment.account not in accounts:
        wrong = WrongUse(f"STREAMS_ACCOUNT={environment.account} is not one of accounts {', '.join(accounts)}", "mend one of them")
        yield fail("account", wrong)
    yield from _broker(environment)
    yield _schemas()
    yield from _venue(environment, tried)


def _python() -> Finding:
    version = ".".join(map(str, sys.version_info[:3]))
    if PYTHONS[0] <= sys.version_info[:2] < PYTHONS[1]:
        return ok("python", version)
    return fail("python", WrongUse(f"{version} is not tried", "use Python 3.11 to 3.13: make setup PYTHON=/path/to/python"))


def _broker(environment: Environment) -> Iterator[Finding]:
    try:
        bootstrap = environment.bootstrap
        faults = admin.check(bootstrap)
    except StreamsError as error:
        yield fail("broker", error)
        return
    yield ok("broker", f"{bootstrap} answers")
    if not faults:
        yield ok("topics", "each is as the code wants it")
    for fault in faults:
        yield fail("topics", StreamsError(f"{fault.topic} {fault.what}", fault.remedy))


def _schemas() -> Finding:
    """Whether the files that go with the program are its own: records are read by them."""
    numbers = schemas.ids()
    off = [schemas.name_of(one) for one in schemas.MESSAGES if schemas.name_of(one) not in numbers]
    derived = {one: msgspec.json.decode(msgspec.json.encode(schemas.derived(one))) for one in schemas.MESSAGES if one is not Intent}
    off += [schemas.name_of(one) for one, wanted in derived.items() if schemas.schema(one) != wanted]
    if off:
        return fail("schemas", StreamsError(f"{', '.join(off)} in {schemas.FOLDER} are not the code's", "install the program anew"))
    return ok("schemas", f"{len(schemas.MESSAGES)} messages, each with its number")


def _venue(environment: Environment, tried: Collection[str]) -> Iterator[Finding]:
    """With live, the acknowledgement; with testnet and live, that keys are set; then all that the venue itself can tell."""
    try:
        venue = environment.require_venue()
    except StreamsError as error:
        yield fail("venue", error)
        return
    if venue == "live":
        yield warn("money", "this is real money, and it is acknowledged", "unset STREAMS_LIVE_ACK where that is not meant")
    yield from asyncio.run(_asked(environment, tried))


async def _asked(environment: Environment, tried: Collection[str]) -> list[Finding]:
    from streams.venue import filters, selfcheck  # noqa: PLC0415  (ccxt costs seconds: only where it is needed)
    from streams.venue.binance import Binance, Keys  # noqa: PLC0415
    from streams.venue.clock import Clock  # noqa: PLC0415

    there = addresses(environment.require_venue(), environment.binance_rest_url, environment.binance_ws_url)
    venue, symbols = Binance(there, Keys(*venue_keys(environment)), Clock()), environment.decisions.symbols
    try:
        found = await selfcheck.answering(venue)
        if any(one.verdict is Verdict.FAIL for one in found):
            return found
        found += [*await selfcheck.account(venue), *await selfcheck.permissions(venue)]
        loaded = await filters.load(venue, {*symbols, *tried} if symbols else ())
        if not isinstance(loaded, list):
            return [*found, fail("symbols", NotReachable(f"the venue does not tell its symbols: {loaded}", "ask again"))]
        venue.instruments.update({one.symbol: one for one in loaded})
        return [*found, *await selfcheck.orders(venue, symbols, tried=tried)]
    finally:
        await venue.close()


def _line(one: Finding) -> str:
    remedy = f"\n{'':25}→ {one.remedy}" if one.remedy else ""
    return f"{one.verdict.value.upper() if one.verdict is Verdict.FAIL else one.verdict.value:<5} {one.name:<18} {one.said}{remedy}"
