"""Bundles that somebody altered: in their bytes, or as a forger who makes zip, manifest and signature anew.

A forger's bundle is whole but for what it was forged for: the deeper check must find that, and its key is not ours.
"""

from io import BytesIO
from zipfile import ZipFile

from recorder.export.bundle import BundleFacts, write_bundle
from recorder.export.part import Part
from storage.heads import Ed25519
from tests.tamper.changes import Change, change
from verifier import Report, Unreadable
from verifier.verify import verify_file

STRUCTURE = "zip"
AREAS = ("media", "journal", "manifest", "signature", "proof", "heads", "evidence", "other", STRUCTURE)
FORGED_AREAS = ("media", "journal", "proof", "heads", "evidence")


def area_of(name):
    for ending, area in (
        (".mp4", "media"),
        (".journal", "journal"),
        (".proof.json", "proof"),
        ("heads.jsonl", "heads"),
        ("keys.jsonl", "heads"),
        ("evidence.json", "evidence"),
        ("bundle.json", "manifest"),
        ("bundle.sig", "signature"),
    ):
        if name.endswith(ending):
            return area
    return "other"


class Sound:
    """A bundle that is intact, and where its files are."""

    def __init__(self, path, key, *older):
        self.data, self.key, self.keys = path.read_bytes(), key, {key, *older}
        with ZipFile(path) as archive:
            self.files = {info.filename: archive.read(info) for info in archive.infolist()}
            starts = {info.filename: info.header_offset + 30 + len(info.filename) for info in archive.infolist()}
            self.directory_at = archive.start_dir
            self.headers = [(info.filename, info.header_offset) for info in archive.infolist()]
        self.places = {name: (starts[name], starts[name] + len(data)) for name, data in self.files.items()}

    def altered(self, chance, area) -> tuple[str, Change]:
        """The file (empty: the zip itself) and the changed bundle."""
        if area == STRUCTURE:
            ranges = [(at, at + 30 + len(name)) for name, at in self.headers]
            ranges.append((self.directory_at, len(self.data)))
            return "", change(chance, self.data, *chance.choice(ranges))
        name = chance.choice([one for one, data in self.files.items() if area_of(one) == area and data])
        return name, change(chance, self.data, *self.places[name])

    def forged(self, chance, area, path) -> tuple[str, bytes]:
        """A file is changed, and everything that can be is made anew."""
        name = chance.choice([one for one, data in self.files.items() if area_of(one) == area and data])
        files = dict(self.files)
        files[name] = change(chance, files[name], 0, len(files[name])).data
        return name, forge(path, files)


def forge(path, files) -> bytes:
    """A bundle of these files by somebody else's key."""
    signer = Ed25519().signer(Ed25519().new_key())
    made = ("README.txt", "verify.pyz", "bundle.json", "bundle.sig")
    parts = [Part.of(name, "original", data) for name, data in files.items() if name not in made]
    numbers = sorted({int(name.split("/")[1]) for name in files if name.startswith("evidence/")})
    facts = BundleFacts("2026-09-21T14:13:20Z", "user:forger", "node1", "x", [{"number": n} for n in numbers])
    write_bundle(path, parts, facts, signer)
    return path.read_bytes()


def looked_at(data, known=()) -> Report | Unreadable:
    try:
        return verify_file(BytesIO(data), len(data), known)
    except Unreadable as unreadable:
        return unreadable


def names(report, name) -> bool:
    """Whether the place is named: the file, or for the zip itself a byte of it."""
    if isinstance(report, Unreadable):
        return True
    if not name:
        return any(fault.at_byte is not None for fault in report.faults)
    return any(fault.file == name or name in fault.words for fault in report.faults)
