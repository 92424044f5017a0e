"""`python -m tests.chaos.dying DOOR…`: the real gateway, which kills itself at the last of these doors once it has passed the others in their order.

The doors have the names of the simulation's (`tests/simulation/doors.py`); here they are where aiokafka and ccxt are called.
"""
import os
import signal
import sys
from collections.abc import Sequence
from typing import Any
from unittest.mock import patch

from aiokafka import AIOKafkaProducer

from streams.cli import main
from streams.venue.binance import _Client
from streams.wire.codec import decode
from tests.simulation.venue import label


class Doors:
    def __init__(self, ahead: Sequence[str]) -> None:
        self._ahead = list(ahead)

    def is_last(self, door: str) -> bool:
        """Notes the passage; whether it is the last one."""
        if not self._ahead or door != self._ahead[0]:
            return False
        self._ahead.pop(0)
        return not self._ahead

    def passed(self, door: str) -> None:
        if self.is_last(door):
            os.kill(os.getpid(), signal.SIGKILL)


def run(doors: Doors) -> None:
    send, commit, request = AIOKafkaProducer.send, AIOKafkaProducer.commit_transaction, _Client.request

    async def sending(self: Any, topic: str, value: bytes | None = None, **options: Any) -> Any:  # noqa: ANN401
        what = type(decode(topic, value)).__name__ if value else "tombstone"
        doors.passed(f"log: send {what}")
        future = await send(self, topic, value, **options)
        if doors.is_last(f"log: send {what} done"):
            await future                                 # the broker has it, in a transaction that nobody will end
            os.kill(os.getpid(), signal.SIGKILL)
        return future

    async def committing(self: Any) -> None:  # noqa: ANN401
        doors.passed("log: commit")
        await commit(self)
        doors.passed("log: commit done")

    async def requesting(self: Any, path: str, api: Any, method: str, params: dict[str, Any], **options: Any) -> Any:  # noqa: ANN401
        doors.passed(f"rest: {label(method, path, params)}")
        try:
            return await request(self, path, api, method, params, **options)
        finally:
            doors.passed(f"rest: {label(method, path, params)} answered")

    with (
        patch.object(AIOKafkaProducer, "send", sending), patch.object(AIOKafkaProducer, "commit_transaction", committing),
        patch.object(_Client, "request", requesting),
    ):
        sys.argv = ["streams", "worker", "gateway"]
        main()


if __name__ == "__main__":
    run(Doors(sys.argv[1:]))
