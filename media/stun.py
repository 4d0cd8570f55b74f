"""STUN as ICE uses it (RFC 8489, RFC 8445): bytes to values and values to bytes.

Here: binding requests, answers, errors and indications, their credentials and checksums, and `asked_ufrag`,
the first look at a datagram that costs no hash. Not here: sockets, who is allowed (gateway.webrtc), TURN.

Invariants: nothing raises on bytes; what comes behind MESSAGE-INTEGRITY is not believed, except FINGERPRINT.
Limits: `STUN_MAX_BYTES` a message, `ATTRIBUTES_MAX` attributes.
"""

import hmac
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from ipaddress import IPv4Address, IPv6Address, ip_address
from struct import Struct

STUN_MAX_BYTES = 1_280  # of IPv6's least MTU; a check of a browser has 100 to 200
ATTRIBUTES_MAX = 32  # a check has seven
USERNAME_MAX_BYTES = 513  # two ufrags of 256 and a colon (RFC 8839, 5.4)
REASON_MAX_BYTES = 763  # RFC 8489, 14.8

HEADER_BYTES = 20
BINDING = 1

_COOKIE = b"\x21\x12\xa4\x42"
_FINGERPRINT_XOR = 0x5354554E
_INTEGRITY_BYTES = 20
_HEADER = Struct("!HH4s12s")
_PAIR = Struct("!HH")

_USERNAME, _INTEGRITY, _ERROR, _UNKNOWN = 0x0006, 0x0008, 0x0009, 0x000A
_XOR_ADDRESS, _PRIORITY, _USE_CANDIDATE = 0x0020, 0x0024, 0x0025
_FINGERPRINT, _CONTROLLED, _CONTROLLING = 0x8028, 0x8029, 0x802A
_REQUIRED_BELOW = 0x8000  # attributes a receiver must understand (RFC 8489, 14)
_UNDERSTOOD = frozenset((_USERNAME, _INTEGRITY, _ERROR, _UNKNOWN, _XOR_ADDRESS, _PRIORITY, _USE_CANDIDATE))
_LENGTHS = {_INTEGRITY: 20, _PRIORITY: 4, _USE_CANDIDATE: 0, _FINGERPRINT: 4, _CONTROLLED: 8, _CONTROLLING: 8}

Buffer = bytes | bytearray | memoryview
Address = tuple[str, int]

REASONS = {400: "Bad Request", 401: "Unauthenticated", 420: "Unknown Attribute", 487: "Role Conflict"}


class MessageClass(IntEnum):
    REQUEST = 0x000
    INDICATION = 0x010
    SUCCESS = 0x100
    ERROR = 0x110


@dataclass(frozen=True, slots=True)
class StunMessage:
    """A binding message. `controlling` and `controlled` are the sender's tie-breaker if it claims that role.

    `signed_bytes` is how much of the message MESSAGE-INTEGRITY covers; None: it has none.
    """

    kind: MessageClass
    transaction: bytes
    username: bytes | None = None
    priority: int | None = None
    use_candidate: bool = False
    controlling: int | None = None
    controlled: int | None = None
    mapped: Address | None = None
    error: int | None = None
    unknown: tuple[int, ...] = ()  # attributes that must be understood and are not
    signed_bytes: int | None = None
    has_fingerprint: bool = False


def asked_ufrag(data: Buffer, length: int) -> bytes | None:
    """Whom a binding request in the first `length` bytes is for: our part of its USERNAME (RFC 8445, 7.2.2).

    None: no binding request, or one that names nobody. Nothing is hashed and nothing copied but the name, so
    that a flood of junk costs little more than its receiving.
    """
    if not HEADER_BYTES < length <= STUN_MAX_BYTES or data[4:8] != _COOKIE or data[0] or data[1] != BINDING:
        return None
    if length & 3 or (data[2] << 8 | data[3]) != length - HEADER_BYTES:
        return None
    at = HEADER_BYTES
    for _ in range(ATTRIBUTES_MAX):
        if at + 4 > length:
            return None
        size = data[at + 2] << 8 | data[at + 3]
        if data[at] == 0 and data[at + 1] == _USERNAME:
            if size > USERNAME_MAX_BYTES or at + 4 + size > length:
                return None
            name, colon, _ = bytes(data[at + 4 : at + 4 + size]).partition(b":")
            return name if colon and name else None
        at += 4 + (size + 3 & ~3)
    return None


def parse_stun(data: Buffer) -> StunMessage | None:
    """A binding message; None for anything else, a message with a wrong checksum included."""
    length = len(data)
    if not HEADER_BYTES <= length <= STUN_MAX_BYTES or length & 3:
        return None
    kind, body_bytes, cookie, transaction = _HEADER.unpack_from(data)
    if cookie != _COOKIE or body_bytes != length - HEADER_BYTES or kind & ~0x0110 != BINDING:
        return None
    found: dict[int, bytes] = {}
    unknown: list[int] = []
    signed: int | None = None
    at, left = HEADER_BYTES, ATTRIBUTES_MAX
    while at < length:
        if at + 4 > length or not left:
            return None
        left -= 1
        name, size = _PAIR.unpack_from(data, at)
        end = at + 4 + size
        if end > length or _LENGTHS.get(name, size) != size:
            return None
        if name == _FINGERPRINT:  # must be the last (RFC 8489, 14.7)
            if end != length or int.from_bytes(data[at + 4 : end], "big") != _checksum(data[:at]):
                return None
            found[name] = b""
        elif signed is None:
            if name == _INTEGRITY:
                signed = at
            if name in _UNDERSTOOD or name >= _REQUIRED_BELOW:
                found.setdefault(name, bytes(data[at + 4 : end]))  # of two the first counts (RFC 8489, 14)
            else:
                unknown.append(name)
        at = end + 3 & ~3
    return _understand(MessageClass(kind & 0x0110), transaction, found, tuple(unknown), signed)


