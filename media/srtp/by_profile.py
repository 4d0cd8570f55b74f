"""Which transform belongs to which profile."""

from media.srtp.counter_mode import CounterMode
from media.srtp.gcm import Gcm
from media.srtp.keys import CipherKeys
from media.srtp.transform import Transform


def transform_for(keys: CipherKeys) -> Transform:
    return Gcm(keys) if keys.profile.is_aead else CounterMode(keys)
