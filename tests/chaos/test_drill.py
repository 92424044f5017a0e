"""Three minutes of it, of a seed that is always the same: what `streams drill` promises holds here. And one that is broken off."""
import asyncio
import os
import signal
import sys
from pathlib import Path

import msgspec
import pytest

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]
ROOT = Path(__file__).parents[2]
MINUTES, SEED = "3", "1"
RULES = 13


async def begun(tmp_path: Path, minutes: str) -> asyncio.subprocess.Process:
    command = [sys.executable, "-m", "streams.cli", "drill", "--minutes", minutes, "--seed", SEED, "--json"]
    environment = {**os.environ, "STREAMS_STATE_DIR": str(tmp_path)}
    return await asyncio.create_subprocess_exec(
        *command, cwd=ROOT, env=environment, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )


async def test_three_minutes(tmp_path: Path) -> None:
    process = await begun(tmp_path, MINUTES)
    out, said = await process.communicate()
    assert process.returncode == 0, out.decode() + said.decode()[-20_000:]
    verdict = msgspec.json.decode(out.splitlines()[-1])
    assert verdict["held"] and len(verdict["rules"]) == RULES
    assert verdict["blows"] >= 20, said.decode()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_one_that_is_broken_off_ends_in_order_with_the_verdict_as_far_as_it_came(tmp_path: Path, number: signal.Signals) -> None:
    process = await begun(tmp_path, "10")
    assert process.stderr is not None and process.stdout is not None
    said = b""
    while b"\n    " not in said:                         # the first blow
        said += (line := await process.stderr.readline())
        assert line, said.decode()
    process.send_signal(number)
    out, rest = await asyncio.gather(process.stdout.read(), process.stderr.read())
    assert await process.wait() == 1
    words = (said + rest).decode()
    assert "Traceback" not in words and "Session is closed" not in words, words
    verdict = msgspec.json.decode(out.splitlines()[-1])
    assert verdict["ended"].startswith("interrupted after") and not verdict["held"] and verdict["blows"] >= 1
    assert [rule for rule in verdict["rules"] if rule["held"] is False] == [], words
