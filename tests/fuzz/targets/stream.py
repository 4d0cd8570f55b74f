"""A device's packets all the way to fragments and journal records: order, placed time, gaps, headers.

The input are packets behind four bytes: milliseconds since the last one (times 4), what it is (video or
sound, RTP or RTCP), and two of length.
"""

from collections.abc import Iterator
from itertools import count

from gateway.rtsp.track_feed import TrackFeed
from gateway.stream import Publication, StreamEnd, StreamInfo, StreamInit
from gateway.stream.channel import Channel
from gateway.stream.lane import VideoOffer
from media import AudioConfig, Codec, Fragment, Gap, GapCause
from media.fmp4 import init_segment, mime_type, parse_fragment, parse_init
from media.rtp import TrackReceiver, packetize_h264, packets, rtcp
from storage.journal import BODY, VERSION, Kind
from tests.media.nal.writer import h264_idr, h264_pps, h264_sps
from tests.vectors.loader import Vector, vectors

KIND = "stream"
UTC_NS = 1_790_000_000_000_000_000
MONO_NS = 5_000_000_000_000
MS = 1_000_000
FAR_NS = 3_600 * 1_000_000_000  # no input lasts so long by the server's clocks
_VIDEO, _VIDEO_RTCP, _SOUND, _SOUND_RTCP = range(4)
TOKENS = (
    *(
        b"\x0a\x00\x00\x10\x80\xe0",
        b"\x0a\x01\x00\x1c\x80\xc8\x00\x06",
        b"\x0a\x02\x00\xac\x80\x08",
        b"\xff\x00",
        b"\x80\xcb",
    ),
    *(
        b"\x00\x00\x0e\x10",
        b"\xff\xff\xff\xff",
        b"\x80\x00\x00\x00",
        b"\x7f\xff\xff\xff",
        h264_sps(),
        h264_pps(),
        h264_idr(),
    ),
)


def seeds() -> Iterator[bytes]:
    for vector in vectors(KIND):
        yield seed(vector)
    key, later = (h264_sps(), h264_pps(), h264_idr()), (b"\x41\x9a\x00",)
    data = b""
    for n in range(12):
        for packet in packets(
            packetize_h264(later if n % 4 else key),
            payload_type=96,
            sequence=65_530 + n * 3,
            rtp_time=3_600 * n,
            ssrc=7,
        ):
            data += record(_VIDEO, packet)
        sound = packets([bytes(160)], payload_type=8, sequence=n, rtp_time=(1 << 32) - 800 + 160 * n, ssrc=8)
        data += record(_SOUND, sound[0])
        if n % 5 == 2:
            report = rtcp.SenderReport((3_900_000_000 << 32) + n, 3_600 * n, 0, 7)
            data += record(_VIDEO_RTCP, rtcp.build_sender_report(report))
    yield data


def seed(vector: Vector) -> bytes:
    return b"".join(record(_VIDEO, chunk) for chunk in vector.chunks)


def record(what: int, packet: bytes, later_ms: int = 40) -> bytes:
    return bytes((later_ms // 4, what)) + len(packet).to_bytes(2, "big") + packet


def check(data: bytes) -> None:
    reader = Witness()
    now = 0
    info = StreamInfo("s", "dev1", "main", "node", 1, UTC_NS, MONO_NS)
    channel = Channel("dev1", "main", UTC_NS, lambda change: None)
    channel.stream_started(info, [reader])
    publication = Publication(
        info,
        channel,
        [VideoOffer(Codec.H264, 90_000, ()), AudioConfig(Codec.PCM_ALAW, 8_000, 1, "alaw", b"", 8_000)],
        lambda cause: None,
    )
    feeds = [
        TrackFeed(TrackReceiver(Codec.H264, 96, 90_000, {}, reorder=False), _report),
        TrackFeed(TrackReceiver(Codec.PCM_ALAW, 8, 8_000, {}, reorder=False), _report),
    ]
    for index, feed in enumerate(feeds):
        feed.attach(publication, index)
    at = 0
    while at + 4 <= len(data):
        now += 4 * MS * data[at]
        what = data[at + 1] & 3
        end = min(len(data), at + 4 + (data[at + 2] << 8 | data[at + 3]))
        feed = feeds[what >> 1]
        if what & 1:
            feed.rtcp(data, at + 4, end, MONO_NS + now)
        else:
            feed.rtp(data, at + 4, end, MONO_NS + now, UTC_NS + now)
        at = end
        assert 0 <= channel.delay_ns < FAR_NS
    for feed in feeds:
        feed.tick(MONO_NS + now)
        feed.finish()
    publication.end(GapCause.OFFLINE, UTC_NS + now, MONO_NS + now)
    assert reader.ended


def _report(packet: bytes) -> None:
    assert len(packet) % 4 == 0


class Witness:
    """Reads the stream as the archive does, and believes nothing."""

    def __init__(self) -> None:
        self.ended = False
        self._numbers = count(1)
        self._tracks: dict[int, int] = {}
        self._decode_time: dict[int, int] = {}

    def stream_started(self, stream: StreamInfo) -> None: ...

    def init_changed(self, init: StreamInit) -> None:
        self._tracks = {track.id: track.clock_rate for track in init.tracks}
        assert len(parse_init(init_segment(init.tracks)).tracks) == len(init.tracks)
        assert all(mime_type(track) for track in init.tracks if track.id == 1)

    def fragment(self, fragment: Fragment) -> None:
        assert fragment.sequence == next(self._numbers)
        parsed = parse_fragment(fragment.data)
        assert parsed.length == len(fragment.data)
        assert parsed.track_id == fragment.track_id
        assert parsed.samples
        assert parsed.decode_time > self._decode_time.get(fragment.track_id, -1), "decode time goes back"
        self._decode_time[fragment.track_id] = parsed.samples[-1].decode_time
        assert abs(fragment.placed_utc_ns - UTC_NS) < 365 * 24 * FAR_NS, "placed in another year"
        assert fragment.duration >= 0
        _fits_a_record(Kind.FRAGMENT, fragment.track_id, 0, fragment, self._tracks[fragment.track_id])

    def gap(self, gap: Gap) -> None:
        assert gap.sequence == next(self._numbers)
        assert gap.start_utc_ns < gap.end_utc_ns, "a gap that ends before it begins"

    def stream_ended(self, end: StreamEnd) -> None:
        self.ended = True


def _fits_a_record(kind: Kind, track: int, cause: int, fragment: Fragment, clock_rate: int) -> None:
    """The fields as the journal packs them: a number too large for its field would end the archive of this stream."""
    BODY.pack(
        *(kind, VERSION, track, cause, 1, 0, fragment.sequence, fragment.rtp_time, fragment.received_mono_ns),
        *(fragment.received_utc_ns, fragment.device_ntp, fragment.placed_utc_ns, len(fragment.data), fragment.flags),
        *(fragment.unit_count, fragment.duration, clock_rate, fragment.lost_packets, bytes(32)),
    )
