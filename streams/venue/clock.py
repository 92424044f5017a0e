"""The venue's time and the log's time, each as a distance from the machine's boot-time clock.

That one goes on while a process is stopped or a machine sleeps, and nobody sets it. So a process that was paused knows how late it is, and its old
timestamps are refused by the venue.
"""
import time

_BOOT = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
VAGUE_MS = 1_000


def boot_ms() -> int:
    return time.clock_gettime_ns(_BOOT) // 1_000_000


class Clock:
    """Times are epoch ms. Until the venue or the log has spoken, the machine's own clock stands in."""

    def __init__(self) -> None:
        self._venue = self._log = time.time_ns() // 1_000_000 - boot_ms()
        self.venue_known = self.log_known = False

    def now(self) -> int:
        """The venue's time: what a request's timestamp is."""
        return boot_ms() + self._venue

    def log_now(self) -> int:
        """The log's time, as of the last record that it took from us: what ages and expiries are held against."""
        return boot_ms() + self._log

    def venue_said(self, venue_time: int, asked: int, answered: int) -> None:
        """`asked` and `answered` are `boot_ms` around the question; the venue read its clock somewhere between, and we don't take a vague answer."""
        if answered - asked <= VAGUE_MS or not self.venue_known:
            self._venue = venue_time - (asked + answered) // 2
            self.venue_known = True

    def log_said(self, log_time: int) -> None:
        """A record of ours was taken at `log_time`, and we have just learned of it. The shortest way counts: an old answer must not set us back."""
        distance = log_time - boot_ms()
        self._log = max(distance, self._log) if self.log_known else distance
        self.log_known = True

    @property
    def skew_ms(self) -> int:
        """The machine's clock against the venue's."""
        return time.time_ns() // 1_000_000 - self.now()
