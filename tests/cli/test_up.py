"""`streams up` before anything of it runs: what it refuses, and who has taken its gateway's place."""
import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from aiohttp import web

from streams.cli import run
from streams.cli.run import Running, Setting
from streams.core.ledger import BeatRecord
from streams.demo.pipeline import paper_answers
from streams.errors import Refused
from streams.paper.server import PaperExchange
from streams.runtime import seat
from streams.venue.addresses import Addresses
from streams.wire.log import Record

Streams = Callable[..., tuple[int, str, str]]
NOWHERE = Addresses("http://127.0.0.1:1", "ws://127.0.0.1:1")


def test_two_of_them_never_share_a_state_folder(streams: Streams, tmp_path: Path) -> None:
    """The broker is one that does not answer: the second is refused before it is asked for."""
    environment = {"STREAMS_KAFKA_BOOTSTRAP": "127.0.0.1:1", "STREAMS_STATE_DIR": str(tmp_path / "state")}
    with seat.alone(tmp_path / "state", "up"):
        code, out, err = streams("up", **environment)
    assert (code, out) == (3, "")
    assert err.startswith(f"streams: `streams up` runs in {tmp_path / 'state'} already (process ")
    assert "stop it first" in err
    seat.alone(tmp_path / "state", "up").close()                                     # free again


@pytest.mark.parametrize("arguments", [("up",), ("demo",), ("drill",)])
def test_a_state_folder_that_cannot_be_made_is_said_in_one_line(arguments: tuple[str, ...], streams: Streams, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    state = tmp_path / "file" / "state"
    said = f"streams: the state folder {state} cannot be written: Not a directory; free some disk, or set STREAMS_STATE_DIR\n"
    assert streams(*arguments, STREAMS_STATE_DIR=str(state)) == (4, "", said)


@pytest.mark.parametrize(("instance", "rival"), [
    pytest.param("gateway-of-another", True, id="another's"), pytest.param("ours", False, id="our own last word, read late"),
    pytest.param("", False, id="nobody's"),
])
async def test_who_speaks_while_ours_is_dead_has_its_place(
    instance: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, *, rival: bool,
) -> None:
    monkeypatch.setattr(run, "SPOKEN_S", 0.05)
    taken = seat.take(tmp_path, "gateway")
    running = Running(Setting("", "127.0.0.1:1", NOWHERE, None, tmp_path / "logs", {}, tmp_path, tmp_path), None)
    asked = asyncio.create_task(running.processes.rival())
    await asyncio.sleep(0)
    if instance:
        beat = BeatRecord("main", taken.instance_id if instance == "ours" else instance, 1)
        running.pipeline.board.take(Record("order.ledger", 0, 0, 5, b"beat:main", beat, b""))
    said = await asked
    assert said.startswith("another gateway of account main runs on 127.0.0.1:1; stop one") if rival else said == ""


@pytest.fixture
async def stranger() -> AsyncIterator[str]:
    """A server that answers whatever it is asked for, as a development server may on that port."""
    async def answered(_: web.Request) -> web.Response:
        return web.json_response({})

    app = web.Application()
    app.router.add_get("/{path:.*}", answered)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


async def test_only_a_paper_exchange_is_taken_for_one(stranger: str) -> None:
    async with PaperExchange(symbols=["BTCUSDT"]) as exchange:
        assert await paper_answers(exchange.rest_url)
    assert not await paper_answers("http://127.0.0.1:1")
    with pytest.raises(Refused, match=r"is no paper exchange .*; end what holds that port"):
        await paper_answers(stranger)
