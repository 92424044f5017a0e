"""One run of names for each test, on the session's broker."""
import uuid
from pathlib import Path

import msgspec
import pytest

from tests.broker.harness import Log
from tests.broker.worker import Setup


@pytest.fixture
def setup(kafka: str, tmp_path: Path) -> Setup:
    return Setup(bootstrap=kafka, run=uuid.uuid4().hex[:8], state_dir=str(tmp_path))


@pytest.fixture
def hasty(setup: Setup) -> Setup:
    """Where something cannot be written, and a test need not wait long to be told."""
    return msgspec.structs.replace(setup, produce_timeout_s=3.0)


@pytest.fixture
def log(setup: Setup) -> Log:
    log = Log(setup)
    log.make_all()
    return log
