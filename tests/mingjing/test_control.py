import asyncio
import json
import os
import socket
import stat
import sys
import threading

import pytest

from mingjing.control import Addresses, CommandError, addresses_of, ask, control_socket, reach, server_answers
from mingjing.control.requests import REQUESTS, DeviceAdd, DeviceKey, UnitAdd, UnitItem, UnitItems, UnitList, UserAdd
from mingjing.control.wire import REQUEST_MAX_BYTES, address_in
from mingjing.settings import HttpSettings, RtspSettings, Settings
from mingjing.wiring import open_house
from tests.storage.ready_database import ready_database
from viewer.access import Role

ADDRESSES = Addresses("video.example:8554", "https://video.example", "video.example:8322")


@pytest.fixture
def settings(tmp_path):
    return Settings(data_dir=tmp_path / "store")


@pytest.fixture
async def house(settings):
    settings.data_dir.mkdir()
    ready_database(settings.database_url)
    async with open_house(settings) as house, control_socket(house, ADDRESSES):
        yield house


def say(settings, data, *, end=False):
    """What the socket answers to these bytes."""
    connection = socket.socket(socket.AF_UNIX)
    with connection, address_in(settings.data_dir) as address:
        connection.connect(address)
        connection.sendall(data)
        if end:
            connection.shutdown(socket.SHUT_WR)
        answer = b""
        while block := connection.recv(65536):
            answer += block
    return json.loads(answer) if answer else None


async def test_a_command_beside_a_running_server_is_done_by_it(house, settings):
    made = await asyncio.to_thread(ask, settings, UnitAdd(id="city", name="市支队"), UnitItem)
    assert made == UnitItem(id="city", name="市支队", parent=None)
    assert house.registry.units.get("city").name == "市支队"
    [entry] = (await house.ledger.query()).items
    assert (entry.principal, entry.action) == (f"cli:{os.getuid()}", "unit.create")


async def test_the_server_tells_its_own_addresses(house, settings):
    await house.registry.units.create("city", name="x", principal="cli:0")
    await house.registry.checkpoints.create("gate", name="x", unit="city", principal="cli:0")
    made = await asyncio.to_thread(ask, settings, DeviceAdd(id="dev1", checkpoint="gate"), DeviceKey)
    assert (made.rtsp_url, made.rtsps_url, made.whip_url) == (
        "rtsp://video.example:8554/dev1",
        "rtsps://video.example:8322/dev1",
        "https://video.example/whip/dev1",
    )
    assert made.key not in repr(made)


async def test_lists_are_whole_though_they_are_read_page_by_page(house, settings, monkeypatch):
    monkeypatch.setattr(sys.modules["mingjing.control.perform"], "PAGE", 3)
    for number in range(7):
        await house.registry.units.create(f"u{number}", name="x", principal="cli:0")
    found = await asyncio.to_thread(ask, settings, UnitList(), UnitItems)
    assert [unit.id for unit in found.items] == [f"u{number}" for number in range(7)]


@pytest.mark.parametrize(
    "data",
    [
        b"\n",
        b"x\n",
        b"{}\n",
        b"[]\n",
        b"\xff\xfe\n",
        b'{"command":"unit.burn"}\n',
        b'{"command":"unit.add","id":"a","name":"a","extra":1}\n',
        b'{"command":"unit.add","id":1,"name":"a"}\n',
        b"[" * 50_000 + b"\n",
    ],
)
async def test_what_is_no_command_is_answered_in_words_and_the_socket_lives_on(house, settings, data):
    answer = await asyncio.to_thread(say, settings, data)
    assert answer["words"]
    assert (await asyncio.to_thread(ask, settings, UnitList(), UnitItems)).items == ()


async def test_a_line_that_is_too_long_is_not_gathered(house, settings):
    line = b'{"command":"unit.list"' + b" " * REQUEST_MAX_BYTES + b"}\n"
    try:
        answer = await asyncio.to_thread(say, settings, line)
    except ConnectionError:
        pass  # it hung up with the rest unread
    else:
        assert answer["words"] == "This is not a command."
    assert (await asyncio.to_thread(ask, settings, UnitList(), UnitItems)).items == ()


