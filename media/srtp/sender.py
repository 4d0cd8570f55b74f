"""RTP of one SSRC to one peer, protected a picture at a time.

The payloads are the channel's, packetized once and shared by all its viewers; what a viewer costs
is twelve bytes of header and a ciphertext for each packet. The loop is the packet path: plain ints
and local names, nothing awaited, logged or raised a packet.

Here too: the 48-bit packet index, rollover counter and sequence number in one (RFC 3711, 3.3.1).
It belongs to the sender and only ever advances, so no nonce can be given twice by `protect`, and
nobody has to remember the rollover.

Not here: which of the buffers go into one sendmsg (GSO wants all but the last of one size), what
an RTX packet holds (media.rtp); an RTX stream is another SSRC, and another `SrtpSender`.
"""

from collections.abc import Sequence

from media.srtp.by_profile import transform_for
from media.srtp.keys import SessionKeys
from media.srtp.packet import EXTENSION, HEADER, MARKER, RTP_TIME_MASK, SEQUENCE_MASK, VERSION
from media.srtp.transform import KeyExhausted

# A first number in the lower half leaves 32,768 packets that may be lost at the start before a
# receiver could miss the first rollover and never find the index again (RFC 3711, 3.3.1).
FIRST_SEQUENCE_MAX = 0x7FFF
# No key protects more (RFC 3711, 9.2; RFC 7714, 14.2 for GCM). Counted for each SSRC: at 1,000
# packets a second it is 8,900 years, so the few SSRCs of a session do not come near it together.
PACKETS_MAX = 1 << 48


class SrtpSender:
    """Protects what one SSRC sends, numbered from `first_sequence`."""

    def __init__(self, keys: SessionKeys, ssrc: int, first_sequence: int) -> None:
        """
        Raises:
            ValueError: a first number above `FIRST_SEQUENCE_MAX`.
        """
        if not 0 <= first_sequence <= FIRST_SEQUENCE_MAX:
            raise ValueError(f"first_sequence must be 0 to {FIRST_SEQUENCE_MAX}, not {first_sequence}")
        self._ssrc = ssrc
        self._seal = transform_for(keys.rtp).rtp_seal(ssrc)
        self._first_index = self._next_index = first_sequence

    @property
    def next_sequence(self) -> int:
        """The number the next packet will have."""
        return self._next_index & SEQUENCE_MASK

    def protect(
        self,
        payloads: Sequence[bytes],
        rtp_time: int,
        payload_type: int,
        *,
        mark_last: bool = True,
        extensions: Sequence[bytes] = (),
    ) -> list[bytes]:
        """The packets of one access unit: header, ciphertext, header, ciphertext, ... for one sendmsg.

        The ciphertext is longer than its payload by the profile's tag. `extensions`, if any, are one for
        each payload: whole header extensions (RFC 3550, 5.3.1), which are authenticated and not encrypted.

        Raises:
            KeyExhausted: the key has protected `PACKETS_MAX` packets; nothing was protected.
            ValueError: not as many extensions as payloads.
        """
        index = self._next_index
        end = index + len(payloads)
        if end > PACKETS_MAX:
            raise KeyExhausted(f"SSRC {self._ssrc} has sent all the packets its key may protect")
        if extensions and len(extensions) != len(payloads):
            raise ValueError(f"{len(extensions)} extensions for {len(payloads)} payloads: there must be one for each")
        self._next_index = end  # before anything is sealed: whatever happens below, no index is used again
        seal, pack, ssrc = self._seal, HEADER.pack, self._ssrc
        rtp_time &= RTP_TIME_MASK
        marked = end - 1 if mark_last else -1
        first = VERSION | EXTENSION if extensions else VERSION
        buffers: list[bytes] = []
        append = buffers.append
        for payload in payloads:
            second = payload_type | MARKER if index == marked else payload_type
            header = pack(first, second, index & SEQUENCE_MASK, rtp_time, ssrc)
            if extensions:
                header += extensions[index - end]  # counted from the end
            append(header)
            append(seal(header, payload, index))
            index += 1
        return buffers

    def protect_again(
        self, sequence: int, payload: bytes, rtp_time: int, payload_type: int, *, marked: bool, extension: bytes = b""
    ) -> list[bytes]:
        """The packet that had this number last, for a peer that lost it and has no RTX; [] if none had it.

        It must be the same packet again, bit for bit, extension and all: under GCM a second packet with
        the same index gives the authentication key away. What differs in anything is a packet of its own.
        """
        newest = self._next_index - 1
        index = newest - (newest - sequence & SEQUENCE_MASK)  # the rollover it had, not today's
        if index < self._first_index:
            return []
        first = VERSION | EXTENSION if extension else VERSION
        second = payload_type | MARKER if marked else payload_type
        header = HEADER.pack(first, second, sequence, rtp_time & RTP_TIME_MASK, self._ssrc) + extension
        return [header, self._seal(header, payload, index)]
