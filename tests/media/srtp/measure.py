"""What SRTP costs a packet: `python -m tests.media.srtp.measure`.

A picture of 1.5 Mbit/s as a viewer gets it (seven payloads of 1,180 bytes, one of 400) for 100
viewers in turn; the same packets as a publisher's, taken off; forged ones; and the same through libsrtp.
Not a test: it prints. Expected and measured figures are in docs/design/srtp.md.
"""

import sys
import time
from collections.abc import Callable

from media.srtp import Profile, SessionKeys, SrtpReceiver, SrtpSender
from tests.media.srtp.oracle import PAYLOAD_TYPE, PROFILES, SSRC, Oracle, joined, master_key, plain

VIEWERS = 50
PICTURES = 5
ROUNDS = 20  # short ones, and the least is taken: a shared machine only ever adds
FULL = [b"p" * 1_180] * 8
PICTURE = [*FULL[:7], b"p" * 400]


def least(run: Callable[[], float]) -> float:
    return min(run() for _ in range(ROUNDS))


def protecting(profile: Profile, payloads: list[bytes], extensions: list[bytes]) -> float:
    """Seconds a packet and viewer."""
    keys = SessionKeys.derive(master_key(profile))
    senders = [SrtpSender(keys, SSRC + n, n) for n in range(VIEWERS)]
    begin = time.process_time()
    for picture in range(PICTURES):
        for sender in senders:
            sender.protect(payloads, 3_600 * picture, PAYLOAD_TYPE, extensions=extensions)
    return (time.process_time() - begin) / PICTURES / VIEWERS / len(payloads)


def unprotecting(profile: Profile, *, forged: bool) -> float:
    """Seconds a packet, where it lies in a buffer."""
    keys = SessionKeys.derive(master_key(profile))
    first, *packets = joined(SrtpSender(keys, SSRC, 0).protect(FULL * VIEWERS * PICTURES, 0, PAYLOAD_TYPE))
    receiver = SrtpReceiver(keys)
    receiver.unprotect(first, 0, len(first))
    size = len(first)
    lying = bytearray(b"".join(packets))
    if forged:
        lying[size - 1 :: size] = bytes(byte ^ 1 for byte in lying[size - 1 :: size])
    buffer = memoryview(lying)
    begin = time.process_time()
    for start in range(0, len(buffer), size):
        receiver.unprotect(buffer, start, start + size)
    spent = time.process_time() - begin
    if receiver.refusals().forged != (len(packets) if forged else 0):
        raise RuntimeError(f"measured something else: {receiver.refusals()}")
    return spent / len(packets)


def libsrtp(profile: Profile) -> tuple[float, float]:
    """Seconds a packet for protecting and unprotecting."""
    master = master_key(profile)
    out, back = Oracle(master, outbound=True), Oracle(master, outbound=False)
    packets = [plain(n, FULL[0]) for n in range(8 * VIEWERS * PICTURES)]
    begin = time.process_time()
    protected = [out.protect(packet) for packet in packets]
    middle = time.process_time()
    for packet in protected:
        back.unprotect(packet)
    return (middle - begin) / len(packets), (time.process_time() - middle) / len(packets)


def main() -> None:
    extension = [b"\xbe\xde\x00\x01\x51\x12\x34\x00"] * len(FULL)
    sys.stdout.write(
        "µs a packet of 1,180 B   protect  with an extension  unprotect  forged  libsrtp: protect  unprotect\n"
    )
    for profile in PROFILES:
        plain_, extended = (least(lambda p=profile, e=each: protecting(p, FULL, e)) for each in ([], extension))
        ours, forged = (least(lambda p=profile, f=each: unprotecting(p, forged=f)) for each in (False, True))
        theirs = [min(each) for each in zip(*(libsrtp(profile) for _ in range(ROUNDS)), strict=True)]
        cells = zip((plain_, extended, ours, forged, *theirs), (8, 19, 11, 8, 18, 11), strict=True)
        sys.stdout.write(f"{profile.name:24}" + "".join(f"{each * 1e6:{width}.2f}" for each, width in cells) + "\n")
    picture = least(lambda: protecting(Profile.AEAD_AES_128_GCM, PICTURE, [])) * len(PICTURE)
    sys.stdout.write(
        f"a picture of {sum(map(len, PICTURE)):,} B for one viewer, GCM: {picture * 1e6:.1f} µs, "
        f"at 25 a second {picture * 25:.3%} of a core\n"
    )


if __name__ == "__main__":
    main()
