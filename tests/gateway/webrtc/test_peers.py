"""Peers of aiortc come to the port: they connect, both sides have the same keys, and nobody disturbs them."""

import asyncio
import gc
import os
import random
import socket
import weakref
from contextlib import closing

from gateway.webrtc import Peer
from gateway.webrtc.dtls import DtlsState
from media.sdp import IceCredentials
from media.srtp import Profile
from media.track import Codec
from tests.gateway.webrtc.rig import FATAL_ALERT, ScriptedPeer, Shifted, answered, open_peers, publisher, until
from tests.media.sdp.webrtc.offers import h264, sound


async def test_a_publisher_connects_and_both_have_the_same_keys() -> None:
    async with open_peers() as peers:
        connection = await publisher("audio", "video")
        peer, owner = await answered(peers, connection)
        await until(lambda: connection.connectionState == "connected" and owner.keys)
        profile, material, is_client = owner.keys[0]
        assert (profile, is_client) == (Profile.AEAD_AES_128_GCM, False)
        assert len(material) == 2 * (16 + 12)
        dtls = connection.getTransceivers()[0].sender.transport
        assert dtls._ssl.export_keying_material(b"EXTRACTOR-dtls_srtp", len(material)) == material
        assert peer.is_keyed
        await connection.close()
        await until(lambda: owner.causes)
        assert owner.causes == ["closed_by_peer"]
        await until(lambda: not len(peers))


async def test_a_peer_that_listens_is_called() -> None:
    async with open_peers() as peers:
        connection = await publisher()
        connection.getTransceivers()[0].sender.transport._set_role("server")
        _, owner = await answered(peers, connection, lambda text: text.replace("a=setup:actpass", "a=setup:passive"))
        await until(lambda: connection.connectionState == "connected" and owner.keys)
        assert owner.keys[0][2] is True
        await connection.close()


async def test_a_viewer_connects_and_knows_what_it_is_sent_by() -> None:
    async with open_peers() as peers:
        connection = await publisher("video", "audio", direction="recvonly")
        _, owner = await answered(peers, connection, tracks=(h264("42e01f"), sound(Codec.OPUS, 48_000, 2)))
        await until(lambda: connection.connectionState == "connected" and owner.keys)
        assert [one.currentDirection for one in connection.getTransceivers()] == ["recvonly", "recvonly"]
        await connection.close()


async def test_forged_datagrams_from_elsewhere_do_not_disturb_the_set_up() -> None:
    async with open_peers() as peers:
        connection = await publisher()
        with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as stranger:
            stranger.connect(("127.0.0.1", peers.port.port))
            setting_up = asyncio.get_running_loop().create_task(answered(peers, connection))
            for number in range(1_000):
                stranger.send(FATAL_ALERT if number % 2 else b"\x16\xfe\xfd" + os.urandom(60))
                if number % 50 == 0:
                    await asyncio.sleep(0.001)
            _, owner = await setting_up
            for _ in range(100):
                stranger.send(FATAL_ALERT)
        await until(lambda: connection.connectionState == "connected" and owner.keys)
        await until(lambda: peers.dropped["dtls_of_a_stranger"] == 1_100)
        await connection.close()


async def test_a_recorded_check_opens_the_way_for_nobody_else() -> None:
    async with open_peers() as peers:
        with closing(ScriptedPeer(peers)) as one, closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as stranger:
            stranger.connect(("127.0.0.1", peers.port.port))
            recorded = await one.check(nominates=True)
            for count in range(1, 101):
                stranger.send(recorded)
                stranger.send(FATAL_ALERT)
                await until(lambda count=count: peers.dropped.get("dtls_of_a_stranger") == count)
            assert peers.dropped["stun_replayed"] == 100 - peers.dropped.get("stun_over_limit", 0)
            assert one.peer.address == one.address
            await one.connect()
            assert not one.owner.causes


async def test_a_wrong_fingerprint_gets_no_keys() -> None:
    def forged(text: str) -> str:
        lines = text.splitlines()
        kept = [line for line in lines if not line.startswith("a=fingerprint:sha-")]
        return "\r\n".join([*kept, "a=fingerprint:sha-256 " + ":".join(["00"] * 32), ""])

    async with open_peers() as peers:
        connection = await publisher()
        _, owner = await answered(peers, connection, forged)
        await until(lambda: owner.causes)
        assert (owner.keys, owner.causes) == ([], ["wrong_fingerprint"])
        assert (peers.failed, peers.ended) == ({"wrong_fingerprint": 1}, {})
        assert connection.connectionState != "connected"
        await connection.close()


