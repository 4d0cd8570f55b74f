"""Fragments and plain films by hand, after docs/reference/fragment.md and ISO/IEC 14496-12."""

from dataclasses import replace


def box(kind, *parts):
    body = b"".join(parts)
    return (8 + len(body)).to_bytes(4, "big") + kind + body


def number(value, width=4):
    return value.to_bytes(width, "big")


def numbers(*values):
    return b"".join(map(number, values))


def picture_fragment(sequence, sample):
    """A picture: prft, moof, mdat, 144 bytes before the sample."""
    prft = box(b"prft", numbers(0x0100_0002, 1), bytes(16))
    tfhd = box(b"tfhd", numbers(0x0002_0000, 1))
    tfdt = box(b"tfdt", numbers(0x0100_0000), number(sequence * 3_600, 8))
    trun = box(b"trun", numbers(0x0100_0F01, 1, 112, 3_600, len(sample), 0x0200_0000, 0))
    moof = box(b"moof", box(b"mfhd", numbers(0, sequence)), box(b"traf", tfhd, tfdt, trun))
    return prft + moof + box(b"mdat", sample)


def films_pictures(device, samples):
    """Have a device of the stage send real fragments with these samples."""
    plain = device.picture

    def picture(sequence, *, key=None, size=0):
        made = plain(sequence, key=key)
        return replace(made, data=picture_fragment(sequence, samples[sequence - 1]))

    device.picture = picture


TICKS = 3_600  # of 90,000 a second: a picture each 40 ms


def plain_film(samples, *, handler=b"vide", chunk=3, tracks=1, edits=b"", steps=None):
    """A plain MP4 of one track: tables, then the samples in chunks of so many. `steps` are counts and ticks."""

    def moov(at):
        offsets = [at + sum(map(len, samples[:first])) for first in range(0, len(samples), chunk)]
        runs = [(1, chunk)] if len(samples) >= chunk else []
        if len(samples) % chunk:
            runs.append((len(offsets), len(samples) % chunk))
        tables = box(
            b"stbl",
            box(b"stts", numbers(0, len(times), *(one for step in times for one in step))),
            box(b"stsz", numbers(0, 0, len(samples), *map(len, samples))),
            box(b"stsc", numbers(0, len(runs)), *(numbers(*run, 1) for run in runs)),
            box(b"stco", numbers(0, len(offsets), *offsets)),
        )
        hdlr = box(b"hdlr", numbers(0, 0), handler, bytes(13))
        mdhd = box(b"mdhd", numbers(0, 0, 0, 90_000, 0, 0))
        trak = box(b"trak", edits, box(b"mdia", mdhd, hdlr, box(b"minf", tables)))
        return box(b"moov", box(b"mvhd", numbers(0, 0, 0, 90_000, 0)), *[trak] * tracks)

    times = [(len(samples), TICKS)] if steps is None else steps
    start = box(b"ftyp", b"isom", numbers(0))
    at = len(start) + len(moov(0)) + 8
    return start + moov(at) + box(b"mdat", *samples)
