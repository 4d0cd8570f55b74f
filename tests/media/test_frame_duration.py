import io

import av
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from media import AudioConfig, Codec
from media.frame_duration import FrameDuration, opus_duration
from tests.media.clips import ffmpeg


def of(codec: Codec, frame: bytes, config: str = "", channels: int = 1) -> int:
    return FrameDuration(AudioConfig(codec, 48_000, channels, "", bytes.fromhex(config), 48_000)).of(frame)


@pytest.mark.parametrize(
    ("config", "ticks"),
    [("1190", 1_024), ("1194", 960), ("2b920800", 2_048), ("", 1_024), ("ff", 1_024)],
    ids=["LC", "LC of 960", "HE-AAC", "none", "one byte"],
)
def test_an_aac_frame_lasts_what_its_config_says(config: str, ticks: int) -> None:
    assert of(Codec.AAC, b"frame", config) == ticks


def test_implicit_sbr_is_learned_from_two_equal_steps() -> None:
    duration = FrameDuration(AudioConfig(Codec.AAC, 48_000, 2, "", b"\x11\x90", 48_000))
    duration.learn(2_048)
    assert duration.of(b"frame") == 1_024
    duration.learn(2_048)
    assert duration.of(b"frame") == 2_048


def test_a_g711_frame_lasts_its_bytes() -> None:
    assert of(Codec.PCM_ALAW, bytes(160)) == 160
    assert of(Codec.PCM_MULAW, bytes(320), channels=2) == 160


@pytest.mark.parametrize("frame_ms", ["2.5", "5", "10", "20", "40", "60", "120"])
@pytest.mark.parametrize("rate", ["8k", "64k"])
def test_an_opus_packet_lasts_what_libopus_made_it(frame_ms: str, rate: str) -> None:
    application = "voip" if rate == "8k" else "audio"
    source = ffmpeg(
        *("-f", "lavfi", "-i", "sine=frequency=440:sample_rate=48000:duration=1"),
        *("-c:a", "libopus", "-b:a", rate, "-application", application, "-frame_duration", frame_ms),
        *("-f", "ogg", "-"),
    )
    with av.open(io.BytesIO(source)) as container:
        packets = [bytes(packet) for packet in container.demux(audio=0) if packet.size]
    assert {opus_duration(packet) for packet in packets} == {int(float(frame_ms) * 48)}


@settings(deadline=None)
@given(st.sampled_from(Codec), st.binary(max_size=8), st.binary(max_size=6), st.integers(0, 8))
def test_a_frame_of_any_bytes_lasts_at_least_a_tick(codec: Codec, frame: bytes, config: bytes, channels: int) -> None:
    assert FrameDuration(AudioConfig(codec, 48_000, channels, "", config, 48_000)).of(frame) >= 1
