"""A device comes back before anybody knew that it was gone, or somebody else wants its path (F30, F31)."""

import pytest

from media import GapCause
from tests.house.archive import Archive
from tests.house.bounds import at_most
from tests.house.device import RefusedError
from tests.house.fixtures import SHARES_THE_HOUSE

pytestmark = SHARES_THE_HOUSE


def causes(archive: Archive) -> list[GapCause]:
    return [gap.cause for gap in archive.gaps()]


async def seconds_of_pictures(house, clock: str, seconds: float) -> None:
    """Let time pass: for as long as another device needs to send so many pictures."""
    push = await house.device(clock).push(seconds=seconds)
    await push.all_sent()
    push.leave()


@pytest.mark.fault("F30", "I7", "I12")
async def test_f30_viewers_keep_their_socket_when_the_device_comes_back_from_a_new_address(shared_house):
    house, archive = shared_house, shared_house.archive("dev1")
    device = await house.device("dev1").push(seconds=2)
    viewer = await house.supervisor().watch("dev1")
    assert await viewer.wait_for_picture(20)
    await device.all_sent()
    assert await viewer.wait_for_picture(49)

    device.go_silent()  # half-open: no FIN, no RST
    await seconds_of_pictures(house, "dev19", 1)
    with at_most(1, "F30: from the new connection to its first picture at the viewer"):
        again = await house.device("dev1", address="127.0.0.2").push(seconds=2, starting_at=100)
        assert await viewer.wait_for_picture(100)  # same socket, no reload

    assert (await viewer.next_message("gap")).cause == "takeover"
    await device.cut_off(5)
    await again.all_sent()
    assert await viewer.wait_for_picture(149)
    assert viewer.pictures == [*range(viewer.pictures[0], 50), *range(100, 150)]
    await archive.wait_for_unit(149)
    assert archive.units() == [*range(50), *range(100, 150)]
    assert causes(archive) == [GapCause.TAKEOVER]


@pytest.mark.fault("F30", "I3", "I7")
async def test_f30_ten_takeovers_in_a_row_leave_ten_streams_with_a_gap_between_each_two(shared_house):
    house, archive = shared_house, shared_house.archive("dev2")
    viewer = await house.supervisor().watch("dev2")
    for turn in range(10):
        push = await house.device("dev2", address=f"127.0.0.{turn + 2}").push(starting_at=100 * turn)
        assert await viewer.wait_for_picture(100 * turn)
        push.go_silent()
        await seconds_of_pictures(house, "dev18", 0.2)
    await archive.wait_for_unit(900)
    assert causes(archive) == [GapCause.TAKEOVER] * 9
    assert [unit for unit in archive.units() if unit % 100 == 0] == list(range(0, 1_000, 100))
    await house.check()


@pytest.mark.fault("F31", "I8")
@pytest.mark.parametrize(
    ("path", "name", "key_of", "status"),
    [("dev3", "dev6", "dev6", 403), ("dev4", "dev4", "dev6", 401), ("dev5", "dev6", "dev5", 401)],
    ids=["another device", "a wrong key", "a wrong name"],
)
async def test_f31_another_credential_on_a_live_path_is_refused_and_the_stream_is_untouched(
    shared_house, path, name, key_of, status
):
    house, archive = shared_house, shared_house.archive(path)
    device = await house.device(path).push()
    viewer = await house.supervisor().watch(path)
    assert await viewer.wait_for_picture(10)

    stranger = house.device(name, key=house.keys[key_of], path=path, address="127.0.0.3")
    with pytest.raises(RefusedError, match=rf"^{status} "):
        await stranger.push(starting_at=1_000)

    after = device.next_n + 25
    assert await viewer.wait_for_picture(after)
    assert device.connected
    assert viewer.pictures == list(range(viewer.pictures[0], viewer.pictures[-1] + 1))
    assert not [message for message in viewer.messages if message.type in ("gap", "offline", "lag")]
    await archive.wait_for_unit(after)
    units = archive.units()
    assert units == list(range(len(units)))
    assert not archive.gaps()
    device.leave()


@pytest.mark.fault("F31")
async def test_f31_the_admin_sees_who_wanted_the_path_and_from_where(shared_house):
    device = await shared_house.device("dev7").push()
    with pytest.raises(RefusedError):
        await shared_house.device("dev6", path="dev7", address="127.0.0.3").push()
    answer = await shared_house.person("siteadmin").call("GET", "devices/dev7")
    refusal = answer.json()["last_refusal"]
    assert (refusal["reason"], refusal["peer"]) == ("other_device_path", "127.0.0.3")
    assert device.connected
    device.leave()
