"""One channel on its way to its WebRTC viewers: what there is, what is kept, and how often the device is asked."""

import pytest

from gateway.webrtc.cut_unit import CutUnit
from gateway.webrtc.outlet import GOP_BYTES_MAX, GOP_UNITS_MAX, KEY_PICTURE_INTERVAL_NS, Outlet
from media import Codec, TrackKind
from tests.gateway.no_sound import no_sounds
from tests.gateway.webrtc.camera import OPUS, SILENT_MAIN, Camera
from tests.gateway.webrtc.screen import Side


class Viewer:
    def __init__(self) -> None:
        self.pictures: list[CutUnit] = []
        self.sounds: list[CutUnit] = []
        self.descriptions = 0

    def picture(self, unit: CutUnit) -> None:
        self.pictures.append(unit)

    def sound(self, unit: CutUnit) -> None:
        self.sounds.append(unit)

    def described(self) -> None:
        self.descriptions += 1


@pytest.fixture
def side() -> Side:
    return Side()


def joined(outlet: Outlet) -> Viewer:
    viewer = Viewer()
    outlet.join(viewer)
    return viewer


def test_a_unit_is_cut_once_for_all_viewers_and_kept_for_repairs(side: Side) -> None:
    camera = Camera(side.hub, sound=OPUS)
    outlet = side.outlet()
    one, other = joined(outlet), joined(outlet)
    camera.picture(key=True)
    camera.sound()
    assert one.pictures[0] is other.pictures[0]
    assert one.sounds[0] is other.sounds[0]
    history = outlet.history(TrackKind.VIDEO)
    assert history is not None
    kept = history.find(one.pictures[0].number)
    assert kept is not None
    assert kept[0] is one.pictures[0].payloads[0]
    outlet.leave(one)
    camera.picture()
    assert (len(one.pictures), len(other.pictures), outlet.viewers) == (1, 2, 1)


def test_a_group_is_kept_whole_or_not_at_all(side: Side) -> None:
    camera = Camera(side.hub)
    outlet = side.outlet()
    camera.pictures(2)
    assert [unit.key for unit in outlet.gop] == [True, False]
    camera.picture(size=GOP_BYTES_MAX)
    assert outlet.gop == ()
    camera.picture()
    assert outlet.gop == ()  # a part of one is nothing to begin with
    camera.picture(key=True)
    for _ in range(GOP_UNITS_MAX):
        camera.picture(size=1)
    assert outlet.gop == ()


def test_what_is_there_is_told_while_a_stream_runs_and_not_before_nor_after(side: Side) -> None:
    outlet = side.outlet()
    viewer = joined(outlet)
    assert outlet.tracks == ()
    assert outlet.time_at(TrackKind.VIDEO, 0) is None
    camera = Camera(side.hub, sound=OPUS)
    camera.picture(key=True)
    assert [track.config.codec for track in outlet.tracks] == [Codec.H264, Codec.OPUS]
    assert viewer.descriptions == 1
    camera.stop()
    assert outlet.tracks == ()
    assert outlet.stream is None
    assert outlet.gop == ()


def test_b_frames_that_the_sets_are_silent_about_are_told_when_they_come_and_in_every_description(side: Side) -> None:
    camera = Camera(side.hub, sets=SILENT_MAIN)
    outlet = side.outlet()
    viewer = joined(outlet)
    camera.picture(key=True)
    camera.picture(show_at=3)
    assert viewer.descriptions == 1
    camera.picture(show_at=2)
    camera.picture(show_at=1)
    assert viewer.descriptions == 2
    [track] = outlet.tracks
    assert track.config.reorder_depth == 1  # type: ignore[union-attr]


def test_the_device_is_asked_for_a_key_picture_once_in_a_while_whoever_waits() -> None:
    asked: list[int] = []
    outlet = Outlet("dev1", "main", lambda: asked.append(1) or True, no_sounds().of("dev1", "main"))  # type: ignore[func-returns-value]
    for at_ns in (5, 6, KEY_PICTURE_INTERVAL_NS, KEY_PICTURE_INTERVAL_NS + 5, KEY_PICTURE_INTERVAL_NS + 6):
        outlet.want_key_picture(at_ns)
    assert len(asked) == 2
