"""/ws/events over a real WebSocket: who is told what, and when it ends."""

import asyncio
import json
from contextlib import asynccontextmanager

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from gateway.registry import RefusalReason
from gateway.stream import Alarm, AlarmKind, ChannelState, StreamInit
from media import AUDIO_TRACK_ID, AudioConfig, Codec, Track
from tests.gateway.fragments import VIDEO, picture
from viewer.access import IDLE_S, Role
from viewer.live import FrameProtocol, event_feed
from viewer.live import websocket as live

SOUND = Track(AUDIO_TRACK_ID, AudioConfig(Codec.OPUS, 48_000, 2, "opus", b"", 48_000))
LIVE = "/ws/live/dev-north?purpose=duty"


class Tab:
    """A browser's tab that listens."""

    def __init__(self, socket, session_id):
        self.socket = socket
        self.session_id = session_id

    async def next(self, *types):
        """The next message of these types; statistics come in between."""
        async with asyncio.timeout(10):
            while True:
                message = json.loads(await self.socket.recv())
                if not types or message["type"] in types:
                    return message

    async def wait_closed(self):
        async with asyncio.timeout(10):
            try:
                while True:
                    await self.socket.recv()
            except ConnectionClosed as closed:
                return closed.rcvd.code, closed.rcvd.reason


@asynccontextmanager
async def tab(front, role, unit=None, path="/ws/events"):
    token = await front.session(f"{role.value}.{unit or 'all'}", role, unit)
    headers = {"Cookie": f"session={token}"}
    async with connect(front.ws_url + path, origin=front.base_url, additional_headers=headers) as socket:
        yield Tab(socket, front.access.sessions.find(token).id)


async def knock(front, token):
    """The handshake of a live view, over a socket whose reading is the test's."""
    host, port = front.base_url.removeprefix("http://").split(":")
    reading, writing = await asyncio.open_connection(host, int(port))
    lines = [
        f"GET {LIVE} HTTP/1.1",
        f"Host: {host}:{port}",
        f"Origin: {front.base_url}",
        f"Cookie: session={token}",
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    ]
    writing.write(("\r\n".join(lines) + "\r\n\r\n").encode())
    return reading, writing


async def until_entry(front, action):
    async with asyncio.timeout(5):
        while not await front.actions(action=action):  # noqa: ASYNC110  nobody tells
            await asyncio.sleep(0.01)


async def until(true):
    async with asyncio.timeout(5):
        while not true():  # noqa: ASYNC110  nobody tells
            await asyncio.sleep(0.01)


async def test_it_begins_with_a_snapshot_of_what_one_may_see(front):
    for device in ("dev-north", "dev-south"):
        front.hub.refuse_codec(device, "main", "VP8")
        await front.alarm(AlarmKind.DEVICE_STALLED, device)
    await front.alarm(AlarmKind.DISK_WARNING)
    async with tab(front, Role.SUPERVISOR, "north") as north, tab(front, Role.REVIEWER) as reviewer:
        snapshot = await north.next()
        assert snapshot["type"] == "snapshot"
        [channel] = snapshot["channels"]
        assert (channel["device"], channel["channel"], channel["state"]) == ("dev-north", "main", "codec_not_supported")
        assert channel["reason"] == "VP8"
        assert [(alarm["kind"], alarm["device"]) for alarm in snapshot["alarms"]] == [
            ("device_stalled", "dev-north"),
            ("disk_warning", ""),
        ]
        everything = await reviewer.next()
        assert len(everything["channels"]) == 2
        assert [alarm["device"] for alarm in everything["alarms"]] == ["dev-north", "dev-south"]


async def test_channels_alarms_and_changes_are_pushed_to_who_may_see_them(front):
    async with tab(front, Role.SUPERVISOR, "north") as north, tab(front, Role.SUPERVISOR, "south") as south:
        await north.next("snapshot")
        await south.next("snapshot")
        front.hub.refuse_codec("dev-north", "main", "VP8")
        channel = await north.next("channel")
        assert (channel["device"], channel["state"], channel["tracks"]) == ("dev-north", "codec_not_supported", [])
        front.services.bus.publish(Alarm(AlarmKind.DEVICE_OFFLINE, "dev-north", "main", front.clock.utc_ns()))
        assert (await north.next("alarm"))["at"] == "2027-01-15T08:00:00.000Z"
        await front.registry.devices.edit("dev-north", name="Renamed", principal="cli:0")
        change = await north.next("registry")
        assert change == {"type": "registry", "kind": "device", "id": "dev-north", "change": "edited"}
        await front.registry.devices.edit("dev-south", name="Also", principal="cli:0")
        assert (await south.next("channel", "alarm", "registry"))["id"] == "dev-south"


async def test_who_loses_sight_of_a_device_is_told_that_it_is_gone(front):
    async with tab(front, Role.SUPERVISOR, "north") as north, tab(front, Role.SUPERVISOR, "south") as south:
        await north.next("snapshot")
        await south.next("snapshot")
        await front.registry.devices.move("dev-north", "cp-south", principal="cli:0")
        assert (await north.next("registry"))["change"] == "removed"
        assert (await south.next("registry"))["change"] == "moved"
        await front.registry.devices.remove("dev-north", principal="cli:0")
        assert (await south.next("registry"))["change"] == "removed"


