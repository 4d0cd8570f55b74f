"""One picture as packets: shared by those who ask for the same, and bounded for those who do not."""

from gateway.rtsp.batch import LAYOUTS_KEPT_MAX, Batch
from media.rtsp import frame


def test_the_same_layout_is_the_same_object_and_layouts_without_end_are_not_kept() -> None:
    batch = Batch(1, [(1, b"picture"), (2, b"sound")], key=True, units=2, mono_ns=0)
    usual = batch.interleaved(((1, 0), (2, 2)))
    assert usual == frame(0, b"picture") + frame(2, b"sound")
    for channel in range(0, 200, 2):
        assert batch.interleaved(((1, channel),)) == frame(channel, b"picture")
    assert batch.interleaved(((1, 0), (2, 2))) is usual
    assert len(batch._laid_out) == LAYOUTS_KEPT_MAX
