"""Packets of a payload type or source that nobody announced, until they prove themselves.

Some devices announce payload type 96 and send 97; some change SSRC or payload type on the way.
Others (Geovision) send pt=50 packets between the video packets, with the sequence number of the
packet before. So a stranger is believed after a few packets that follow one another with none of
the known source between; the packets that proved it are then not lost but played.
"""

from media.rtp.packet import PAYLOAD_TYPE_MASK, SEQUENCE_MASK, Buffer, unpack_header

PROOF_PACKETS = 5  # strays come one at a time; five are a frame or two of any stream, kept as copies of at most 64 KiB

Stranger = tuple[bytes, int, int]  # the whole packet, receive times (monotonic, UTC)


class Probation:
    """At most one stranger is watched; another one takes its place."""

    def __init__(self) -> None:
        self._who = (-1, -1)  # payload type, SSRC
        self._next_sequence = -1
        self._known_packets = 0
        self._held: list[Stranger] = []

    def watch(
        self, buffer: Buffer, start: int, end: int, mono_ns: int, utc_ns: int, known_packets: int
    ) -> list[Stranger]:
        """Note a strange packet with a sound header. Returns the packets to play once it is proven, else none.

        `known_packets` counts those accepted so far, so that none of them has to tell us of itself.
        """
        _, second, sequence, _, ssrc = unpack_header(buffer, start)
        who = (second & PAYLOAD_TYPE_MASK, ssrc)
        if who != self._who or sequence != self._next_sequence or known_packets != self._known_packets:
            self._held = []
            self._who = who
            self._known_packets = known_packets
        self._next_sequence = (sequence + 1) & SEQUENCE_MASK
        self._held.append((bytes(buffer[start:end]), mono_ns, utc_ns))
        if len(self._held) < PROOF_PACKETS:
            return []
        proven, self._held = self._held, []
        return proven

    def clear(self) -> None:
        """A packet of the known source came that is not yet accepted: whoever was watched did not follow itself."""
        self._held = []
        self._next_sequence = -1
