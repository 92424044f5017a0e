"""Three minutes of it, of a seed that is always the same: what `streams drill` promises holds here."""
import asyncio
import os
import sys
from pathlib import Path

import msgspec
import pytest

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900), pytest.mark.xdist_group("pipeline")]
ROOT = Path(__file__).parents[2]
MINUTES, SEED = "3", "1"
RULES = 7


async def test_three_minutes(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "streams.cli", "drill", "--minutes", MINUTES, "--seed", SEED, "--json"]
    environment = {**os.environ, "STREAMS_STATE_DIR": str(tmp_path)}
    process = await asyncio.create_subprocess_exec(
        *command, cwd=ROOT, env=environment, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )
    out, said = await process.communicate()
    assert process.returncode == 0, out.decode() + said.decode()[-20_000:]
    verdict = msgspec.json.decode(out.splitlines()[-1])
    assert verdict["held"] and len(verdict["rules"]) == RULES
    assert verdict["blows"] >= 20, said.decode()
