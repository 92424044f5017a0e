"""The gateway's Faust agents: commands and the account's events to the gateway, which acknowledges each when its record is durable.

Exits have an agent of their own. What cannot be read goes to `dead.letter` by the gateway's own pen. Static membership: a restart takes the
partitions back at once.
"""
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any

import msgspec

from streams.agents.measured import command_seen
from streams.agents.turns import buried
from streams.core.commands import Close, Enter, Plan, Withdraw
from streams.core.events import ModeSet, ModeWanted
from streams.errors import Unreadable
from streams.runtime.faust import App, make_app
from streams.runtime.metrics import DEAD_LETTERS, EVENTS
from streams.runtime.records import Record, record_of
from streams.runtime.run import run
from streams.runtime.seat import Seat
from streams.venue.addresses import Addresses
from streams.venue.binance import Keys
from streams.venue.gateway import Gateway
from streams.wire.codec import decode
from streams.wire.topics import ACCOUNT_EVENT, EXIT_COMMAND, ORDER_COMMAND, PARTITIONS

Acknowledge = Callable[[], None]


class Options(msgspec.Struct, frozen=True):
    """What a gateway is for."""

    account: str
    bootstrap: str
    addresses: Addresses
    keys: Keys
    symbols: tuple[str, ...] = ()     # whose filters it publishes; empty: all that the venue lists


class Reader:
    """Hands records to a gateway that is made when the loop runs."""

    def __init__(self, app: App, account: str) -> None:
        self.app, self.account = app, account
        self.gateway: Gateway | None = None

    def read(self, topic: str, taken: Callable[[Gateway, Any, Acknowledge], Awaitable[None]]) -> None:
        raw = self.app.topic(topic, key_type=bytes, value_type=bytes, partitions=PARTITIONS)

        async def consume(stream: Any) -> None:  # noqa: ANN401  (faust's streams are untyped)
            async for event in stream.noack().events():
                await self._record(event.message, taken)

        self.app.agent(raw, name=f"gateway.{topic}")(consume)

    async def _record(self, message: Any, taken: Callable[[Gateway, Any, Acknowledge], Awaitable[None]]) -> None:  # noqa: ANN401
        if self.gateway is None:
            raise AssertionError("records came before the gateway was made")
        record, acknowledge = record_of(message), partial(message.ack, self.app.consumer)
        EVENTS.labels(record.topic).inc()
        try:
            body = decode(record.topic, record.value or b"")
        except Unreadable as error:
            self._bury(self.gateway, record, error, acknowledge)
            return
        if getattr(body, "account", "") == self.account:
            command_seen(body, record.log_time)
            await taken(self.gateway, body, acknowledge)
        else:
            acknowledge()

    def _bury(self, gateway: Gateway, record: Record, error: Unreadable, acknowledge: Acknowledge) -> None:
        DEAD_LETTERS.labels(record.topic, error.reason).inc()
        written = gateway.write(buried(f"gateway-{self.account}", record, error))
        written.add_done_callback(lambda done: None if done.cancelled() else acknowledge())


async def command(gateway: Gateway, body: Enter | Plan | Close | Withdraw, acknowledge: Acknowledge) -> None:
    await gateway.accept(body, acknowledge)


async def account_event(gateway: Gateway, body: Any, acknowledge: Acknowledge) -> None:  # noqa: ANN401  (most are for risk)
    """Anybody's word tightens the mode; only risk's loosens it."""
    written = gateway.heard_mode(body) if isinstance(body, ModeWanted | ModeSet) else None
    if written is None:
        acknowledge()
    else:
        written.add_done_callback(lambda done: None if done.cancelled() else acknowledge())


def build(options: Options, *, state_dir: Path, instance_id: str | None) -> tuple[App, Reader]:
    """The worker's app, and the reader that waits for its gateway."""
    app = make_app(f"gateway-{options.account}", bootstrap=options.bootstrap, state_dir=state_dir, instance_id=instance_id)
    reader = Reader(app, options.account)
    reader.read(EXIT_COMMAND.name, command)
    reader.read(ORDER_COMMAND.name, command)
    reader.read(ACCOUNT_EVENT.name, account_event)
    return app, reader


class _Around:
    """The gateway beside the app: it starts before the first record is read, and ends after the last."""

    def __init__(self, options: Options, reader: Reader, instance: str) -> None:
        self._options, self._reader, self._instance = options, reader, instance

    async def __aenter__(self) -> Gateway:
        asked = self._options
        gateway = Gateway(asked.account, self._instance, asked.bootstrap, asked.addresses, asked.keys, asked.symbols)
        self._reader.gateway = await gateway.__aenter__()
        return gateway

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._reader.gateway is not None:
            await self._reader.gateway.__aexit__(kind, error, trace)


def main(options: Options, seat: Seat) -> int:
    """The exit code. 72: the ledger could not be written, or another gateway of the account has started."""
    app, reader = build(options, state_dir=seat.folder, instance_id=seat.instance_id)
    return run(app, around=_Around(options, reader, seat.instance_id))


