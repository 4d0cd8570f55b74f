"""AES in counter mode with HMAC-SHA1, tags of 80 bits (RFC 3711, 4.1.1 and 4.2.1).

A cipher context is dear to make (4 µs) and cheap to set to another counter (0.2 µs), so each SSRC
keeps one; likewise the HMAC's key is hashed once and its state copied. An object of this is
therefore for one thread.
"""

from hmac import compare_digest

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.hmac import HMAC

from media.srtp.keys import CipherKeys
from media.srtp.packet import Buffer
from media.srtp.transform import RTCP_CLEAR_BYTES, RTCP_ENCRYPTED, RTCP_WORD_BYTES, Seal, Unseal

_COUNTER_BYTES = 16
_ROC_BYTES = 4
_TAG_BYTES = 10


class CounterMode:
    """AES128_CM_HMAC_SHA1_80."""

    rtcp_word_from_end = RTCP_WORD_BYTES + _TAG_BYTES  # before the tag
    rtcp_trailer_bytes = RTCP_WORD_BYTES + _TAG_BYTES

    def __init__(self, keys: CipherKeys) -> None:
        self._salt = int.from_bytes(keys.salt, "big") << 16
        self._cipher = Cipher(algorithms.AES(keys.key), modes.CTR(bytes(_COUNTER_BYTES))).encryptor()
        self._mac = HMAC(keys.authentication, SHA1())  # the profile says so; HMAC does not rest on collisions

    def rtp_seal(self, ssrc: int) -> Seal:
        set_counter, encrypt, keyed_mac = self._cipher.reset_nonce, self._cipher.update, self._mac.copy
        base = self._salt ^ ssrc << 64  # SSRC, 48-bit index, 16 bits that count blocks (RFC 3711, 4.1.1)

        def seal(header: bytes, payload: bytes, index: int) -> bytes:
            set_counter((base ^ index << 16).to_bytes(_COUNTER_BYTES, "big"))
            body = encrypt(payload)
            mac = keyed_mac()
            mac.update(header)
            mac.update(body)
            mac.update((index >> 16).to_bytes(_ROC_BYTES, "big"))
            return body + mac.finalize()[:_TAG_BYTES]

        return seal

    def rtp_unseal(self, ssrc: int) -> Unseal:
        set_counter, decrypt, keyed_mac = self._cipher.reset_nonce, self._cipher.update, self._mac.copy
        base = self._salt ^ ssrc << 64

        def unseal(header: Buffer, body: Buffer, index: int) -> bytes | None:
            ciphertext = body[:-_TAG_BYTES]
            mac = keyed_mac()
            mac.update(header)
            mac.update(ciphertext)
            mac.update((index >> 16).to_bytes(_ROC_BYTES, "big"))
            if not compare_digest(mac.finalize()[:_TAG_BYTES], body[-_TAG_BYTES:]):
                return None
            set_counter((base ^ index << 16).to_bytes(_COUNTER_BYTES, "big"))
            return decrypt(ciphertext)

        return unseal

    def rtcp_seal(self, ssrc: int, packet: bytes, index: int) -> bytes:
        body = self._rtcp_crypt(ssrc, packet[RTCP_CLEAR_BYTES:], index)
        word = (RTCP_ENCRYPTED | index).to_bytes(RTCP_WORD_BYTES, "big")
        signed = packet[:RTCP_CLEAR_BYTES] + body + word
        return signed + self._rtcp_tag(signed)

    def rtcp_unseal(self, ssrc: int, packet: bytes, word: int) -> bytes | None:
        signed, tag = packet[:-_TAG_BYTES], packet[-_TAG_BYTES:]
        if not compare_digest(self._rtcp_tag(signed), tag):
            return None
        plain = signed[:-RTCP_WORD_BYTES]
        if not word & RTCP_ENCRYPTED:
            return plain
        body = self._rtcp_crypt(ssrc, plain[RTCP_CLEAR_BYTES:], word & ~RTCP_ENCRYPTED)
        return plain[:RTCP_CLEAR_BYTES] + body

    def _rtcp_crypt(self, ssrc: int, body: bytes, index: int) -> bytes:
        self._cipher.reset_nonce((self._salt ^ ssrc << 64 ^ index << 16).to_bytes(_COUNTER_BYTES, "big"))
        return self._cipher.update(body)

    def _rtcp_tag(self, signed: bytes) -> bytes:
        mac = self._mac.copy()
        mac.update(signed)
        return mac.finalize()[:_TAG_BYTES]
