"""FFmpeg's own WHIP publisher, as PyAV has it: `python -m tests.peers.whip_muxer URL KEY FOLDER PICTURES`.

A process of its own, for it waits in C. FFmpeg over GnuTLS makes itself a certificate on a curve that OpenSSL takes no
more (P-224), so it is given one; `FOLDER` is where that is put.
"""

import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import av
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

SIZE = 128
RATE = 25


def certificate(folder: Path) -> tuple[str, str]:
    """Files of a certificate and of its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "whip")])
    now = datetime.now(UTC)
    made = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now, now + timedelta(1))
    chain, private = folder / "whip.crt", folder / "whip.key"
    chain.write_bytes(made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return str(chain), str(private)


def publish(url: str, key: str, folder: Path, pictures: int) -> None:
    chain, private = certificate(folder)
    options = {"authorization": key, "cert_file": chain, "key_file": private, "handshake_timeout": "10000"}
    with av.open(url, "w", format="whip", options=options) as session:
        stream = session.add_stream("libx264", rate=RATE)
        stream.width = stream.height = SIZE
        stream.pix_fmt = "yuv420p"
        stream.options = {"preset": "ultrafast", "tune": "zerolatency", "profile": "baseline", "g": "25"}
        began_s = 0.0
        for n in range(pictures):
            picture = av.VideoFrame(SIZE, SIZE, "yuv420p")
            for plane in picture.planes:
                plane.update(bytes([16 + n * 4 % 200]) * plane.buffer_size)
            picture.pts = n
            for packet in stream.encode(picture):
                session.mux(packet)  # the first one connects
            began_s = began_s or time.monotonic()
            time.sleep(max(0.0, began_s + n / RATE - time.monotonic()))
        for packet in stream.encode(None):
            session.mux(packet)


if __name__ == "__main__":
    publish(sys.argv[1], sys.argv[2], Path(sys.argv[3]), int(sys.argv[4]))
