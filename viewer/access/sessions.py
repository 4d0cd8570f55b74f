"""Who is logged in now: the sessions of this server.

A session is known by a random token that only the browser has; here and in the database is its
SHA-256. All sessions are in memory, so a request costs one dictionary look-up; the rows let them
survive a restart. Uses are written behind. Not here: passwords and how a session comes about
(`login`), cookies (`cookies`).

Invariants:
- A session ends 15 minutes after its last use and 12 hours after its start, whichever is first.
- When a session ends, whoever registered with `on_end` is called before `end` returns.
- Nobody finds a session that has ended.
"""

import hashlib
import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import StrEnum

import structlog
from sqlalchemy import bindparam, delete, insert, select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from storage import Clock, UlidFactory
from storage.bus import Bus
from storage.database import Database
from viewer.access.roles import Principal, Role
from viewer.access.tables import sessions, users
from viewer.access.upkeep import keep_up

IDLE_S = 15 * 60  # acceptance.md, Security
ABSOLUTE_S = 12 * 3600
PER_USER_MAX = 16  # desks, phones and forgotten tabs; with the seventeenth the least used one ends
TOKEN_BYTES = 32
AGENT_LENGTH_MAX = 200

_SECOND_NS = 1_000_000_000

_log = structlog.get_logger(__name__)


class EndReason(StrEnum):
    """Words of the `closing` message of our WebSockets."""

    REVOKED = "revoked"  # also: logged out, account disabled or changed
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class SessionRevoked:
    """A session ended before its time: its sockets close on every node."""

    session_id: str
    user: str
    reason: EndReason


@dataclass(slots=True)
class Session:
    """One login. Durations are counted on the monotonic clock, labels are UTC."""

    principal: Principal
    token_sha256: bytes
    peer: str
    agent: str
    created_utc_ns: int
    created_mono_ns: int
    last_used_utc_ns: int
    last_used_mono_ns: int
    used_since_flush: bool = False
    watchers: dict[int, Callable[[EndReason], None]] = field(default_factory=dict)

    @property
    def id(self) -> str:
        return self.principal.session_id

    @property
    def deadline_mono_ns(self) -> int:
        return min(self.last_used_mono_ns + IDLE_S * _SECOND_NS, self.created_mono_ns + ABSOLUTE_S * _SECOND_NS)


