"""What the server and a worker say to each other, as bytes: length, kind and number of the job, then the body.

    server   OPEN    codec, rates, channels, config: a channel's sound from here on
             UNIT    one frame of it
             CLOSE   no more of it
    worker   READY   once, when it can work
             MADE    one for each UNIT, in the order in which they came, with the packets that it brought forth

A worker has read what devices sent: what it says is held to the same limits. Not here: sockets, processes.
"""

import struct
from collections.abc import Iterator, Sequence
from enum import IntEnum
from struct import Struct
from typing import NamedTuple

from media import AudioConfig, Codec
from workers.sound import MadeSound

PACKET_BYTES_MAX = 1_276  # RFC 6716, 3.1 and 3.2.1: one frame of 20 ms, and the byte that describes it
PACKETS_MAX = 100  # of one unit: 2 s; 8 KiB of the slowest sound are 1.2 s, and silence before it may be 0.2 s
BODY_BYTES_MAX = 1 << 18  # a hundred of the greatest packets have half of it
CONFIG_BYTES_MAX = 64  # as media.sdp takes them

_HEAD = Struct("<IBI")
_CONFIG = Struct("<BIBI")  # codec, sample rate, channels, clock rate; the AudioSpecificConfig follows
_UNIT = Struct("<qB")  # pts, jumped; the payload follows
_PACKET = Struct("<qBH")  # pts, jumped, length; the payload follows
_CODECS = (Codec.AAC, Codec.PCM_ALAW, Codec.PCM_MULAW)
_SAMPLE_RATES = range(7_350, 192_001)  # of the slowest AAC to the fastest sound there is
_CHANNELS_MAX = 8


class WireError(Exception):
    """The other side did not say what it may say."""


class Kind(IntEnum):
    OPEN = 1
    UNIT = 2
    CLOSE = 3
    READY = 4
    MADE = 5


class Message(NamedTuple):
    kind: Kind
    job: int
    body: bytes


class Answer(NamedTuple):
    """What a unit brought forth; `unreadable` when the decoder could not make anything of it."""

    packets: Sequence[MadeSound]
    unreadable: bool


def message(kind: Kind, job: int, *body: bytes) -> bytes:
    return b"".join((_HEAD.pack(sum(map(len, body)), kind, job), *body))


class MessageReader:
    """Bytes in as they come, in any split; messages out. Holds one message and a read at most."""

    def __init__(self) -> None:
        self._held = bytearray()

    def receive(self, data: bytes) -> Iterator[Message]:
        """What is complete.

        Raises:
            WireError: a kind that there is not, or a body over the limit.
        """
        held = self._held
        held += data
        at = 0
        while len(held) - at >= _HEAD.size:
            length, kind, job = _HEAD.unpack_from(held, at)
            if length > BODY_BYTES_MAX or not Kind.OPEN <= kind <= Kind.MADE:
                raise WireError(f"a message of kind {kind} and {length} bytes")
            end = at + _HEAD.size + length
            if end > len(held):
                break
            yield Message(Kind(kind), job, bytes(held[at + _HEAD.size : end]))
            at = end
        del held[:at]


def open_message(job: int, config: AudioConfig) -> bytes:
    fields = _CODECS.index(config.codec), config.sample_rate, config.channels, config.clock_rate
    return message(Kind.OPEN, job, _CONFIG.pack(*fields), config.config)


def read_open(body: bytes) -> AudioConfig:
    """The sound that is to come.

    Raises:
        WireError: there is no such sound.
    """
    try:
        codec, sample_rate, channels, clock_rate = _CONFIG.unpack_from(body)
    except struct.error as error:
        raise WireError(str(error)) from None
    config = body[_CONFIG.size :]
    sound = codec < len(_CODECS) and sample_rate in _SAMPLE_RATES and 0 < channels <= _CHANNELS_MAX
    if not sound or clock_rate == 0 or len(config) > CONFIG_BYTES_MAX:
        raise WireError("a sound that there is not")
    return AudioConfig(_CODECS[codec], sample_rate, channels, "", config, clock_rate)


def unit_message(job: int, payload: bytes, pts: int, jumped: bool) -> bytes:
    return message(Kind.UNIT, job, _UNIT.pack(pts, jumped), payload)


def read_unit(body: bytes) -> tuple[bytes, int, bool]:
    """Payload, pts, jumped.

    Raises:
        WireError: cut off.
    """
    try:
        pts, jumped = _UNIT.unpack_from(body)
    except struct.error as error:
        raise WireError(str(error)) from None
    return body[_UNIT.size :], pts, bool(jumped)


def made_message(job: int, answer: Answer) -> bytes:
    parts = [bytes((answer.unreadable,))]
    for packet in answer.packets:
        parts.append(_PACKET.pack(packet.pts, packet.reanchored, len(packet.payload)))
        parts.append(packet.payload)
    return message(Kind.MADE, job, *parts)


def read_made(body: bytes) -> Answer:
    """What a unit brought forth.

    Raises:
        WireError: cut off, too many or too large packets, or times that go back.
    """
    if not body:
        raise WireError("an answer without a byte")
    packets: list[MadeSound] = []
    at = 1
    while at < len(body):
        try:
            pts, jumped, length = _PACKET.unpack_from(body, at)
        except struct.error as error:
            raise WireError(str(error)) from None
        at += _PACKET.size
        if not 0 < length <= min(PACKET_BYTES_MAX, len(body) - at) or len(packets) == PACKETS_MAX:
            raise WireError("a packet that cannot be")
        if packets and pts <= packets[-1].pts:
            raise WireError("a packet before the one before it")
        packets.append(MadeSound(body[at : at + length], pts, bool(jumped)))
        at += length
    return Answer(packets, bool(body[0]))
