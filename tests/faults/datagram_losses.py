"""What the loss of datagrams does to pictures: foretold from the seed, and read from the archive (F35)."""

from dataclasses import dataclass

import av

from mingjing.simulator.clip import Clip
from tests.chaos.fate import datagram_delays
from tests.chaos.impairments import Impairments
from tests.chaos.process import MEDIA_FLOW
from tests.house.account import NOT_WHOLE
from tests.house.archive import Archive


@dataclass(frozen=True, slots=True)
class Foretold:
    """Numbers of pictures: those of which every datagram comes, and those of which a slice is missing."""

    whole: frozenset[int]
    damaged: frozenset[int]

    @classmethod
    def of(cls, link: Impairments, clip: Clip, device: str, pictures: int, late: frozenset[int]) -> "Foretold":
        """`late` are datagrams that a busy machine held up: what became of their pictures nobody foretold."""
        labels = clip.label(device) if clip.label else ()
        whole, damaged, datagram = set(), set(), 0
        for number in range(pictures):
            unit = clip.video.units[number % len(clip.video.units)]
            head = range(datagram, datagram + len(unit.lead) + 1)  # parameter sets and the stamp
            label = labels[unit.label] if unit.label >= 0 and labels else ()
            body = range(head.stop, head.stop + len(label) + len(unit.body))
            datagram = body.stop
            if late.intersection(range(head.start, body.stop)):
                continue
            lost = [not datagram_delays(link, MEDIA_FLOW, one) for one in range(head.start, body.stop)]
            if not any(lost):
                whole.add(number)
            elif any(lost[len(head) :]):
                damaged.add(number)
        return cls(frozenset(whole), frozenset(damaged))


@dataclass(frozen=True, slots=True)
class Kept:
    """What the archive has of them, in order."""

    numbers: list[int]
    marked: frozenset[int]  # as damaged, or as closed without its marker

    @classmethod
    def of(cls, archive: Archive) -> "Kept":
        stamped = [(stamp.n, record) for record, stamp in archive.stamped()]
        marked = frozenset(number for number, record in stamped if record.flags & NOT_WHOLE)
        return cls([number for number, _ in stamped], marked)


def decoded_pictures(archive: Archive) -> int:
    """How many pictures libav gets out of the archive, concealing what is missing as a player does."""
    pictures = 0
    for path in archive.files():
        with av.open(str(path)) as container:
            if container.streams.video:  # else sound came before the first parameter sets
                pictures += sum(1 for _ in container.decode(video=0))
    return pictures
