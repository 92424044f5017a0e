"""Tables and their recovery: no stream starts before its table is whole, and a record of a worker that had lost its partition is not taken."""
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import faust
import msgspec
from aiokafka.structs import ConsumerRecord
from faust.tables.manager import TableManager
from faust.tables.recovery import Recovery
from faust.types import TP, EventT

from streams.errors import BrokenInvariant
from streams.runtime.records import Rank

if TYPE_CHECKING:
    from streams.runtime.faust import App

_rank = msgspec.msgpack.Decoder(Rank).decode


def newest(records: Sequence[ConsumerRecord[Any, Any]], end: int) -> list[ConsumerRecord[Any, Any]]:
    """Of a changelog's records that one fetch brought, the one of each key that a table would keep of them all, in their order.

    An hour of changelog is hundreds of records a key, and each pays Faust's way. Only of those up to `end`, the last one's offset when recovery
    began: what somebody writes meanwhile ends it, and nothing behind may stand for what lies before. The last record is among them, whatever it
    ranks: recovery is over when it has come. So is each that is no state of ours: the table says so.
    """
    due = sum(record.offset <= end for record in records)
    best: dict[bytes, tuple[Rank, int]] = {}
    kept = {*range(max(due - 1, 0), len(records))}
    for place, record in enumerate(records[:due]):
        try:
            rank = _rank(record.value or b"")
        except msgspec.DecodeError:
            kept.add(place)
            continue
        key = record.key or b""
        if key not in best or rank >= best[key][0]:
            best[key] = rank, place
    return [records[place] for place in sorted(kept | {place for _, place in best.values()})]


class RankedTable(faust.Table[bytes, bytes]):
    """A table whose values begin with their `Rank`. Of two changelog records of a key the lower is ignored, wherever it lies."""

    app: "App"

    def apply_changelog_batch(self, batch: Iterable[EventT[Any]]) -> None:
        try:
            super().apply_changelog_batch(self._highest(batch))
        except msgspec.DecodeError as error:             # Faust would log it and read on, for ever one record short of the end
            self.app.halt(BrokenInvariant(f"a record of {self.changelog_topic_name} is no state of ours: {error}", "look at who wrote it"))
            raise

    def _highest(self, batch: Iterable[EventT[Any]]) -> list[EventT[Any]]:
        best: dict[bytes, bytes] = {}
        kept = []
        for event in batch:
            key, value = event.message.key or b"", event.message.value or b""
            held, rank = best.get(key) or self.data.get(key), _rank(value)
            if held is None or rank >= _rank(held):
                best[key] = value
                kept.append(event)
        return kept


class WholeRecovery(Recovery):
    """Before any seek the flow is closed and the last fetch has come back.

    Stock resumes the stream partitions while the flow is open: records are then delivered from before the seek, and what the seek brings back is
    taken for old and dropped.
    """

    app: "App"

    async def on_recovery_completed(self, generation_id: int = 0) -> None:
        await self._close_flow()
        await super().on_recovery_completed(generation_id)

    async def _resume_streams(self, generation_id: int = 0) -> None:
        """Of an app without tables."""
        await self._close_flow()
        await super()._resume_streams(generation_id)

    async def _seek_offsets(self, consumer: Any, tps: set[TP], offsets: Any, title: str) -> None:
        """Of the changelogs."""
        await self._close_flow()
        await super()._seek_offsets(consumer, tps, offsets, title)

    async def _close_flow(self) -> None:
        self.app.reader.stop_flow()
        self.app.flow_control.suspend()
        await self.app.reader.wait_for_stopped_flow()


class Tables(TableManager):
    @property
    def recovery(self) -> Recovery:
        if self._recovery is None:
            self._recovery = WholeRecovery(self.app, self, beacon=self.beacon, loop=self.loop)
        return self._recovery
