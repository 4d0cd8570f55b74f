"""Films against the fragments that they are made of: a film that shows anything else is found, whoever signed it."""

import random
from struct import pack

import pytest

from recorder.export.part import Part
from tests.verifier.plain_film import box, films_pictures, numbers, plain_film
from verifier import verify

COUNT = 20


@pytest.fixture
def samples():
    source = random.Random(1)
    return [source.randbytes(source.randint(50, 300)) for _ in range(COUNT)]


@pytest.fixture
async def signed(room, tmp_path, samples):
    """Bundles with these films, signed by the server itself: nothing but the comparison can find them false."""
    device = room.stage.device()
    films_pictures(device, samples)
    device.push(COUNT).end()
    room.turns()
    await room.settle()
    passage = await room.passage()

    async def signed(*films, sound=None, starts=(0,), picture=True, **facts):
        """`starts` are the pictures with which they begin."""
        names = [f"playable/1{'' if at == 0 else f'-{at + 1}'}.mp4" for at in range(len(films))]
        shown = {"picture": {"untouched": True} if picture else None, "sound": sound}
        shown |= {"clock_off_ms": 0, "twice_as_fast": []} | facts
        told = [
            {"name": name, "start_utc_ns": passage.start_utc_ns + 40_000_000 * first, **shown}
            for name, first in zip(names, starts, strict=True)
        ]
        extra = [Part.of(name, "playable", film) for name, film in zip(names, films, strict=True)]
        items = [{"number": 1, "playable": told}]
        return verify(await room.bundle(tmp_path / "film.zip", passage, extra=extra, items=items))

    return signed


async def test_a_film_of_the_recorded_samples_is_intact_in_one_file_or_in_two(signed, samples):
    assert (await signed(plain_film(samples))).faults == []
    two = plain_film(samples[:7]), plain_film(samples[7:], chunk=1)
    assert (await signed(*two, starts=(0, 7))).faults == []


async def test_a_film_with_another_picture_is_named_with_the_moment(signed, samples):
    changed = [*samples[:12], b"x" + samples[12][1:], *samples[13:]]
    report = await signed(plain_film(changed))
    [fault] = report.faults
    assert fault.file == "playable/1.mp4"
    assert "not the one that was recorded" in fault.words
    assert fault.from_ns == report.items[0].from_ns + 12 * 40_000_000


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda samples: samples[:-1], "recorded picture is not in it"),
        (lambda samples: samples[1:], "not the one that was recorded"),
        (lambda samples: [*samples, b"more"], "that was not recorded"),
        (lambda samples: [samples[1], samples[0], *samples[2:]], "not the one that was recorded"),
        (lambda samples: [*samples[:5], *samples[6:]], "not the one that was recorded"),
    ],
)
async def test_pictures_taken_out_added_or_in_another_order_are_found(signed, samples, change, words):
    [fault] = (await signed(plain_film(change(samples)))).faults
    assert words in fault.words


async def test_a_film_that_is_none_or_lies_about_its_tables_is_borne(signed, samples):
    whole = plain_film(samples)
    for film in (b"", b"x" * 40, whole[:200], whole.replace(b"stsz", b"free"), plain_film(samples, handler=b"soun")):
        assert [fault.file for fault in (await signed(film)).faults] == ["playable/1.mp4"]
    at = whole.index(b"stsz") + 12
    assert (await signed(whole[:at] + b"\xff\xff\xff\xff" + whole[at + 4 :])).faults != []


async def test_a_film_of_which_nobody_says_what_it_is_of_is_named(room, samples, tmp_path):
    device = room.stage.device()
    films_pictures(device, samples)
    device.push(COUNT).end()
    room.turns()
    await room.settle()
    extra = [Part.of("playable/1.mp4", "playable", plain_film(samples))]
    [fault] = verify(await room.bundle(tmp_path / "film.zip", await room.passage(), extra=extra)).faults
    assert "of which footage" in fault.words


async def test_sound_that_a_film_says_is_untouched_has_to_be_there(signed, samples):
    [fault] = (await signed(plain_film(samples), sound={"untouched": True})).faults
    assert "a track of sound" in fault.words
    assert (await signed(plain_film(samples), sound={"untouched": False})).faults == []  # G.711 was recorded


WAITS = 90_000  # a second


def edits(*rows):
    return box(b"edts", box(b"elst", numbers(0x0100_0000, len(rows)), *(pack(">QqI", *row) for row in rows)))


@pytest.mark.parametrize(
    ("shape", "words"),
    [
        ({"steps": [(10, 3_600), (10, 7_200)]}, "not shown when it was recorded"),
        ({"steps": [(COUNT - 1, 3_600)]}, "ends too soon"),
        ({"edits": edits((WAITS, -1, 0x1_0000), (WAITS, 0, 0x1_0000))}, "not shown when it was recorded"),
        ({"edits": edits((WAITS // 2, 0, 0x1_0000))}, "hides samples"),
        ({"edits": edits((WAITS, 3_600 * 10, 0x1_0000))}, "hides samples"),
        ({"edits": edits((WAITS, 0, 0x2_0000))}, "a form that is not known"),
        ({"edits": edits(*[(WAITS, 0, 0x1_0000)] * 2)}, "a form that is not known"),
        ({"tracks": 2}, "a track more than"),
    ],
)
async def test_a_film_that_shows_them_otherwise_is_found(signed, samples, shape, words):
    [fault] = (await signed(plain_film(samples, **shape))).faults
    assert (fault.file, words in fault.words) == ("playable/1.mp4", True), fault.words


async def test_a_film_that_runs_as_late_as_it_says_is_intact_and_no_later(signed, samples):
    late = plain_film(samples, steps=[(COUNT, 3_690)])  # a fortieth too slow: 19 ms at the end
    assert (await signed(late, clock_off_ms=19)).faults == []
    assert (await signed(late, clock_off_ms=9)).faults != []
    fast = [{"start_utc_ns": 0, "end_utc_ns": 1 << 62}]
    assert (await signed(late, clock_off_ms=9, twice_as_fast=fast)).faults == []


async def test_tracks_that_nobody_speaks_of_and_samples_in_one_another_are_found(signed, samples):
    [fault] = (await signed(plain_film(samples), picture=False)).faults
    assert "picture that bundle.json does not speak of" in fault.words
    film = bytearray(plain_film(samples, chunk=1))
    at = film.index(b"stco") + 12
    film[at + 40 : at + 44] = film[at : at + 4]
    [fault] = (await signed(bytes(film))).faults
    assert "in one another" in fault.words or "not the one" in fault.words
    at = film.index(b"stsz") + 16
    film[at : at + 4] = b"\x7f" * 4
    [fault] = (await signed(bytes(film))).faults
    assert "of a size that none" in fault.words
