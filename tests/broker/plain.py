"""An agent without the order of work, on the hardened app or on Faust's own: `python -m tests.broker.plain '<Plain as JSON>'`.

It answers each event and leaves the acknowledgement to the loop, or, with `held`, acknowledges by hand all but the one that carries `fails_without`.
"""
import asyncio
import sys
from pathlib import Path
from typing import Any

import faust
import msgspec

from streams.runtime import logs
from streams.runtime.faust import App, make_app
from streams.runtime.run import run
from tests.broker.worker import Event, Setup


class Plain(Setup, frozen=True):
    hardened: bool = True
    held: bool = False


def main(setup: Plain) -> int:
    logs.configure("console")
    app = _app(setup)
    out = app.topic(setup.topic("out"), key_type=bytes, value_type=bytes)
    kept: list[Any] = []                  # what nobody references, Faust takes for finished

    def failing(told: Event) -> bool:
        return bool(told.fails_without) and not Path(told.fails_without).exists()

    async def answer(stream: Any) -> None:  # noqa: ANN401
        async for event in (stream.noack() if setup.held else stream).events():
            told = msgspec.json.decode(event.value, type=Event)
            if failing(told):
                if not setup.held:
                    raise RuntimeError(f"told to fail at {told.id}")
                kept.append(event)
                continue
            await (await out.send(key=event.key, value=told.id.encode()))
            if setup.held:
                event.ack()

    app.agent(app.topic(setup.topic("in.b"), key_type=bytes, value_type=bytes))(answer)
    if isinstance(app, App):
        return run(app, grace_s=setup.grace_s)
    asyncio.get_event_loop().run_until_complete(app.start())
    asyncio.get_event_loop().run_forever()
    return 0


def _app(setup: Plain) -> faust.App:
    if setup.hardened:
        return make_app(setup.group, bootstrap=setup.bootstrap, state_dir=Path(setup.state_dir), session_timeout_s=setup.session_timeout_s)
    return faust.App(
        setup.group, broker=f"kafka://{setup.bootstrap}", datadir=setup.state_dir, topic_disable_leader=True, topic_allow_declare=False,
        key_serializer="raw", value_serializer="raw", consumer_auto_offset_reset="earliest", broker_commit_interval=0.5, broker_session_timeout=6.0,
        broker_heartbeat_interval=1.2, web_enabled=False,
    )


if __name__ == "__main__":
    sys.exit(main(msgspec.json.decode(sys.argv[1], type=Plain)))
