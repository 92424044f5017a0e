"""The hardened Faust app: fail-stop, at least once, nothing committed whose effects are not confirmed.

Stock faust-streaming 0.15.3 acknowledges a record when the agent's loop comes round, logs what fails after that, and commits regardless. The ways
in which it loses or doubles events were found by running it against a real broker under kills, joins, restarts and bad records. Each is closed by
a subclass; nothing is patched. Numbers are issues of faust-streaming.

    An agent raises           The record is acknowledged in a `finally`, and the app commits at once on any agent's error.
                              App: halts.
    A produce fails           A line in the log, and the offsets move on past outputs that never existed.
                              Producer: halts.
    Out of order (#606)       Any run of consecutive acknowledged offsets is committed, also one that begins after a record still at work.
                              Consumer: only the unbroken prefix of what was delivered.
    A flush that gives up     After 0.1 s without progress; a kill then finds table records behind the committed offsets.
                              Acknowledged means confirmed (`flow.py`), so no commit needs a flush, and the one at the end waits.
    Recovery (#596)           Stream partitions resume while the flow is open, and a fetch outlives the seek: nothing clears the event that the
                              code waits for. Records are lost, doubled, or a commit sticks, at any rebalance or start with a backlog.
                              WholeRecovery: closes the flow and waits for the last fetch before any seek.
    First records             The set of active partitions is emptied under a fetch, which then takes and drops what it finds in all of them; where
                              nothing was ever committed, no seek brings it back.
                              Consumer: a fetch has its own set. ConsumerThread: without a commit a seek goes to the beginning.
    Giving back (#502)        Acknowledgements are dropped before the commit that needs them: at a revocation, and by a seek back whenever a fetch
                              ends while the flow is being closed.
                              Consumer: commits what is at work first, and seeks nowhere on its own.
    Zombies                   Commits are fenced by the group, writes are not: a worker that was stopped and lost its partitions goes on writing.
                              Membership (`liveness.py`) at the turn and at the socket; Rank (`recovery.py`) in the tables.

A halt is final: nothing more is committed, the process ends with a code, whoever started it starts it again, and the events are worked anew. What
makes that harmless is the order of work (`flow.py`). `exactly_once` is not used: it does not cover outputs to topics that the app does not read.

Not for use on this app: `concurrency` above 1, `take`, `group_by`, windows that close, `app.channel` for what must survive, global tables. There is
one app a process (Faust keeps state in its modules, and a halt ends the process); several workers are several processes.
"""
import asyncio
import time
from pathlib import Path
from typing import Any, cast

import faust
from faust.types import TP, Message

from streams.runtime import logs
from streams.runtime.consumer import Consumer
from streams.runtime.fold import Fold
from streams.runtime.liveness import Membership
from streams.runtime.producer import Producer
from streams.runtime.recovery import RankedTable, Tables
from streams.wire.topics import PARTITIONS, RECORD_MAX

_log = logs.get(__name__)


class Transport(faust.transport.drivers.aiokafka.Transport):
    Consumer = Consumer
    Producer = Producer


class AsItLies(faust.Schema[bytes, bytes]):
    """Keys and values as they lie in the log. Faust's own schema asks four codecs that do nothing, and the settings for the class of an event."""

    def compile(self, app: Any, **_: Any) -> Any:
        async def decode(message: Message, *, propagate: bool = False) -> faust.Event:  # noqa: ARG001
            return faust.Event(app, message.key, message.value, None, message)

        return decode


class Heard(faust.Monitor):
    """Of Faust's statistics, which nobody reads, only what its own warnings go by: when an event of a partition last came to an agent."""

    def on_message_in(self, tp: TP, offset: int, message: Message) -> None:
        pass

    def on_stream_event_in(self, tp: TP, offset: int, stream: Any, event: Any) -> None:  # noqa: ARG002
        self.stream_inbound_time[tp] = time.monotonic()

    def on_stream_event_out(self, tp: TP, offset: int, stream: Any, event: Any, state: Any = None) -> None:
        pass

    def on_message_out(self, tp: TP, offset: int, message: Message) -> None:
        pass


