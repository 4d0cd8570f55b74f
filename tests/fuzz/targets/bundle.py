"""An evidence bundle as somebody else sends it: whatever it is, the verifier answers with a report or cannot read it.

The input is a byte, then a zip; or, where the byte is odd, the text of one file of a bundle, which is put into a zip
with a sound form, so that fuzzing gets behind the form.
"""

import json
from collections.abc import Iterator
from io import BytesIO
from zipfile import ZipFile

from tests.vectors.loader import VECTORS, Vector
from verifier import Report, Unreadable
from verifier.verify import verify_file

KIND = "bundle"
TOKENS = (
    *(b"PK\3\4", b"PK\1\2", b"PK\5\6", b"PK\6\6", b"PK\6\7", b"\xff\xff\xff\xff", b"\1\0\x10\0"),
    *(b'"segments":[', b'"references":[', b'"files":[', b'"items":[', b'"playable":[', b"[[[[", b'{"a":', b"-1"),
    *(b"9" * 30, b"1e999", b"\\ud800", b"null", b"../"),
)
_NAMES = (
    "bundle.json",
    "bundle.sig",
    "evidence/1/evidence.json",
    "evidence/1/heads.jsonl",
    "evidence/1/01M3250VZ8NTRC81THT8Q9H44X.journal",
    "evidence/1/01M3250VZ8NTRC81THT8Q9H44X.mp4",
    "evidence/1/01M3250VZ8NTRC81THT8Q9H44X.proof.json",
    "playable/1.mp4",
    "custody/entries.jsonl",
    "custody/proofs.jsonl",
    "keys.jsonl",
)
_SEGMENT = {
    "bytes": [0, 0], "from_ns": 1, "left_out": [], "proven": True, "records": [0, 1], "sequences": [1, 2], "to_ns": 2,
    "segment": "01M3250VZ8NTRC81THT8Q9H44X", "stream": "01M3250VZ8NTRC81THT8Q9H44X",
}  # fmt: skip
_EVIDENCE = {
    "format": "mingjing evidence v1", "device": "dev1", "channel": "main", "from": "1970-01-01T00:00:00.000Z",
    "from_ns": 1, "to": "1970-01-01T00:00:00.000Z", "to_ns": 2, "gaps": [], "missing": [], "segments": [_SEGMENT],
    "references": [["01M3250VZ8NTRC81THT8Q9H44X", 1, 2]],
}  # fmt: skip
_MANIFEST = {
    "format": "mingjing bundle v1", "made": {"at": "", "by": "", "node": "", "program": ""}, "key": "ed25519:",
    "case": None, "files": [{"name": "x", "role": "text", "sha256": "0" * 64, "size": 1}],
    "items": [{"number": 1, "playable": [{"name": "playable/1.mp4", "picture": {}, "sound": {"untouched": True}}]}],
}  # fmt: skip


def seeds() -> Iterator[bytes]:
    texts = [_canonical(_MANIFEST), b"{}", _canonical(_EVIDENCE)]
    heads = next((VECTORS / "heads" / "log" / "signed").glob("*.jsonl"), None)
    texts.append(b"" if heads is None else heads.read_bytes()[:4_000])
    journals = sorted((VECTORS / "journal").glob("*.journal"))
    texts += [path.read_bytes()[:1_600] for path in journals[:1]]
    texts += [path.with_suffix(".mp4").read_bytes()[:3_000] for path in journals[:1]]
    for place, text in enumerate(texts):
        yield bytes((place << 1 | 1,)) + text
        yield b"\0" + _zipped({_NAMES[place]: text})
    yield b"\0" + _zipped(dict.fromkeys(_NAMES, b"{}"))


def seed(vector: Vector) -> bytes:
    return vector.data


def check(data: bytes) -> None:
    if not data:
        return
    told = data[1:]
    if data[0] & 1:
        files = {"bundle.json": _canonical(_MANIFEST), "evidence/1/evidence.json": _canonical(_EVIDENCE)}
        files[_NAMES[(data[0] >> 1) % len(_NAMES)]] = told
        told = _zipped(files)
    try:
        report = verify_file(BytesIO(told), len(told), {"ed25519:" + "0" * 64})
    except Unreadable:
        return
    assert isinstance(report, Report)
    assert not report.intact, "nobody can make a bundle without a key"
    assert all(line.isprintable() or line for line in report.lines())
    json.dumps(report.facts())


def _canonical(value: object) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()


def _zipped(files: dict[str, bytes]) -> bytes:
    made = BytesIO()
    with ZipFile(made, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return made.getvalue()
