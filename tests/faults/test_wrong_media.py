"""The disk with the recordings is not there, or is another one: a server does not begin a new archive over it (F17)."""

import pytest

from tests.house.archive import until
from tests.house.bounds import FULL
from tests.house.process import ServerDied


@pytest.mark.skipif(not FULL, reason="the long form: `make faults`; the short one is a level below")
@pytest.mark.fault("F17", "I3", "I5")
async def test_f17_a_server_refuses_media_that_are_not_its_own_and_says_what_to_do(built_house, tmp_path):
    house, media = built_house, built_house.data_dir / "media"
    await house.start()
    push = await house.device("dev1").push(seconds=1)
    await push.all_sent()
    push.leave()
    await until(lambda: all(house.archive("dev1").sealed()) and house.archive("dev1").units() == push.numbers)
    await house.stop()

    media.rename(tmp_path / "unplugged")
    with pytest.raises(ServerDied, match="not mounted") as refused:
        await house.start()
    assert "mingjing store rebuild" in str(refused.value)

    (media / "store-id").write_text("01M000000000000000000ANOTHER\n")
    with pytest.raises(ServerDied, match="of another store"):
        await house.start()

    media.rename(tmp_path / "another")
    (tmp_path / "unplugged").rename(media)
    await house.start()
    assert house.archive("dev1").units() == push.numbers
    await house.check()
