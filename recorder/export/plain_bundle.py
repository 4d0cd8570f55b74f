"""A plain zip of parts, as long as the canonical writer is not there."""

import hashlib
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from zipfile import ZIP_STORED, ZipFile, ZipInfo

from recorder.export.playable import Part
from recorder.export.running import Bundle


def write_bundle(path: Path, parts: Sequence[Part], progress: Callable[[int, int], None]) -> Bundle:
    total, done = sum(part.size_bytes for part in parts), 0
    half = path.with_name(f"{path.name}.part")
    with ZipFile(half, "w", ZIP_STORED) as archive:
        for part in parts:
            with archive.open(ZipInfo(part.name), "w", force_zip64=True) as file:
                for chunk in part.chunks():
                    file.write(chunk)
                    done += len(chunk)
                    progress(done, total)
    digest = hashlib.sha256()
    with half.open("rb") as written:
        while piece := written.read(1 << 20):
            digest.update(piece)
        os.fsync(written.fileno())
    half.rename(path)
    return Bundle(digest.hexdigest(), path.stat().st_size)
