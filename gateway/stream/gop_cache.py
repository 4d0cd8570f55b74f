"""The newest key frame and everything since: what a new viewer gets at once.

Bounded by bytes and count. A group of pictures larger than that is not kept in part: a viewer who
comes then waits for the next key frame, which the channel tells apart by an empty cache.
"""

from media import VIDEO_TRACK_ID, Fragment

GOP_BYTES_MAX = 16 << 20  # 4 s at 32 Mbit/s, ten times what a recorder sends
GOP_FRAGMENTS_MAX = 1_500  # 30 s at 25 fps with sound


class GopCache:
    """Fragments since the last key frame of the picture, in order of sequence."""

    def __init__(self) -> None:
        self._fragments: list[Fragment] = []
        self._size_bytes = 0
        self._open = False

    def add(self, fragment: Fragment) -> None:
        if fragment.track_id == VIDEO_TRACK_ID and fragment.key:
            self._fragments.clear()
            self._size_bytes = 0
            self._open = True
        elif not self._open:
            return
        elif self._size_bytes > GOP_BYTES_MAX or len(self._fragments) >= GOP_FRAGMENTS_MAX:
            self.clear()
            return
        self._fragments.append(fragment)
        self._size_bytes += len(fragment.data)

    def clear(self) -> None:
        self._fragments.clear()
        self._size_bytes = 0
        self._open = False

    def fragments(self) -> tuple[Fragment, ...]:
        return tuple(self._fragments)
