"""Device keys and what is kept of them.

Digest needs a verifier that both sides can compute: HA1 = H(user:realm:key), with MD5 and with
SHA-256 because ffmpeg 5 knows only MD5. Who has an HA1 can answer a challenge: it is worth as much
as the key. The key itself has 160 random bits, so no HA1 can be searched.
"""

import base64
import secrets

from gateway.registry.device import Credential
from media.rtsp import Algorithm, ha1

KEY_BITS = 160


def new_key() -> str:
    """32 letters and digits, lower case (RFC 4648 base 32): can be read out and typed."""
    return base64.b32encode(secrets.token_bytes(KEY_BITS // 8)).decode("ascii").lower()


def verifier(credential_id: str, device_id: str, key: str) -> Credential:
    """What is stored of a device's key."""
    return Credential(
        id=credential_id,
        ha1_md5=ha1(Algorithm.MD5, device_id, key),
        ha1_sha256=ha1(Algorithm.SHA256, device_id, key),
        expires_utc_ns=None,
    )
