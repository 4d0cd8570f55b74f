"""The playable MP4 of a passage: what anybody can open, with the samples as they were received.

Mostly one file. Another codec or size begins a further one (`reels`), and each says when it begins. A film's clock is
placed time (`film_clock`): where something is missing the last picture stands and there is silence (`waiting`), and
what is missing is declared with its cause. Sound that is neither AAC nor Opus is made into Opus, and the facts say that
it was made, and of what.

Not here: the bundle that the files go into, and who may have it.

Limits: a passage is at most 24 hours (`recorder.kept`); of that the tables take 0.3 GB.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile

from media.fmp4 import codec_of
from recorder.export.filming import LaidFilm, lay_out
from recorder.export.gaps import MissingPart, missing_parts
from recorder.export.made_sound import MadeTrack, make_sound
from recorder.export.part import Part
from recorder.export.reels import Reel, reels_of
from recorder.export.spans import LeftOut, Recordings, Span, find_spans, frozen, looked_through
from recorder.kept import Passage
from storage import iso_from_ns
from storage.ledger import JsonValue
from workers import SoundWorkers

PLAYABLE_ROLE = "playable"


@dataclass(frozen=True, slots=True)
class Playable:
    """The films of one passage, in order, and what is missing between them."""

    passage: Passage
    films: tuple[LaidFilm, ...]
    missing: tuple[MissingPart, ...]

    def parts(self, number: int) -> tuple[Part, ...]:
        """As files of item `number` of a bundle."""
        return tuple(
            Part(_name(number, at), PLAYABLE_ROLE, film.size_bytes, film.chunks)
            for at, film in enumerate(self.films, 1)
        )

    def facts(self, number: int) -> list[JsonValue]:
        """What the manifest says of each of them. Times are placed."""
        return [
            {"name": _name(number, at), **_facts(film, _within(self.missing, self.films, at - 1))}
            for at, film in enumerate(self.films, 1)
        ]


@asynccontextmanager
async def playable_of(
    passage: Passage,
    *,
    recordings: Recordings,
    media: Path,
    workers: SoundWorkers,
    folder: Path,
    left_out: LeftOut | None = None,
) -> AsyncIterator[Playable]:
    """Lay out what there is of a passage; its films can be told until the block is left. `media` is the folder of the
    store, `folder` one for what is made on the way. `left_out` is what somebody has found to be damaged already;
    without it the footage is looked through first.

    Raises:
        SegmentUnreadableError, OSError: footage is not what its record says, or cannot be read.
        TimesError: times that no film can say.
    """
    found = await find_spans(recordings, media, passage, left_out or {})
    with ExitStack() as spools:
        spans, reels = await asyncio.to_thread(_reels, found, left_out is None)
        films = []
        for reel in reels:
            made: MadeTrack | None = None
            if reel.replaces_sound:
                spool = spools.enter_context(TemporaryFile(dir=folder))
                made = await make_sound(reel, f"{passage.device}/{passage.channel}", workers, spool)
            film = await asyncio.to_thread(lay_out, reel, made)
            if film is not None:
                films.append(film)
        yield Playable(passage, tuple(films), await asyncio.to_thread(missing_parts, passage, spans))


def _reels(found: Sequence[Span], look: bool) -> tuple[list[Span], list[Reel]]:
    spans = [looked_through(frozen(span)) if look else frozen(span) for span in found]
    return spans, list(reels_of(spans))


def _name(number: int, at: int) -> str:
    return f"playable/{number}.mp4" if at == 1 else f"playable/{number}-{at}.mp4"


def _within(missing: Sequence[MissingPart], films: Sequence[LaidFilm], at: int) -> list[MissingPart]:
    """What is missing in a film, and between it and the next one."""
    from_ns = films[at].starts_utc_ns
    to_ns = films[at + 1].starts_utc_ns if at + 1 < len(films) else None
    return [one for one in missing if one.end_utc_ns > from_ns and (to_ns is None or one.start_utc_ns < to_ns)]


def _facts(film: LaidFilm, missing: Sequence[MissingPart]) -> dict[str, JsonValue]:
    return {
        "start": iso_from_ns(film.starts_utc_ns),
        "start_utc_ns": film.starts_utc_ns,
        "duration_ms": film.duration_ms,
        "picture": _picture(film),
        "sound": _sound(film),
        "clock_off_ms": film.off_max_ns // 1_000_000,
        "missing": [one.facts() for one in missing],
        "twice_as_fast": [{"start_utc_ns": start, "end_utc_ns": end} for start, end in film.squeezed],
    }


def _picture(film: LaidFilm) -> JsonValue:
    track, parsed = film.picture, film.reel.picture
    if track is None or parsed is None or not track.samples.count:
        return None
    size: dict[str, JsonValue] = {"width": track.width, "height": track.height}
    return {"codec": codec_of(parsed).value, "pictures": track.samples.count, "untouched": True, **size}


def _sound(film: LaidFilm) -> JsonValue:
    parsed, made = film.reel.sound, film.made
    if parsed is None:
        return None
    of, silence = codec_of(parsed).value, film.reel.silence()
    frames = 0 if film.sound is None else film.sound.samples.count - film.silent_frames
    silent: dict[str, JsonValue] = {
        "silent_frames": film.silent_frames,
        "silence": silence.hex() if silence is not None and film.silent_frames else None,
    }
    if made is None:
        return {"codec": of, "frames": frames, "untouched": True, **silent} if frames else None
    given_up = None if made.given_up is None else made.given_up.value
    return {
        "codec": "opus",
        "frames": frames,
        "untouched": False,
        "made_from": of,
        "lost_ms": made.lost_ms,
        "given_up": given_up,
        **silent,
    }
