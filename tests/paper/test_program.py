"""`streams paper` as a program of its own: its options reach the exchange, and it ends when it is asked to."""
import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp

from streams.errors import WrongUse

ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith("STREAMS_")}


@asynccontextmanager
async def program(*options: str) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "streams.cli", "paper", "--port", "0", "--json", *options, env=ENVIRONMENT,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def test_it_is_as_its_options_say_until_it_is_ended() -> None:
    limits, funding_terms = ("--weight-1m", "100", "--orders-10s", "0"), ("--funding-minutes", "60", "--funding-rate", "-0.0002")
    run = program("--source", "simulator", "--seed", "1", *limits, *funding_terms)
    async with run as process, asyncio.timeout(60), aiohttp.ClientSession() as session:
        assert process.stdout is not None
        told = json.loads(await process.stdout.readline())
        async with session.get(f"{told['rest']}/fapi/v1/exchangeInfo") as answer:
            info = await answer.json()
        async with session.get(f"{told['rest']}/fapi/v1/fundingInfo") as answer:
            funding = await answer.json()
        async with session.get(f"{told['rest']}/fapi/v1/premiumIndex?symbol=BTCUSDT") as answer:
            premium = await answer.json()
        process.terminate()
        ended = await process.wait()
    assert (told["seed"], [one["limit"] for one in info["rateLimits"]], ended) == (1, [100, 1200, 1_000_000], 0)
    assert (funding[0]["fundingIntervalHours"], premium["lastFundingRate"]) == (1, "-0.0002")


async def test_an_option_that_is_no_number_is_told_before_anything_opens() -> None:
    async with program("--depth", "much") as process, asyncio.timeout(60):
        told, said = await process.communicate()
    assert (process.returncode, told, b"--depth: 'much' is not a finite decimal number" in said) == (WrongUse.exit_code, b"", True)
