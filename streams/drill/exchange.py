"""The paper exchange as a drill uses it: its fault panel, and its own record, which everybody else is held against."""
import asyncio
import contextlib
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, Self

import aiohttp

from streams.core.ids import leg_of
from streams.core.values import e8
from streams.drill.verdict import Seen, Span

LOOK_S, TIMEOUT_S = 0.25, 10.0
NO_REQUESTS = "/_record?since=1000000000"


class Exchange:
    """`ClientError` and `TimeoutError` of a question say that it hangs or is gone; it is asked again later."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._orphaned: dict[str, int] = {}              # symbol -> since when exit orders of ours rest where nothing is held
        self._orphans: list[Span] = []

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(self._url, raise_for_status=True, timeout=aiohttp.ClientTimeout(TIMEOUT_S))
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self._session.close()

    async def arm(self, fault: Mapping[str, Any]) -> None:
        async with self._session.post("/_faults", json=fault):
            pass

    async def mend(self) -> None:
        async with self._session.delete("/_faults"):
            pass

    async def look(self) -> Seen:
        state, record = await self._get("/_state"), await self._get(NO_REQUESTS)
        account = next(iter(state["accounts"].values()))
        held = {symbol: e8(quantity) for symbol, quantity in account["positions"].items()}
        bare = [Span(one["symbol"], one["start"], one["end"] or record["now"]) for one in record["unprotected"]]
        resting = [*account["orders"], *(algo["client_id"] for algo in account["algos"])]
        return Seen(record["now"], held, resting, state["created"], account["trades"], bare, self._orphans_until(record["now"]))

    async def watch_orphans(self, now: Callable[[], int]) -> None:
        """Until cancelled."""
        while True:
            await asyncio.sleep(LOOK_S)
            with contextlib.suppress(aiohttp.ClientError, TimeoutError):     # it is stopped
                account = next(iter((await self._get("/_state"))["accounts"].values()))
                self._compare({algo["symbol"] for algo in account["algos"] if leg_of(algo["client_id"])} - account["positions"].keys(), now())

    def _compare(self, orphaned: set[str], now: int) -> None:
        for symbol in self._orphaned.keys() - orphaned:
            self._orphans.append(Span(symbol, self._orphaned.pop(symbol), now))
        for symbol in orphaned:
            self._orphaned.setdefault(symbol, now)

    def _orphans_until(self, now: int) -> list[Span]:
        return [*self._orphans, *(Span(symbol, since, now) for symbol, since in self._orphaned.items())]

    async def _get(self, path: str) -> Mapping[str, Any]:
        async with self._session.get(path) as answer:
            return dict(await answer.json())
