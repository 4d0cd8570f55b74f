"""Stream passwords: what a person gives to VLC or a video wall instead of the login password.

Each is random, expires, can be revoked, and opens live pictures over RTSP, and by WHEP as a bearer, with the
rights that its owner has at that moment. Only what Digest needs to check it is kept. All are in memory, so a
connection is checked without a wait; the rows let them survive a restart. Uses are written behind.

Not here: who may watch what (policy), RTSP and WebRTC (gateway), the views themselves (viewer.live).

Invariant: when a password is revoked or expires, or the rights of its owner change, whoever
registered with `on_end` is called: at once, or within a second of the expiry.
"""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from hmac import compare_digest

import structlog
from sqlalchemy import bindparam, delete, insert, select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from media.rtsp import Algorithm, Credentials, ha1
from storage import DAY_NS, Clock, UlidFactory
from storage.database import Database
from storage.ledger import Ledger
from viewer.access.actions import Action
from viewer.access.errors import AccountInvalid, AccountNotFound
from viewer.access.roles import Principal, Role
from viewer.access.sessions import EndReason
from viewer.access.tables import stream_passwords, users
from viewer.access.upkeep import keep_up

PER_USER_MAX = 16  # walls and desks of one person; each is tried when a player comes
DAYS_MAX = 366
LABEL_LENGTH_MAX = 64

_ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789"  # 32 letters, none mistaken for another, none to be escaped in a URL
_LENGTH = 26  # 130 bits

_log = structlog.get_logger(__name__)


@dataclass(slots=True)
class StreamPassword:
    id: str
    user: str
    label: str
    purpose: str
    ha1_md5: str = field(repr=False)
    ha1_sha256: str = field(repr=False)
    created_utc_ns: int
    expires_utc_ns: int
    last_used_utc_ns: int | None = None  # when the last view began or ended
    used_since_flush: bool = field(default=False, repr=False)
    watchers: dict[int, Callable[[EndReason], None]] = field(default_factory=dict, repr=False)

    @property
    def views(self) -> int:
        """Players that show pictures with it now."""
        return len(self.watchers)