class Sessions:
    def __init__(self, database: Database, bus: Bus, clock: Clock, ids: UlidFactory) -> None:
        self._database = database
        self._bus = bus
        self._clock = clock
        self._ids = ids
        self._by_token: dict[bytes, Session] = {}
        self._by_id: dict[str, Session] = {}
        self._ended: set[str] = set()  # rows still to be deleted
        self._watchers = 0
        self._user_watchers: list[Callable[[str], None]] = []

    async def load(self) -> None:
        """Take the sessions of before the restart; what expired meanwhile is dropped by the next sweep."""
        columns = (*sessions.columns, users.c.role, users.c.unit, users.c.must_change_password)
        statement = select(*columns).join(users, users.c.name == sessions.c.user).where(users.c.enabled)
        utc_ns, mono_ns = self._clock.utc_ns(), self._clock.mono_ns()
        async with self._database.read() as connection:
            rows = (await connection.execute(statement)).all()
        for row in rows:
            principal = Principal(row.user, Role(row.role), row.unit, row.id, row.must_change_password)
            self.admit(
                Session(
                    principal,
                    row.token_sha256,
                    row.peer,
                    row.agent,
                    row.created_utc_ns,
                    mono_ns - max(0, utc_ns - row.created_utc_ns),
                    row.last_used_utc_ns,
                    mono_ns - max(0, utc_ns - row.last_used_utc_ns),
                )
            )

    async def insert(
        self,
        connection: AsyncConnection,
        *,
        user: str,
        role: Role,
        unit: str | None,
        must_change_password: bool,
        peer: str,
        agent: str,
    ) -> tuple[Session, str]:
        """Write a new session in the caller's transaction. It counts once `admit` is called after the commit."""
        token = secrets.token_urlsafe(TOKEN_BYTES)
        utc_ns, mono_ns = self._clock.utc_ns(), self._clock.mono_ns()
        principal = Principal(user, role, unit, self._ids(), must_change_password)
        session = Session(principal, _digest(token), peer, agent[:AGENT_LENGTH_MAX], utc_ns, mono_ns, utc_ns, mono_ns)
        await connection.execute(
            insert(sessions).values(
                id=session.id,
                token_sha256=session.token_sha256,
                user=user,
                created_utc_ns=utc_ns,
                last_used_utc_ns=utc_ns,
                peer=peer,
                agent=session.agent,
            )
        )
        return session, token

    def admit(self, session: Session) -> None:
        """From now on its token opens doors."""
        others = self.of_user(session.principal.name)
        if len(others) >= PER_USER_MAX:
            self.end([min(others, key=lambda other: other.last_used_mono_ns).id])
        self._by_token[session.token_sha256] = self._by_id[session.id] = session

    def find(self, token: str) -> Session | None:
        """The living session of this token. Does not count as use."""
        session = self._by_token.get(_digest(token))
        if session is None:
            return None
        if session.deadline_mono_ns <= self._clock.mono_ns():
            self._end(session, EndReason.EXPIRED)
            return None
        return session

    def get(self, session_id: str) -> Session | None:
        return self._by_id.get(session_id)

    @property
    def count(self) -> int:
        return len(self._by_id)

    def of_user(self, user: str) -> list[Session]:
        return [session for session in self._by_id.values() if session.principal.name == user]

    def use(self, session_id: str) -> None:
        """The person did something: the idle time starts again."""
        session = self._by_id.get(session_id)
        if session is not None:
            session.last_used_utc_ns = self._clock.utc_ns()
            session.last_used_mono_ns = self._clock.mono_ns()
            session.used_since_flush = True

    def on_end(self, session_id: str, callback: Callable[[EndReason], None]) -> Callable[[], None]:
        """Call back once, in the event loop, when the session ends; at once when it has ended already.

        The callback must not block and must not raise. Returns what cancels it.
        """
        session = self._by_id.get(session_id)
        if session is None:
            callback(EndReason.REVOKED)
            return lambda: None
        self._watchers += 1
        number = self._watchers
        session.watchers[number] = callback

        def cancel() -> None:
            session.watchers.pop(number, None)

        return cancel

    async def delete(self, connection: AsyncConnection, session_ids: Iterable[str]) -> None:
        """Delete rows in the caller's transaction; after its commit, `end` them."""
        await connection.execute(delete(sessions).where(sessions.c.id.in_(list(session_ids))))

    async def delete_of_user(self, connection: AsyncConnection, user: str) -> None:
        """Delete all rows of a person in the caller's transaction; after its commit, `end_of_user`."""
        await connection.execute(delete(sessions).where(sessions.c.user == user))

    def end_of_user(self, user: str) -> None:
        """The account has changed: its sessions end, and whoever else relied on its rights is told."""
        self.end([session.id for session in self.of_user(user)])
        for callback in self._user_watchers:
            callback(user)

    def on_user_end(self, callback: Callable[[str], None]) -> None:
        """Call back with the name whenever all sessions of a person are ended, had they any or none."""
        self._user_watchers.append(callback)

    def end(self, session_ids: Iterable[str]) -> None:
        """End sessions now, and tell everybody who watches them. Unknown ones are no error."""
        for session_id in session_ids:
            session = self._by_id.get(session_id)
            if session is not None:
                self._end(session, EndReason.REVOKED)
                self._bus.publish(SessionRevoked(session_id, session.principal.name, EndReason.REVOKED))

    def sweep(self) -> None:
        """End what has expired."""
        mono_ns = self._clock.mono_ns()
        for session in [session for session in self._by_id.values() if session.deadline_mono_ns <= mono_ns]:
            self._end(session, EndReason.EXPIRED)

    async def flush(self) -> None:
        """Write behind: when sessions were last used, and which ones are gone."""
        used = [session for session in self._by_id.values() if session.used_since_flush]
        ended = set(self._ended)
        if not used and not ended:
            return
        rows = [{"session_id": session.id, "used_utc_ns": session.last_used_utc_ns} for session in used]
        try:
            async with self._database.write() as connection:
                if ended:
                    await self.delete(connection, ended)
                if used:
                    statement = update(sessions).where(sessions.c.id == bindparam("session_id"))
                    await connection.execute(statement.values(last_used_utc_ns=bindparam("used_utc_ns")), rows)
        except SQLAlchemyError as error:
            # Sessions must go on expiring while the database disk is full: try again at the next turn.
            _log.warning("sessions not written", error=str(error), used=len(used), ended=len(ended))
            return
        # Only now: what a write that failed or was cancelled did not do, and what came meanwhile, is for the next turn.
        self._ended -= ended
        for session, row in zip(used, rows, strict=True):
            session.used_since_flush = session.last_used_utc_ns != row["used_utc_ns"]

    async def run(self) -> None:
        """Sweep and flush until cancelled; flushes a last time then."""
        await keep_up(self._clock, self.sweep, self.flush)

    def _end(self, session: Session, reason: EndReason) -> None:
        self._by_token.pop(session.token_sha256, None)
        if self._by_id.pop(session.id, None) is None:
            return
        self._ended.add(session.id)
        watchers, session.watchers = session.watchers, {}
        for callback in watchers.values():
            callback(reason)


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
