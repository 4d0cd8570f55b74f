"""What was sent against what the archive kept: which pictures are lost, and which nobody could have kept.

What a connection that was cut had under way is lost on the way, as it is for a device: the last
pictures of such a publication, and no more of them than a connection holds. Everything else that is
missing is loss.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from mingjing.bench.archive import ArchiveCount
from mingjing.bench.load import Sent

# What kernels hold of a connection whose reader keeps up is a few pictures; what the simulator hands one whose reader
# does not is a quarter of a megabyte (mingjing.simulator.link): at 1.5 Mbit/s and 25 a second less than 50 pictures.
UNDER_WAY_MAX_UNITS = 50


@dataclass(frozen=True, slots=True)
class Account:
    sent: int
    lost: int
    under_way: int  # at the ends of publications that were cut
    publications: int
    worst: str  # the publication that lost most, in words; empty when none did


def settle(sent: Iterable[Sent], archive: ArchiveCount) -> Account:
    """Compare every publication with what there is of it."""
    units = lost = under_way = publications = most = 0
    worst = ""
    for publication in sent:
        publications += 1
        units += publication.units
        holes = archive.missing(publication.device, publication.first_n, publication.last_n)
        tail = _length(holes[-1]) if publication.cut and holes and holes[-1][1] == publication.last_n else 0
        tail = tail if tail <= UNDER_WAY_MAX_UNITS else 0
        under_way += tail
        here = sum(map(_length, holes)) - tail
        lost += here
        if here > most:
            most = here
            whole = f"{publication.first_n}-{publication.last_n}"
            worst = f"{publication.device}: {here} of {whole}, from {holes[0][0]} on"
    return Account(units, lost, under_way, publications, worst)


def _length(hole: tuple[int, int]) -> int:
    return hole[1] - hole[0] + 1
