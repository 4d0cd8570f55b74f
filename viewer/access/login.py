"""Logging in, logging out, and changing one's own password.

Each gives or takes a session in one transaction with its ledger entry; logging out never waits for the ledger
(`owed`). Not here: cookies and
origins (`caller`), other people's accounts (`accounts`).

What a stranger learns: wrong name, wrong password and disabled account give one answer in the
same time. A lock is told, because it depends on the peer's own failures only.
"""

from contextlib import suppress
from dataclasses import dataclass

from sqlalchemy import Row, select, update
from sqlalchemy.exc import SQLAlchemyError

from storage import Clock
from storage.database import Database
from storage.ledger import JsonValue, Ledger
from viewer.access.actions import Action
from viewer.access.errors import AccountInvalid, LockedOut, WrongCredentials
from viewer.access.lockout import Lockout
from viewer.access.owed import Act, OwedEntries
from viewer.access.passwords import PasswordHashing, PasswordProfile
from viewer.access.roles import Principal, Role
from viewer.access.sessions import Session, Sessions
from viewer.access.tables import users

_SECOND_NS = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Peer:
    """Where a request comes from. `network` is what a lock-out is counted by (see `peer`)."""

    address: str
    network: str
    agent: str = ""


class Login:
    def __init__(
        self,
        database: Database,
        ledger: Ledger,
        clock: Clock,
        sessions: Sessions,
        hashing: PasswordHashing,
        profile: PasswordProfile,
        owed: OwedEntries,
    ) -> None:
        self.failures = 0  # wrong names and passwords since the start
        self.locked_out = 0  # attempts turned away because of those before
        self._database = database
        self._ledger = ledger
        self._clock = clock
        self._sessions = sessions
        self._hashing = hashing
        self._profile = profile
        self._owed = owed
        self._lockout = Lockout()

    async def open(self, name: str, password: str, peer: Peer, *, replaces: str | None = None) -> tuple[Session, str]:
        """Check the password and begin a session; `replaces` is the session the browser had, which ends.

        Returns the session and its token, which goes into the cookie and nowhere else.

        Raises:
            LockedOut: too many failures of this name from this peer.
            WrongCredentials: no such account, a wrong password, or a disabled account.
            HasherBusy: too many people at once.
        """
        name = name.lower()
        self._require_unlocked(name, peer)
        row = await self._row(name)
        fits = await self._hashing.verify(row.password_hash if row is not None else None, password)
        self._require_unlocked(name, peer)
        if row is None or not fits or not row.enabled:
            await self._refuse(name, peer, known=row is not None)
            raise WrongCredentials("The name or the password is wrong.", field="password", fix="Try again.")
        session, token = await self._begin(row, peer, Action.SESSION_OPEN, replaces)
        self._lockout.succeeded(name, peer.network)
        return session, token

    async def close(self, principal: Principal) -> None:
        """Log out, whatever the ledger and the database say."""
        session = [principal.session_id]
        self._sessions.end(session)  # its row is deleted here, or behind (Sessions.flush)
        with suppress(SQLAlchemyError):
            await self._owed.take_away(
                Act(f"user:{principal.name}", Action.SESSION_CLOSE.value),
                lambda connection: self._sessions.delete(connection, session),
            )

    async def change_password(self, principal: Principal, current: str, new: str, peer: Peer) -> tuple[Session, str]:
        """Replace one's own password. Every session of the account ends; the new one is returned.

        Raises:
            LockedOut: too many failures about `current`.
            AccountInvalid: `current` is wrong, or `new` is the old one or not strong enough.
        """
        self._require_unlocked(principal.name, peer)
        row = await self._row(principal.name)
        fits = row is not None and await self._hashing.verify(row.password_hash, current)
        self._require_unlocked(principal.name, peer)
        if row is None or not fits:
            await self._refuse(principal.name, peer, known=True)
            raise AccountInvalid("The present password is wrong.", field="current", fix="Try again.")
        fault = self._profile.fault(new, principal.name)
        if fault is None and current == new:
            fault = "Choose another one than the present password."
        if fault is not None:
            raise AccountInvalid("The new password cannot be taken.", field="new", fix=fault)
        password_hash = await self._hashing.hash(new)
        return await self._begin(row, peer, Action.PASSWORD_CHANGE, None, password_hash)

    async def _begin(
        self,
        verified: Row[tuple[object, ...]],
        peer: Peer,
        action: Action,
        replaces: str | None,
        password_hash: str | None = None,
    ) -> tuple[Session, str]:
        """Write session and entry, unless the account changed while the password was being checked."""
        name = verified.name
        now_utc_ns = self._clock.utc_ns()
        async with self._database.write() as connection:
            row = (await connection.execute(select(users).where(users.c.name == name))).one()
            if not row.enabled or row.password_hash != verified.password_hash:
                raise WrongCredentials("The account has just been changed.", fix="Try again.")
            age_s = (now_utc_ns - row.password_changed_utc_ns) / _SECOND_NS
            must_change = row.must_change_password or self._profile.expired(age_s)
            values: dict[str, object] = {"last_login_utc_ns": now_utc_ns, "must_change_password": must_change}
            if password_hash is not None:
                must_change = False
                values = {
                    "password_hash": password_hash,
                    "password_changed_utc_ns": now_utc_ns,
                    "must_change_password": False,
                    "version": users.c.version + 1,
                }
                await self._sessions.delete_of_user(connection, name)
            elif replaces is not None:
                await self._sessions.delete(connection, [replaces])
            await connection.execute(update(users).where(users.c.name == name).values(values))
            session, token = await self._sessions.insert(
                connection,
                user=name,
                role=Role(row.role),
                unit=row.unit,
                must_change_password=must_change,
                peer=peer.address,
                agent=peer.agent,
            )
            detail: dict[str, JsonValue] = {"peer": peer.address, "session": session.id}
            await self._ledger.append(
                principal=f"user:{name}", action=action.value, subject=name, detail=detail, connection=connection
            )
        if password_hash is not None:
            self._sessions.end_of_user(name)
        elif replaces is not None:
            self._sessions.end([replaces])
        self._sessions.admit(session)
        return session, token

    def _require_unlocked(self, name: str, peer: Peer) -> None:
        """Asked before a password is checked and again after: of guesses that come all at once five are answered."""
        wait_s = self._lockout.locked_for_s(name, peer.network, self._clock.mono_ns())
        if wait_s:
            self.locked_out += 1
            raise LockedOut(wait_s)

    async def _refuse(self, name: str, peer: Peer, *, known: bool) -> None:
        """A name that nobody has may be a password in the wrong field: it is not written down."""
        self.failures += 1
        mono_ns = self._clock.mono_ns()
        self._lockout.failed(name, peer.network, mono_ns)
        locked = self._lockout.locked_for_s(name, peer.network, mono_ns) > 0
        await self._ledger.append(
            principal="anonymous",
            action="session.refused",
            subject=name if known else "",
            detail={"peer": peer.address, "locked": locked, "account": "known" if known else "unknown"},
        )

    async def _row(self, name: str) -> Row[tuple[object, ...]] | None:
        async with self._database.read() as connection:
            return (await connection.execute(select(users).where(users.c.name == name))).one_or_none()
