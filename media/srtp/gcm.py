"""AES-GCM: encryption and authentication in one pass (RFC 7714).

The nonce is SSRC and index over the session salt: used a second time with anything else, it gives
away the authentication key. That it is not is the sender's invariant.
"""

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from media.srtp.keys import CipherKeys
from media.srtp.packet import Buffer
from media.srtp.transform import RTCP_CLEAR_BYTES, RTCP_ENCRYPTED, RTCP_WORD_BYTES, Seal, Unseal

_NONCE_BYTES = 12
_TAG_BYTES = 16


class Gcm:
    """AEAD_AES_128_GCM or AEAD_AES_256_GCM, by the length of the key."""

    rtcp_word_from_end = RTCP_WORD_BYTES  # behind the tag
    rtcp_trailer_bytes = _TAG_BYTES + RTCP_WORD_BYTES

    def __init__(self, keys: CipherKeys) -> None:
        self._cipher = AESGCM(keys.key)
        self._salt = int.from_bytes(keys.salt, "big")

    def rtp_seal(self, ssrc: int) -> Seal:
        encrypt = self._cipher.encrypt
        base = self._salt ^ ssrc << 48  # 16 zero bits, SSRC, 48-bit index (RFC 7714, 8.1)

        def seal(header: bytes, payload: bytes, index: int) -> bytes:
            return encrypt((base ^ index).to_bytes(_NONCE_BYTES, "big"), payload, header)

        return seal

    def rtp_unseal(self, ssrc: int) -> Unseal:
        decrypt = self._cipher.decrypt
        base = self._salt ^ ssrc << 48

        def unseal(header: Buffer, body: Buffer, index: int) -> bytes | None:
            try:
                return decrypt((base ^ index).to_bytes(_NONCE_BYTES, "big"), body, header)
            except InvalidTag:
                return None

        return unseal

    def rtcp_seal(self, ssrc: int, packet: bytes, index: int) -> bytes:
        word = (RTCP_ENCRYPTED | index).to_bytes(RTCP_WORD_BYTES, "big")
        clear = packet[:RTCP_CLEAR_BYTES]
        body = self._cipher.encrypt(self._rtcp_nonce(ssrc, index), packet[RTCP_CLEAR_BYTES:], clear + word)
        return clear + body + word

    def rtcp_unseal(self, ssrc: int, packet: bytes, word: int) -> bytes | None:
        """Without the E flag all of it is only authenticated (RFC 7714, 9.3)."""
        clear_end = RTCP_CLEAR_BYTES if word & RTCP_ENCRYPTED else len(packet) - self.rtcp_trailer_bytes
        clear, body, end = packet[:clear_end], packet[clear_end:-RTCP_WORD_BYTES], packet[-RTCP_WORD_BYTES:]
        try:
            return clear + self._cipher.decrypt(self._rtcp_nonce(ssrc, word & ~RTCP_ENCRYPTED), body, clear + end)
        except InvalidTag:
            return None

    def _rtcp_nonce(self, ssrc: int, index: int) -> bytes:
        return (self._salt ^ ssrc << 48 ^ index).to_bytes(_NONCE_BYTES, "big")  # RFC 7714, 9.1
