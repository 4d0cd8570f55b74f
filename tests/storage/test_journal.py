import json
import random
from hashlib import sha256
from pathlib import Path
from zlib import crc32

import pytest

from storage.journal import BODY, NO_CHAIN, RECORD_SIZE, Kind, Record, chain_of, pack, parse, true_records

VECTORS = Path(__file__).parents[1] / "vectors" / "journal"


def record(kind: Kind, number: int, **fields: object) -> Record:
    values: dict[str, object] = dict.fromkeys(Record._fields, 0)
    values |= {"kind": kind, "version": 1, "number": number, "digest": bytes(32), "chain": NO_CHAIN}
    return Record(**{**values, **fields})  # type: ignore[arg-type]


def journal_of(count: int) -> bytes:
    chain, entries = NO_CHAIN, []
    for number in range(count):
        kind = Kind.HEADER if number == 0 else Kind.END if number == count - 1 else Kind.FRAGMENT
        entry = pack(record(kind, number, sequence=number, clock_rate=90_000, digest=bytes([number]) * 32), chain)
        chain = chain_of(entry)
        entries.append(entry)
    return b"".join(entries)


def test_a_record_comes_back_as_it_was_packed():
    before = record(
        Kind.FRAGMENT, 3, track=2, offset=1 << 40, sequence=9, rtp_time=-5, received_mono_ns=1, received_utc_ns=-2,
        device_ntp=(1 << 64) - 1, placed_utc_ns=3, length=4, flags=5, quantity=6, duration=7, clock_rate=8_000,
        lost_packets=9, digest=bytes(range(32)),
    )  # fmt: skip
    packed = pack(before, b"\x11" * 32)
    after = parse(packed)
    assert len(packed) == RECORD_SIZE == 160
    assert after is not None
    assert after[:-1] == before[:-1]


def test_the_chain_covers_the_chain_before_and_every_byte_before_its_own():
    packed = pack(record(Kind.HEADER, 0), b"\x22" * 32)
    assert chain_of(packed) == sha256(b"\x02" + b"\x22" * 32 + packed[:120]).digest()
    assert int.from_bytes(packed[156:], "little") == crc32(packed[:156])


def test_every_flipped_bit_of_a_record_is_found():
    packed = pack(record(Kind.HEADER, 0), NO_CHAIN)
    for bit in range(RECORD_SIZE * 8):
        flipped = bytearray(packed)
        flipped[bit // 8] ^= 1 << bit % 8
        assert parse(bytes(flipped)) is None


@pytest.mark.parametrize("length", [0, 1, 159, 161])
def test_a_record_of_another_length_is_no_record(length):
    assert parse((pack(record(Kind.HEADER, 0), NO_CHAIN) * 2)[:length]) is None


def test_records_that_mean_nothing_are_refused_even_with_a_right_crc():
    for wrong in ({"version": 2}, {"cause": 200}, {"kind": 0}):
        assert parse(pack(record(Kind.GAP, 0)._replace(**wrong), NO_CHAIN)) is None
    assert parse(pack(record(Kind.FRAGMENT, 0, clock_rate=0), NO_CHAIN)) is None
    gap = record(Kind.GAP, 0, cause=1)
    assert parse(pack(gap, NO_CHAIN)) is not None
    assert parse(pack(gap._replace(length=1), NO_CHAIN)) is None  # nothing is there that it could be the length of
    fragment = record(Kind.FRAGMENT, 0, clock_rate=90_000, offset=(1 << 63) - 10, length=9)
    assert parse(pack(fragment, NO_CHAIN)) is not None
    assert parse(pack(fragment._replace(length=11), NO_CHAIN)) is None  # no kernel reads there


def test_a_whole_journal_is_true():
    assert [entry.number for entry in true_records(journal_of(5), NO_CHAIN)] == [0, 1, 2, 3, 4]


def test_the_walk_stops_at_the_first_record_that_is_not_true():
    journal = journal_of(6)
    for number in range(6):
        damaged = bytearray(journal)
        damaged[number * RECORD_SIZE + random.Random(number).randrange(RECORD_SIZE)] ^= 0x40
        assert len(list(true_records(bytes(damaged), NO_CHAIN))) == number


def test_a_record_that_is_right_by_itself_is_not_true_elsewhere():
    journal = journal_of(6)
    records = [journal[at : at + RECORD_SIZE] for at in range(0, len(journal), RECORD_SIZE)]
    swapped = b"".join([records[0], records[2], records[1], *records[3:]])
    left_out = b"".join([records[0], *records[2:]])
    assert len(list(true_records(swapped, NO_CHAIN))) == 1
    assert len(list(true_records(left_out, NO_CHAIN))) == 1
    assert list(true_records(journal, b"\x01" * 32)) == []


def test_nothing_is_believed_after_the_end_record():
    journal = journal_of(3)
    assert len(list(true_records(journal + journal[-RECORD_SIZE:], NO_CHAIN))) == 3


def test_a_journal_may_be_cut_anywhere():
    journal = journal_of(4)
    for length in range(len(journal)):
        assert len(list(true_records(journal[:length], NO_CHAIN))) == length // RECORD_SIZE


def test_noise_is_never_a_record():
    noise = random.Random(1).randbytes(RECORD_SIZE * 2_000)
    assert list(true_records(noise, NO_CHAIN)) == []
    assert not any(parse(noise[at : at + RECORD_SIZE]) for at in range(0, len(noise), RECORD_SIZE))


VECTOR_FILES = sorted(VECTORS.glob("*.json"))


@pytest.mark.parametrize("vector", VECTOR_FILES, ids=lambda path: path.stem)
def test_vectors_are_read_and_written_as_documented(vector):
    meant = json.loads(vector.read_text())
    journal = vector.with_suffix(".journal").read_bytes()
    chain = bytes.fromhex(meant["chain_before"])
    records = list(true_records(journal, chain))
    assert len(records) == len(meant["records"])
    for entry, fields in zip(records, meant["records"], strict=True):
        shown = entry._asdict() | {"kind": chr(entry.kind), "digest": entry.digest.hex(), "chain": entry.chain.hex()}
        assert shown == fields
        assert pack(entry, chain) == journal[entry.number * RECORD_SIZE :][:RECORD_SIZE]
        chain = entry.chain


def test_the_body_is_laid_out_without_holes():
    assert BODY.size == 120


@pytest.mark.parametrize("vector", VECTOR_FILES, ids=lambda path: path.stem)
def test_digests_in_vectors_are_those_of_the_bytes_beside_them(vector):
    chain = bytes.fromhex(json.loads(vector.read_text())["chain_before"])
    media = vector.with_suffix(".mp4").read_bytes()
    spoken_for = 0
    for entry in true_records(vector.with_suffix(".journal").read_bytes(), chain):
        if entry.kind in (Kind.HEADER, Kind.FRAGMENT):
            assert entry.offset == spoken_for
            spoken_for += entry.length
            assert sha256(media[entry.offset : spoken_for]).digest() == entry.digest
    assert spoken_for == len(media)


def test_the_two_segments_of_the_vectors_are_one_chain():
    first, second, *_ = (json.loads(vector.read_text()) for vector in VECTOR_FILES)
    assert second["chain_before"] == first["records"][-1]["chain"]
