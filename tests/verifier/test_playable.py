"""Films against the fragments that they are made of: a film that shows anything else is found, whoever signed it."""

import random

import pytest

from recorder.export.part import Part
from tests.verifier.plain_film import films_pictures, plain_film
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

    async def signed(*films, sound=None):
        names = [f"playable/1{'' if at == 0 else f'-{at + 1}'}.mp4" for at in range(len(films))]
        told = [{"name": name, "picture": {"untouched": True}, "sound": sound} for name in names]
        extra = [Part.of(name, "playable", film) for name, film in zip(names, films, strict=True)]
        items = [{"number": 1, "playable": told}]
        return verify(await room.bundle(tmp_path / "film.zip", passage, extra=extra, items=items))

    return signed


async def test_a_film_of_the_recorded_samples_is_intact_in_one_file_or_in_two(signed, samples):
    assert (await signed(plain_film(samples))).faults == []
    assert (await signed(plain_film(samples[:7]), plain_film(samples[7:], chunk=1))).faults == []


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
    assert (await signed(plain_film(samples), sound={"untouched": False})).faults == []
