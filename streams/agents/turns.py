"""What positions and risk have in common: a record becomes a fact, a step, and outputs, with the decision among them.

The first turn of a process says the settings' full text before their hash is used: `decision.log` alone must do for a replay.
"""
from collections.abc import Callable, Sequence
from typing import Any, Generic, Protocol, TypeVar

import msgspec

from streams.core.commands import Bury, Decided, Deny, Note, SettingsSeen
from streams.core.decided import decided
from streams.core.events import Beat, Intent, Seen
from streams.core.ids import placed_id
from streams.core.settings import Settings, hash_of, text_of
from streams.errors import Unreadable
from streams.runtime.records import Output, Place, Record
from streams.wire.codec import decode, encode
from streams.wire.topics import TOPIC_OF, key_of

KEY_KEPT, VALUE_KEPT, DETAIL_KEPT = 65_536, 1_400_000, 1_000      # bytes, bytes, characters; the key is written twice, all together below RECORD_MAX


class Counted(Protocol):
    """A state that counts its events."""

    @property
    def seq(self) -> int: ...


State = TypeVar("State", bound=Counted)
Step = Callable[[State, Seen[Any], Settings], tuple[State, tuple[Any, ...]]]


class Turns(Generic[State]):
    """The pure half of an agent: the runtime calls `work` and `bury`, and nothing else of ours."""

    def __init__(self, group: str, settings: Settings, new: Callable[[str], State], step: Step[State]) -> None:
        self.group, self.settings, self.new, self.step = group, settings, new, step
        self.settings_hash = hash_of(settings)
        self._said = False
        self._read: tuple[Place, Any] = ("", 0, 0), None

    def place(self, record: Record) -> bytes | None:
        """The key that the body names: whoever wrote the record may have used another key, another partitioner or none; None for a beat.

        Raises Unreadable.
        """
        body = fact(record)
        self._read = record.place, body
        if not isinstance(body, Beat):
            return key_of(body)
        if record.key is not None:
            raise Unreadable("KEY_NOT_NEEDED", "a beat belongs to a partition and has no key")
        return None

    def work(self, key: bytes, state: State | None, record: Record, *, owed: Sequence[Decided] = ()) -> tuple[State, Sequence[Output]]:
        """One event of one key; `owed`: what is to be said before it. Raises Unreadable where the record is not a fact."""
        seen: Seen[Any] = Seen(record.topic, record.partition, record.offset, record.log_time, self.fact(record))
        after, outputs = self.step(self.new(key.decode()) if state is None else state, seen, self.settings)
        decision = decided(self.group, key.decode(), after.seq, seen, outputs, self.settings_hash, record.folded_from)
        told = [message for message in outputs if not isinstance(message, Deny | Note)]
        return after, [*self._settings_first(), *map(output_of, (*owed, *told, decision))]

    def bury(self, record: Record, error: Unreadable) -> Output:
        return output_of(buried(self.group, record, error))

    def fact(self, record: Record) -> Any:  # noqa: ANN401
        """As `place` has just read it; a beat has no place."""
        place, body = self._read
        return body if place == record.place else fact(record)

    def _settings_first(self) -> list[Output]:
        if self._said:
            return []
        self._said = True
        return [output_of(SettingsSeen(self.group, self.settings_hash, text_of(self.settings)))]


def output_of(message: Any) -> Output:  # noqa: ANN401  (any message of the topic table)
    return Output(TOPIC_OF[type(message)].name, key_of(message), encode(message))


def buried(group: str, record: Record, error: Unreadable) -> Bury:
    """The broker takes larger records than our producers write: of those the beginning is kept, and said to be one."""
    detail = error.what[:DETAIL_KEPT]
    for name, given, most in (("key", record.key, KEY_KEPT), ("value", record.value, VALUE_KEPT)):
        if given is not None and len(given) > most:
            detail += f"; of the {len(given)} bytes of its {name} the first {most} are kept, all of them lie at its place"
    key, value = record.key and record.key[:KEY_KEPT], record.value and record.value[:VALUE_KEPT]
    return Bury(*record.first, group, error.reason, detail, key, value, record.first_log_time)


def fact(record: Record) -> Any:  # noqa: ANN401
    """The message of a record. An intent without an id is named by its first place, and was made no later than the log first took it."""
    body = decode(record.topic, record.value or b"")
    if isinstance(body, Intent):
        made = min(body.timestamp or record.first_log_time, record.first_log_time)
        return msgspec.structs.replace(body, intent_id=body.intent_id or placed_id(*record.first), timestamp=made)
    return body
