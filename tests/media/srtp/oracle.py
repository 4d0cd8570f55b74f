"""libsrtp behind the same verbs as ours, and keys for both."""

import os
from struct import Struct

from pylibsrtp import Error, Policy, Session

from media.srtp import MasterKey, Profile, SessionKeys

PROFILES = tuple(Profile)
SSRC = 0xCAFE_0001
PAYLOAD_TYPE = 96
PACK = Struct("!BBHII").pack
_POLICIES = {
    Profile.AEAD_AES_128_GCM: Policy.SRTP_PROFILE_AEAD_AES_128_GCM,
    Profile.AEAD_AES_256_GCM: Policy.SRTP_PROFILE_AEAD_AES_256_GCM,
    Profile.AES128_CM_HMAC_SHA1_80: Policy.SRTP_PROFILE_AES128_CM_SHA1_80,
}


def master_key(profile: Profile) -> MasterKey:
    return MasterKey(profile, os.urandom(profile.key_bytes), os.urandom(profile.salt_bytes))


def session_keys(profile: Profile) -> SessionKeys:
    return SessionKeys.derive(master_key(profile))


class Oracle:
    """One direction of libsrtp."""

    def __init__(self, master: MasterKey, *, outbound: bool) -> None:
        kind = Policy.SSRC_ANY_OUTBOUND if outbound else Policy.SSRC_ANY_INBOUND
        policy = Policy(key=master.key + master.salt, ssrc_type=kind, srtp_profile=_POLICIES[master.profile])
        policy.window_size = 1_024
        policy.allow_repeat_tx = True
        self._session = Session(policy=policy)

    def protect(self, packet: bytes) -> bytes:
        return self._session.protect(packet)

    def protect_rtcp(self, packet: bytes) -> bytes:
        return self._session.protect_rtcp(packet)

    def unprotect(self, packet: bytes) -> bytes | None:
        try:
            return self._session.unprotect(packet)
        except Error:
            return None

    def unprotect_rtcp(self, packet: bytes) -> bytes | None:
        try:
            return self._session.unprotect_rtcp(packet)
        except Error:
            return None


def joined(buffers: list[bytes]) -> list[bytes]:
    """The datagrams of what `SrtpSender.protect` returned."""
    return [header + body for header, body in zip(buffers[::2], buffers[1::2], strict=True)]


def plain(sequence: int, payload: bytes, rtp_time: int = 0, *, marked: bool = False, ssrc: int = SSRC) -> bytes:
    return PACK(0x80, PAYLOAD_TYPE | 0x80 * marked, sequence & 0xFFFF, rtp_time, ssrc) + payload
