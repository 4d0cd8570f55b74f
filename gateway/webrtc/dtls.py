"""DTLS for the keys of SRTP (RFC 5764), over OpenSSL with memory in place of sockets.

Datagrams come in, datagrams go out, keys come out. The one thing with a clock of its own is OpenSSL's timer for lost
flights: `tick` asks it. Nothing is fed here that does not come from an address its peer has proved to be at.
Not here: what the keys are used for (media.srtp), addresses (ice.py).

Invariant: keys are handed out only for a certificate that the offer announced, by every hash that it names one by.
Limits: `HANDSHAKE_MAX_NS`, `HANDSHAKE_DATAGRAMS_MAX`; DTLS 1.2 and nothing else, for our records must be found
again in what OpenSSL writes (`_split`), and 1.3 hides their lengths.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from OpenSSL import SSL

from media.sdp import Fingerprint
from media.srtp import Profile

MTU_BYTES = 1_200  # what passes every path that WebRTC is used on, tunnels included
HANDSHAKE_MAX_NS = 20_000_000_000  # five lost flights at OpenSSL's 1, 2, 4, 8 s
HANDSHAKE_DATAGRAMS_MAX = 256  # one without loss takes four; a chain of RSA certificates some dozen
CERTIFICATE_DAYS = 365  # it lives as long as the process

_DTLS_1_2 = 0xFEFD
_CIPHERS = b"ECDHE+AESGCM:ECDHE+CHACHA20"  # RFC 8827, 6.5, and what is as good
_EXPORTER = b"EXTRACTOR-dtls_srtp"  # RFC 5764, 4.2
_RECORD_HEADER_BYTES = 13
_READ_BYTES = 65_536
_HASHES: dict[str, hashes.HashAlgorithm] = {
    "sha-256": hashes.SHA256(),
    "sha-384": hashes.SHA384(),
    "sha-512": hashes.SHA512(),
}
# In our order of preference, as OpenSSL calls them: processors have instructions for AES-GCM; SHA-1 is for devices that
# know no other.
_PROFILES = {
    "SRTP_AEAD_AES_128_GCM": Profile.AEAD_AES_128_GCM,
    "SRTP_AEAD_AES_256_GCM": Profile.AEAD_AES_256_GCM,
    "SRTP_AES128_CM_SHA1_80": Profile.AES128_CM_HMAC_SHA1_80,
}


class DtlsState(StrEnum):
    HANDSHAKE = "handshake"
    KEYED = "keyed"
    CLOSED = "closed"  # by either side, in good order
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Keys:
    """What SRTP is keyed with: `material` is both keys, then both salts, the client's first (RFC 5764, 4.2)."""

    profile: Profile
    material: bytes
    is_client: bool


class DtlsIdentity:
    """Our certificate and what all sessions share. Made once a run: nobody needs to know it again."""

    def __init__(self, now: datetime | None = None) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        now = now or datetime.now(UTC)
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "WebRTC")])
        certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=CERTIFICATE_DAYS))
            .sign(key, hashes.SHA256())
        )
        self.fingerprint = Fingerprint("sha-256", certificate.fingerprint(hashes.SHA256()))
        context = SSL.Context(SSL.DTLS_METHOD)
        context.set_min_proto_version(_DTLS_1_2)
        context.set_max_proto_version(_DTLS_1_2)
        context.set_options(SSL.OP_NO_TICKET | SSL.OP_NO_QUERY_MTU | SSL.OP_NO_RENEGOTIATION)
        context.set_session_cache_mode(SSL.SESS_CACHE_OFF)
        # Certificates are self-signed: the fingerprint in the offer says whose it is (RFC 8122).
        context.set_verify(SSL.VERIFY_PEER | SSL.VERIFY_FAIL_IF_NO_PEER_CERT, _trust_for_now)
        context.use_certificate(certificate)
        context.use_privatekey(key)
        context.set_cipher_list(_CIPHERS)
        context.set_tlsext_use_srtp(":".join(_PROFILES).encode())
        self.context = context


def _trust_for_now(*_: Any) -> bool:
    return True


