"""A device that sends what a test says, straight into the hub: H.264 of no picture in particular, and sound."""

from collections.abc import Callable

from gateway.stream import Hub, Publication, VideoOffer
from media import AccessUnit, AudioConfig, Codec, GapCause

BASELINE = (bytes.fromhex("6742c01fda014016e8"), bytes.fromhex("68ce3c80"))
MAIN = (bytes.fromhex("674d401fda014016e8"), BASELINE[1])  # without B-frames, as its sets say
SILENT_MAIN = (bytes.fromhex("674d401ff402802dd0"), BASELINE[1])  # which do not say
HIGH = (bytes.fromhex("6764001facd9405005bb016a02020280000003008000001e078c18cb"), bytes.fromhex("68ce3c80"))
OPUS = AudioConfig(Codec.OPUS, 48_000, 2, "opus", b"", 48_000)
ALAW = AudioConfig(Codec.PCM_ALAW, 8_000, 1, "alaw", b"", 8_000)
PICTURE_TICKS = 3_600
SECOND_NS = 1_000_000_000


class Camera:
    """25 pictures a second by its own count; each says its number. Its parameter sets are in its key pictures."""

    def __init__(
        self,
        hub: Hub,
        device: str = "dev1",
        channel: str = "main",
        *,
        sets: tuple[bytes, ...] = BASELINE,
        codec: Codec = Codec.H264,
        sound: AudioConfig | None = None,
        key_picture: Callable[[], None] | None = None,
        from_s: float = 0,
    ) -> None:
        self.n = 0
        self.ended: list[GapCause] = []
        self._hub = hub
        self._sets = sets
        self._from_ns = round(from_s * SECOND_NS)
        offers = [VideoOffer(codec, 90_000, ())] + ([sound] if sound else [])
        self.publication: Publication = hub.publish(device, channel, offers, self.ended.append, key_picture)
        self._began_ns = self.publication.info.started_mono_ns, self.publication.info.started_utc_ns

    def picture(self, *, key: bool = False, size: int = 3_000, show_at: int | None = None) -> int:
        """The next one; its number. `show_at` is another picture's place in time: a B-frame's."""
        n = self.n
        self.n += 1
        body = n.to_bytes(4, "big") + bytes(size)
        payload = (*self._sets, b"\x65" + body) if key else (b"\x41" + body,)
        self.publication.push(0, self._unit(payload, (n if show_at is None else show_at) * PICTURE_TICKS, n, key))
        return n

    def pictures(self, count: int, *, key_every: int = 25, size: int = 3_000) -> None:
        for _ in range(count):
            self.picture(key=self.n % key_every == 0, size=size)

    def sound(self, size: int = 80) -> None:
        """What goes with the picture that was sent last."""
        n = max(0, self.n - 1)
        self.publication.push(1, self._unit((n.to_bytes(4, "big") + bytes(size),), n * 1_920, n, True))

    def stop(self) -> None:
        self._hub.end(self.publication, GapCause.DEVICE_STOPPED)

    def _unit(self, payload: tuple[bytes, ...], rtp_time: int, n: int, key: bool) -> AccessUnit:
        at_ns = self._from_ns + n * SECOND_NS // 25
        mono_ns, utc_ns = self._began_ns
        return AccessUnit(payload, rtp_time & 0xFFFF_FFFF, mono_ns + at_ns, utc_ns + at_ns, key)
