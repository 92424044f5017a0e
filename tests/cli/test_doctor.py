"""`streams doctor`, run as a person runs it: every line, its exit code, and no secret in any of it."""
import asyncio
import os
import sys
from pathlib import Path

import msgspec
import pytest

from streams.core.values import e8
from streams.paper.server import PaperExchange
from streams.venue.findings import Finding
from streams.wire import admin

SECRETS = {"STREAMS_BINANCE_API_KEY": "K3YK3YK3Y", "STREAMS_BINANCE_API_SECRET": "S3CR3TS3CR3T"}
MISSPELT = {"STREAMS_BINANCE_API_SECRT": "R3D1SW0RD"}
HIDDEN = ("K3YK3YK3Y", "S3CR3TS3CR3T", "R3D1SW0RD")


async def doctor(folder: Path, variables: dict[str, str], *arguments: str) -> tuple[int, str, str]:
    """Exit code, standard output and standard error."""
    silent = {name: value for name, value in os.environ.items() if not name.startswith("STREAMS_")}
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "streams.cli", "doctor", *arguments, cwd=folder, env={**silent, **variables},
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )
    output, errors = await asyncio.wait_for(child.communicate(), 60)
    return child.returncode or 0, output.decode(), errors.decode()


async def found(folder: Path, variables: dict[str, str]) -> tuple[int, dict[str, Finding]]:
    code, output, errors = await doctor(folder, variables, "--json")
    assert output, errors
    return code, {one.name: one for one in msgspec.json.decode(output, type=list[Finding])}


def venue(exchange: PaperExchange) -> dict[str, str]:
    return {"STREAMS_VENUE": "custom", "STREAMS_BINANCE_REST_URL": exchange.rest_url, "STREAMS_BINANCE_WS_URL": exchange.ws_url}


async def test_what_is_fit_to_trade_is_ok_in_every_line(kafka: str, tmp_path: Path) -> None:
    await asyncio.to_thread(admin.apply, kafka)
    async with PaperExchange(symbols=["BTCUSDT"]) as exchange:
        exchange.set_price("BTCUSDT", e8("60000"), e8("60000.1"))
        code, output, _ = await doctor(tmp_path, {"STREAMS_KAFKA_BOOTSTRAP": kafka, "STREAMS_SYMBOLS": "BTCUSDT", **venue(exchange)})
    lines = [line.split(maxsplit=1) for line in output.splitlines()]
    assert (code, {verdict for verdict, _ in lines}) == (0, {"ok"}), output
    assert [next(name for name in NAMES if said.startswith(name)) for _, said in lines] == list(NAMES)


NAMES = (
    "python", "settings", "broker", "topics", "schemas", "venue", "clock", "keys", "position mode", "permissions", "symbols", "MARKET entries",
    "LIMIT entries", "stops and targets",
)


async def test_the_order_types_are_tried_with_the_symbols_that_are_named(tmp_path: Path) -> None:
    """Also those that are not in the settings, in any letters."""
    async with PaperExchange(symbols=["BTCUSDT", "ETHUSDT", "SOLUSDT"]) as exchange:
        for symbol, rules in exchange.engine.rules.items():
            exchange.set_price(symbol, rules.price, rules.price + rules.tick)
        variables = {**venue(exchange), "STREAMS_SYMBOLS": "BTCUSDT", "STREAMS_KAFKA_BOOTSTRAP": "127.0.0.1:1"}
        _, output, _ = await doctor(tmp_path, variables, "--symbol", "ethusdt", "--symbol", "SOLUSDT", "--symbol", "XUSDT")
    told = output.splitlines()[output.splitlines().index("ok    symbols            1 trade"):]
    assert told == [
        "ok    symbols            1 trade",
        "ok    MARKET entries     taken, tried with ETHUSDT", "ok    LIMIT entries      taken, tried with ETHUSDT",
        "ok    MARKET entries     taken, tried with SOLUSDT", "ok    LIMIT entries      taken, tried with SOLUSDT",
        "FAIL  symbols            the venue does not list XUSDT", f"{'':25}→ mend --symbol",
        "ok    stops and targets  their store answers, 0 rest",
    ]


async def test_keys_that_are_refused_end_with_3_and_no_secret_is_told(tmp_path: Path) -> None:
    async with PaperExchange(symbols=["BTCUSDT"]) as exchange:
        variables = {**venue(exchange), **SECRETS, **MISSPELT}
        told = [await doctor(tmp_path, variables), await doctor(tmp_path, variables, "--json")]
        _, by_name = await found(tmp_path, {**variables, "STREAMS_KAFKA_BOOTSTRAP": "127.0.0.1:1"})
    assert by_name["variables"].said == "STREAMS_BINANCE_API_SECRT means nothing: did you mean STREAMS_BINANCE_API_SECRET?"
    assert by_name["keys"].exit_code == 3 and "-2015" in by_name["keys"].said
    assert not any(secret in text for _, output, errors in told for text in (output, errors) for secret in HIDDEN)


@pytest.mark.parametrize(("variables", "name", "code", "remedy"), [
    ({}, "broker", 4, "streams kafka up"),
    ({"STREAMS_KAFKA_BOOTSTRAP": "127.0.0.1:1"}, "broker", 4, "streams kafka up"),
    ({"STREAMS_VENUE": "live", **SECRETS}, "venue", 3, "set STREAMS_LIVE_ACK=I-UNDERSTAND if that is what you want"),
    ({"STREAMS_VENUE": "testnet"}, "venue", 2, "set them (.env.example explains each)"),
    ({"STREAMS_VENUE": "moon"}, "settings", 2, "see .env.example"),
    ({"STREAMS_CONFIG": "nowhere.toml"}, "settings", 2, "mend STREAMS_CONFIG, or remove it: there are defaults"),
    ({"STREAMS_VENUE": "custom", "STREAMS_BINANCE_REST_URL": "http://127.0.0.1:1", "STREAMS_BINANCE_WS_URL": "ws://x"}, "venue", 4, "look at"),
])
async def test_what_is_wrong_is_named_with_what_to_do(variables: dict[str, str], name: str, code: int, remedy: str, tmp_path: Path) -> None:
    ended, by_name = await found(tmp_path, variables)
    assert (by_name[name].verdict.value, by_name[name].exit_code, remedy in by_name[name].remedy) == ("fail", code, True)
    assert ended == next(one.exit_code for one in by_name.values() if one.verdict.value == "fail")
