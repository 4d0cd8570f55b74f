"""From the bytes that DTLS exported to the keys of each direction (RFC 5764, 4.2; RFC 3711, 4.3).

Two steps: the exported bytes are the master key and salt of client and server; of each master come
six session keys, three for RTP and three for RTCP. The key derivation rate is 0, as it is wherever
DTLS made the keys: they are derived once, and a session that needs others makes another handshake.

Not here: the exporter itself (gateway.webrtc). No key is ever shown: `repr` leaves them out.
"""

from dataclasses import dataclass, field

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from media.srtp.profile import Profile

_AUTH_KEY_BYTES = 20  # HMAC-SHA1, RFC 3711, 5.2
_PRF_SALT_BYTES = 14  # RFC 3711, 4.3.1: GCM's 12 have two zero bytes behind them (RFC 7714, 11)
_LABEL_PLACE = 7  # of the 14 bytes: label || 48-bit index / rate, which is 0, at the end
# RFC 3711, 4.3.1 and 4.3.2
_RTP_LABELS = (0, 1, 2)  # cipher key, authentication key, salt
_RTCP_LABELS = (3, 4, 5)


@dataclass(frozen=True, slots=True)
class MasterKey:
    """Key and salt of one direction, as they were agreed upon."""

    profile: Profile
    key: bytes = field(repr=False)
    salt: bytes = field(repr=False)

    def __post_init__(self) -> None:
        """
        Raises:
            ValueError: a key or salt of another length than the profile's.
        """
        if len(self.key) != self.profile.key_bytes or len(self.salt) != self.profile.salt_bytes:
            raise ValueError(
                f"{self.profile.name} takes a key of {self.profile.key_bytes} bytes and a salt of "
                f"{self.profile.salt_bytes}, not {len(self.key)} and {len(self.salt)}"
            )


@dataclass(frozen=True, slots=True)
class CipherKeys:
    """What protects RTP, or RTCP, of one direction. `authentication` is empty with AEAD profiles."""

    profile: Profile
    key: bytes = field(repr=False)
    authentication: bytes = field(repr=False)
    salt: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class SessionKeys:
    """All keys of one direction."""

    rtp: CipherKeys
    rtcp: CipherKeys

    @classmethod
    def derive(cls, master: MasterKey) -> "SessionKeys":
        """The session keys of a master key (RFC 3711, 4.3)."""
        return cls(_cipher_keys(master, _RTP_LABELS), _cipher_keys(master, _RTCP_LABELS))


def split_keying_material(profile: Profile, material: bytes) -> tuple[SessionKeys, SessionKeys]:
    """The client's keys and the server's, of `profile.keying_material_bytes` bytes from the exporter.

    Who was the client in the DTLS handshake sends with the first and receives with the second.

    Raises:
        ValueError: another number of bytes.
    """
    if len(material) != profile.keying_material_bytes:
        raise ValueError(f"{profile.name} takes {profile.keying_material_bytes} bytes of keys, not {len(material)}")
    key, salt = profile.key_bytes, profile.salt_bytes
    keys, salts = material[: 2 * key], material[2 * key :]
    client = MasterKey(profile, keys[:key], salts[:salt])
    server = MasterKey(profile, keys[key:], salts[salt:])
    return SessionKeys.derive(client), SessionKeys.derive(server)


def _cipher_keys(master: MasterKey, labels: tuple[int, int, int]) -> CipherKeys:
    profile = master.profile
    cipher, authentication, salt = labels
    return CipherKeys(
        profile,
        derived(master.key, master.salt, cipher, profile.key_bytes),
        b"" if profile.is_aead else derived(master.key, master.salt, authentication, _AUTH_KEY_BYTES),
        derived(master.key, master.salt, salt, profile.salt_bytes),
    )


def derived(master_key: bytes, master_salt: bytes, label: int, size: int) -> bytes:
    """AES in counter mode over zeros (RFC 3711, 4.3.3); with a key of 256 bits it is RFC 6188's."""
    start = bytearray(master_salt.ljust(_PRF_SALT_BYTES, b"\0"))
    start[_LABEL_PLACE] ^= label
    counter = bytes(start) + b"\0\0"
    return Cipher(algorithms.AES(master_key), modes.CTR(counter)).encryptor().update(bytes(size))
