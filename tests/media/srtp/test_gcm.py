"""RFC 7714, sections 16 and 17: whose session keys are given, so nothing is derived here."""

import pytest

from media.srtp import Profile
from media.srtp.gcm import Gcm
from media.srtp.keys import CipherKeys

RTP_HEADER = bytes.fromhex("8040f17b8041f8d35501a0b2")
RTP_PAYLOAD = b"Gallia est omnis divisa in partes tres"
RTP_SSRC, RTP_INDEX = 0x5501_A0B2, 0xF17B
RTCP = bytes.fromhex(
    "81c8000d4d6172734e5450314e545032525450200000042a0000e9304c756e61deadbeefdeadbeefdeadbeefdeadbeefdeadbeef"
)
RTCP_SSRC, RTCP_INDEX = int.from_bytes(b"Mars", "big"), 0x5D4

SEALED = {
    Profile.AEAD_AES_128_GCM: (
        "f24de3a3fb34de6cacba861c9d7e4bcabe633bd50d294e6f42a5f47a51c7d19b36de3adf8833899d7f27beb16a9152cf765ee4390cce",
        "81c8000d4d61727363e94885dcdab67ca727d7662f6b7e997ff5c0f76c06f32dc676a5f1730d6fda4ce09b4686303ded0bb9275b"
        "c84aa45896cf4d2fc5abf87245d9eade800005d4",
    ),
    Profile.AEAD_AES_256_GCM: (
        "32b1de78a822fe12ef9f78fa332e33aab18012389a58e2f3b50b2a0276ffae0f1ba63799b87b7aa3db36dfffd6b0f9bb7878d7a76c13",
        "81c8000d4d617273d50ae4d1f5ce5d304ba297e47d470c282c3ece5dbffe0a50a2eaa5c1110555be8415f658c61de0476f1b6fad"
        "1d1eb30c4446839f57ff6f6cb26ac3be800005d4",
    ),
}
TAGGED_ONLY = RTCP + bytes.fromhex("841dd9683dd78ec92ae58790125f62b3000005d4")  # 17.3: the E flag is clear

profiles = pytest.mark.parametrize("profile", SEALED)


def gcm(profile: Profile) -> Gcm:
    return Gcm(CipherKeys(profile, bytes(range(profile.key_bytes)), b"", b"Quid pro quo"))


@profiles
def test_rtp_is_that_of_the_standard(profile: Profile) -> None:
    sealed = bytes.fromhex(SEALED[profile][0])
    assert gcm(profile).rtp_seal(RTP_SSRC)(RTP_HEADER, RTP_PAYLOAD, RTP_INDEX) == sealed
    assert gcm(profile).rtp_unseal(RTP_SSRC)(RTP_HEADER, sealed, RTP_INDEX) == RTP_PAYLOAD


@profiles
def test_rtcp_is_that_of_the_standard(profile: Profile) -> None:
    sealed = bytes.fromhex(SEALED[profile][1])
    assert gcm(profile).rtcp_seal(RTCP_SSRC, RTCP, RTCP_INDEX) == sealed
    assert gcm(profile).rtcp_unseal(RTCP_SSRC, sealed, 0x8000_0000 | RTCP_INDEX) == RTCP


def test_rtcp_that_is_only_tagged_is_that_of_the_standard() -> None:
    one = gcm(Profile.AEAD_AES_128_GCM)
    assert one.rtcp_unseal(RTCP_SSRC, TAGGED_ONLY, RTCP_INDEX) == RTCP
    encrypted = TAGGED_ONLY[:-4] + (0x8000_0000 | RTCP_INDEX).to_bytes(4, "big")
    assert one.rtcp_unseal(RTCP_SSRC, encrypted, 0x8000_0000 | RTCP_INDEX) is None, "the E flag is authenticated"
