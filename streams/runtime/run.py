"""Runs a worker: one app, one process, until a signal or a halt."""
import asyncio
import gc
import os
import signal
import threading
from collections.abc import Coroutine
from contextlib import AbstractAsyncContextManager, nullcontext, suppress
from functools import partial
from typing import Any

import uvloop
from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient, ConfigResource, ResourceType

from streams.errors import NotReachable, StreamsError, WrongUse
from streams.runtime import logs
from streams.runtime.faust import App
from streams.runtime.watchdog import Watchdog
from streams.wire.topics import PARTITIONS, TOPICS

EXIT_HALTED = 1
EXIT_HUNG = 71
_log = logs.get(__name__)


def run(app: App, *, around: AbstractAsyncContextManager[Any] | None = None, grace_s: float = 30.0) -> int:
    """The exit code: 0 after SIGTERM or SIGINT, 1 after a halt, an error's own where it did not come up. 70 is a zombie's (`liveness.py`).

    `around` lives beside the app in its loop: entered before the first record is read, left when none is read any more, also after a halt. What is
    not over `grace_s` after that began is ended with 71: Faust cannot stop without its broker, and nothing depends on a tidy end.
    """
    try:
        _look_for_topics(app)
        _settle()
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            return runner.run(_watched(_live(app, around or nullcontext(), grace_s)))
    except StreamsError as error:
        _log.error("the worker did not start", group=app.conf.id, error=str(error))
        return error.exit_code


def _settle() -> None:
    """What was imported lives as long as the process: a hundred thousand objects that no full collection need look at while records wait."""
    gc.collect()
    gc.freeze()


async def _watched(living: Coroutine[Any, Any, int]) -> int:
    with Watchdog():
        return await living


async def _live(app: App, around: AbstractAsyncContextManager[Any], grace_s: float) -> int:
    asked = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, asked.set)

    async def ready() -> None:
        gc.freeze()                                      # what starting made lives as long; this costs nothing
        if not asked.is_set():
            _log.info("the worker is ready", group=app.conf.id, instance=app.conf.consumer_group_instance_id)

    app.on_startup_finished = ready
    async with around:
        started = asyncio.create_task(app.start())
        started.add_done_callback(partial(_halt_where_it_failed, app))
        ended = [asyncio.create_task(app.wait_until_stopped()), asyncio.create_task(asked.wait())]
        await asyncio.wait(ended, return_when=asyncio.FIRST_COMPLETED)
        _log.info("the worker stops", group=app.conf.id, halted=repr(app.halted or app.crash_reason))
        code = EXIT_HALTED if app.halted or app.crashed else 0
        _end_after(grace_s)
        await asyncio.wait([asyncio.create_task(app.stop())], timeout=grace_s / 2)
        for task in (started, *ended):
            task.cancel()
    return code


def _halt_where_it_failed(app: App, started: asyncio.Task[None]) -> None:
    if not started.cancelled() and (error := started.exception()):
        app.halt(error)


def _end_after(grace_s: float) -> None:
    def end() -> None:
        with suppress(OSError):                          # the log's disk is full, or its reader gone: it ends all the same
            os.write(2, b"streams: the worker could not stop in time, ending it\n")
        os._exit(EXIT_HUNG)

    watch = threading.Timer(grace_s, end)
    watch.daemon = True
    watch.start()


def _look_for_topics(app: App) -> None:
    """A consumer would wait for a missing topic in silence, and a table on another number of partitions would be dealt out wrongly."""
    servers = ",".join(f"{url.host}:{url.port}" for url in app.conf.broker)
    admin = AdminClient({"bootstrap.servers": servers, "log_level": 0})
    try:
        found = admin.list_topics(timeout=5).topics
    except KafkaException as error:
        raise NotReachable(f"no Kafka broker answers at {servers}: {error.args[0]}", "streams kafka up") from None
    read = {topic for agent in app.agents.values() for topic in agent.channel.topics}
    changelogs = {table.changelog_topic_name for table in app.tables.values()}
    needed = read | changelogs
    wrong = {topic: len(found[topic].partitions) if topic in found else 0 for topic in needed}
    wrong = {topic: partitions for topic, partitions in wrong.items() if partitions != PARTITIONS}
    if wrong:
        raise WrongUse(f"these topics must exist with {PARTITIONS} partitions: {wrong}", "streams topics apply")
    _look_at_keeping(admin, read, changelogs)


def _look_at_keeping(admin: AdminClient, read: set[str], changelogs: set[str]) -> None:
    """A changelog that forgets by age forgets states, and a compacted topic of events forgets events. Without the right to ask, nobody is stopped."""
    wanted = {topic.name: topic.keep["cleanup.policy"] for topic in TOPICS if topic.name in read} | dict.fromkeys(changelogs, "compact")
    asked = [ConfigResource(ResourceType.TOPIC, topic) for topic in wanted]
    answers = admin.describe_configs(asked, request_timeout=5) if asked else {}
    for resource, answer in answers.items():
        try:
            policy = answer.result(5)["cleanup.policy"].value
        except (KafkaException, TimeoutError) as error:
            _log.warning("how a topic is kept cannot be asked", topic=resource.name, error=str(error))
            continue
        if policy != (right := wanted[resource.name]):
            mends = f"--alter --entity-type topics --entity-name {resource.name} --add-config cleanup.policy={right}"
            what = f"{resource.name} must be kept by cleanup.policy={right}, and is by {policy}"
            raise WrongUse(what, f"kafka-configs.sh --bootstrap-server … {mends}")
