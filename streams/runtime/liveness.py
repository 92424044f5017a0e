"""Zombies: a worker that was stopped or cut off, lost its partitions, and does not know it yet.

Commits are fenced by the group, writes are not: what such a worker still holds would land in the log after its successor's records. Three things
keep it from there.

    witness   heartbeats live in aiokafka's coordinator, in the consumer's own thread. Every answer of the group to a heartbeat is noted with the
              time at which it was *asked*, on the clock that runs on while the machine sleeps. If the group answers that it does not know us
              (unknown member, old generation, fenced), to a heartbeat or to a commit, the process ends at once, before a buffer can empty itself.
    turn      before its turn an event waits while the group has been silent for more than two thirds of the session timeout: from the whole of
              it on, our partitions may be somebody else's.
    socket    the same look once more when a produce request leaves. A batch that was filled before the process was stopped waits here; the turn's
              look came too early for it.

A worker that the group merely does not answer, because the broker is away, holds and goes on when it is back.
"""
import asyncio
import os
import time
from contextlib import suppress
from typing import Any

from aiokafka.protocol.commit import OffsetCommitRequest
from aiokafka.protocol.group import HeartbeatRequest, SyncGroupRequest
from aiokafka.protocol.produce import ProduceRequest

from streams.runtime import logs

EXIT_ZOMBIE = 70
ALIVE = {0, 27}                                          # no error; rebalance in progress: a member, asked to join again
LOST = {22, 25, 82}                                      # illegal generation, unknown member, fenced instance
_CLOCK = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)      # macOS has only the latter, and it counts its sleep
_log = logs.get(__name__)


def now_s() -> float:
    """Seconds since boot, suspended ones included."""
    return time.clock_gettime(_CLOCK)


class Membership:
    """What the group last said of us. Written by the consumer's thread, read by the worker's loop."""

    def __init__(self, session_timeout_s: float) -> None:
        self.silence_max_s = session_timeout_s * 2 / 3
        self.asked_at = float("inf")                     # no group yet, and no partition that could be lost

    @property
    def silent(self) -> bool:
        return now_s() - self.asked_at > self.silence_max_s

    async def answered(self) -> None:
        """Returns at once while the group is heard; else waits until it is. If it disowns us, the process ends meanwhile."""
        if self.silent:
            _log.warning("group silent: holding every record back", silent_s=round(now_s() - self.asked_at, 1))
            while self.silent:                           # noqa: ASYNC110  (the answer comes in another thread, and time passes without an event)
                await asyncio.sleep(0.02)
            _log.warning("group answers: going on")

    def witness(self, coordinator: Any) -> None:
        """Sees every answer that the coordinator of the group gives from here on."""
        send = coordinator._send_req

        async def witnessed(request: Any) -> Any:
            asked = now_s()
            answer = await send(request)
            codes = _codes(request, answer)
            if codes & LOST:
                _end(codes & LOST)
            if codes & ALIVE and not isinstance(request, OffsetCommitRequest):
                self.asked_at = asked
            return answer

        coordinator._send_req = witnessed

    def guard(self, client: Any) -> None:
        """Holds the produce requests of this client at the socket."""
        ready, send = client.ready, client.send

        async def guarded(node: int, request: Any, **options: Any) -> Any:
            if isinstance(request, ProduceRequest):
                await ready(node)                        # connecting takes time, so it comes before the look
                await self.answered()
            return await send(node, request, **options)

        client.send = guarded


def _codes(request: Any, answer: Any) -> set[int]:
    if isinstance(request, HeartbeatRequest):
        return {answer.error_code}
    if isinstance(request, SyncGroupRequest):
        return {answer.error_code} & ALIVE               # a join that fails is joined again: its partitions were given back before it
    if isinstance(request, OffsetCommitRequest):
        return {code for _, partitions in answer.topics for _, code in partitions}
    return set()


def _end(codes: set[int]) -> None:
    with suppress(OSError):                              # the log's disk is full, or its reader gone: it ends all the same
        os.write(2, b"streams: the group does not know this worker any more (code %d): its partitions have a new owner, ending\n" % min(codes))
    os._exit(EXIT_ZOMBIE)
