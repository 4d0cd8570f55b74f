"""The talk key of one view by WHEP: a supervisor speaks to the officer, one at a time, and on record.

    client → server, on the view's status socket: {"type":"talk","on":true|false}
    server → client: {"type":"talk","state":"granted|busy|refused|ended","by":NAME|null,"reason":WORD|null}

A press passes the guard with an action of its own, `talk.open`, which names the stream that is kept of it; not a word
is passed on before that entry is durable. `talk.close` says how long it was and why it ended. Who else watches the
device is told that it is busy, and by whom.

Not here: who talks to which device, and for how long at most (gateway.webrtc); sound (gateway).

Invariants: letting go of the key ends a talk at once, whatever the ledger does; each *opened* has its *closed*.
Bound: a press is answered, and the end of the one before written, before the next is looked at.
"""

import asyncio
from collections.abc import Callable, Mapping

import structlog

from gateway.webrtc import NoTalk, Talk, TalkEnd
from storage.ledger import JsonValue, LedgerUnavailable
from viewer.access import Action, Object, Refused
from viewer.live import messages
from viewer.live.whep_views import WhepView
from viewer.objects import device_object
from viewer.services import Services

# Beside the words of `NoTalk`.
NOT_ALLOWED = "not_allowed"
NO_MICROPHONE = "no_microphone"  # the view was opened without one: its offer did not say that it sends sound
NOT_RECORDED = TalkEnd.NOT_RECORDED.value

log = structlog.get_logger()


class Talkback:
    """Made for a status socket; `run` until `close`."""

    def __init__(self, services: Services, watched: WhepView, send: Callable[[messages.Json], None]) -> None:
        self._services = services
        self._watched = watched
        self._device = watched.session.device
        self._send = send
        self._woken = asyncio.Event()
        self._down = False
        self._asked = False  # this press is answered, or is being answered
        self._closed = False
        self._busy = False  # the client was told that somebody else talks
        self._talk: Talk | None = None
        self._on_record: Talk | None = None  # whose *opened* is durable, and whose *closed* is not written yet
        self._over = False  # that one has ended
        self._following = services.talks.follow(self._device, self._somebody_talks)

    def why_not(self) -> str | None:
        """What stands in the way of talking from this view; None: nothing, unless somebody else does."""
        microphone = self._watched.session.viewer.microphone
        if not self._watched.view.caller.sees(Action.TALK, self._thing()):
            return NOT_ALLOWED
        return NO_MICROPHONE if microphone is None else self._services.talks.why_not(self._device, microphone.config)

    def key(self, *, down: bool) -> None:
        """The key was pressed, or let go."""
        if down and not self._down:
            self._asked = False
        self._down = down
        if not down and self._talk is not None:
            self._talk.end(TalkEnd.RELEASED)
        self._woken.set()

    def close(self) -> None:
        """The view is over, or its status socket is gone: nobody could let go of the key any more."""
        self._closed = True
        self._following.close()
        if self._talk is not None:
            self._talk.end(TalkEnd.VIEW_ENDED)
        self._send = _nobody_hears  # the socket, which holds us
        self._woken.set()

    async def run(self) -> None:
        """Answers presses, and writes ends down; returns once it is closed and everything is on record."""
        if (speaker := self._services.talks.speaker(self._device)) is not None:
            self._busy = True
            self._tell("busy", by=speaker)
        while True:
            if self._on_record is not None and self._over:
                await self._record_end(self._on_record)
            elif self._closed and self._on_record is None:
                return
            elif self._down and not self._asked and not self._closed:
                self._asked = True
                await self._begin()
            else:
                await self._woken.wait()
                self._woken.clear()

    async def _begin(self) -> None:
        caller, talks = self._watched.view.caller, self._services.talks
        microphone = self._watched.session.viewer.microphone
        if not caller.sees(Action.TALK, self._thing()):
            await self._enter(self._watched.recorded.facts)  # says no, and writes it down
            return
        if microphone is None:
            self._tell("refused", reason=NO_MICROPHONE)
            return
        talk = talks.begin(self._device, caller.principal.name, microphone.config, self._ended)
        if isinstance(talk, NoTalk):
            state = "busy" if talk is NoTalk.BUSY else "refused"
            self._tell(state, by=talks.speaker(self._device), reason=talk.value)
            return
        self._talk = talk
        if not await self._enter(self._facts(talk)):
            talk.end(TalkEnd.NOT_RECORDED)
            return
        self._on_record, self._over = talk, talk.end_reason is not None
        if talk.end_reason is not None:  # the key was let go meanwhile, or the device has left
            self._tell("ended", reason=talk.end_reason.value)
            return
        talk.open()
        microphone.listen(talk.say)
        self._tell("granted", by=talk.speaker)

    async def _enter(self, facts: Mapping[str, JsonValue]) -> bool:
        """Pass the guard, on record. False: the client was told why not."""
        try:
            await self._watched.view.caller.enter_also(Action.TALK, self._thing(), facts)
        except Refused:
            self._tell("refused", reason=NOT_ALLOWED)
        except LedgerUnavailable:
            self._tell("refused", reason=NOT_RECORDED)
        else:
            return True
        return False

    def _ended(self, talk: Talk) -> None:
        """A talk of ours is over, for whatever reason."""
        self._talk = None
        if talk is not self._on_record:
            return  # it is not known yet whether it ever began
        microphone = self._watched.session.viewer.microphone
        if microphone is not None:
            microphone.stop()
        self._over = True
        assert talk.end_reason is not None
        self._tell("ended", reason=talk.end_reason.value)
        self._woken.set()

    async def _record_end(self, talk: Talk) -> None:
        caller, reason = self._watched.view.caller, talk.end_reason
        assert reason is not None
        counts = {"seconds": round(talk.seconds, 1), "units": talk.units, "reason": reason.value}
        try:
            await self._services.ledger.append(
                principal=caller.ledger_name,
                action="talk.close",
                subject=self._device,
                detail={**self._facts(talk), **counts},
            )
        except LedgerUnavailable as error:
            log.error("end of a talk not recorded", device=self._device, user=caller.ledger_name, reason=str(error))
        finally:
            self._on_record = None

    def _somebody_talks(self, talk: Talk | None) -> None:
        if talk is not None and talk is not self._talk:
            self._busy = True
            self._tell("busy", by=talk.speaker)
        elif talk is None and self._busy:
            self._busy = False
            self._tell("ended")

    def _tell(self, state: str, *, by: str | None = None, reason: str | None = None) -> None:
        self._send(messages.talk(state, by, reason))

    def _thing(self) -> Object:
        return device_object(self._services.registry, self._device)

    def _facts(self, talk: Talk) -> dict[str, JsonValue]:
        return {**self._watched.recorded.facts, "stream": talk.stream}


def _nobody_hears(message: messages.Json) -> None:
    """The status socket is gone."""
