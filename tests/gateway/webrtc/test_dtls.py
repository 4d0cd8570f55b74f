"""The handshake between two of ours: lost, doubled and forged datagrams, other certificates, the end."""

import random
import time

import pytest
from cryptography import x509
from OpenSSL import SSL

from gateway.webrtc import dtls
from gateway.webrtc.dtls import (
    HANDSHAKE_DATAGRAMS_MAX,
    HANDSHAKE_MAX_NS,
    MTU_BYTES,
    DtlsEndpoint,
    DtlsIdentity,
    DtlsState,
    _split,
)
from media.sdp import Fingerprint
from media.srtp import Profile
from tests.gateway.webrtc.rig import FATAL_ALERT

OURS, THEIRS = DtlsIdentity(), DtlsIdentity()


def server(*fingerprints: Fingerprint) -> DtlsEndpoint:
    return DtlsEndpoint(OURS, is_client=False, fingerprints=fingerprints or (THEIRS.fingerprint,), now_ns=0)


def client(identity: DtlsIdentity = THEIRS) -> DtlsEndpoint:
    return DtlsEndpoint(identity, is_client=True, fingerprints=(OURS.fingerprint,), now_ns=0)


def shake(one: DtlsEndpoint, other: DtlsEndpoint) -> list[int]:
    """Hand datagrams over until neither has more; their sizes."""
    out, sizes = one.start(), []
    while out:
        sizes += [len(datagram) for datagram in out]
        out = [answer for datagram in out for answer in other.receive(datagram)]
        one, other = other, one
    return sizes


def test_both_sides_get_the_same_keys() -> None:
    here, there = server(), client()
    sizes = shake(there, here)
    assert (here.state, there.state) == (DtlsState.KEYED, DtlsState.KEYED)
    assert here.keys is not None
    assert there.keys is not None
    assert (here.keys.profile, here.keys.material) == (there.keys.profile, there.keys.material)
    assert (here.keys.is_client, there.keys.is_client) == (False, True)
    assert max(sizes) <= MTU_BYTES


@pytest.mark.parametrize(
    ("name", "profile"),
    [
        ("SRTP_AEAD_AES_128_GCM", Profile.AEAD_AES_128_GCM),
        ("SRTP_AEAD_AES_256_GCM", Profile.AEAD_AES_256_GCM),
        ("SRTP_AES128_CM_SHA1_80", Profile.AES128_CM_HMAC_SHA1_80),
    ],
)
def test_every_profile_that_a_peer_may_insist_on(name: str, profile: Profile) -> None:
    theirs = DtlsIdentity()
    theirs.context.set_tlsext_use_srtp(name.encode())
    here, there = server(theirs.fingerprint), client(theirs)
    shake(there, here)
    assert here.keys is not None
    assert (here.keys.profile, len(here.keys.material)) == (profile, profile.keying_material_bytes)


def test_a_peer_without_srtp_gets_no_keys() -> None:
    context = SSL.Context(SSL.DTLS_METHOD)
    context.set_verify(SSL.VERIFY_PEER, lambda *_: True)
    theirs = DtlsIdentity()
    theirs.context = context  # no certificate and no profile
    here = server()
    shake(client(theirs), here)
    assert (here.state, here.failure, here.keys) == (DtlsState.FAILED, "handshake_failed", None)


@pytest.mark.parametrize("algorithm", ["sha-256", "sha-384", "sha-512"])
@pytest.mark.parametrize("right", [True, False])
def test_the_certificate_must_be_the_one_of_the_offer(algorithm: str, right: bool) -> None:
    certificate = client()._ssl.get_certificate(as_cryptography=True)
    assert isinstance(certificate, x509.Certificate)
    digest = certificate.fingerprint(dtls._HASHES[algorithm])
    claimed = Fingerprint(algorithm, digest if right else digest[::-1])
    others = () if algorithm == "sha-256" else (THEIRS.fingerprint,)
    here, there = server(*others, claimed), client()
    shake(there, here)
    assert (here.keys is not None) == right
    assert here.failure == ("" if right else "wrong_fingerprint")


def test_one_of_several_certificates_will_do() -> None:
    """RFC 8122, 5: an offer may announce more than one, and then has every hash of each."""
    certificate = client()._ssl.get_certificate(as_cryptography=True)
    assert isinstance(certificate, x509.Certificate)
    longer = Fingerprint("sha-512", certificate.fingerprint(dtls._HASHES["sha-512"]))
    others = (Fingerprint("sha-256", b"\1" * 32), Fingerprint("sha-512", b"\1" * 64))
    here = server(*others, THEIRS.fingerprint, longer)
    shake(client(), here)
    assert here.keys is not None
    here = server(*others, THEIRS.fingerprint)
    shake(client(), here)
    assert (here.keys, here.failure) == (None, "wrong_fingerprint")


