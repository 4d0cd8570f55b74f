"""What the server and a worker say to each other: read back at every split, and refused where it cannot be."""

import random

import pytest

from tests.workers.tones import AAC_44, ALAW
from workers.sound import MadeSound
from workers.wire import (
    BODY_BYTES_MAX,
    PACKET_BYTES_MAX,
    PACKETS_MAX,
    Answer,
    Kind,
    Message,
    MessageReader,
    WireError,
    made_message,
    message,
    open_message,
    read_made,
    read_open,
    read_unit,
    unit_message,
)

ANSWER = Answer([MadeSound(b"one", -312, True), MadeSound(b"two", 648, False)], unreadable=False)
SAID = open_message(7, AAC_44) + unit_message(7, b"frame", 1 << 40, True) + made_message(7, ANSWER)


def read(*parts: bytes) -> list[Message]:
    reader = MessageReader()
    return [one for part in parts for one in reader.receive(part)]


def test_messages_are_the_same_at_every_split_and_byte_by_byte() -> None:
    whole = read(SAID)
    assert [(one.kind, one.job) for one in whole] == [(Kind.OPEN, 7), (Kind.UNIT, 7), (Kind.MADE, 7)]
    assert all(read(SAID[:at], SAID[at:]) == whole for at in range(len(SAID)))
    assert read(*(bytes((byte,)) for byte in SAID)) == whole


def test_bodies_come_back_as_they_were() -> None:
    opened, unit, made = (one.body for one in read(SAID))
    found = read_open(opened)
    assert (found.codec, found.sample_rate, found.channels, found.config) == (AAC_44.codec, 44_100, 2, AAC_44.config)
    assert read_unit(unit) == (b"frame", 1 << 40, True)
    assert read_made(made) == ANSWER
    assert read_open(read(open_message(1, ALAW))[0].body).codec is ALAW.codec


@pytest.mark.parametrize(
    "head", [b"\xff\xff\xff\xff\x01", (BODY_BYTES_MAX + 1).to_bytes(4, "little") + b"\5", bytes(5)]
)
def test_a_body_that_is_too_long_and_a_kind_that_there_is_not_are_refused_before_they_are_held(head: bytes) -> None:
    with pytest.raises(WireError):
        read(head + bytes(4))


@pytest.mark.parametrize(
    "packets",
    [
        [MadeSound(b"", 0, False)],
        [MadeSound(bytes(PACKET_BYTES_MAX + 1), 0, False)],
        [MadeSound(b"x", n, False) for n in range(PACKETS_MAX + 1)],
        [MadeSound(b"x", 960, False), MadeSound(b"x", 960, False)],
    ],
    ids=["empty", "too long", "too many", "not later"],
)
def test_answers_that_cannot_be_are_refused(packets: list[MadeSound]) -> None:
    (told,) = read(made_message(1, Answer(packets, unreadable=False)))
    with pytest.raises(WireError):
        read_made(told.body)


def test_only_the_documented_error_escapes_whatever_the_bytes_are() -> None:
    dice = random.Random(9)
    bodies = [one.body for one in read(SAID)]
    for _ in range(3_000):
        body = bytearray(dice.choice(bodies))
        for _ in range(dice.randrange(1, 4)):
            body[dice.randrange(len(body))] = dice.randrange(256)
        cut = bytes(body[: dice.randrange(len(body) + 1)])
        for parse in (read_open, read_unit, read_made):
            try:
                parse(cut)
            except WireError:
                continue


def test_message_is_what_it_says() -> None:
    assert read(message(Kind.CLOSE, 3)) == [Message(Kind.CLOSE, 3, b"")]
