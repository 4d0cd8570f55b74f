"""A copy of a playable film with words burnt in: placed time, case number, device, viewer, watermark.

Its pictures are decoded and made anew by a process of their own (workers), so they prove nothing: it is derived, and
says of which film. Sound is that of the film. What one picture is made into is written away before the next is asked
for; a stream that kills the process fails with a reason, and costs nothing else.

Not here: letters and codecs (workers), the film (`filming`), the bundle.
"""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryFile

from media import VIDEO_TRACK_ID
from media.fmp4 import Mp4Error, codec_of
from media.mp4 import Film, FilmTrack, decoder_record, vp9_entry
from recorder.export.film_clock import FilmClock
from recorder.export.filming import LaidFilm
from recorder.export.gaps import MissingPart
from recorder.export.showing import Shown, shown_of, ticks
from recorder.export.spans import fragment
from recorder.export.spool import Spool, in_order
from storage import utc_from_ns
from storage.ledger import JsonValue
from workers import BurnAnswer, BurnInFailed, BurnOrder, Lettering, Zone, burning

DERIVED_ROLE = "derived"
PICTURE_CLOCK = 90_000
LAST_PICTURE_TICKS = PICTURE_CLOCK // 25  # of one behind which none comes
LONG_SIDE_MAX, SHORT_SIDE_MAX = 1_920, 1_088  # more is made smaller: words and faces stay legible, time stays bounded
# VP9, annex A: level times ten, by its greatest picture and dots a second.
_LEVELS = ((20, 122_880, 4_608_000), (31, 983_040, 36_864_000), (40, 2_228_224, 83_558_400), (41, 2_228_224, 1 << 62))

CARD_FROM_NS = 1_000_000_000  # a picture stands so long, and it is no gap (gateway.stream)
CAUSE_WORDS = {
    "packet_loss": "网络丢包",
    "device_paused": "设备暂停",
    "rtp_jump": "设备时钟跳变",
    "offline": "设备离线",
    "stalled": "连接中断",
    "takeover": "设备从另一连接接入",
    "disabled": "设备被停用",
    "server_stopped": "服务器停止",
    "server_crashed": "服务器故障",
    "archive_overflow": "存储跟不上",
    "disk_error": "磁盘错误",
    "disk_full": "磁盘已满",
    "device_stopped": "设备停止录制",
    "key_rotated": "设备密钥更换",
    "talk_ended": "对讲结束",
    "footage_missing": "录像文件缺失",
    "damaged": "录像数据损坏",
}

Progress = Callable[[int, int], None]  # pictures done, of how many


@dataclass(frozen=True, slots=True)
class Words:
    """What is burnt in beside the time. `zone_ahead_s`: how far the viewer's clock is ahead of UTC."""

    case_no: str
    device: str
    channel: str
    viewer: str
    zone: str
    zone_ahead_s: int

    def clock(self, utc_ns: int) -> str:
        """A moment on the viewer's clock."""
        there = utc_from_ns(utc_ns) + timedelta(seconds=self.zone_ahead_s)
        return f"{there:%Y-%m-%d %H:%M:%S} {self.zone if self.zone_ahead_s else 'UTC'}"

    def lettering(self) -> Lettering:
        case = f"案号 {self.case_no}　" if self.case_no else ""
        zones = (Zone(self.zone, self.zone_ahead_s),) if self.zone_ahead_s else ()
        return Lettering(
            zones=(*zones, Zone("UTC", 0)),
            top=(f"{case}设备 {self.device}/{self.channel}",),
            bottom=(f"查看人 {self.viewer}　叠加字幕的副本，非原始录像 · COPY WITH BURNT-IN TEXT, NOT THE ORIGINAL",),
            watermark=f"{self.viewer}  {self.case_no}".strip(),
        )


@dataclass(frozen=True, slots=True)
class BurntIn:
    """The copy at `path`. `unreadable` pictures were decoded by nobody: the one before each stands."""

    path: Path
    size_bytes: int
    width: int
    height: int
    pictures: int
    unreadable: int
    sound_frames: int

    def facts(self, name: str, parent: str) -> dict[str, JsonValue]:
        """What the manifest says of it; whose digest `parent` has is known when that is written."""
        return {
            "name": name,
            "made_from": parent,
            "picture": {"codec": "vp9", "width": self.width, "height": self.height, "pictures": self.pictures},
            "unreadable": self.unreadable,
            "sound_frames": self.sound_frames,
        }


async def burn_in(
    film: LaidFilm, words: Words, path: Path, progress: Progress, missing: Sequence[MissingPart] = ()
) -> BurntIn:
    """Make the copy of a film, as a file at `path`. Where pictures are missing it says so, and from when to when.
    Cancelled, or where `progress` raises, it ends at once and leaves at most a part of a file.

    Raises:
        BurnInFailed: nothing can be made of this film; why is in the words.
        SegmentUnreadableError, OSError: footage is not what its record says, or the disk refused.
    """
    order = _order(film, words)
    with ExitStack() as files:
        pictures = Spool(files.enter_context(TemporaryFile(dir=path.parent)), PICTURE_CLOCK)
        sound = _spooled_sound(film)
        if sound is None and film.sound is not None:
            sound = Spool(files.enter_context(TemporaryFile(dir=path.parent)), film.sound.timescale)
        desk = _Desk(film, pictures, None if film.made is not None else sound)
        async with burning(order) as process:
            for card in _cards(film, words, missing):
                process.card(*card)
            answer: BurnAnswer | None = None
            total = 0 if film.picture is None else film.picture.samples.count
            while (given := await asyncio.to_thread(desk.next, answer)) is not None:
                answer = await process.picture(*given)
                progress(desk.given, total)
            await asyncio.to_thread(desk.put, await process.finish())
        if not len(pictures):
            raise BurnInFailed("none of its pictures can be decoded")
        size = await asyncio.to_thread(_write, film, order, pictures, sound, path)
        return BurntIn(
            path=path,
            size_bytes=size,
            width=order.width,
            height=order.height,
            pictures=len(pictures),
            unreadable=desk.unreadable,
            sound_frames=0 if sound is None else len(sound),
        )