async def test_the_end_that_we_make_is_told_to_the_peer() -> None:
    async with open_peers() as peers:
        connection = await publisher()
        peer, owner = await answered(peers, connection)
        await until(lambda: connection.connectionState == "connected" and owner.keys)
        peers.remove(peer)
        await until(lambda: connection.connectionState == "closed")
        assert owner.causes == []
        await connection.close()


async def test_connects_and_closes_leave_nothing_behind() -> None:
    """A hundred of ours, and three of aiortc's: each makes a certificate and a dozen tasks."""

    seen: list[weakref.ref[Peer]] = []

    async def scripted() -> None:
        with closing(ScriptedPeer(peers)) as one:
            await one.connect()
            seen.append(weakref.ref(one.peer))
            one.say_goodbye()
            await until(lambda: one.owner.causes)
            peers.tick()
            assert not len(peers)

    async def real() -> None:
        connection = await publisher()
        peer, owner = await answered(peers, connection)
        seen.append(weakref.ref(peer))
        await until(lambda: connection.connectionState == "connected" and owner.keys)
        await connection.close()
        await until(lambda: owner.causes and not len(peers))

    async with open_peers() as peers:
        await scripted()
        await real()
        before = len(os.listdir("/proc/self/fd")), len(asyncio.all_tasks())
        for number in range(103):
            await (real() if number % 40 == 5 else scripted())
        gc.collect()
        assert (len(os.listdir("/proc/self/fd")), len(asyncio.all_tasks())) == before
        assert len(seen) == 105
        assert not [peer for one in seen if (peer := one()) is not None]
        tables = peers._filter
        assert not tables._by_address
        assert not tables._by_ufrag


async def test_a_peer_whose_nat_gives_it_another_port_goes_on() -> None:
    async with open_peers() as peers:
        with closing(ScriptedPeer(peers)) as one:
            await one.connect()
            before = one.peer.address
            one.send(b"\x80\x60before")
            await until(lambda: one.owner.srtp_packets == [b"\x80\x60before"])
            one.move()
            one.send(b"\x80\x60unknown")  # nobody has signed for this port yet
            await until(lambda: peers.dropped.get("media_of_a_stranger") == 1)
            await one.check(nominates=True)
            one.send(b"\x80\x60after")
            one.send(b"\x80\xc8after")
            await until(lambda: one.owner.srtcp_packets)
            assert one.owner.srtp_packets == [b"\x80\x60before", b"\x80\x60after"]
            assert one.peer.address == one.address != before


async def test_junk_is_counted_and_a_peer_goes_on_among_it() -> None:
    async with open_peers() as peers:
        with closing(ScriptedPeer(peers)) as one, closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as stranger:
            await one.connect()
            stranger.connect(("127.0.0.1", peers.port.port))
            chance = random.Random(1)
            for number in range(2_000):
                stranger.send(chance.randbytes(chance.randrange(1, 1_300)))
                if number % 100 == 0:
                    one.send(b"\x80\x60%d" % number)
                    await asyncio.sleep(0)
            stranger.send(b"")
            await until(lambda: sum(peers.dropped.values()) == 2_001)
            await until(lambda: len(one.owner.srtp_packets) == 20)
            assert not one.owner.causes


async def test_ice_restarts_and_the_keys_stay() -> None:
    async with open_peers() as peers:
        with closing(ScriptedPeer(peers)) as one:
            await one.connect()
            one.remote = IceCredentials("else", "another+password+of+23+")
            one.local = peers.restart(one.peer, one.remote)
            one.move()
            await one.check(nominates=True)
            one.send(b"\x80\x60after")
            await until(lambda: one.owner.srtp_packets)
            assert len(one.owner.keys) == 1
            assert len(peers._filter._by_ufrag) == 1


async def test_a_peer_that_falls_silent_is_gone_after_thirty_seconds() -> None:
    clock = Shifted()
    async with open_peers(clock) as peers:
        with closing(ScriptedPeer(peers)) as one:
            await one.connect()
            clock.ahead_ns += 29_000_000_000
            peers.tick()
            assert not one.owner.causes
            await one.check()
            clock.ahead_ns += 29_000_000_000
            peers.tick()
            assert not one.owner.causes
            clock.ahead_ns += 2_000_000_000
            peers.tick()
            assert one.owner.causes == ["silent"]
            assert not len(peers)
            while not one.dtls.receive(await one.receive()) and one.dtls.state is DtlsState.KEYED:
                pass
            assert one.dtls.state is DtlsState.CLOSED  # told goodbye, in case it still hears
