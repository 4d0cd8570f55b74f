"""Keys, against RFC 3711 B.3 and RFC 6188 7.2, and the cut of RFC 5764 4.2."""

import pytest

from media.srtp import MasterKey, Profile, SessionKeys, split_keying_material
from media.srtp.keys import derived
from tests.media.srtp.oracle import PROFILES, master_key


def test_keys_are_derived_as_rfc_3711_b_3_has_it() -> None:
    master = MasterKey(
        Profile.AES128_CM_HMAC_SHA1_80,
        bytes.fromhex("E1F97A0D3E018BE0D64FA32C06DE4139"),
        bytes.fromhex("0EC675AD498AFEEBB6960B3AABE6"),
    )
    keys = SessionKeys.derive(master).rtp
    assert keys.key == bytes.fromhex("C61E7A93744F39EE10734AFE3FF7A087")
    assert keys.salt == bytes.fromhex("30CBBC08863D8C85D49DB34A9AE1")
    assert keys.authentication == bytes.fromhex("CEBE321F6FF7716B6FD4AB49AF256A156D38BAA4")


def test_a_key_of_256_bits_derives_as_rfc_6188_7_2_has_it() -> None:
    """Its salt has the 14 bytes of counter mode; GCM's 12 are filled up (the oracle's tests show it)."""
    key = bytes.fromhex("f0f04914b513f2763a1b1fa130f10e2998f6f6e43e4309d1e622a0e332b9f1b6")
    salt = bytes.fromhex("3b04803de51ee7c96423ab5b78d2")
    assert derived(key, salt, 0, 32).hex() == "5ba1064e30ec51613cad926c5a28ef731ec7fb397f70a960653caf06554cd8c4"
    assert derived(key, salt, 2, 14).hex() == "fa31791685ca444a9e07c6c64e93"


@pytest.mark.parametrize("profile", PROFILES)
def test_the_exported_bytes_are_both_keys_and_then_both_salts(profile: Profile) -> None:
    client, server = master_key(profile), master_key(profile)
    material = client.key + server.key + client.salt + server.salt
    assert len(material) == profile.keying_material_bytes
    assert split_keying_material(profile, material) == (SessionKeys.derive(client), SessionKeys.derive(server))


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("off", [-1, 1])
def test_another_number_of_exported_bytes_is_refused(profile: Profile, off: int) -> None:
    with pytest.raises(ValueError, match=f"takes {profile.keying_material_bytes} bytes"):
        split_keying_material(profile, bytes(profile.keying_material_bytes + off))


@pytest.mark.parametrize("profile", PROFILES)
def test_a_master_key_of_another_length_is_refused(profile: Profile) -> None:
    with pytest.raises(ValueError, match=profile.name):
        MasterKey(profile, bytes(profile.key_bytes + 1), bytes(profile.salt_bytes))
    with pytest.raises(ValueError, match=profile.name):
        MasterKey(profile, bytes(profile.key_bytes), bytes(profile.salt_bytes - 1))


def test_no_key_is_shown() -> None:
    master = MasterKey(Profile.AEAD_AES_128_GCM, b"k" * 16, b"s" * 12)
    shown = f"{master!r} {SessionKeys.derive(master)!r}"
    assert "kkk" not in shown
    assert "sss" not in shown
    assert "key=" not in shown
    assert "salt=" not in shown
