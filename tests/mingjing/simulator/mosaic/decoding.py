"""libav as the judge of what our coder writes."""

import av
import numpy as np

from media.nal import join_annexb


def decode(units):
    """Luma and chroma planes of each picture, as libav shows them; it must have nothing to complain of."""
    decoder = av.CodecContext.create("h264", "r")
    decoder.options = {"err_detect": "explode", "flags": "+low_delay"}
    decoder.thread_count = 1
    frames = decoder.decode(av.Packet(join_annexb(units))) + decoder.decode(None)
    return [planes(frame) for frame in frames]


def decode_pictures(pictures):
    """The same for one list of NAL units a picture."""
    decoder = av.CodecContext.create("h264", "r")
    decoder.options = {"err_detect": "explode"}
    decoder.thread_count = 1
    frames = []
    for units in pictures:
        frames += decoder.decode(av.Packet(join_annexb(units)))
    return [planes(frame) for frame in frames + decoder.decode(None)]


def planes(frame):
    array = frame.to_ndarray(format="yuv420p")
    height, width = frame.height, frame.width
    luma = array[:height]
    chroma = array[height:].reshape(2, height // 2, width // 2)
    return luma, chroma[0], chroma[1]


def tiles(plane):
    """The mosaic behind a plane of flat tiles."""
    assert np.array_equal(plane[::4, ::4].repeat(4, 0).repeat(4, 1)[: plane.shape[0], : plane.shape[1]], plane)
    return plane[::4, ::4]
