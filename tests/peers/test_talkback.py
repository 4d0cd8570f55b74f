"""A supervisor at a player talks to an officer at a phone, both aiortc: it is heard, and kept with who said it."""

import asyncio
from itertools import pairwise

import av
import pytest

from media import GapCause
from storage import Kind
from tests.house.archive import until
from tests.house.fixtures import SHARES_THE_HOUSE, clip_cache, furniture, house_clip, shared_house
from tests.house.house import House
from tests.house.person import Person
from tests.house.phone import Phone
from tests.house.player import Player
from tests.house.voice import Ear, Tone

__all__ = ["clip_cache", "furniture", "house_clip", "shared_house"]

pytestmark = [SHARES_THE_HOUSE, pytest.mark.timeout(60)]

HERTZ = 440
FRAMES = 60  # 1.2 s of speech


async def entries(house: House, device: str, action: str) -> list[dict]:
    """Of this action on the device, oldest first."""
    answer = await house.person("auditor").call("GET", "audit", params={"action": action, "subject": device})
    return list(reversed(answer.json()["items"]))


def kept(house: House, device: str, channel: str, track: int) -> list:
    return [one for one in house.archive(device, channel).records() if (one.kind, one.track) == (Kind.FRAGMENT, track)]


async def test_what_is_said_is_heard_and_kept_and_who_said_it_is_on_record(shared_house: House) -> None:
    house, ear = shared_house, Ear()
    async with (
        Phone(house.http_url, "dev15", house.keys["dev15"]) as phone,
        Player(house.http_url, await house.supervisor().token(), "dev15") as player,
    ):
        assert (await phone.publish(ear=ear)).status_code == 201
        await until(lambda: phone.picture.shown > 10)
        answer = await player.play(microphone=True)
        assert answer.status_code == 201, answer.text
        status = await player.status()
        assert (await status.next_message("view")).talk
        voice = Tone(HERTZ)
        player.speak(voice)
        for talks in (1, 2):  # the second goes on in the device's jitter buffer where the first was
            assert (await status.talk(on=True)).state == "granted"
            voice.say(FRAMES)
            await player.wait_until_spoken(talks * FRAMES)
            await until(lambda talks=talks: ear.seconds > talks * FRAMES / 100)  # bursts it leaves out
            assert (await status.talk(on=False)).reason == "released"
        assert ear.hertz() == pytest.approx(HERTZ, abs=10)
        await until(lambda: phone.picture.shown > 75)
        await status.leave()
        assert (await phone.stop()).status_code == 200

    talks, main = house.archive("dev15", "talk"), house.archive("dev15")
    await until(lambda: len(talks.files()) == 2 and all(talks.sealed()) and bool(main.files()) and all(main.sealed()))
    opened, closed = await entries(house, "dev15", "talk.open"), await entries(house, "dev15", "talk.close")
    assert {one["principal"] for one in (*opened, *closed)} == {"user:supervisor"}
    streams = [segment.header.stream for segment in talks.sealed() if segment is not None]
    assert [one["detail"]["stream"] for one in opened] == [one["detail"]["stream"] for one in closed] == streams
    assert [one["detail"]["units"] for one in closed] == [FRAMES, FRAMES]
    assert sum(one.quantity for one in kept(house, "dev15", "talk", 2)) == 2 * FRAMES
    for file in talks.files():
        with av.open(file) as said:
            again = Ear()
            assert [stream.codec_context.name for stream in said.streams] == ["opus"]
            for frame in said.decode(audio=0):
                again.take(frame)
        assert again.hertz() == pytest.approx(HERTZ, abs=2)
    [between] = talks.gaps()
    assert between.cause is GapCause.TALK_ENDED

    # The device's own stream knows nothing of it, and lies beside it in time.
    # (Sound that came before the first parameter sets may lie in a segment of its own.)
    assert len({segment.header.stream for segment in main.sealed() if segment is not None}) == 1
    assert not main.gaps()
    pictures = kept(house, "dev15", "main", 1)
    assert all(0 < after.placed_utc_ns - before.placed_utc_ns < 200_000_000 for before, after in pairwise(pictures))
    said_at = [one.placed_utc_ns for one in kept(house, "dev15", "talk", 2)]
    assert pictures[0].placed_utc_ns < said_at[0] < said_at[-1] < pictures[-1].placed_utc_ns
    assert not [one for one in (await house.person("siteadmin").call("GET", "devices/dev15")).json()["channels"]
                if one["channel"] != "main"]  # fmt: skip


async def test_who_is_revoked_is_cut_off_in_the_middle_of_a_word(shared_house: House) -> None:
    house, ear, supervisor = shared_house, Ear(), Person("supervisor", shared_house.http_url, [])  # a login of its own
    async with (
        Phone(house.http_url, "dev16", house.keys["dev16"]) as phone,
        Player(house.http_url, await supervisor.token(), "dev16") as player,
    ):
        assert (await phone.publish(ear=ear)).status_code == 201
        await until(lambda: phone.picture.shown > 10)
        assert (await player.play(microphone=True)).status_code == 201
        status = await player.status()
        assert (await status.talk(on=True)).state == "granted"
        voice = Tone(HERTZ)
        voice.say(1_000)
        player.speak(voice)
        await until(lambda: ear.seconds > 0.5)
        began = asyncio.get_running_loop().time()
        assert (await supervisor.call("DELETE", "session")).status_code == 204
        assert await status.closed(5) == "revoked"
        assert asyncio.get_running_loop().time() - began < 5
        await asyncio.sleep(0.2)  # what was under way
        heard = ear.seconds
        await asyncio.sleep(0.5)
        assert ear.seconds == heard
