"""A process that makes thumbnails, `python -m workers.inside.thumbnail PID-OF-THE-SERVER`: key pictures in, JPEGs out.

Each picture has a decoder of its own: nothing of one device's footage is there when that of another comes. It speaks
over the socket that is its standard input, and ends with it, with the server, and of everything that it does not
understand.
"""

import io
import socket
import sys
from contextlib import suppress

import av
import av.logging
from av.codec.context import CodecContext
from av.packet import Packet
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame
from av.video.reformatter import Interpolation
from PIL import Image

from media import Codec
from workers.inside.confinement import begin_unit, confine, die_with, let_go_of_others
from workers.thumbnail_wire import (
    HEAD_BYTES,
    JPEG_BYTES_MAX,
    SIDE_MAX,
    KeyPicture,
    ThumbnailKind,
    ThumbnailWireError,
    head_of,
    read_make,
    thumbnail_message,
)

MEMORY_BYTES = 384 << 20  # beyond what is mapped: a decoder of 4K needs 100 MB
PICTURE_MAX_S = 2.0  # of processor time: a key picture of 1080p takes 15 ms, of 4K four times that
QUALITIES = (70, 45, 20)  # the first one that fits; a street in 160 pixels has 5 kB at 70

_DECODERS = {Codec.H264: "h264", Codec.H265: "hevc"}
# A key picture is predicted from what was not filtered yet: without the filter each pixel that is averaged stays right.
_OPTIONS = {"skip_loop_filter": "all"}


class UnreadablePictureError(Exception):
    """The decoder made nothing of it."""


def main() -> None:
    die_with(int(sys.argv[1]))
    let_go_of_others()
    av.logging.set_level(av.logging.PANIC)
    _rehearse()
    connection = socket.socket(fileno=0)
    confine(MEMORY_BYTES)
    connection.sendall(thumbnail_message(ThumbnailKind.READY))
    with connection.makefile("rb") as said:
        while head := said.read(HEAD_BYTES):
            length, kind = head_of(head)
            if kind is not ThumbnailKind.MAKE:
                raise ThumbnailWireError(f"{kind.name} out of turn")
            picture = read_make(said.read(length))
            begin_unit(PICTURE_MAX_S)
            connection.sendall(_answer(picture))


def _answer(picture: KeyPicture) -> bytes:
    try:
        return thumbnail_message(ThumbnailKind.MADE, thumbnail(picture))
    except UnreadablePictureError:
        return thumbnail_message(ThumbnailKind.UNREADABLE)


def thumbnail(picture: KeyPicture) -> bytes:
    """A JPEG of at most JPEG_BYTES_MAX, whose longer side has SIDE_MAX pixels.

    Raises:
        UnreadablePictureError: nothing can be made of it.
    """
    try:
        return _jpeg(_decoded(picture))
    except (av.FFmpegError, MemoryError, ValueError) as error:
        raise UnreadablePictureError(str(error)) from None


def _decoded(picture: KeyPicture) -> VideoFrame:
    decoder = CodecContext.create(_DECODERS[picture.codec], "r")
    assert isinstance(decoder, VideoCodecContext)
    decoder.thread_count = 1
    decoder.extradata = picture.record
    decoder.options = _OPTIONS
    decoder.open()
    frames = [*decoder.decode(Packet(picture.sample)), *decoder.decode(None)]
    if not frames:
        raise UnreadablePictureError("no picture comes of it")
    return frames[0]


def _jpeg(frame: VideoFrame) -> bytes:
    longer = max(frame.width, frame.height)
    width, height = (max(1, side * SIDE_MAX // longer) for side in (frame.width, frame.height))
    small = frame.reformat(width=width, height=height, format="rgb24", interpolation=Interpolation.AREA)
    [plane] = small.planes
    image = Image.frombuffer("RGB", (width, height), bytes(plane), "raw", "RGB", plane.line_size, 1)
    for quality in QUALITIES:
        made = io.BytesIO()
        image.save(made, "JPEG", quality=quality)
        if made.tell() <= JPEG_BYTES_MAX:
            return made.getvalue()
    raise UnreadablePictureError("it does not fit")


def _rehearse() -> None:
    """Do once what will be done: tables are computed and modules loaded that a confined process cannot load."""
    _jpeg(VideoFrame(64, 64, "yuv420p"))
    for codec in _DECODERS:
        with suppress(UnreadablePictureError):
            thumbnail(KeyPicture(codec, b"", bytes(64)))


if __name__ == "__main__":
    main()
