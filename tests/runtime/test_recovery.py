"""Before any seek the flow is closed and the last fetch has come back; what happens otherwise, a broker shows in one rebalance of three."""
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
from faust.tables.recovery import Recovery

from streams.runtime.records import Stored
from streams.runtime.recovery import WholeRecovery, newest


@pytest.mark.parametrize(
    ("step", "arguments"),
    [
        pytest.param("on_recovery_completed", (3,), id="the tables are whole: streams begin"),
        pytest.param("_resume_streams", (3,), id="there are no tables"),
        pytest.param("_seek_offsets", (None, set(), {}, "active"), id="the changelogs are about to be read"),
    ],
)
async def test_the_flow_is_closed_before_it(step: str, arguments: tuple[Any, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[str] = []

    async def waited() -> None:
        done.append("the last fetch has come back")

    async def stock(recovery: Recovery, *given: Any) -> None:  # noqa: ANN401
        done.append("stock")
        assert given == arguments

    reader = SimpleNamespace(stop_flow=lambda: done.append("no new fetch"), wait_for_stopped_flow=waited)
    recovery = WholeRecovery.__new__(WholeRecovery)
    recovery.app = SimpleNamespace(reader=reader, flow_control=SimpleNamespace(suspend=lambda: done.append("no delivery")))  # type: ignore[assignment]
    monkeypatch.setattr(Recovery, step, stock)
    await getattr(recovery, step)(*arguments)
    assert done == ["no new fetch", "no delivery", "the last fetch has come back", "stock"]


def _record(offset: int, key: bytes, value: bytes | None) -> Any:  # noqa: ANN401
    return SimpleNamespace(offset=offset, key=key, value=value)


def _state(epoch: int, seq: int) -> bytes:
    return msgspec.msgpack.encode(Stored(epoch, seq))


@pytest.mark.parametrize(
    ("records", "kept"),
    [
        pytest.param([_record(0, b"a", _state(1, 1)), _record(1, b"b", _state(1, 1)), _record(2, b"a", _state(1, 2))], [1, 2],
                     id="the newest of each"),
        pytest.param([_record(0, b"a", _state(2, 5)), _record(1, b"a", _state(1, 9)), _record(2, b"b", _state(1, 1))], [0, 2],
                     id="a later one that ranks lower is left out"),
        pytest.param([_record(0, b"a", _state(2, 5)), _record(1, b"a", _state(1, 9))], [0, 1], id="the last one comes, whatever it ranks"),
        pytest.param([_record(0, b"a", _state(1, 1)), _record(1, b"a", _state(1, 1))], [1], id="of two equals the later"),
        pytest.param([_record(0, b"a", b"?"), _record(1, b"a", None), _record(2, b"a", _state(1, 1))], [0, 1, 2], id="what is no state comes"),
    ],
)
def test_of_a_changelog_the_table_is_given_what_it_would_keep(records: list[Any], kept: list[int]) -> None:
    assert [record.offset for record in newest(records, 2)] == kept


def test_what_is_written_while_a_table_is_read_stands_for_nothing_before() -> None:
    """The first of it ends the recovery, and the rest is let go."""
    records = [_record(0, b"a", _state(1, 1)), _record(1, b"b", _state(1, 1)), _record(2, b"b", _state(1, 2)), _record(3, b"a", _state(1, 2))]
    kept = {end: [record.offset for record in newest(records, end)] for end in (3, 2, 1, -1)}
    assert kept == {3: [2, 3], 2: [0, 2, 3], 1: [0, 1, 2, 3], -1: [0, 1, 2, 3]}