class DtlsEndpoint:
    """One session's handshake, and its end. `failure` says why it failed, for counting."""

    def __init__(
        self, identity: DtlsIdentity, *, is_client: bool, fingerprints: tuple[Fingerprint, ...], now_ns: int
    ) -> None:
        self.state = DtlsState.HANDSHAKE
        self.failure = ""
        self.keys: Keys | None = None
        self._is_client = is_client
        self._fingerprints = fingerprints
        self._deadline_ns = now_ns + HANDSHAKE_MAX_NS
        self._datagrams = 0
        self._ssl = SSL.Connection(identity.context)
        self._ssl.set_ciphertext_mtu(MTU_BYTES)
        if is_client:
            self._ssl.set_connect_state()
        else:
            self._ssl.set_accept_state()

    def start(self) -> list[bytes]:
        """What to send at once: a client's first flight."""
        return self._advance() if self._is_client else []

    def receive(self, datagram: bytes) -> list[bytes]:
        """Take one datagram of the peer; what to send in turn."""
        if self.state in (DtlsState.CLOSED, DtlsState.FAILED):
            return []
        if self.state is DtlsState.HANDSHAKE:
            self._datagrams += 1
            if self._datagrams > HANDSHAKE_DATAGRAMS_MAX:
                return self._fail("too_many_datagrams")
        self._ssl.bio_write(datagram)
        return self._advance()

    def tick(self, now_ns: int) -> list[bytes]:
        """Send a lost flight again, and give up at the deadline. To be called some times a second."""
        if self.state is not DtlsState.HANDSHAKE:
            return []
        if now_ns > self._deadline_ns:
            return self._fail("handshake_timeout")
        try:
            self._ssl.DTLSv1_handle_timeout()
        except SSL.Error:  # too many times the same flight
            return self._fail("handshake_timeout")
        return self._outgoing()

    def close(self) -> list[bytes]:
        """Say goodbye (close_notify); what to send."""
        if self.state is DtlsState.KEYED:
            self.state = DtlsState.CLOSED
            try:
                self._ssl.shutdown()
            except SSL.Error:
                return []
            return self._outgoing()
        if self.state is DtlsState.HANDSHAKE:
            self.state = DtlsState.CLOSED
        return []

    def _advance(self) -> list[bytes]:
        try:
            if self.state is DtlsState.HANDSHAKE:
                self._ssl.do_handshake()
                if not self._finish():
                    return []  # not even our last flight: whoever it is shall not take it for a connection
            while True:  # a goodbye, a peer's last flight once more; data of anybody's channels goes nowhere
                self._ssl.recv(_READ_BYTES)
        except SSL.WantReadError:
            pass
        except SSL.ZeroReturnError:
            self.state = DtlsState.CLOSED
        except SSL.Error:
            alert = self._outgoing()
            self._fail("handshake_failed" if self.state is DtlsState.HANDSHAKE else "connection_failed")
            return alert
        return self._outgoing()

    def _finish(self) -> bool:
        """The handshake is through: is it with whom the offer was, and are there keys?"""
        certificate = self._ssl.get_peer_certificate(as_cryptography=True)
        if certificate is None or not self._is_announced(certificate):
            self._fail("wrong_fingerprint")
            return False
        profile = _PROFILES.get(self._ssl.get_selected_srtp_profile().decode())
        if profile is None:
            self._fail("no_srtp_profile")
            return False
        material = self._ssl.export_keying_material(_EXPORTER, profile.keying_material_bytes)
        self.keys = Keys(profile, material, self._is_client)
        self.state = DtlsState.KEYED
        return True

    def _is_announced(self, certificate: x509.Certificate) -> bool:
        """Whether the offer has it by every hash that it names any certificate by (RFC 8122, 5)."""
        algorithms = {one.algorithm for one in self._fingerprints}
        own = {Fingerprint(name, certificate.fingerprint(_HASHES[name])) for name in algorithms}
        return bool(own) and own <= set(self._fingerprints)

    def _fail(self, failure: str) -> list[bytes]:
        self.state, self.failure = DtlsState.FAILED, failure
        return []

    def _outgoing(self) -> list[bytes]:
        parts: list[bytes] = []
        try:
            while True:
                parts.append(self._ssl.bio_read(_READ_BYTES))
        except SSL.WantReadError:
            pass
        except SSL.Error:  # an empty one that says it is at its end
            pass
        return _split(b"".join(parts))


def _split(records: bytes) -> list[bytes]:
    """Datagrams of whole records, each as full as may be: the memory that stands for a socket has no ends in it."""
    datagrams: list[bytes] = []
    start = at = 0
    while at + _RECORD_HEADER_BYTES <= len(records):
        end = at + _RECORD_HEADER_BYTES + int.from_bytes(records[at + 11 : at + 13], "big")
        if end - start > MTU_BYTES and at > start:
            datagrams.append(records[start:at])
            start = at
        at = end
    if start < len(records):
        datagrams.append(records[start:])
    return datagrams
