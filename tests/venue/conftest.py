"""The one topic that the feed writes."""
import pytest

from streams.wire import admin
from streams.wire.topics import PRICE_TICK


@pytest.fixture(scope="session")
def ticked(kafka: str) -> str:
    """The address of a broker that has `price.tick`. Others may write to it too: a test keeps to symbols of its own."""
    admin.apply(kafka, [PRICE_TICK])
    return kafka
