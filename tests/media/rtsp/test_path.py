"""A path names one device and channel, or nothing."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from media.rtsp import MediaPath, RtspError, parse_path


@pytest.mark.parametrize(
    ("url", "device", "channel"),
    [
        ("rtsp://host:8554/dev1", "dev1", "main"),
        ("RTSP://host/dev1/", "dev1", "main"),
        ("rtsps://u:p@host/dev1/sub", "dev1", "sub"),
        ("rtsp://host/dev1?token=1&x=/../y", "dev1", "main"),
        ("rtsp://[::1]:8554/34020000001320000001/sub/", "34020000001320000001", "sub"),
        ("/dev_1-A", "dev_1-A", "main"),
    ],
)
def test_device_and_channel_are_read(url, device, channel):
    assert parse_path(url) == MediaPath(device, channel)


@pytest.mark.parametrize(
    ("url", "status"),
    [
        ("rtsp://host", 404),
        ("rtsp://host/", 404),
        ("rtsp://host?x", 404),
        ("rtsp://host/..", 404),
        ("rtsp://host/dev1/../dev2", 404),
        ("rtsp://host/%2e%2e/dev1", 404),
        ("rtsp://host/dev1%2Fsub", 404),
        ("rtsp://host/dev1%00", 404),
        ("rtsp://host//dev1", 404),
        ("rtsp://host/dev1/sub/x", 404),
        ("rtsp://host/dev1/main", 404),
        ("rtsp://host/-dev", 404),
        ("rtsp://host/设备", 404),
        ("rtsp://host/" + "d" * 65, 404),
        ("*", 400),
        ("http://host/dev1", 400),
        ("dev1", 400),
    ],
)
def test_everything_else_names_nothing(url, status):
    with pytest.raises(RtspError) as caught:
        parse_path(url)
    assert caught.value.status == status


@settings(deadline=None)
@given(st.text(max_size=60))
def test_only_ids_come_out(text):
    for url in (text, f"rtsp://h/{text}", f"/{text}"):
        try:
            path = parse_path(url)
        except RtspError:
            continue
        assert str(path) == url.removeprefix("rtsp://h").partition("?")[0].rstrip("/") or "://" in text
        assert ".." not in path.device
        assert "/" not in path.device
        assert path.device.isascii()
