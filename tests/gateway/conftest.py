"""An account of its own for each test, on the session's broker."""
import uuid
from collections.abc import AsyncIterator

import pytest

from streams.wire import admin
from tests.gateway.stage import Stage


@pytest.fixture(scope="session")
def topics(kafka: str) -> str:
    """The broker, with the pipeline's own topics."""
    admin.apply(kafka)
    return kafka


@pytest.fixture
async def stage(topics: str) -> AsyncIterator[Stage]:
    """An exchange, and a gateway that is ready."""
    async with Stage(topics, f"a-{uuid.uuid4().hex[:8]}") as stage:
        yield await stage.begin()
