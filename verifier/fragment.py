"""Bytes of a segment file: its header's identity, what codec its sound is, and the samples of a fragment.

docs/reference/fragment.md has the layout; only what the check needs is read.
"""

import json
from collections.abc import Iterator

from verifier.report import Wrong

_IDENTITY = bytes.fromhex("6d696e676a694e679d5c2f1f0a5b7c31")
_IDENTITY_MAX_BYTES = 65_536
SAMPLES_MAX = 10_000  # in a fragment of sound of 100 ms
SAMPLED_ENTRIES = (b"mp4a", b"Opus", b"alaw", b"ulaw", b"avc3", b"hev1")


def boxes(data: bytes, start: int = 0, end: int | None = None) -> Iterator[tuple[bytes, int, int]]:
    """Kind, and where the body of each box begins and ends. Raises Wrong: they do not fill the room."""
    end = len(data) if end is None else end
    while start < end:
        size = int.from_bytes(data[start : start + 4], "big")
        if start + 8 > end or size < 8 or start + size > end:
            raise Wrong(f"a box at {start} does not fit")
        yield data[start + 4 : start + 8], start + 8, start + size
        start += size


def identity(header: bytes) -> dict[str, object]:
    """Who a segment file says it is. Raises Wrong."""
    for kind, start, end in boxes(header):
        if kind == b"uuid" and header[start : start + 16] == _IDENTITY and end - start <= _IDENTITY_MAX_BYTES:
            try:
                value = json.loads(header[start + 16 : end])
            except (ValueError, RecursionError):
                raise Wrong("its identity is not JSON that can be read") from None
            if isinstance(value, dict):
                return value
    raise Wrong("its header says not who it is")


def entries(header: bytes) -> list[bytes]:
    """The kinds of the tracks' sample entries, in order. Raises Wrong."""
    found = []
    for kind, start, end in boxes(header):
        if kind == b"moov":
            for inner, inner_start, inner_end in boxes(header, start, end):
                if inner == b"trak":
                    found.append(_entry(header, inner_start, inner_end))
    return found


def _entry(data: bytes, start: int, end: int) -> bytes:
    for wanted in (b"mdia", b"minf", b"stbl", b"stsd"):
        for kind, inner, inner_end in boxes(data, start, end):
            if kind == wanted:
                start, end = inner, inner_end
                break
        else:
            raise Wrong(f"a track without {wanted.decode()}")
    return data[start + 12 : start + 16]


def samples(fragment: bytes, track: int) -> list[bytes]:
    """The samples of a fragment of ours. Raises Wrong: it is none of that track, or laid out otherwise."""
    shape = fragment[4:8] == b"prft" and fragment[36:40] == b"moof" and len(fragment) >= 144
    if not shape or int.from_bytes(fragment[76:80], "big") != track:
        raise Wrong("no fragment of its track")
    count, data_at = int.from_bytes(fragment[112:116], "big"), 144
    sizes = [int.from_bytes(fragment[124:128], "big")]
    if track != 1:
        count = int.from_bytes(fragment[116:120], "big")
        if not 0 < count <= SAMPLES_MAX:
            raise Wrong("a fragment of no samples, or of too many")
        sizes = [int.from_bytes(fragment[128 + 8 * n : 132 + 8 * n], "big") for n in range(count)]
        data_at = 132 + 8 * count
    if len(sizes) != count or data_at + sum(sizes) != len(fragment):
        raise Wrong("its samples do not fill it")
    found = []
    for size in sizes:
        found.append(fragment[data_at : data_at + size])
        data_at += size
    return found
