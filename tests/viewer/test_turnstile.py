"""Requests begin one in a turn of the event loop, in their order, and none is lost."""

import asyncio
from collections import Counter
from collections.abc import Coroutine

from starlette.types import Receive, Scope, Send

from viewer.turnstile import Turnstile

MANY = 50


class App:
    """Notes in which turn of the loop each request began."""

    def __init__(self) -> None:
        self.turn = 0
        self.began: list[tuple[object, int]] = []
        self.door = Turnstile(self)

    async def __call__(self, scope: Scope, _receive: Receive, _send: Send) -> None:
        self.began.append((scope["name"], self.turn))

    def come(self, name: object, kind: str = "http") -> Coroutine[None, None, None]:
        async def never() -> object:
            raise AssertionError

        async def nothing(_: object) -> None:
            raise AssertionError

        return self.door({"type": kind, "name": name}, never, nothing)  # type: ignore[arg-type]

    def count_turns(self) -> None:
        self.turn += 1
        if self.turn < 3 * MANY:
            asyncio.get_running_loop().call_soon(self.count_turns)


async def test_of_many_at_once_one_begins_in_a_turn_and_in_their_order() -> None:
    app = App()
    app.count_turns()
    await asyncio.gather(*(app.come(name, "websocket" if name % 2 else "http") for name in range(MANY)))
    assert [name for name, _ in app.began] == list(range(MANY))
    assert max(Counter(turn for _, turn in app.began).values()) == 1


async def test_who_comes_alone_waits_for_nobody() -> None:
    app = App()
    await app.come("first")
    await asyncio.sleep(0)
    app.count_turns()
    before = app.turn
    await app.come("second")
    assert app.began[-1] == ("second", before)


async def test_who_gives_up_waiting_holds_up_nobody() -> None:
    app = App()
    async with asyncio.TaskGroup() as tasks:
        requests = [tasks.create_task(app.come(name)) for name in range(10)]
        await asyncio.sleep(0)  # all of them stand there
        for request in requests[1:9]:
            request.cancel()
        tasks.create_task(app.come("late"))
    assert [name for name, _ in app.began] == [0, 9, "late"]


async def test_what_is_no_request_passes() -> None:
    app = App()
    await asyncio.gather(app.come("first"), app.come("life", "lifespan"), app.come("second"))
    assert [name for name, _ in app.began] == ["first", "life", "second"]
