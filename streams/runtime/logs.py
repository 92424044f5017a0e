"""Logs to standard error, for people or as JSON lines, without secrets. Faust, mode and aiokafka speak through the same handler, from WARNING on."""
import logging
import re
import sys
from typing import Any, Literal

import structlog

Style = Literal["console", "json"]
HIDDEN = "•••"
NOISY = (                                                # those of ours are Faust services, and say what Faust makes them say
    "faust", "mode", "aiokafka", "asyncio",
    "streams.runtime.faust", "streams.runtime.consumer", "streams.runtime.producer", "streams.runtime.recovery",
)
REPEATING = "aiokafka"                                   # says of each partition, hundreds of times a second, that a broker is away
AGAIN_S = 1.0
_SECRET_NAME = re.compile(r"secret|token|password|passwd|signature|api[_-]?key|authori[sz]ation|credential|listen[_-]?key", re.IGNORECASE)
_SECRET_TEXT = re.compile(r"((?:signature|secret|token|password|api[_-]?key|listen[_-]?key)[\"']?\s*[=:]\s*[\"']?)[^\s&\"',}]+", re.IGNORECASE)
_hidden: set[str] = set()


def get(name: str) -> Any:
    return structlog.stdlib.get_logger(name)


def hide(secret: str) -> None:
    """From here on the text never appears in a log, wherever it comes from."""
    if secret:
        _hidden.add(secret)


def configure(style: Style = "console", level: str = "INFO") -> None:
    """Once a process, before anything logs. Faust's own command line is not used: at `-l warn` it would set the root logger to DEBUG."""
    shared: list[structlog.types.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.stdlib.ExtraAdder(),
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.addFilter(Seldom())
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(foreign_pre_chain=shared, processors=_finish(style)))
    logging.basicConfig(handlers=[handler], level=level, force=True)
    for noisy in NOISY:
        logging.getLogger(noisy).setLevel(max(logging.WARNING, logging.getLevelName(level)))


class Seldom(logging.Filter):
    """Lets through one line a second of each place of a client that repeats itself; the next one says how many there were between."""

    def __init__(self) -> None:
        super().__init__()
        self._said: dict[tuple[str, int], tuple[float, int]] = {}        # by place: when it last spoke, and how often it was silenced since

    def filter(self, record: logging.LogRecord) -> bool:
        if not record.name.startswith(REPEATING):
            return True
        place = record.name, record.lineno
        said_at, silenced = self._said.get(place, (0.0, 0))
        if record.created - said_at < AGAIN_S:
            self._said[place] = said_at, silenced + 1
            return False
        self._said[place] = record.created, 0
        if silenced:
            record.msg, record.args = f"{record.getMessage()} (and {silenced} like it before)", ()
        return True


def redact(logger: Any, method: str, event: structlog.types.EventDict) -> structlog.types.EventDict:  # noqa: ARG001
    """The last look at everything that is about to be written: by the field's name, by what precedes a value in a text, by the value itself."""
    return {name: HIDDEN if _SECRET_NAME.search(name) else _clean(value) for name, value in event.items()}


def _finish(style: Style) -> list[structlog.types.Processor]:
    said: list[structlog.types.Processor] = [structlog.stdlib.ProcessorFormatter.remove_processors_meta, structlog.processors.format_exc_info, redact]
    if style == "json":
        return [*said, structlog.processors.JSONRenderer(default=repr)]
    return [*said, structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())]


def _clean(value: object) -> object:
    match value:
        case dict():
            return {name: HIDDEN if _SECRET_NAME.search(str(name)) else _clean(inner) for name, inner in value.items()}
        case list() | tuple() | set():
            return [_clean(inner) for inner in value]
        case bool() | int() | float() | None:
            return value
    return redacted(value if isinstance(value, str) else repr(value))


def redacted(text: str) -> str:
    """What a log would show of it, for what is written past the log."""
    return veiled(text, *_hidden)


def veiled(text: str, *secrets: str) -> str:
    """Words of others that are to be told on: without these secrets, and without what stands behind a secret's name."""
    for secret in secrets:
        text = text.replace(secret, HIDDEN)
    return _SECRET_TEXT.sub(rf"\1{HIDDEN}", text)