class App(faust.App):
    """`halted` is None for as long as everything that was acknowledged has happened."""

    halted: BaseException | None = None

    def __init__(self, group: str, *, session_timeout_s: float, **settings: Any) -> None:
        self.membership = Membership(session_timeout_s)
        self.folds: dict[str, Fold[Any, Any]] = {}       # topic -> how its records fold on their way in
        super().__init__(
            group,
            broker_session_timeout=session_timeout_s,
            TableManager=Tables,
            Table=RankedTable,
            Monitor=Heard,
            agent_supervisor="mode.CrashingSupervisor",
            **settings,
        )

    def halt(self, error: BaseException) -> None:
        """Commits nothing from here on, and ends the worker."""
        if self.halted is None:
            self.halted = error
            _log.critical("halted: nothing more is committed", error=repr(error), exc_info=error)
            self._halting = asyncio.ensure_future(self.crash(error))         # held, or it may be collected before it ends

    @property
    def reader(self) -> Consumer:
        """`consumer`, as what it is here."""
        return cast(Consumer, self.consumer)

    @property
    def writer(self) -> Producer:
        """`producer`, as what it is here."""
        return cast(Producer, self.producer)

    def partitions_of(self, topic: str) -> set[int]:
        """The partitions of a topic that this worker holds now; none while they are being dealt out."""
        if self.rebalancing or self.halted is not None:
            return set()
        return {tp.partition for tp in self.consumer.assignment() if tp.topic == topic}

    def waiting(self, stream: Any) -> Message | None:
        """The next event that lies in the stream's queue, as the stream would give it after a round of the loop; None where none does."""
        queue = stream.channel.queue
        while self.flow_control.is_active() and not queue.empty():
            message: Message = queue.get_nowait().message
            if message.generation_id == self.consumer_generation_id:
                return message
        return None

    async def _on_agent_error(self, agent: Any, exc: BaseException) -> None:  # noqa: ARG002
        self.halt(exc)

    def _new_transport(self) -> Transport:
        return Transport(self.conf.broker_consumer, self)

    def _new_producer_transport(self) -> Transport:
        return Transport(self.conf.broker_producer, self)


FIXED: dict[str, Any] = {                                # Faust's own settings, the same for every worker
    "store": "memory://",
    "processing_guarantee": "at_least_once",
    "consumer_auto_offset_reset": "earliest",
    "broker_request_timeout": 30.0,
    "broker_rebalance_timeout": 30.0,
    "broker_commit_every": 1_000,
    "producer_acks": -1,
    "producer_max_batch_size": 262_144,                  # a full batch holds up the line until the broker has taken it
    "producer_max_request_size": RECORD_MAX,             # below every topic's limit: the client refuses the one record, not the broker its batch
    "topic_partitions": PARTITIONS,
    "topic_replication_factor": 1,
    "topic_allow_declare": False,                        # topics are code: `streams topics apply`
    "topic_disable_leader": True,
    "table_standby_replicas": 0,
    "key_serializer": "raw",
    "value_serializer": "raw",
    "stream_buffer_maxsize": 1_024,
    "stream_wait_empty": True,
    "cython_optimizations": True,
    "autodiscover": False,
    "web_enabled": False,
}


def make_app(
    group: str,
    *,
    bootstrap: str,
    state_dir: Path,
    instance_id: str | None = None,
    session_timeout_s: float = 10.0,
    linger_s: float = 0.0,
    commit_interval_s: float = 0.5,
    produce_timeout_s: float = 30.0,
    **settings: Any,
) -> App:
    """The app of one worker. `group` is the consumer group, the Faust id, and the prefix of its changelogs.

    With an `instance_id` the worker is a static member: a restart within the session timeout takes its partitions back without a rebalance. No two
    living workers may share one (`seat.py` deals them out). Other `settings` are Faust's own.
    """
    return App(
        group,
        session_timeout_s=session_timeout_s,
        broker=[f"kafka://{server.strip()}" for server in bootstrap.split(",")],
        datadir=str(state_dir),
        consumer_group_instance_id=instance_id,
        broker_heartbeat_interval=session_timeout_s / 5,
        broker_commit_interval=commit_interval_s,
        producer_linger=linger_s,                        # 5 ms would cap an awaited send at 160 a second
        producer_request_timeout=produce_timeout_s,      # above the time that a killed broker needs to be back
        **{**FIXED, **settings},
    )
