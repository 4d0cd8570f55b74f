"""The protection profiles we speak, by the numbers they have in DTLS (RFC 5764, 4.1.2; RFC 7714, 14.2)."""

from enum import Enum

_GCM_SALT_BYTES = 12
_CM_SALT_BYTES = 14


class Profile(Enum):
    """What protects a session, the best for us first: GCM is one pass over a packet, the other two.

    `value` is the profile's number in the use_srtp extension.
    """

    AEAD_AES_128_GCM = 0x0007
    AEAD_AES_256_GCM = 0x0008
    AES128_CM_HMAC_SHA1_80 = 0x0001  # all that FFmpeg's WHIP muxer and older browsers know

    @property
    def is_aead(self) -> bool:
        return self is not Profile.AES128_CM_HMAC_SHA1_80

    @property
    def key_bytes(self) -> int:
        return 32 if self is Profile.AEAD_AES_256_GCM else 16

    @property
    def salt_bytes(self) -> int:
        return _GCM_SALT_BYTES if self.is_aead else _CM_SALT_BYTES

    @property
    def tag_bytes(self) -> int:
        """What each RTP packet grows by: for the packetizer's MTU."""
        return 16 if self.is_aead else 10

    @property
    def keying_material_bytes(self) -> int:
        """How much to ask of the exporter `EXTRACTOR-dtls_srtp`: key and salt of both sides."""
        return 2 * (self.key_bytes + self.salt_bytes)
