"""Before any seek the flow is closed and the last fetch has come back; what happens otherwise, a broker shows in one rebalance of three."""
from types import SimpleNamespace
from typing import Any

import pytest
from faust.tables.recovery import Recovery

from streams.runtime.recovery import WholeRecovery


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
