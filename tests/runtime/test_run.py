"""What a worker does before its loop begins."""
import gc

from streams.runtime.run import _settle


def test_a_full_collection_looks_at_nothing_that_was_imported() -> None:
    """A hundred thousand objects hold the loop for 50 ms; what a test process made meanwhile is let go first."""
    before = len(gc.get_objects())
    try:
        _settle()
        assert len(gc.get_objects()) < before / 20
    finally:
        gc.unfreeze()
