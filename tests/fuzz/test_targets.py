"""Fuzzing in short, without atheris: vectors, what was found before, both cut and lengthened, and seeded mutations.

So no target rots between two campaigns (`make fuzz`), and whatever one of them found stays mended.
"""

import os
import random
from collections.abc import Iterator

import pytest

from tests.fuzz.mutator import mutated
from tests.fuzz.targets import BY_EXPOSURE, Target, load
from tests.fuzz.targets import rtsp as rtsp_target
from tests.vectors.loader import Vector, findings, vectors

MUTATIONS = {
    "stream": 150,
    "journal": 400,
    "bundle": 300,
    "interleaved": 300,
    "h264": 400,
    "h265": 300,
    "rtp": 700,
    "repaired": 400,
    "offer": 500,
}  # half a second each
MUTATIONS_ELSE = 1_000
# Shorter inputs are cut at every byte, longer ones at some places; `make bad` cuts and splits more than the suite.
FULL = "FAULTS_FULL" in os.environ
CUT_ALL_BYTES, CUTS_ELSE, TRAILED_BYTES = (120, 12, 4_096) if FULL else (40, 6, 1_024)
SPLIT_ALL_BYTES = 400 if FULL else 200
TRAILING = (b"\0", b"\xff" * 40, b"$\x00\x00\x04\x80\x60\x00\x01", b"\r\n\r\n")

targets = pytest.mark.parametrize("name", BY_EXPOSURE)


def known(target: Target) -> Iterator[tuple[str, bytes]]:
    if target.KIND != "journal":  # its seeds are made of the segments in its folder
        yield from ((vector.name, target.seed(vector)) for vector in vectors(target.KIND))
    yield from findings(target.KIND)
    yield from ((f"seed {place}", seed) for place, seed in enumerate(target.seeds()))


@targets
def test_what_is_known_to_be_hostile_is_borne(name: str) -> None:
    target = load(name)
    for called, data in known(target):
        played(target, called, data)


@targets
def test_it_may_end_anywhere_and_go_on_with_anything(name: str) -> None:
    target = load(name)
    chance = random.Random(1)
    for called, data in known(target):
        few = len(data) <= CUT_ALL_BYTES
        cuts = list(range(len(data))) if few else sorted(chance.sample(range(min(len(data), 4_096)), CUTS_ELSE))
        for cut in cuts:
            played(target, f"{called}, cut at {cut}", data[:cut])
        if len(data) <= TRAILED_BYTES:
            for more in TRAILING:
                played(target, f"{called}, and {more!r}", data + more)


@targets
def test_mutations_find_nothing(name: str) -> None:
    target = load(name)
    seed = random.getrandbits(32)  # of this run: pytest-randomly prints what it comes from
    chance = random.Random(seed)
    seeds = [data for _, data in known(target)]
    for number in range(MUTATIONS.get(name, MUTATIONS_ELSE)):
        played(target, f"mutation {number} of seed {seed}", mutated(chance, seeds, target.TOKENS))


@pytest.mark.parametrize("kind", ["rtsp", "interleaved"])
def test_a_conversation_is_the_same_at_every_split_and_byte_by_byte(kind: str) -> None:
    for vector in vectors(kind):
        prelude, data = opening(kind, vector), rtsp_target.filled(vector.data)
        whole = rtsp_target.heard(prelude + data, [len(prelude), len(prelude + data)])
        if len(data) <= SPLIT_ALL_BYTES:
            for split in range(1, len(data)):
                ends = [len(prelude), len(prelude) + split, len(prelude + data)]
                assert rtsp_target.heard(prelude + data, ends) == whole, (vector.name, split)
        if len(data) <= 10 * SPLIT_ALL_BYTES:
            ends = [len(prelude), *range(len(prelude) + 1, len(prelude + data) + 1)]
            assert rtsp_target.heard(prelude + data, ends) == whole, vector.name


def opening(kind: str, vector: Vector) -> bytes:
    return rtsp_target.PRELUDES["recording" if kind == "interleaved" else vector.notes.get("after", "")]


@pytest.mark.parametrize("kind", ["rtsp", "interleaved"])
def test_hostile_requests_get_the_answer_they_deserve(kind: str) -> None:
    for vector in vectors(kind):
        server = rtsp_target.Yes()
        server.hear(opening(kind, vector))
        said = server.hear(rtsp_target.filled(vector.data))
        got = rtsp_target.statuses(said)
        assert (got, server.core.closed) == (answers(vector), vector.notes.get("closes") == "yes"), vector.name


def answers(vector: Vector) -> list[int]:
    """`400`, `200 455`, or `200 * 1000`."""
    status, star, times = vector.notes.get("answers", "").partition("*")
    return [int(word) for word in status.split()] * (int(times) if star else 1)


def played(target: Target, called: str, data: bytes) -> None:
    try:
        target.check(data)
    except Exception as error:
        raise AssertionError(f"{called}: {error!r}\n{data[:2_000]!r}") from error
