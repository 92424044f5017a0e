import asyncio

import pytest

from streams.runtime.room import BYTES_OF_KEY_MAX, EVENTS_MAX, EVENTS_OF_KEY_MAX, Room


@pytest.mark.parametrize(
    ("keys", "size"),
    [
        pytest.param([b"BTC"] * EVENTS_OF_KEY_MAX, 1, id="eight events of the key"),
        pytest.param([b"BTC"], BYTES_OF_KEY_MAX, id="one event, and its outputs fill the outbox"),
        pytest.param([b"%d" % number for number in range(EVENTS_MAX)], 1, id="a thousand events of others"),
    ],
)
async def test_a_full_room_lets_in_again_when_half_of_it_is_free(keys: list[bytes], size: int) -> None:
    room = Room()
    for key in keys:
        await asyncio.wait_for(room.wait(key), 1)
        room.take(key, size)
    waiting = asyncio.create_task(room.wait(b"BTC"))
    for number, key in enumerate(keys, start=1):
        await asyncio.sleep(0)
        assert waiting.done() == (number - 1 > len(keys) / 2)
        room.give(key, size)
    await asyncio.wait_for(waiting, 1)
    assert (room.events, dict(room.of_key), dict(room.bytes_of_key)) == (0, {}, {})


async def test_a_full_key_keeps_no_other_waiting() -> None:
    room = Room()
    for _ in range(EVENTS_OF_KEY_MAX):
        room.take(b"BTC", 1)
    await asyncio.wait_for(room.wait(b"ETH"), 1)
