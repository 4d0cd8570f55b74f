"""The verifier as one file, `verify.pyz`: any Python from 3.11 on runs it, with nothing installed.

Made from the files of this package, and the same bytes wherever and whenever it is made: names in order, stored, with
the first date that a zip can have.
"""

from importlib.resources import files
from io import BytesIO
from zipfile import ZIP_STORED, ZipFile, ZipInfo

_START = b"import sys\nfrom verifier.command import main\nsys.exit(main(sys.argv[1:]))\n"


def packed() -> bytes:
    """Raises OSError: its own files cannot be read."""
    sources = {
        f"verifier/{one.name}": one.read_bytes() for one in files("verifier").iterdir() if one.name.endswith(".py")
    }
    sources["__main__.py"] = _START
    packed_into = BytesIO()
    with ZipFile(packed_into, "w", ZIP_STORED) as archive:
        for name in sorted(sources):
            entry = ZipInfo(name)
            entry.create_system = 3  # else it names the system on which it was made
            archive.writestr(entry, sources[name].replace(b"\r\n", b"\n"))
    return packed_into.getvalue()
