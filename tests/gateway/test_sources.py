import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.registry import (
    Change,
    Conflict,
    DeviceChanged,
    Invalid,
    NotFound,
    SourceTransport,
    read_source_url,
)
from storage import SecretBox, SecretUnreadable
from tests.gateway.registry_house import BY, open_registry

URL = "rtsp://10.20.0.7/Streaming/Channels/101?transportmode=unicast"


@pytest.fixture
async def house(tmp_path):
    async with open_registry(tmp_path) as house:
        await house.furnish("cam1")
        yield house


async def given_source(house, **changes):
    fields = {"url": URL, "user": "admin", "password": "s3cret", "principal": BY}
    return await house.registry.sources.set("cam1", **fields | changes)


async def test_a_source_is_known_at_once_and_after_a_restart_and_its_password_can_be_said_again(tmp_path):
    async with open_registry(tmp_path) as house:
        await house.furnish("cam1")
        with house.bus.subscribe(DeviceChanged) as news:
            device = await given_source(house, transport=SourceTransport.UDP)
            assert await anext(news) == DeviceChanged("cam1", Change.EDITED)
        assert device.version == 2
    async with open_registry(tmp_path) as house:
        source = house.devices.get("cam1").source
        assert source == device.source
        assert (str(source.url), source.user, source.transport) == (URL, "admin", SourceTransport.UDP)
        assert house.registry.sources.password("cam1", source) == "s3cret"


async def test_the_password_is_in_no_row_entry_or_repr(house, tmp_path):
    device = await given_source(house, password="hunter2-hunter2")
    await given_source(house, user="root", password="hunter3-hunter3")
    assert "hunter" not in repr(device)
    kept = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert b"hunter" not in kept
    assert await house.entries(action="device.set_source") == [
        (
            "device.set_source",
            "cam1",
            {"url": URL, "user": "admin", "transport": "auto", "fingerprint": "", "password": "given"},
        ),
        ("device.set_source", "cam1", {"user": {"from": "admin", "to": "root"}, "password": "given"}),
    ]


async def test_a_password_that_is_not_given_again_stays_for_the_same_host_and_user_only(house):
    await given_source(house)
    device = await house.registry.sources.set("cam1", url=URL + "&x=1", user="admin", principal=BY)
    assert house.registry.sources.password("cam1", device.source) == "s3cret"
    for url, user in (
        (URL.replace("0.7", "0.8"), "admin"),
        (URL.replace("0.7", "0.7:8554"), "admin"),
        (URL.replace("rtsp:", "rtsps:"), "admin"),
        (URL, "root"),
    ):
        with pytest.raises(Invalid, match="another host or user") as error:
            await house.registry.sources.set("cam1", url=url, user=user, principal=BY)
        assert error.value.field == "password"
    device = await given_source(house, url=URL.replace("0.7", "0.8"), password="")
    assert not device.source.has_password


async def test_a_row_that_was_pointed_elsewhere_behind_our_back_gives_no_password(house, tmp_path):
    device = await given_source(house)
    elsewhere = (await given_source(house, url=URL.replace("0.7", "0.8"), password="other")).source
    stolen = type(elsewhere)(elsewhere.url, "admin", elsewhere.transport, "", device.source.sealed_password)
    with pytest.raises(SecretUnreadable):
        house.registry.sources.password("cam1", stolen)
    with pytest.raises(SecretUnreadable):
        house.registry.sources.password("cam2", device.source)


async def test_without_the_key_a_password_is_unreadable_and_can_be_given_again(tmp_path):
    async with open_registry(tmp_path) as house:
        await house.furnish("cam1")
        await given_source(house)
    (tmp_path / "secrets.key").unlink()
    SecretBox.open(tmp_path / "secrets.key")
    async with open_registry(tmp_path) as house:
        with pytest.raises(SecretUnreadable):
            house.registry.sources.password("cam1", house.devices.get("cam1").source)
        device = await given_source(house)
        assert house.registry.sources.password("cam1", device.source) == "s3cret"