def _understand(
    kind: MessageClass, transaction: bytes, found: dict[int, bytes], unknown: tuple[int, ...], signed: int | None
) -> StunMessage | None:
    username, error, address = found.get(_USERNAME), found.get(_ERROR), found.get(_XOR_ADDRESS)
    if username is not None and len(username) > USERNAME_MAX_BYTES:
        return None
    if error is not None and not (len(error) >= 4 and 3 <= error[2] & 7 <= 6 and error[3] < 100):
        return None
    mapped = None if address is None else _read_address(address, transaction)
    if address is not None and mapped is None:
        return None
    return StunMessage(
        kind,
        transaction,
        username,
        _number(found.get(_PRIORITY)),
        _USE_CANDIDATE in found,
        _number(found.get(_CONTROLLING)),
        _number(found.get(_CONTROLLED)),
        mapped,
        None if error is None else (error[2] & 7) * 100 + error[3],
        unknown,
        signed,
        _FINGERPRINT in found,
    )


def is_signed_by(data: Buffer, message: StunMessage, password: bytes) -> bool:
    """Whether MESSAGE-INTEGRITY is there and of this password (short-term credentials: RFC 8489, 9.1)."""
    at = message.signed_bytes
    if at is None:
        return False
    return hmac.compare_digest(bytes(data[at + 4 : at + 4 + _INTEGRITY_BYTES]), _signature(data[:at], password))


def build_request(
    transaction: bytes,
    username: bytes,
    password: bytes,
    *,
    priority: int,
    controlling: int | None = None,
    controlled: int | None = None,
    use_candidate: bool = False,
) -> bytes:
    """A connectivity check (RFC 8445, 7.2.2)."""
    attributes = [(_USERNAME, username), (_PRIORITY, priority.to_bytes(4, "big"))]
    if controlling is not None:
        attributes.append((_CONTROLLING, controlling.to_bytes(8, "big")))
    if controlled is not None:
        attributes.append((_CONTROLLED, controlled.to_bytes(8, "big")))
    if use_candidate:
        attributes.append((_USE_CANDIDATE, b""))
    return _build(MessageClass.REQUEST, transaction, attributes, password)


def build_success(transaction: bytes, mapped: Address, password: bytes) -> bytes:
    """The answer to a check: where it came from. An IPv4 address in IPv6 clothes is told as the IPv4 it is.

    Raises:
        ValueError: `mapped` is no address.
    """
    return _build(MessageClass.SUCCESS, transaction, [(_XOR_ADDRESS, _write_address(mapped, transaction))], password)


def build_error(transaction: bytes, code: int, password: bytes | None, unknown: Sequence[int] = ()) -> bytes:
    """A refusal: 400, 401, 420 (naming `unknown`) or 487. Unsigned without a password, as 400 and 401 must be."""
    attributes = [(_ERROR, bytes((0, 0, code // 100, code % 100)) + REASONS[code].encode())]
    if unknown:
        attributes.append((_UNKNOWN, b"".join(name.to_bytes(2, "big") for name in unknown)))
    return _build(MessageClass.ERROR, transaction, attributes, password)


def build_indication(transaction: bytes) -> bytes:
    """A keepalive (RFC 8445, 11): nobody answers it."""
    return _build(MessageClass.INDICATION, transaction, [], None)


def _build(
    kind: MessageClass, transaction: bytes, attributes: list[tuple[int, bytes]], password: bytes | None
) -> bytes:
    body = b"".join(_PAIR.pack(name, len(value)) + value + bytes(-len(value) % 4) for name, value in attributes)
    message = _HEADER.pack(BINDING | kind, len(body), _COOKIE, transaction) + body
    if password is not None:
        message += _PAIR.pack(_INTEGRITY, _INTEGRITY_BYTES) + _signature(message, password)
    return _with_length(message, 8) + _PAIR.pack(_FINGERPRINT, 4) + _checksum(message).to_bytes(4, "big")


def _with_length(message: Buffer, more: int) -> bytes:
    """The message with a header that says so many bytes more follow."""
    return b"".join((message[:2], (len(message) - HEADER_BYTES + more).to_bytes(2, "big"), message[4:]))


def _signature(message: Buffer, password: bytes) -> bytes:
    return hmac.digest(password, _with_length(message, 4 + _INTEGRITY_BYTES), "sha1")


def _checksum(message: Buffer) -> int:
    return zlib.crc32(_with_length(message, 8)) ^ _FINGERPRINT_XOR


def _number(value: bytes | None) -> int | None:
    return None if value is None else int.from_bytes(value, "big")


def _read_address(value: bytes, transaction: bytes) -> Address | None:
    if len(value) not in (8, 20) or value[1] != (1 if len(value) == 8 else 2):
        return None
    plain = _xor(value[2:4], _COOKIE), _xor(value[4:], _COOKIE + transaction)
    host = IPv4Address(plain[1]) if len(value) == 8 else IPv6Address(plain[1])
    return str(host), int.from_bytes(plain[0], "big")


def _write_address(address: Address, transaction: bytes) -> bytes:
    host = ip_address(address[0].partition("%")[0])
    if isinstance(host, IPv6Address) and host.ipv4_mapped is not None:
        host = host.ipv4_mapped
    family = b"\0\x01" if host.version == 4 else b"\0\x02"
    return family + _xor(address[1].to_bytes(2, "big"), _COOKIE) + _xor(host.packed, _COOKIE + transaction)


def _xor(value: bytes, mask: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(value, mask, strict=False))
