"""An exchange that is open, and somebody at its counter."""
from collections.abc import AsyncIterator

import pytest

from tests.paper.bank import Bank


@pytest.fixture
async def bank() -> AsyncIterator[Bank]:
    async with Bank() as bank:
        yield bank
