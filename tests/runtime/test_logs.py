import json
import logging
from collections.abc import Iterator

import pytest

from streams.runtime import logs


@pytest.fixture
def _restored(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(logs, "_hidden", set())
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:], root.level = handlers, level


@pytest.mark.usefixtures("_restored")
@pytest.mark.parametrize("style", ["json", "console"])
def test_no_secret_is_written_however_it_comes(style: logs.Style, capsys: pytest.CaptureFixture[str]) -> None:
    secret = "s3cr3t-of-the-venue"
    logs.configure(style)
    logs.hide("bare-secret")
    log = logs.get("streams.test")
    log.info("by name", api_key=secret, nested={"X-MBX-APIKEY": secret, "apiSecret": secret}, headers=[{"Authorization": secret}])
    log.info("in a text", url=f"GET /order?symbol=BTCUSDT&signature={secret}&timestamp=1", body=f'{{"listenKey": "{secret}"}}')
    log.info("by value bare-secret", why=ValueError("bare-secret"))
    logging.getLogger("ccxt").warning("apiKey=%s from a library", secret)
    try:
        int(f"signature={secret} bare-secret")
    except ValueError:
        log.exception("in a traceback")
    written = capsys.readouterr().err
    assert (written.count(secret), written.count("bare-secret")) == (0, 0)
    for text in ("by name", "symbol=BTCUSDT", "timestamp=1", "from a library", "in a traceback", "invalid literal for int"):
        assert text in written


@pytest.mark.usefixtures("_restored")
def test_json_is_one_object_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("json")
    logs.get("streams.test").warning("a position is without a stop", symbol="BTCUSDT", seconds=2)
    logging.getLogger("faust").info("Starting…")
    (line,) = capsys.readouterr().err.splitlines()
    said = json.loads(line)
    assert said.pop("timestamp").endswith("Z")
    assert said == {"event": "a position is without a stop", "symbol": "BTCUSDT", "seconds": 2, "level": "warning", "logger": "streams.test"}


@pytest.mark.usefixtures("_restored")
def test_a_client_that_repeats_itself_is_heard_once_a_second(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("json")
    client, other = logging.getLogger("aiokafka.producer.sender"), logging.getLogger("faust.app")
    for second in (100.0, 100.2, 100.9, 101.1):
        for logger in (client, other):
            said = {"name": logger.name, "levelno": logging.WARNING, "levelname": "WARNING", "lineno": 7, "created": second}
            logger.handle(logging.makeLogRecord({**said, "msg": "broker %s is away", "args": (second,)}))
    told = [json.loads(line) for line in capsys.readouterr().err.splitlines()]

    heard = ["broker 100.0 is away", "broker 101.1 is away (and 2 like it before)"]
    assert [line["event"] for line in told if line["logger"] == client.name] == heard
    assert len([line for line in told if line["logger"] == other.name]) == 4
