"""One coded picture, or one audio frame, as it came from the device."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class AccessUnit:
    """Bytes as received and the facts of their arrival.

    `payload` is, for video, the NAL units in order without start codes or lengths; for audio, one
    frame. `rtp_time` is the 32-bit value of the packets (RFC 3550, 5.1). Receive times are those
    of the last packet.
    """

    payload: tuple[bytes, ...]
    rtp_time: int
    received_mono_ns: int
    received_utc_ns: int
    key: bool  # a decoder may start here: IDR, CRA or BLA picture; every audio frame
    lost_packets: int = 0  # packets missing since the unit before, by sequence number
    damaged: bool = False  # bytes of this very unit are missing
    marker_lost: bool = False  # ended by a new RTP time, in a stream whose pictures end with a marker

    @property
    def size_bytes(self) -> int:
        return sum(map(len, self.payload))
