"""Who may publish: one answer to each ANNOUNCE and each WHIP offer, from memory, without waiting.

A peer learns nothing of what is registered: an unknown device and a wrong key get the same answers,
after the same work. What really happened is remembered for the admin (`gateway.registry`).
Not here: parsing and the Digest computation (media.rtsp), takeover of a running stream (gateway.stream).
"""

import re
from collections import OrderedDict
from dataclasses import dataclass, field
from hmac import compare_digest

from gateway.registry import ID_PATTERN, Credential, Device, Devices, RefusalReason
from media.rtsp import Algorithm, Credentials, NonceFactory, NonceVerdict, challenges, ha1
from storage import Clock

# A connection may guess this often, then it is refused. A device that has its key wrong will not
# get it right by repeating; a client needs one attempt, and a second for a stale nonce.
WRONG_KEYS_MAX = 5

# Connections whose wrong keys are counted at a time; the longest unused count is forgotten first.
COUNTED_MAX = 4096

# What an unknown device is checked against, so that it costs what a wrong key costs.
_NOBODY = Credential(id="", ha1_md5="0" * 32, ha1_sha256="0" * 64, expires_utc_ns=None)


@dataclass(frozen=True, slots=True)
class Allowed:
    """The peer has proved that it is this device, and the device may send.

    `proof` is of the key by which it did: good for `check_proof`, as long as that key is.
    """

    device: Device
    proof: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Challenge:
    """Values of the WWW-Authenticate headers of a 401, in sending order."""

    headers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Refused:
    """`words` are for the peer; `reason` is for us and tells more."""

    status: int
    words: str
    reason: RefusalReason


def bearer_proof(device_id: str, key: str) -> str:
    """What is kept of a key that was shown as a bearer: the same that is kept of the key itself."""
    return ha1(Algorithm.SHA256, device_id, key)


class Admission:
    def __init__(self, devices: Devices, nonces: NonceFactory, clock: Clock) -> None:
        self.devices = devices
        self._nonces = nonces
        self._clock = clock
        self._wrong_keys: OrderedDict[str, int] = OrderedDict()

    def check(
        self, device_id: str, credentials: Credentials | None, binding: str, peer: str
    ) -> Allowed | Challenge | Refused:
        """May the peer publish on the path of `device_id`?

        `binding` names the connection, `peer` is its host. Every refusal, and every wrong key, is
        remembered with its reason.
        """
        if credentials is None:
            return self._challenge(binding)
        verdict = self._nonces.check(credentials.nonce, binding, self._clock.mono_ns())
        if verdict is NonceVerdict.FOREIGN:
            return self._challenge(binding)
        caller = self.devices.find(credentials.user)
        if self._wrong_keys.get(binding, 0) >= WRONG_KEYS_MAX:
            return self._not_admitted(caller)
        key = self._proved_by(credentials, caller)
        if key is None:
            self._remember_wrong_key(device_id, credentials.user, caller, peer)
            return self._count_wrong_key(caller, binding)
        if verdict is NonceVerdict.STALE:
            return self._challenge(binding, stale=True)
        self._wrong_keys.pop(binding, None)
        assert caller is not None
        if caller.id != device_id:
            words = f"called as {caller.id}"
            self.remember_refusal(device_id, RefusalReason.OTHER_DEVICE_PATH, peer, words)
            self.remember_refusal(caller.id, RefusalReason.OTHER_DEVICE_PATH, peer, f"wanted the path of {device_id}")
            return Refused(403, "this path belongs to another device", RefusalReason.OTHER_DEVICE_PATH)
        if not caller.enabled:
            self.remember_refusal(caller.id, RefusalReason.DISABLED, peer)
            return Refused(403, "this device is disabled", RefusalReason.DISABLED)
        return Allowed(caller, key.ha1_sha256)

    def check_proof(self, device_id: str, proof: str, peer: str) -> Allowed | Refused:
        """May who has this proof (`bearer_proof`) publish as `device_id`? For WHIP (RFC 9725).

        And for who was let in and only now begins: meanwhile the device may have been disabled or removed, or its key
        replaced. A wrong key and an unknown device look alike. Guesses are not counted: a key has 160 random bits.
        """
        caller = self.devices.find(device_id)
        now_utc_ns = self._clock.utc_ns()
        valid = [] if caller is None else [one for one in caller.credentials if one.valid_at(now_utc_ns)]
        proofs = [compare_digest(proof, one.ha1_sha256) for one in valid or [_NOBODY]]
        if caller is None or not valid or not any(proofs):
            self._remember_wrong_key(device_id, device_id, caller, peer)
            reason = RefusalReason.UNKNOWN_DEVICE if caller is None else RefusalReason.WRONG_KEY
            return Refused(401, "not admitted", reason)
        if not caller.enabled:
            self.remember_refusal(device_id, RefusalReason.DISABLED, peer)
            return Refused(403, "this device is disabled", RefusalReason.DISABLED)
        return Allowed(caller, proof)

    def remember_refusal(self, device_id: str, reason: RefusalReason, peer: str, words: str = "") -> None:
        """For refusals that come later than admission, as a codec that cannot be carried."""
        self.devices.remember_refusal(device_id, reason, peer, words)

    def _proved_by(self, credentials: Credentials, caller: Device | None) -> Credential | None:
        """The key that these credentials are of, if it is one of the caller's."""
        now_utc_ns = self._clock.utc_ns()
        keys = () if caller is None else caller.credentials
        valid = [key for key in keys if key.valid_at(now_utc_ns)]
        proofs = [credentials.proves_any(ha1_md5=key.ha1_md5, ha1_sha256=key.ha1_sha256) for key in valid or [_NOBODY]]
        fitting = (key for key, fits in zip(valid, proofs, strict=False) if fits)  # `valid` is without `_NOBODY`
        return next(fitting, None)

    def _remember_wrong_key(self, device_id: str, user: str, caller: Device | None, peer: str) -> None:
        if caller is not None:
            self.remember_refusal(caller.id, RefusalReason.WRONG_KEY, peer)
        elif re.fullmatch(ID_PATTERN, user):
            self.remember_refusal(user, RefusalReason.UNKNOWN_DEVICE, peer)
            if device_id != user:  # the path may be a device of ours whose user name was mistyped
                self.remember_refusal(device_id, RefusalReason.UNKNOWN_DEVICE, peer, f"called as {user}")

    def _count_wrong_key(self, caller: Device | None, binding: str) -> Challenge | Refused:
        count = self._wrong_keys.pop(binding, 0) + 1
        self._wrong_keys[binding] = count
        if len(self._wrong_keys) > COUNTED_MAX:
            self._wrong_keys.popitem(last=False)
        return self._challenge(binding) if count < WRONG_KEYS_MAX else self._not_admitted(caller)

    def _not_admitted(self, caller: Device | None) -> Refused:
        reason = RefusalReason.UNKNOWN_DEVICE if caller is None else RefusalReason.WRONG_KEY
        return Refused(403, "not admitted", reason)

    def _challenge(self, binding: str, *, stale: bool = False) -> Challenge:
        return Challenge(challenges(self._nonces.issue(binding, self._clock.mono_ns()), stale=stale))
