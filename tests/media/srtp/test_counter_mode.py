"""AES in counter mode, against RFC 3711 B.2, and what the E flag says of RTCP."""

import os

import pytest

from media.srtp import Profile
from media.srtp.counter_mode import CounterMode
from media.srtp.keys import CipherKeys

KEYSTREAM = "E03EAD0935C95E80E166B16DD92B4EB4D23513162B02D0F72A43A2FE4A5F97AB41E95B3BB0A2E8DD477901E4FCA894C0"


@pytest.fixture
def counter_mode() -> CounterMode:
    key, salt = "2B7E151628AED2A6ABF7158809CF4F3C", "F0F1F2F3F4F5F6F7F8F9FAFBFCFD"
    return CounterMode(
        CipherKeys(Profile.AES128_CM_HMAC_SHA1_80, bytes.fromhex(key), os.urandom(20), bytes.fromhex(salt))
    )


def test_the_keystream_is_that_of_the_standard(counter_mode: CounterMode) -> None:
    keystream = bytes.fromhex(KEYSTREAM)
    sealed = counter_mode.rtp_seal(0)(bytes(12), bytes(len(keystream)), 0)
    assert sealed[:-10] == keystream
    assert counter_mode.rtp_unseal(0)(bytes(12), sealed, 0) == bytes(len(keystream))


def test_many_ssrcs_share_the_cipher_and_not_its_counter(counter_mode: CounterMode) -> None:
    one, other = counter_mode.rtp_seal(1), counter_mode.rtp_seal(2)
    first = one(bytes(12), bytes(40), 7)
    assert other(bytes(12), bytes(40), 7)[:40] != first[:40]
    assert one(bytes(12), bytes(40), 7) == first


def test_rtcp_without_the_e_flag_is_authenticated_and_not_decrypted(counter_mode: CounterMode) -> None:
    packet = b"\x80\xc9\0\1\0\0\0\7" + bytes(8)
    signed = packet + (5).to_bytes(4, "big")
    tagged = signed + counter_mode._rtcp_tag(signed)
    assert counter_mode.rtcp_unseal(7, tagged, 5) == packet
    assert counter_mode.rtcp_unseal(7, b"\x81" + tagged[1:], 5) is None