async def test_a_source_is_taken_away_and_goes_with_its_device(house):
    await given_source(house)
    assert (await house.registry.sources.remove("cam1", principal=BY)).source is None
    assert (await house.entries())[-1][:2] == ("device.remove_source", "cam1")
    count = len(await house.entries())
    await house.registry.sources.remove("cam1", principal=BY)
    assert len(await house.entries()) == count
    await given_source(house)
    await house.devices.remove("cam1", principal=BY)
    await house.devices.register("cam1", "gate", principal=BY)
    assert house.devices.get("cam1").source is None


async def test_setting_it_as_it_is_changes_nothing(house):
    await given_source(house)
    again = await house.registry.sources.set("cam1", url=URL, user="admin", principal=BY)
    assert again.version == 2


async def test_a_source_is_of_a_device_and_of_the_version_that_was_seen(house):
    with pytest.raises(NotFound):
        await house.registry.sources.set("cam9", url=URL, principal=BY)
    with pytest.raises(Conflict):
        await given_source(house, version=7)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("url", "http://10.0.0.1/"),
        ("url", "rtsp://"),
        ("url", "rtsp://admin:pw@10.0.0.1/x"),
        ("url", "rtsp://admin@10.0.0.1/x"),
        ("url", "rtsp://10.0.0.1/x?user=a&password=b"),
        ("url", "rtsp://10.0.0.1/user=admin_pwd=b_channel=1"),
        ("url", "rtsp://10.0.0.1:0/x"),
        ("url", "rtsp://10.0.0.1:65536/x"),
        ("url", "rtsp://10.0.0.1/with a space"),
        ("url", "rtsp://10.0.0.1/a\r\nCSeq: 1"),
        ("url", "rtsp://10.0.0.1/x#y"),
        ("url", "rtsp://[::1%25eth0]/x"),
        ("url", "rtsp://[1:2]/x"),
        ("url", "rtsp://10.0.0.1/" + "x" * 1100),
        ("user", "with space"),
        ("user", "a:b"),
        ("user", "x" * 65),
        ("password", "********"),
        ("password", "••••••"),
        ("password", "tab\tab"),
        ("password", "x" * 129),
        ("fingerprint", "ab:cd"),
        ("fingerprint", "ab" * 32),  # of a certificate, where there is none: rtsp, not rtsps
    ],
)
async def test_what_cannot_be_is_named_with_its_field(house, field, value):
    with pytest.raises(Invalid) as error:
        await given_source(house, **{field: value})
    assert error.value.field == field
    assert error.value.fix
    assert house.devices.get("cam1").source is None


async def test_a_password_without_a_user_is_nobodys(house):
    with pytest.raises(Invalid) as error:
        await given_source(house, user="")
    assert error.value.field == "user"


@pytest.mark.parametrize(
    ("text", "url", "port"),
    [
        ("RTSP://Camera.Local/Live", "rtsp://camera.local/Live", 554),
        (" rtsps://camera ", "rtsps://camera/", 322),
        ("rtsp://camera:554/x", "rtsp://camera/x", 554),
        ("rtsp://[2001:DB8::1]:8554/x?y=1", "rtsp://[2001:db8::1]:8554/x?y=1", 8554),
        ("rtsp://camera?x=1", "rtsp://camera?x=1", 554),
        ("rtsp://10.0.0.1/user=admin&password=&channel=1", "rtsp://10.0.0.1/user=admin&password=&channel=1", 554),
    ],
)
def test_a_url_is_kept_in_one_form(text, url, port):
    read = read_source_url(text)
    assert (str(read), read.port) == (url, port)
    assert read_source_url(str(read)) == read


@given(st.text(max_size=60) | st.from_regex(r"rtsps?://[ -~]{0,60}", fullmatch=True))
def test_whatever_is_typed_is_a_url_that_reads_back_or_is_refused(text):
    try:
        url = read_source_url(text)
    except Invalid:
        return
    assert read_source_url(str(url)) == url
    assert not any(letter <= " " or letter > "~" or letter == "@" for letter in str(url).partition("/")[0])
    assert "@" not in url.host
