"""bundle.json and its signature: which files there are, of what size and digest, and who says so."""

import re
from dataclasses import dataclass

from verifier import canonical
from verifier.archive import Archive
from verifier.heads import is_signed
from verifier.report import Report, Wrong

MANIFEST, SIGNATURE = "bundle.json", "bundle.sig"
FORMAT = "mingjing bundle v1"
CONTEXT = b"mingjing bundle v1\n"
MANIFEST_MAX_BYTES = 24 << 20
SIGNATURE_MAX_BYTES = 1_024
PLACES = {  # of each role: its one file, or its folder
    "original": "evidence/",
    "playable": "playable/",
    "derived": "derived/",
    "custody": "custody/",
    "verifier": "verify.pyz",
    "keys": "keys.jsonl",
    "text": "README.txt",
}
_EVIDENCE = re.compile(r"evidence/([1-9][0-9]{0,4})/")


@dataclass(frozen=True, slots=True)
class Listed:
    """A file as the manifest has it."""

    name: str
    size: int
    digest: bytes
    role: str


@dataclass(frozen=True, slots=True)
class Manifest:
    files: dict[str, Listed]
    items: dict[int, dict[str, object]]
    key: str
    made_at: str
    made_by: str
    order: str

    def films(self) -> set[str]:
        """Files that say of themselves that they show what was recorded."""
        return {name for name, listed in self.files.items() if listed.role == "playable"}


def read_manifest(archive: Archive, report: Report) -> Manifest | None:
    """None: there is none that can be read. What is wrong with it or its signature is told."""
    if MANIFEST not in archive.files:
        report.fault(MANIFEST, "it is missing: nothing says which files there should be")
        return None
    data = archive.whole(MANIFEST, MANIFEST_MAX_BYTES)
    try:
        manifest = _parsed(canonical.read(data, MANIFEST_MAX_BYTES))
    except Wrong as error:
        report.fault(MANIFEST, str(error))
        return None
    report.key, report.made_at, report.made_by = manifest.key, manifest.made_at, manifest.made_by
    try:
        _check_signature(archive, manifest.key, data)
    except Wrong as error:
        report.fault(SIGNATURE, str(error))
    return manifest


def _check_signature(archive: Archive, key: str, data: bytes) -> None:
    if SIGNATURE not in archive.files:
        raise Wrong("it is missing: nobody vouches for this bundle")
    value = canonical.read(archive.whole(SIGNATURE, SIGNATURE_MAX_BYTES), SIGNATURE_MAX_BYTES)
    if value.keys() != {"key", "signature"}:
        raise Wrong("no signature of a kind that is known here")
    if value["key"] != key:
        raise Wrong("it is by another key than bundle.json names")
    if not is_signed(key, CONTEXT + data, value["signature"]):
        raise Wrong("the signature is not true: bundle.json was altered, or this is not its signature")


def check_files(archive: Archive, manifest: Manifest, report: Report) -> None:
    """Each file against the manifest, by every byte."""
    for name, listed in manifest.files.items():
        entry = archive.files.get(name)
        if entry is None:
            report.fault(name, "it is missing")
            continue
        if entry.size != listed.size:
            words = f"it has {entry.size} bytes and should have {listed.size}"
            report.fault(name, words, at_byte=min(entry.size, listed.size))
        elif archive.digest(name) != (listed.digest, entry.crc):
            report.fault(name, "it was altered: its SHA-256 is not the one that was signed")
    for name in archive.files:
        if name not in manifest.files and name not in (MANIFEST, SIGNATURE):
            report.fault(name, "nobody speaks for this file: it was added")
    for name in (MANIFEST, SIGNATURE):
        if name in archive.files and archive.digest(name)[1] != archive.files[name].crc:
            report.fault(name, "its CRC-32 in the zip is not that of its bytes", at_byte=0)
    wanted = [*manifest.files, MANIFEST, SIGNATURE]
    if list(archive.files) != wanted and set(archive.files) == set(wanted):
        report.fault("", "its files are not in the order of bundle.json")


def item_numbers(names: list[str]) -> list[int]:
    """Of the folders of evidence."""
    return sorted({int(found[1]) for name in names if (found := _EVIDENCE.match(name)) is not None})


def _parsed(value: dict[str, object]) -> Manifest:
    if value.get("format") != FORMAT:
        raise Wrong("a format that is not known here: a newer verifier may know it")
    made = canonical.thing(value.get("made"), "made")
    files: dict[str, Listed] = {}
    for one in canonical.things(value, "files"):
        told = canonical.thing(one, "a file")
        name, role = canonical.text(told, "name"), canonical.text(told, "role")
        if name in files or role not in PLACES:
            raise Wrong(f"{name[:200]!r} stands in it twice, or in a role that is not known here")
        place = PLACES[role]
        if not (name.startswith(place) and place.endswith("/")) and name != place:
            raise Wrong(f"{name[:200]!r} is not where a file of its role belongs")
        files[name] = Listed(name, canonical.number(told, "size"), canonical.digest(told.get("sha256"), "sha256"), role)
    items = {}
    for one in canonical.things(value, "items"):
        told = canonical.thing(one, "an item")
        items[canonical.number(told, "number")] = told
    return Manifest(
        files=files,
        items=items,
        key=canonical.text(value, "key"),
        made_at=canonical.text(made, "at"),
        order="" if value.get("order") is None else canonical.text(value, "order"),
        made_by=f"{canonical.text(made, 'by')} on {canonical.text(made, 'node')}",
    )
