"""Follows the parameter sets of one video track and says when a decoder must be told anew.

Sets come from the SDP and in the stream. Which of them count is what the pictures use: a key
picture names its PPS, and that its SPS. A new config is reported only when the picture's size,
profile or reorder depth changed; other changes are remembered, and travel in the stream itself.

Bounds: ids limit the number of sets, `SETS_MAX_BYTES` their size. Hostile sets are left out and counted.
"""

from collections.abc import Sequence

from media.access_unit import AccessUnit
from media.nal import h264, h265
from media.nal.annexb import split_annexb
from media.nal.bits import NalError
from media.nal.sequence import NalSyntax, SequenceFacts, SetKind
from media.track import Codec, VideoConfig

SETS_MAX_BYTES = 65_536  # all sets of a track together; real ones are under 300 bytes
SETS_MAX = {SetKind.VPS: 16, SetKind.SPS: 31, SetKind.PPS: 255}  # what the counts in avcC and hvcC hold


def syntax_of(codec: Codec) -> NalSyntax:
    """The functions that read this video codec's NAL units. KeyError for sound."""
    return _SYNTAX[codec]


class VideoConfigTracker:
    """One track's sets. `config` is None until a sound SPS has come."""

    def __init__(self, codec: Codec, sdp_parameter_sets: Sequence[bytes] = ()) -> None:
        self.rejected_sets = 0  # broken, nonsense in size, or past a limit
        self._codec = codec
        self._syntax = syntax_of(codec)
        self._set_headers = self._syntax.SET_HEADERS
        self._sets: dict[tuple[SetKind, int], bytes] = {}
        self._keys: dict[bytes, tuple[SetKind, int]] = {}  # the same, the other way round
        self._sps: dict[int, SequenceFacts] = {}
        self._sps_of_pps: dict[int, int] = {}
        self._newest_sps: int | None = None
        self._active: SequenceFacts | None = None
        self._config: VideoConfig | None = None
        for given in sdp_parameter_sets:
            for nal in split_annexb(given) or [given]:  # some devices put start codes into the SDP
                if nal and nal[0] in self._set_headers:
                    self._remember(nal)
        if self._newest_sps is not None:
            self._activate(self._sps[self._newest_sps])

    @property
    def config(self) -> VideoConfig | None:
        """The present one, with the newest bytes of all sets."""
        return self._config

    def observe(self, unit: AccessUnit) -> VideoConfig | None:
        """Look at a unit on its way. Returns the config if a decoder must be told anew, else None.

        A unit without parameter sets that is no key picture costs one look at each NAL unit's first byte.
        """
        changed = False
        for nal in unit.payload:
            if nal[0] in self._set_headers:
                changed |= self._remember(nal)
        if not (changed or unit.key):
            return None
        facts = self._facts_for(unit)
        if facts is None or not (changed or facts is not self._active):
            return None
        return self._activate(facts)

    def _activate(self, facts: SequenceFacts) -> VideoConfig | None:
        before, self._active = self._active, facts
        self._config = VideoConfig(
            codec=self._codec,
            width=facts.width,
            height=facts.height,
            codec_string=facts.codec_string,
            parameter_sets=tuple(self._sets[key] for key in sorted(self._sets)),
            reorder_depth=facts.reorder_depth,
        )
        return self._config if before is None or _look(before) != _look(facts) else None

    def _facts_for(self, unit: AccessUnit) -> SequenceFacts | None:
        """The SPS that the unit's first slice uses; the newest one when it cannot be told."""
        syntax = self._syntax
        for nal in unit.payload:
            if syntax.is_slice(nal):
                try:
                    used = self._sps.get(self._sps_of_pps[syntax.slice_pps_id(nal)])
                except (NalError, KeyError):
                    break
                if used is None:
                    break
                return used
        return None if self._newest_sps is None else self._sps[self._newest_sps]

    def _remember(self, nal: bytes) -> bool:
        """Keep a set. True when it is sound and was not known."""
        known = self._keys.get(nal)
        if known is not None:  # nearly always: devices repeat their sets before each key picture
            if known[0] is SetKind.SPS:
                self._newest_sps = known[1]
            return False
        try:
            kind, number = key = self._syntax.set_key(nal)
            self._require_room(key, nal)
            if kind is SetKind.SPS:
                self._sps[number] = self._syntax.parse_sps(nal)
                self._newest_sps = number
            elif kind is SetKind.PPS:
                self._sps_of_pps[number] = self._syntax.pps_ids(nal)[1]
        except NalError:
            self.rejected_sets += 1
            return False
        self._keys.pop(self._sets.get(key, b""), None)
        self._keys[nal] = key
        self._sets[key] = nal
        return True

    def _require_room(self, key: tuple[SetKind, int], nal: bytes) -> None:
        replaced = self._sets.get(key)
        size = sum(map(len, self._sets.values())) - len(replaced or b"") + len(nal)
        if size > SETS_MAX_BYTES:
            raise NalError(f"parameter sets of {size} bytes")
        kind = key[0]
        if replaced is None and sum(1 for other, _ in self._sets if other is kind) >= SETS_MAX[kind]:
            raise NalError(f"more than {SETS_MAX[kind]} sets of one kind")


_SYNTAX: dict[Codec, NalSyntax] = {Codec.H264: h264, Codec.H265: h265}


def _look(facts: SequenceFacts) -> tuple[int, int, tuple[int, ...], int | None]:
    """What a decoder must be told of; a level is not among it."""
    return facts.width, facts.height, facts.profile, facts.reorder_depth
