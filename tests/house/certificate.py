"""A server's certificate that signs itself, as files in PEM."""

import subprocess
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class CertificateFiles:
    chain: Path
    private_key: Path


def self_signed(folder: Path, *, days: int = 1) -> CertificateFiles:
    """For `localhost`, good from now on for so many days."""
    made = CertificateFiles(folder / "tls.pem", folder / "tls.key")
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
         "-days", str(days), "-subj", "/CN=localhost", "-keyout", made.private_key, "-out", made.chain],
        check=True, capture_output=True,
    )  # fmt: skip
    return made
