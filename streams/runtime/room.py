"""Back-pressure: how many events may be handed over and not yet confirmed, in all and of one key."""
import asyncio
from collections import Counter

EVENTS_MAX = 1_000                                       # of a worker
EVENTS_OF_KEY_MAX = 8
BYTES_OF_KEY_MAX = 256 * 1024                            # outputs of one key: they lie in its outbox, and so in its changelog record


class Room:
    """An event takes its place in the turn and gives it back when the last of its records is confirmed."""

    def __init__(self) -> None:
        self.events = 0
        self.of_key: Counter[bytes | None] = Counter()
        self.bytes_of_key: Counter[bytes | None] = Counter()
        self._freed = asyncio.Event()

    async def wait(self, key: bytes | None) -> None:
        """Returns at once while there is room; else when half of it is free, or each confirmation would let a single event in."""
        if self._full(key, 1):
            while self._full(key, 2):
                self._freed.clear()
                await self._freed.wait()

    def take(self, key: bytes | None, size: int) -> None:
        self.events += 1
        self.of_key[key] += 1
        self.bytes_of_key[key] += size

    def give(self, key: bytes | None, size: int) -> None:
        self.events -= 1
        self.of_key[key] -= 1
        self.bytes_of_key[key] -= size
        if not self.of_key[key]:
            del self.of_key[key], self.bytes_of_key[key]
        self._freed.set()

    def _full(self, key: bytes | None, part: int) -> bool:
        if key not in self.of_key:
            return self.events * part >= EVENTS_MAX
        over = self.events * part >= EVENTS_MAX, self.of_key[key] * part >= EVENTS_OF_KEY_MAX, self.bytes_of_key[key] * part >= BYTES_OF_KEY_MAX
        return any(over)
