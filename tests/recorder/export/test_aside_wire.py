"""What server and maker say to each other comes whole, in order, or not at all."""

import asyncio
from pathlib import Path

import pytest

from recorder.export.aside_wire import Answer, Ask, HeadsNow, Over, Told, next_value, packed
from recorder.export.bundle import WrittenBundle
from recorder.export.export import Phase
from storage import SegmentUnreadableError
from storage.heads import HeadKeyMissing

SAID = (
    Ask("recordings", ("dev1", "main", 0, 1)),
    Answer(HeadsNow("ed25519:00", 7)),
    Told(Phase.WRITING, 1 << 40, 1 << 41),
    Over(bundle=WrittenBundle("00", 3)),
    Over(failure=("The disk is full.", "Order it again.")),
)


def reader_of(data: bytes) -> asyncio.StreamReader:
    reader = asyncio.StreamReader()
    reader.feed_data(data)
    reader.feed_eof()
    return reader


async def test_values_come_as_they_were_said_and_then_the_other_side_is_gone():
    reader = reader_of(b"".join(map(packed, SAID)))
    assert [await next_value(reader) for _ in SAID] == list(SAID)
    with pytest.raises(EOFError):
        await next_value(reader)


async def test_half_a_value_is_none():
    with pytest.raises(EOFError):
        await next_value(reader_of(packed(SAID[0])[:-1]))


@pytest.mark.parametrize(
    "error",
    [OSError(5, "Input/output error", str(Path("x"))), HeadKeyMissing("no key"), SegmentUnreadableError("torn")],
)
async def test_what_was_refused_is_refused_on_the_other_side(error):
    answer = await next_value(reader_of(packed(Answer(error=error))))
    assert isinstance(answer, Answer)
    assert type(answer.error) is type(error)
    assert str(answer.error) == str(error)
