"""What a device's sound is behind a transcode: the same tone, as loud, and where it stood."""

import random
from dataclasses import replace
from itertools import chain

import numpy as np
import pytest

from media import AudioConfig, Codec
from tests.workers.tones import (
    AAC_16,
    AAC_44,
    AAC_48,
    ALAW,
    LEVEL,
    MULAW,
    SECOND,
    Unit,
    frequency,
    heard,
    late_by,
    level,
    steps,
    tone,
)
from workers import MadeSound
from workers.inside.transcoder import Transcoder, UnreadableSoundError

PERIOD_S = 1 / 440


def transcoded(config: AudioConfig, units: list[Unit]) -> list[MadeSound]:
    transcoder = Transcoder(config)
    return list(chain.from_iterable(transcoder.take(unit.payload[0], unit.pts, unit.reanchored) for unit in units))


@pytest.mark.parametrize(
    "config", [ALAW, MULAW, AAC_44, AAC_48, AAC_16], ids=["alaw", "mulaw", "44100", "48000", "16000"]
)
def test_a_tone_keeps_its_pitch_its_level_and_its_place(config: AudioConfig) -> None:
    begins_s = 7
    made = transcoded(config, tone(config, 2.0, first_pts=begins_s * config.clock_rate))
    assert steps(made) == {960}
    begin, samples = heard(made)
    assert begins_s * SECOND - 960 < begin <= begins_s * SECOND
    inside = samples[SECOND // 2 : 3 * SECOND // 2]
    assert abs(frequency(inside) - 440) < 1
    assert 0.9 * LEVEL < level(inside) < 1.1 * LEVEL
    own_delay_s = (
        1_024 / config.sample_rate if config.codec is Codec.AAC else 0
    )  # of the device's encoder: nobody knows of it
    late_s = late_by(begin - begins_s * SECOND, samples, 440, SECOND) - own_delay_s
    assert abs((late_s + PERIOD_S / 2) % PERIOD_S - PERIOD_S / 2) < 0.0005


@pytest.mark.parametrize("config", [ALAW, AAC_44], ids=["as it is", "resampled"])
def test_the_first_beat_behind_silence_is_heard_where_it_was_sent(config: AudioConfig) -> None:
    silent = tone(config, 1.0, hertz=0.0)
    loud = tone(config, 0.5, first_pts=2 * silent[-1].pts - silent[-2].pts)
    begin, samples = heard(transcoded(config, silent + loud))
    onset = begin + int(np.argmax(np.abs(samples) > LEVEL / 4))
    sent = loud[0].pts * SECOND // config.clock_rate
    assert -0.006 < (onset - sent) / SECOND < 0.006 + (2_048 / 44_100 if config.codec is Codec.AAC else 0)


def test_a_few_lost_frames_are_silence_and_the_sound_goes_on_behind_them_in_step() -> None:
    units = tone(ALAW, 3.0)
    kept = units[:50] + units[55:]  # 100 ms are missing
    made = transcoded(ALAW, kept)
    assert steps(made) == {960}
    begin, samples = heard(made)
    assert level(samples[SECOND + 2_000 - begin : SECOND + 4_000 - begin]) < 0.02
    assert abs(late_by(begin, samples, 440, 2 * SECOND)) < 0.0005
    assert len(made) >= 149


def test_a_hole_stays_a_hole_and_what_stood_before_it_is_heard_to_its_end() -> None:
    units = tone(ALAW, 5.0)
    made = transcoded(ALAW, units[:50] + units[150:])  # from 1 s to 3 s nothing
    last_before = max(packet.pts for packet in made if packet.pts < 2 * SECOND)
    first_behind = min(packet.pts for packet in made if packet.pts > 2 * SECOND)
    assert SECOND <= last_before + 960 < SECOND + 2 * 960
    assert 3 * SECOND - 960 < first_behind <= 3 * SECOND
    assert not any(packet.reanchored for packet in made)
    begin, samples = heard(made)
    assert level(samples[SECOND - 480 - begin : SECOND - begin]) > 0.2
    assert abs(late_by(begin, samples, 440, 4 * SECOND)) < 0.0005


def test_a_unit_behind_a_jump_begins_anew_and_its_first_packet_says_so() -> None:
    units = tone(ALAW, 2.0)
    jumped = [*units[:50], replace(units[50], reanchored=True), *units[51:]]
    made = transcoded(ALAW, jumped)
    (marked,) = [packet for packet in made if packet.reanchored]
    assert SECOND - 960 <= marked.pts < SECOND + 2 * 960
    assert sorted(packet.pts for packet in made) == [packet.pts for packet in made]
    assert min(steps(made)) >= 960


def test_sound_that_is_aligned_backwards_is_never_far_off_and_never_said_twice() -> None:
    """media.alignment moves what a track owes by 5 % of its progress: half a second in ten."""
    units = [replace(unit, pts=unit.pts * 95 // 100) for unit in tone(ALAW, 6.0)]
    made = transcoded(ALAW, units)
    assert steps(made) == {960}
    assert abs(made[-1].pts + 960 - units[-1].pts * 6) < 0.04 * SECOND


def test_random_bytes_are_unreadable_or_noise_and_what_follows_is_heard() -> None:
    dice = random.Random(4)
    transcoder = Transcoder(AAC_48)
    units = tone(AAC_48, 3.0)
    unreadable = 0
    made: list[MadeSound] = []
    for n, unit in enumerate(units):
        hostile = 20 <= n < 70
        payload = dice.randbytes(dice.randrange(1, 800)) if hostile else unit.payload[0]
        try:
            packets = transcoder.take(payload, unit.pts, False)
        except UnreadableSoundError:
            unreadable += 1
            assert hostile
        else:
            made += packets
    assert unreadable > 30
    begin, samples = heard(made)
    assert abs(frequency(samples[2 * SECOND - begin : 3 * SECOND - begin - 4_000]) - 440) < 1


@pytest.mark.parametrize(
    "config", [b"", b"\xff" * 64, b"\x12", b"\x00\x00", bytes.fromhex("f8e85000")], ids=lambda raw: raw.hex()[:8]
)
def test_a_config_that_cannot_be_makes_all_unreadable_and_nothing_else(config: bytes) -> None:
    transcoder = Transcoder(AudioConfig(Codec.AAC, 48_000, 2, "", config, 48_000))
    for n in range(5):
        try:
            transcoder.take(b"\x21\x00\x49\x90\x02\x19\x00\x23\x80", n * 1_024, False)
        except UnreadableSoundError:
            continue