async def test_a_moved_unit_begins_the_lists_anew(front):
    async with tab(front, Role.SUPERVISOR, "city") as city:
        await city.next("snapshot")
        await front.registry.units.edit("south", parent=None, principal="cli:0")
        await city.next("snapshot")
        await front.registry.devices.edit("dev-south", name="Out of sight", principal="cli:0")
        await front.registry.devices.edit("dev-north", name="In sight", principal="cli:0")
        assert (await city.next("registry"))["id"] == "dev-north"


async def test_a_refused_recorder_is_news_and_being_seen_is_not(front):
    async with tab(front, Role.SITE_ADMIN) as site:
        await site.next("snapshot")
        front.registry.devices.mark_seen("dev-south")
        front.registry.devices.remember_refusal("dev-north", RefusalReason.WRONG_KEY, "192.0.2.7")
        await front.registry.flush_presence()
        assert (await site.next("registry"))["id"] == "dev-north"
        front.clock.advance(1)
        front.registry.devices.mark_seen("dev-north")
        front.registry.devices.mark_seen("dev-south")
        await front.registry.flush_presence()
        await front.registry.devices.edit("dev-south", name="x", principal="cli:0")
        assert (await site.next("registry"))["change"] == "edited"


async def test_statistics_come_by_themselves(front, monkeypatch):
    monkeypatch.setattr(event_feed, "STATISTICS_PERIOD_S", 0.01)
    front.hub.refuse_codec("dev-north", "main", "VP8")
    front.hub.refuse_codec("dev-south", "main", "VP8")
    async with tab(front, Role.SUPERVISOR, "north") as north:
        figures = await north.next("statistics")
        assert [one["device"] for one in figures["channels"]] == ["dev-north"]
        assert figures["channels"][0].keys() == {
            "device",
            "channel",
            "bitrate_kbps",
            "fps",
            "delay_s",
            "clock_offset_s",
            "viewers",
        }


async def test_a_live_channel_whose_pictures_come_behind_its_sound_is_told_anew(front, monkeypatch):
    """A phone's first packet of sound overtakes its first key picture."""
    monkeypatch.setattr(event_feed, "STATISTICS_PERIOD_S", 0.01)
    channel = front.hub.channel("dev-north", "main")
    async with tab(front, Role.SITE_ADMIN) as site:
        await site.next("snapshot")
        channel.init_changed(StreamInit(1, (SOUND,)))
        channel.change(ChannelState.LIVE, front.clock.utc_ns())
        assert [track["kind"] for track in (await site.next("channel"))["tracks"]] == ["audio"]
        channel.init_changed(StreamInit(2, (VIDEO, SOUND)))
        assert [track["kind"] for track in (await site.next("channel"))["tracks"]] == ["video", "audio"]
        await site.next("statistics")
        channel.init_changed(StreamInit(3, (VIDEO, SOUND)))  # parameter sets again, and nothing else
        channel.change(ChannelState.STALLED, front.clock.utc_ns())
        assert (await site.next("channel"))["state"] == "stalled"


async def test_who_may_see_no_device_is_told_of_none_and_still_of_the_end_of_the_session(front, monkeypatch):
    monkeypatch.setattr(event_feed, "STATISTICS_PERIOD_S", 0.01)
    front.hub.refuse_codec("dev-north", "main", "VP8")
    async with tab(front, Role.AUDITOR) as auditor, tab(front, Role.SUPERVISOR) as supervisor:
        assert (await supervisor.next("snapshot"))["channels"]
        assert await auditor.next("snapshot") == {"type": "snapshot", "channels": [], "alarms": []}
        assert (await supervisor.next("statistics"))["channels"]
        assert (await auditor.next("statistics"))["channels"] == []
        await front.registry.devices.edit("dev-north", name="Renamed", principal="cli:0")
        front.access.sessions.end([auditor.session_id])
        assert (await auditor.next("registry", "closing"))["type"] == "closing"


async def test_a_slow_tab_gets_a_fresh_snapshot_instead_of_an_endless_queue(front):
    feed = event_feed.EventFeed(front.services)
    principal = front.access.sessions.find(await front.session("li", Role.SUPERVISOR)).principal
    member = feed.join(principal)
    for _ in range(event_feed.QUEUE_MAX):
        feed._tell(Alarm(AlarmKind.DEVICE_STALLED, "dev-north", "main", front.clock.utc_ns()))
    assert len(member.queue) == 1
    assert json.loads(member.queue[0])["type"] == "snapshot"


# The end


async def test_f62_a_right_revoked_cuts_every_socket_within_five_seconds(front):
    async with tab(front, Role.SUPERVISOR) as events, tab(front, Role.SUPERVISOR, path=LIVE) as watching:
        await events.next("snapshot")
        await watching.next("offline")
        async with asyncio.timeout(5):
            await front.access.accounts.disable("supervisor.all", by="cli:0")
            for socket in (events, watching):
                assert (await socket.next("closing"))["reason"] == "revoked"
                assert await socket.wait_closed() == (1008, "revoked")


