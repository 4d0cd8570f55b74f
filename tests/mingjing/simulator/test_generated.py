"""The generated clip: made once, kept, made anew when what was kept cannot be read."""

import pytest

from mingjing.simulator import ClipError, ClipOptions, generated
from mingjing.simulator.generated import generated_clip

TINY = ClipOptions(width=96, height=96, fps=5, bitrate_kbps=50, gop=5, seconds=2)


@pytest.fixture
def coded(monkeypatch):
    """How often the coder was asked."""
    calls = []
    original = generated.encode

    def counting(**options):
        calls.append(options)
        return original(**options)

    monkeypatch.setattr(generated, "encode", counting)
    return calls


def test_a_clip_is_made_once_for_each_set_of_options(tmp_path, coded):
    first = generated_clip(TINY, tmp_path)
    again = generated_clip(TINY, tmp_path)
    assert len(coded) == 1
    assert (again.video, again.sound) == (first.video, first.sound)
    generated_clip(ClipOptions(width=112, height=96, fps=5, bitrate_kbps=50, gop=5, seconds=2, sound=False), tmp_path)
    assert len(coded) == 2
    assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.parametrize(
    "damage",
    [
        lambda _data: b"",
        lambda data: data[:-1],
        lambda data: b"{}" + data,
        lambda data: data[: data.index(b"\n") + 1],
        lambda data: b"[" * 3 + b"\n" + data,
        lambda data: data.replace(b'"sets": [', b'"sets": [-1, ', 1),
    ],
)
def test_a_damaged_file_is_made_anew(tmp_path, coded, damage):
    whole = generated_clip(TINY, tmp_path)
    (path,) = tmp_path.iterdir()
    path.write_bytes(damage(path.read_bytes()))
    assert generated_clip(TINY, tmp_path).video == whole.video
    assert len(coded) == 2
    assert generated_clip(TINY, tmp_path).video == whole.video
    assert len(coded) == 2


def test_the_clip_is_as_long_as_asked_and_begins_with_a_key_picture(clip):
    assert len(clip.video.units) == 50
    assert clip.video.key_indexes == (0, 10, 20, 30, 40)
    assert clip.video.period_ticks == 2 * 90_000
    assert clip.sound is not None
    assert clip.sound.clock_rate == 48_000


def test_labels_are_one_for_each_key_picture(clip):
    assert clip.label is not None
    labels = clip.label("dev1")
    assert {clip.video.units[index].label for index in clip.video.key_indexes} == set(range(len(labels)))
    assert all(unit.label == -1 for unit in clip.video.units if not unit.key)


@pytest.mark.parametrize(
    "options",
    [
        ClipOptions(seconds=1, gop=25),
        ClipOptions(seconds=3, gop=50),
        ClipOptions(gop=0),
        ClipOptions(width=639),
        ClipOptions(width=32, height=32),
    ],
)
def test_options_that_cannot_be_are_told_to_the_operator(tmp_path, options):
    with pytest.raises(ClipError):
        generated_clip(options, tmp_path)
    assert list(tmp_path.iterdir()) == []
