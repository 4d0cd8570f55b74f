"""A clock that stands until the test moves it."""

START_UTC_NS = 1_800_000_000_000_000_000  # 2027-01-15T08:00:00Z


class ManualClock:
    def __init__(self, utc_ns: int = START_UTC_NS, mono_ns: int = 1_000_000_000) -> None:
        self.now_utc_ns = utc_ns
        self.now_mono_ns = mono_ns

    def utc_ns(self) -> int:
        return self.now_utc_ns

    def mono_ns(self) -> int:
        return self.now_mono_ns

    def advance(self, seconds: float) -> None:
        """Both clocks go on, as they do in the world."""
        self.now_utc_ns += round(seconds * 1_000_000_000)
        self.now_mono_ns += round(seconds * 1_000_000_000)

    def step_wall(self, seconds: float) -> None:
        """Somebody sets the wall clock; monotonic time knows nothing of it."""
        self.now_utc_ns += round(seconds * 1_000_000_000)
