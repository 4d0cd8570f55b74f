"""How much silence goes into a film's sound, so that players who count frames are where those are who read times.

Where sound is missing the count falls behind: frames of silence make up for it, to half a frame. Sound that is there is
never moved or left out. Chromium counts; what follows a hole would be heard too early, and stay so.

Not here: what a frame of silence is (`media.mp4`).
"""

from media import Codec

_OPUS_TICKS = 960  # 20 ms of 48 kHz: what the silent packet lasts


class Waiting:
    """Of one track, in its clock. `before` each fragment, then `took` for what it lasts."""

    def __init__(self, silence: bytes | None, codec: Codec) -> None:
        self.silence = silence or b""
        self._opus = codec is Codec.OPUS
        self._there = silence is not None
        self._counted: int | None = None  # where a player is who counts

    def before(self, due: int, frame_ticks: int) -> range:
        """When frames of silence begin that go before what is due then, and of which a frame lasts `frame_ticks`. The
        steps of the range are what each of them lasts."""
        step = _OPUS_TICKS if self._opus else max(1, frame_ticks)
        if self._counted is None:
            self._counted = due
        missing = max(0, (due - self._counted + step // 2) // step) if self._there else 0
        begins = self._counted
        self._counted += missing * step
        return range(begins, self._counted, step)

    def took(self, ticks: int) -> None:
        assert self._counted is not None
        self._counted += ticks