def test_a_forged_alert_would_end_a_handshake_which_is_why_strangers_never_reach_it() -> None:
    here, there = server(), client()
    here.receive(there.start()[0])
    here.receive(FATAL_ALERT)
    assert (here.state, here.failure) == (DtlsState.FAILED, "handshake_failed")


def test_junk_and_doubled_datagrams_are_borne() -> None:
    here, there = server(), client()
    out, one, other = there.start(), there, here
    while out:
        doubled = [datagram for one_of in out for datagram in (b"\x16" * 60, one_of, one_of)]
        out = [answer for datagram in doubled for answer in other.receive(datagram)]
        one, other = other, one
    assert here.keys is not None
    assert there.keys is not None
    assert here.keys.material == there.keys.material


def test_lost_flights_are_sent_again() -> None:
    """Two handshakes at once, for OpenSSL's timer is waited for: one loses the server's first flight, one its last."""
    here, there = server(), client()
    lost = here.receive(there.start()[0])
    assert lost
    assert here.tick(0) == []
    keyed, waiting = server(), client()
    for datagram in waiting.start():
        answers = [answer for flight in keyed.receive(datagram) for answer in waiting.receive(flight)]
    last = [flight for datagram in answers for flight in keyed.receive(datagram)]
    assert last
    assert (keyed.state, waiting.state) == (DtlsState.KEYED, DtlsState.HANDSHAKE)
    due = waiting._ssl.DTLSv1_get_timeout()
    assert due is not None
    assert 0.5 < due <= 1
    time.sleep(due + 0.01)

    again = here.tick(1)
    assert [len(one) for one in again] == [len(one) for one in lost]
    for datagram in again:
        for answer in there.receive(datagram):
            for final in here.receive(answer):
                there.receive(final)
    assert (here.state, there.state) == (DtlsState.KEYED, DtlsState.KEYED)

    for datagram in waiting.tick(1):
        for final in keyed.receive(datagram):
            waiting.receive(final)
    assert (keyed.state, waiting.state) == (DtlsState.KEYED, DtlsState.KEYED)


def test_junk_to_one_session_does_not_end_another() -> None:
    """They share a thread's queue of errors in OpenSSL."""
    chance = random.Random(1)
    steady = server()
    shake(client(), steady)
    for _ in range(20):
        bothered = server()
        bothered.receive(client().start()[0])
        for _ in range(10):
            body = chance.randbytes(chance.randrange(80))
            header = bytes([chance.choice((20, 21, 22, 23, 25))]) + b"\xfe\xfd\0\0" + chance.randbytes(6)
            bothered.receive(header + len(body).to_bytes(2, "big") + body)
            steady.receive(b"\x17\xfe\xfd" + bytes(30))
        here, there = server(), client()
        shake(there, here)
        assert (steady.state, here.state, there.state) == (DtlsState.KEYED,) * 3


def test_a_handshake_ends_in_time_or_fails() -> None:
    here = server()
    here.receive(client().start()[0])
    assert here.tick(HANDSHAKE_MAX_NS) == []
    assert here.state is DtlsState.HANDSHAKE
    here.tick(HANDSHAKE_MAX_NS + 1)
    assert (here.state, here.failure) == (DtlsState.FAILED, "handshake_timeout")
    assert here.receive(b"\x16" * 60) == []


def test_a_handshake_takes_so_many_datagrams_and_no_more() -> None:
    here = server()
    for _ in range(HANDSHAKE_DATAGRAMS_MAX):
        here.receive(b"\x16\xfe\xfd" + bytes(60))
    assert here.state is DtlsState.HANDSHAKE
    here.receive(b"\x16\xfe\xfd" + bytes(60))
    assert (here.state, here.failure) == (DtlsState.FAILED, "too_many_datagrams")


def test_a_goodbye_is_heard_by_the_other_side() -> None:
    for first in (0, 1):
        pair = [server(), client()]
        shake(pair[1], pair[0])
        leaving, staying = pair[first], pair[1 - first]
        for datagram in leaving.close():
            staying.receive(datagram)
        assert (leaving.state, staying.state) == (DtlsState.CLOSED, DtlsState.CLOSED)
        assert leaving.close() == []


def test_datagrams_are_of_whole_records() -> None:
    record = b"\x16\xfe\xfd" + bytes(8) + (400).to_bytes(2, "big") + bytes(400)
    assert _split(record * 5) == [record * 2, record * 2, record]
    large = b"\x16\xfe\xfd" + bytes(8) + (2_000).to_bytes(2, "big") + bytes(2_000)
    assert _split(record + large + record) == [record, large, record]
    assert _split(b"") == []