def _cards(film: LaidFilm, words: Words, missing: Sequence[MissingPart]) -> Iterator[tuple[int, list[str]]]:
    """What is shown where pictures are missing for longer than a picture may stand: when in the film, and its words."""
    for one in missing:
        lasts_ns = one.end_utc_ns - one.start_utc_ns
        if one.track in (0, VIDEO_TRACK_ID) and lasts_ns >= CARD_FROM_NS and one.start_utc_ns > film.starts_utc_ns:
            start, end = (words.clock(ns) for ns in (one.start_utc_ns, one.end_utc_ns))
            yield (
                ticks(one.start_utc_ns - film.zero_ns, PICTURE_CLOCK),
                [f"此处无录像：{CAUSE_WORDS.get(one.cause, one.cause)}", f"NO FOOTAGE: {one.cause}", start, end],
            )


def _order(film: LaidFilm, words: Words) -> BurnOrder:
    track, parsed = film.picture, film.reel.picture
    if track is None or parsed is None or not track.samples.count:
        raise BurnInFailed("there is no picture in it")
    if not track.width or not track.height:
        raise BurnInFailed("the size of its pictures is not known")
    try:
        record = decoder_record(track.entry)
    except Mp4Error as error:
        raise BurnInFailed(str(error)) from None
    return BurnOrder(codec_of(parsed), record, *_size(track.width, track.height), words.lettering())


def _size(width: int, height: int) -> tuple[int, int]:
    """As the footage, or smaller of the same shape; even, as 4:2:0 wants it."""
    part = min(1.0, LONG_SIDE_MAX / max(width, height), SHORT_SIDE_MAX / min(width, height))
    return max(2, int(width * part) // 2 * 2), max(2, int(height * part) // 2 * 2)


def _spooled_sound(film: LaidFilm) -> Spool | None:
    """The sound that was made for the film already."""
    return None if film.made is None else film.made.packets


class _Desk:
    """Goes through a film's fragments: hands out pictures, keeps sound, takes what was made. For a thread."""

    def __init__(self, film: LaidFilm, pictures: Spool, sound: Spool | None) -> None:
        self.given = self.unreadable = 0
        self._film = film
        self._pictures = pictures
        self._sound = sound
        self._shown: Iterator[Shown] = shown_of(film.reel, FilmClock())
        self._sound_last = -(1 << 62)
        self._waiting = film.reel.waiting()

    def next(self, answer: BurnAnswer | None) -> tuple[int, int, bytes] | None:
        """Put away what came of the last picture; the next one: its time in the film, its placed time, its sample."""
        if answer is not None:
            self.put(answer)
        for shown in self._shown:
            if shown.head.track_id == VIDEO_TRACK_ID:
                self.given += 1
                sample = fragment(shown.span, shown.record)[shown.head.payload_offset :]
                at = ticks(shown.shown_ns - self._film.zero_ns, PICTURE_CLOCK)
                return at, shown.record.placed_utc_ns, sample
            if self._sound is not None:
                self._keep(shown, self._sound)
        return None

    def put(self, answer: BurnAnswer) -> None:
        self.unreadable += answer.unreadable
        for picture in answer.pictures:
            self._pictures.put(picture.pts, LAST_PICTURE_TICKS, picture.key, picture.data)

    def _keep(self, shown: Shown, sound: Spool) -> None:
        data, at = fragment(shown.span, shown.record), shown.head.payload_offset
        due = ticks(shown.shown_ns - self._film.zero_ns, sound.timescale)
        silent = self._waiting.before(due, shown.head.durations[0])
        for begins in silent:
            self._sound_last = max(begins, self._sound_last + 1)
            sound.put(self._sound_last, silent.step, True, self._waiting.silence)
        for size, duration in zip(shown.head.sizes, shown.head.durations, strict=True):
            self._sound_last = max(due, self._sound_last + 1)
            sound.put(self._sound_last, duration, True, data[at : at + size])
            self._waiting.took(duration)
            at, due = at + size, due + duration


def _write(film: LaidFilm, order: BurnOrder, pictures: Spool, sound: Spool | None, path: Path) -> int:
    made = Film()
    entry = vp9_entry(order.width, order.height, _level(order, pictures))
    tracks = [FilmTrack(entry, PICTURE_CLOCK, order.width, order.height)]
    spools = [pictures]
    if sound is not None and film.sound is not None:
        tracks.append(FilmTrack(film.sound.entry, film.sound.timescale))
        spools.append(sound)
    made.tracks += tracks
    for which, at in in_order(spools):
        spools[which].add_to(made, tracks[which], at)
    header = made.header()
    samples = [spool.samples() for spool in spools]
    with open(path, "wb") as file:
        file.write(header)
        for which, _ in in_order(spools):
            file.write(next(samples[which]))
    return len(header) + made.payload_bytes


def _level(order: BurnOrder, pictures: Spool) -> int:
    dots, lasts = order.width * order.height, pictures.time(len(pictures) - 1) - pictures.time(0)
    rate = dots * len(pictures) * PICTURE_CLOCK // max(lasts, PICTURE_CLOCK)
    return next(level for level, most, most_a_second in _LEVELS if dots <= most and rate <= most_a_second)
