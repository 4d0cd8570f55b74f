"""Films against their fragments: every sample is the recorded one, but for silence where sound is missing."""

import io
import random

import pytest

from media import Codec
from storage import NO_CHAIN, read_journal
from tests.media import clips
from tests.recorder.export.vault import Vault, stamped
from verifier.archive import Archive, Entry
from verifier.journal import FRAGMENT, records
from verifier.playable import check_playable
from verifier.report import Report
from verifier.segment import Passage, Piece


@pytest.fixture
def vault(tmp_path):
    vault = Vault(tmp_path)
    yield vault
    vault.lock.release()


async def checked(vault, change=lambda film: film):
    """What the verifier says of the film of a vault's one segment, and the film's facts."""
    async with vault.playable() as playable:
        (part,) = playable.parts(1)
        facts = playable.facts(1)
        film = change(bytearray(b"".join(part.chunks())))
    path = vault.store.media / vault.facts[0].path
    media, taken = path.read_bytes(), list(records(read_journal(path), NO_CHAIN))
    entries = [Entry("film.mp4", 0, 0, len(film), 0), Entry("media.mp4", 0, len(film), len(media), 0)]
    archive = Archive(io.BytesIO(bytes(film) + media), len(film) + len(media), entries)
    passage, report = Passage(1, "evidence/1/"), Report()
    kept = tuple(one for one in taken if one.kind == FRAGMENT)
    passage.pieces.append(Piece("media.mp4", taken[0].length, b"mp4a", kept))
    check_playable(archive, passage, {"playable": [{**facts[0], "name": "film.mp4"}]}, report)
    return report.faults, facts[0]


def write(vault, sound, missing=0.4):
    footage, tone = stamped(clips.video_clip("b_frames")), clips.sound_clip(sound)
    dice = random.Random(8)
    kept = [one for one in clips.fragments([footage, tone]) if one.track_id == 1 or dice.random() >= missing]
    vault.write([footage.track, tone.track], kept)


@pytest.mark.parametrize("sound", [Codec.AAC, Codec.OPUS])
async def test_a_film_with_silence_where_sound_is_missing_is_what_was_recorded(vault, sound):
    write(vault, sound)
    faults, facts = await checked(vault)
    assert facts["sound"]["silent_frames"] > 10
    assert faults == []


async def test_other_sound_in_the_place_of_silence_is_found(vault):
    write(vault, Codec.AAC)
    silence = bytes.fromhex("00000007")

    def louder(film):
        at = film.index(silence * 2, film.index(b"mdat"))
        film[at + 1] ^= 0x40
        return film

    (fault,) = (await checked(vault, louder))[0]
    assert "sound is not the one that was recorded" in fault.words


async def test_a_frame_that_was_silenced_is_found(vault):
    write(vault, Codec.AAC, missing=0)
    recorded = [data for _, data in vault.kept(2)]

    def silenced(film):
        at = film.index(recorded[40], film.index(b"mdat"))
        film[at : at + len(recorded[40])] = bytes.fromhex("00000007").ljust(len(recorded[40]), b"\0")
        return film

    assert (await checked(vault, silenced))[0] != []