class StreamPasswords:
    def __init__(self, database: Database, ledger: Ledger, clock: Clock, ids: UlidFactory) -> None:
        self._database = database
        self._ledger = ledger
        self._clock = clock
        self._ids = ids
        self._by_id: dict[str, StreamPassword] = {}
        self._nobody = StreamPassword("", "", "", "", "0" * 32, "0" * 64, 0, 0)
        self._watchers = 0

    async def load(self) -> None:
        """At the start: those that are still good. Rows of the others go."""
        expired = stream_passwords.c.expires_utc_ns <= self._clock.utc_ns()
        async with self._database.write() as connection:
            await connection.execute(delete(stream_passwords).where(expired))
            rows = (await connection.execute(select(stream_passwords))).all()
        for row in rows:
            self._by_id[row.id] = StreamPassword(*row)

    async def create(self, principal: Principal, label: str, purpose: str, days: int) -> tuple[StreamPassword, str]:
        """A new password and its text, which is shown once and kept nowhere.

        Raises:
            AccountInvalid: the person has too many.
        """
        if len(self.of_user(principal.name)) >= PER_USER_MAX:
            raise AccountInvalid(
                f"There are {PER_USER_MAX} stream passwords already.", field="label", fix="Revoke one that is not used."
            )
        text = "".join(secrets.choice(_ALPHABET) for _ in range(_LENGTH))
        now_utc_ns = self._clock.utc_ns()
        made = StreamPassword(
            self._ids(),
            principal.name,
            label,
            purpose,
            ha1(Algorithm.MD5, principal.name, text),
            ha1(Algorithm.SHA256, principal.name, text),
            now_utc_ns,
            now_utc_ns + days * DAY_NS,
        )
        async with self._database.write() as connection:
            await connection.execute(
                insert(stream_passwords).values(
                    id=made.id,
                    user=made.user,
                    label=label,
                    purpose=purpose,
                    ha1_md5=made.ha1_md5,
                    ha1_sha256=made.ha1_sha256,
                    created_utc_ns=made.created_utc_ns,
                    expires_utc_ns=made.expires_utc_ns,
                )
            )
            await self._record(connection, principal, Action.STREAM_PASSWORD_CREATE, made)
        self._by_id[made.id] = made
        return made, text

    async def revoke(self, password_id: str, principal: Principal) -> None:
        """It opens nothing any more, and whoever watches with it is out now.

        Raises:
            AccountNotFound: there is none of this id.
        """
        password = self._by_id.get(password_id)
        if password is None:
            raise AccountNotFound("There is no such stream password.")
        async with self._database.write() as connection:
            await connection.execute(delete(stream_passwords).where(stream_passwords.c.id == password_id))
            await self._record(connection, principal, Action.STREAM_PASSWORD_REVOKE_OWN, password)
        self._by_id.pop(password_id, None)
        _tell(password, EndReason.REVOKED)

    def get(self, password_id: str) -> StreamPassword | None:
        return self._by_id.get(password_id)

    def of_user(self, user: str) -> list[StreamPassword]:
        """A person's passwords that are still good, the newest first."""
        now_utc_ns = self._clock.utc_ns()
        found = [one for one in self._by_id.values() if one.user == user and one.expires_utc_ns > now_utc_ns]
        return sorted(found, key=lambda one: one.id, reverse=True)

    def prove(self, credentials: Credentials) -> StreamPassword | None:
        """The password that the sender knows. An unknown user costs what a wrong password costs."""
        known = self.of_user(credentials.user)
        for one in known or [self._nobody]:
            if credentials.proves_any(ha1_md5=one.ha1_md5, ha1_sha256=one.ha1_sha256) and known:
                return one
        return None

    def prove_bearer(self, text: str) -> StreamPassword | None:
        """The password that this is. It alone names nobody, so it is tried for each who has some: some dozen."""
        now_utc_ns = self._clock.utc_ns()
        tried = {user: ha1(Algorithm.SHA256, user, text) for user in {one.user for one in self._by_id.values()}}
        for one in self._by_id.values():
            if compare_digest(tried[one.user], one.ha1_sha256) and one.expires_utc_ns > now_utc_ns:
                return one
        return None

    async def principal(self, password: StreamPassword) -> Principal | None:
        """Its owner, with the rights of this moment; None when the account is disabled or the password gone."""
        async with self._database.read() as connection:
            row = (await connection.execute(select(users).where(users.c.name == password.user))).one_or_none()
        if row is None or not row.enabled or password.id not in self._by_id:
            return None
        return Principal(row.name, Role(row.role), row.unit, password.id, row.must_change_password)

    def on_end(self, password: StreamPassword, callback: Callable[[EndReason], None]) -> Callable[[], None]:
        """Call back when the password, or its owner's rights, are not what they were. Returns what cancels it."""
        if password.id not in self._by_id:
            callback(EndReason.REVOKED)
            return lambda: None
        self._watchers += 1
        number = self._watchers
        password.watchers[number] = callback
        self._use(password)

        def cancel() -> None:
            if password.watchers.pop(number, None) is not None:
                self._use(password)

        return cancel

    def end_views_of_user(self, user: str) -> None:
        """The rights of this person have changed: their views end, and may be asked for again."""
        for password in self._by_id.values():
            if password.user == user:
                if password.views:
                    self._use(password)
                _tell(password, EndReason.REVOKED)

    def sweep(self) -> None:
        """End what has expired. Its row opens nothing, and goes at the next start."""
        now_utc_ns = self._clock.utc_ns()
        for password in [one for one in self._by_id.values() if one.expires_utc_ns <= now_utc_ns]:
            del self._by_id[password.id]
            _tell(password, EndReason.EXPIRED)

    async def flush(self) -> None:
        """Write behind when each was last used."""
        used = [password for password in self._by_id.values() if password.used_since_flush]
        if not used:
            return
        rows = [{"password_id": password.id, "used_utc_ns": password.last_used_utc_ns} for password in used]
        statement = update(stream_passwords).where(stream_passwords.c.id == bindparam("password_id"))
        try:
            async with self._database.write() as connection:
                await connection.execute(statement.values(last_used_utc_ns=bindparam("used_utc_ns")), rows)
        except SQLAlchemyError as error:
            # Passwords must go on expiring while the database disk is full: try again at the next turn.
            _log.warning("use of stream passwords not written", error=str(error), used=len(used))
            return
        # Only now: when the write fails or is cancelled, and for uses that came meanwhile, the next turn has to write.
        for password, row in zip(used, rows, strict=True):
            password.used_since_flush = password.last_used_utc_ns != row["used_utc_ns"]

    async def run(self) -> None:
        """Sweep and flush until cancelled; flushes a last time then."""
        await keep_up(self._clock, self.sweep, self.flush)

    def _use(self, password: StreamPassword) -> None:
        password.last_used_utc_ns = self._clock.utc_ns()
        password.used_since_flush = True

    async def _record(
        self, connection: AsyncConnection, principal: Principal, action: Action, password: StreamPassword
    ) -> None:
        await self._ledger.append(
            principal=f"user:{principal.name}",
            action=action.value,
            subject=password.id,
            detail={"label": password.label, "purpose": password.purpose},
            connection=connection,
        )


def _tell(password: StreamPassword, reason: EndReason) -> None:
    watchers, password.watchers = password.watchers, {}
    for callback in watchers.values():
        callback(reason)
