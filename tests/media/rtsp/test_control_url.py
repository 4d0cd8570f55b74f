import pytest
from hypothesis import given
from hypothesis import strategies as st

from media.rtsp import RtspError
from media.rtsp.control_url import base_of, control_url
from media.rtsp.message import Headers

URL = "rtsp://camera:8554/a/live?x=1"


@pytest.mark.parametrize(
    ("headers", "base"),
    [
        ([], URL),
        ([("Content-Base", "")], URL),
        ([("Content-Base", "rtsp://camera/b/")], "rtsp://camera/b/"),
        ([("Content-Base", "/b/")], "rtsp://camera:8554/b/"),
        ([("Content-Base", "b/")], "rtsp://camera:8554/a/b/"),
        ([("Content-Location", "rtsp://camera/c")], "rtsp://camera/c"),
        ([("Content-Base", "http://camera/b/")], URL),
        ([("Content-Base", "rtsp://with a space/")], URL),
        ([("Content-Base", "rtsp://camera/" + "x" * 3000)], URL),
    ],
)
def test_the_base_is_what_the_camera_says_where_that_can_be_a_url(headers, base):
    assert base_of(URL, Headers(headers)) == base


@pytest.mark.parametrize(
    ("base", "control", "url"),
    [
        ("rtsp://c/live", "trackID=1", "rtsp://c/live/trackID=1"),
        ("rtsp://c/live/", "trackID=1", "rtsp://c/live/trackID=1"),
        ("rtsp://c/live/", "/trackID=1", "rtsp://c/live/trackID=1"),
        ("rtsp://c/live", "/trackID=1", "rtsp://c/live/trackID=1"),
        ("rtsp://c/live", "?ctype=video", "rtsp://c/live?ctype=video"),
        ("rtsp://c/live?a=1", "trackID=1?b=2", "rtsp://c/live?a=1/trackID=1?b=2"),
        ("rtsp://c/live", "*", "rtsp://c/live"),
        ("rtsp://c/live", "", "rtsp://c/live"),
        ("rtsp://c/live", "rtsp://d/other", "rtsp://d/other"),
    ],
)
def test_a_control_makes_the_url_that_cameras_mean(base, control, url):
    assert control_url(base, control) == url


@pytest.mark.parametrize("control", ["with a space", "http://camera/x", "x" * 2100, "tr\tack", "中"])
def test_a_control_that_is_no_url_is_refused(control):
    with pytest.raises(RtspError):
        control_url("rtsp://c/live", control)


@given(st.text(max_size=80))
def test_whatever_a_camera_writes_there_is_a_url_or_a_refusal(text):
    base = base_of(URL, Headers([("Content-Base", text)]))
    assert base.startswith("rtsp")
    try:
        url = control_url(base, text)
    except RtspError:
        return
    assert not any(letter <= " " or letter > "~" for letter in url)
