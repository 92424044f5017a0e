"""The venue's time and the log's, as distances from a clock that nobody sets and that goes on while a process is stopped."""
from streams.venue.clock import Clock, boot_ms


def test_the_venue_read_its_clock_between_question_and_answer() -> None:
    clock, now = Clock(), boot_ms()
    clock.venue_said(5_000_000, now - 100, now + 100)
    assert clock.now() - 5_000_000 in range(50)


def test_a_vague_answer_does_not_move_a_clock_that_was_set() -> None:
    """A process that was stopped between question and answer knows nothing of when the venue looked."""
    clock, now = Clock(), boot_ms()
    clock.venue_said(5_000_000, now, now)
    clock.venue_said(9_000_000, now - 25_000, now)
    assert clock.now() - 5_000_000 in range(50)


def test_the_log_is_never_set_back_by_an_answer_that_was_slow() -> None:
    clock, now = Clock(), boot_ms()
    clock.log_said(7_000_000)
    clock.log_said(6_000_000)
    assert clock.log_now() - 7_000_000 in range(boot_ms() - now + 50)