async def test_half_a_command_changes_nothing(house, settings):
    line = UnitAdd(id="city", name="x").model_dump_json().encode() + b"\n"
    for cut in (0, 1, len(line) // 2, len(line) - 1):
        answer = await asyncio.to_thread(say, settings, line[:cut], end=True)
        assert answer["words"] == "This is not a command."
    assert house.registry.units.find("city") is None


async def test_a_peer_that_hangs_up_at_once_or_says_nothing_keeps_nobody_waiting(house, settings):
    silent = socket.socket(socket.AF_UNIX)
    with silent, address_in(settings.data_dir) as address:
        silent.connect(address)
        socket.socket(socket.AF_UNIX).close()
        assert (await asyncio.to_thread(ask, settings, UnitList(), UnitItems)).items == ()


async def test_a_password_on_the_way_is_in_no_repr():
    request = UserAdd(name="li", role=Role.AUDITOR, password="correct horse battery")
    assert "horse" not in repr(request)
    assert REQUESTS.validate_json(request.model_dump_json()) == request


async def test_an_error_of_the_house_is_logged_and_told_without_its_insides(house, settings, monkeypatch):
    def fail(*_, **__):
        raise ZeroDivisionError("secret")

    monkeypatch.setattr(type(house.registry.units), "list", fail)
    with pytest.raises(CommandError, match="The server failed") as refused:
        await asyncio.to_thread(ask, settings, UnitList(), UnitItems)
    assert "secret" not in refused.value.words + refused.value.fix


async def test_another_user_is_not_answered(house, settings, monkeypatch):
    monkeypatch.setattr("mingjing.control.server.peer_uid", lambda _: 4711)
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    answer = await asyncio.to_thread(say, settings, UnitList().model_dump_json().encode() + b"\n")
    assert answer["words"] == "This server belongs to another user."


async def test_a_socket_that_a_stranger_serves_is_not_asked(house, settings, monkeypatch):
    monkeypatch.setattr(reach, "peer_uid", lambda _: 4711)
    with pytest.raises(CommandError, match="stranger"):
        await asyncio.to_thread(ask, settings, UnitList(), UnitItems)


async def test_the_socket_is_0600_whatever_the_umask_and_gone_after_an_orderly_stop(settings):
    before = os.umask(0)
    try:
        async with open_house(settings) as house, control_socket(house, ADDRESSES):
            assert stat.S_IMODE((settings.data_dir / "control.sock").stat().st_mode) == 0o600
            assert await asyncio.to_thread(server_answers, settings)
    finally:
        os.umask(before)
    assert not (settings.data_dir / "control.sock").exists()
    assert not server_answers(settings)


async def test_a_data_directory_with_a_very_long_path_has_a_socket_too(tmp_path):
    settings = Settings(data_dir=tmp_path / ("d" * 100) / ("e" * 100))
    async with open_house(settings) as house, control_socket(house, ADDRESSES):
        assert (await asyncio.to_thread(ask, settings, UnitList(), UnitItems)).items == ()


def test_without_a_server_the_command_opens_the_store_itself(settings):
    ask(settings, UnitAdd(id="city", name="x"), UnitItem)
    assert [unit.id for unit in ask(settings, UnitList(), UnitItems).items] == ["city"]


async def test_a_store_that_stays_locked_without_an_answer_is_an_error_after_a_while(settings, monkeypatch):
    monkeypatch.setattr(reach, "LOCK_WAIT_S", 0.3)
    async with open_house(settings):
        with pytest.raises(CommandError, match="is in use, but its owner does not answer"):
            await asyncio.to_thread(ask, settings, UnitList(), UnitItems)


async def test_a_command_waits_for_a_server_that_is_just_starting(settings):
    async with open_house(settings) as house:
        answers = []
        asking = threading.Thread(target=lambda: answers.append(ask(settings, UnitList(), UnitItems)))
        asking.start()
        async with control_socket(house, ADDRESSES):
            await asyncio.to_thread(asking.join)
    assert answers == [UnitItems(items=())]


@pytest.mark.parametrize(
    ("http", "rtsp", "expected"),
    [
        ({}, {}, ("127.0.0.1:8554", "http://127.0.0.1:8080")),
        ({"host": "::1"}, {"host": "::"}, ("127.0.0.1:8554", "http://[::1]:8080")),
        ({}, {"public_host": "video.example", "port": 1}, ("video.example:1", "http://video.example:8080")),
        (
            {"certificate": "c", "private_key": "k"},
            {"host": "10.0.0.1"},
            ("10.0.0.1:8554", "https://127.0.0.1:8443", "10.0.0.1:8322"),
        ),
        (
            {},
            {"certificate": "c", "private_key": "k", "tls_port": 322},
            ("127.0.0.1:8554", "http://127.0.0.1:8080", "127.0.0.1:322"),
        ),
    ],
)
def test_addresses_by_the_settings(http, rtsp, expected):
    settings = Settings(http=HttpSettings(**http), rtsp=RtspSettings(**rtsp))
    assert addresses_of(settings) == Addresses(*expected)
