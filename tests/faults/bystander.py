"""A stream that nobody touches, and somebody who watches it while others are in trouble (I8)."""

from tests.house.device import Push
from tests.house.house import House
from tests.house.person import Viewer

TROUBLE = ("gap", "lag", "stalled", "offline", "closing")


class Bystander:
    """Made by `of`; `has_lost_nothing` at the end."""

    def __init__(self, house: House, device: str, push: Push, viewer: Viewer) -> None:
        self._archive = house.archive(device)
        self._push = push
        self._viewer = viewer

    @classmethod
    async def of(cls, house: House, device: str, *, by_whip: bool = False) -> "Bystander":
        await house.enrol(device)
        push = await (house.device(device).push_by_whip() if by_whip else house.device(device).push())
        viewer = await house.supervisor().watch(device)
        assert await viewer.wait_for_picture(5)
        await house.archive(device).wait_for_unit(5)  # its segment is open: from here on the server holds what it holds
        return cls(house, device, push, viewer)

    async def has_lost_nothing(self) -> None:
        """Every picture so far was seen and is kept, none twice, and nothing was said of any trouble."""
        newest = self._push.next_n
        came = await self._viewer.wait_for_picture(newest)
        trouble = [message for message in self._viewer.messages if message.type in TROUBLE]
        assert came, (self._viewer.close_code, trouble)
        assert not trouble
        seen = self._viewer.pictures
        assert seen == list(range(seen[0], seen[-1] + 1))
        await self._archive.wait_for_unit(newest)
        kept = self._archive.units()
        assert kept == list(range(len(kept)))
        assert not self._archive.gaps()
        self._push.leave()
        await self._viewer.leave()