async def test_f62_a_reader_that_takes_nothing_is_cut_off_when_its_right_is_gone(front, monkeypatch):
    monkeypatch.setattr(live, "FAREWELL_MAX_S", 0.1)
    _, writing = await knock(front, await front.session("li.wei", Role.SUPERVISOR))
    channel = front.hub.channel("dev-north", "main")
    await until(lambda: channel.viewers == 1)
    for n in range(40):  # more than the kernel holds: the farewell would wait for ever
        channel.fragment(picture(n, key=True, size=1 << 18))
    await front.access.accounts.disable("li.wei", by="cli:0")
    await until_entry(front, "live.close")
    assert channel.viewers == 0
    writing.transport.abort()


async def test_a_view_whose_viewer_left_before_it_began_is_closed_in_the_log_too(front, monkeypatch):
    asked, left = asyncio.Event(), asyncio.Event()
    append, connection_lost = front.services.ledger.append, FrameProtocol.connection_lost

    async def append_late(**entry):
        if entry["action"] == "live.open":
            asked.set()
            await left.wait()
        return await append(**entry)

    def lose(protocol, error):
        connection_lost(protocol, error)
        left.set()

    monkeypatch.setattr(front.services.ledger, "append", append_late)
    monkeypatch.setattr(FrameProtocol, "connection_lost", lose)
    _, writing = await knock(front, await front.session("li.wei", Role.SUPERVISOR))
    await asyncio.wait_for(asked.wait(), 5)
    writing.transport.abort()
    await until_entry(front, "live.close")
    assert [entry[1] for entry in await front.actions(principal="user:li.wei")] == ["live.open", "live.close"]


async def test_f20_without_the_audit_log_no_picture_is_shown(front):
    token = await front.session("li", Role.SUPERVISOR)
    front.disk.sick = True
    with pytest.raises(InvalidStatus) as refused:
        await connect(front.ws_url + LIVE, origin=front.base_url, additional_headers={"Cookie": f"session={token}"})
    assert refused.value.response.status_code == 503
    assert json.loads(refused.value.response.body)["type"] == "urn:mingjing:problem:unavailable"


async def test_an_expired_session_closes_the_socket(front):
    async with tab(front, Role.SUPERVISOR) as supervisor:
        await supervisor.next("snapshot")
        front.clock.advance(IDLE_S)
        assert (await supervisor.next("closing"))["reason"] == "expired"
        assert await supervisor.wait_closed() == (1008, "expired")


async def test_a_person_who_is_active_stays_logged_in(front, monkeypatch):
    async with tab(front, Role.SUPERVISOR) as supervisor:
        await supervisor.next("snapshot")
        session = front.access.sessions.get(supervisor.session_id)
        used = asyncio.Event()
        use = front.access.sessions.use
        monkeypatch.setattr(front.access.sessions, "use", lambda session_id: (use(session_id), used.set()))
        front.clock.advance(IDLE_S - 1)
        await supervisor.socket.send('{"type":"active"}')
        await asyncio.wait_for(used.wait(), 10)
        front.clock.advance(IDLE_S - 1)
        front.access.sessions.sweep()
        assert front.access.sessions.get(supervisor.session_id) is session


async def test_a_socket_that_connects_again_is_nobody_who_did_something(front):
    token = await front.session("li.wei", Role.SUPERVISOR)
    front.clock.advance(IDLE_S - 1)
    async with connect(
        front.ws_url + "/ws/events", origin=front.base_url, additional_headers={"Cookie": f"session={token}"}
    ):
        front.clock.advance(2)
    assert front.access.sessions.find(token) is None


@pytest.mark.parametrize("said", ["{", "[]", '{"type":"delete"}', '{"type":7}', "x" * 2000, b"\x00"])
async def test_who_says_what_nobody_may_say_is_out(front, said):
    async with tab(front, Role.SUPERVISOR) as supervisor:
        await supervisor.next("snapshot")
        await supervisor.socket.send(said)
        code, _ = await supervisor.wait_closed()
        assert code in (1008, 1009)


async def test_a_stopping_server_says_so(front):
    async with tab(front, Role.SUPERVISOR) as supervisor:
        await supervisor.next("snapshot")
        front.services.stopping.set()
        assert (await supervisor.next("closing"))["reason"] == "server_stopping"
        assert await supervisor.wait_closed() == (1001, "server_stopping")


async def test_a_foreign_page_gets_no_socket(front):
    token = await front.session("li", Role.SUPERVISOR)
    headers = {"Cookie": f"session={token}"}
    for origin in ("https://evil.example", None):
        with pytest.raises(InvalidStatus) as refused:
            await connect(f"{front.ws_url}/ws/events", origin=origin, additional_headers=headers)
        assert refused.value.response.status_code == 403
        assert json.loads(refused.value.response.body)["type"] == "urn:mingjing:problem:foreign-origin"
