"""Accounts: made, changed, disabled, given a new password; and the first ones of a new server.

Every change is one transaction with its ledger entry, and ends the sessions of the account, so a
right that was taken is gone at once; disabling, and ending a session, do not even wait for the ledger
(`owed`). Not here: logging in and changing one's own password (`login`), who may do any of this (`policy`).

Invariants:
- One account has one role. Administrators belong to no unit; a unit user belongs to one.
- Nobody changes their own role or unit.
- There is always an enabled system admin, security admin and auditor, once there was one.
"""

import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain, count

from sqlalchemy import Row, func, insert, select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from storage import Clock
from storage.database import Database
from storage.ledger import Ledger
from viewer.access.actions import Action
from viewer.access.errors import (
    AccountChanged,
    AccountExists,
    AccountInvalid,
    AccountNotFound,
    LastAdministrator,
    OwnAccount,
)
from viewer.access.owed import Act, OwedEntries
from viewer.access.passwords import PasswordHashing, PasswordProfile, one_time_password
from viewer.access.roles import ADMINISTRATORS, Role
from viewer.access.sessions import Sessions
from viewer.access.tables import users

NAME_PATTERN = r"[a-z0-9][a-z0-9._-]{0,63}"  # lower case only: Admin and admin must not be two people
FIRST_RUN = (("sysadmin", Role.SYSTEM_ADMIN), ("secadmin", Role.SECURITY_ADMIN), ("auditor", Role.AUDITOR))
DEMO = (("supervisor", Role.SUPERVISOR), ("reviewer", Role.REVIEWER), ("siteadmin", Role.SITE_ADMIN))
SYSTEM_PRINCIPAL = "system"


@dataclass(frozen=True, slots=True)
class Account:
    """What may be known of an account by those who administer it."""

    name: str
    role: Role
    unit: str | None
    enabled: bool
    must_change_password: bool
    created_utc_ns: int
    last_login_utc_ns: int | None
    version: int


@dataclass(frozen=True, slots=True)
class NewAccount:
    """An account as it was just made. `password` is the one-time password, shown once; None when one was given."""

    name: str
    role: Role
    password: str | None


class Accounts:
    """`by` is the ledger's principal: `user:NAME`, `cli:UID` or `system`."""

    def __init__(
        self,
        database: Database,
        ledger: Ledger,
        clock: Clock,
        sessions: Sessions,
        hashing: PasswordHashing,
        profile: PasswordProfile,
        unit_exists: Callable[[str], bool],
        owed: OwedEntries,
    ) -> None:
        self._database = database
        self._ledger = ledger
        self._clock = clock
        self._sessions = sessions
        self._hashing = hashing
        self._profile = profile
        self._unit_exists = unit_exists
        self._owed = owed

    async def list(self) -> Sequence[Account]:
        """All accounts by name. People are counted in hundreds, so there is no paging at this level."""
        async with self._database.read() as connection:
            rows = (await connection.execute(select(users).order_by(users.c.name))).all()
        return [_account(row) for row in rows]

    async def find(self, name: str) -> Account | None:
        async with self._database.read() as connection:
            row = (await connection.execute(select(users).where(users.c.name == name))).one_or_none()
        return None if row is None else _account(row)

    async def in_unit(self, unit: str) -> int:
        """How many accounts belong to exactly this unit; it cannot be removed before they are moved."""
        async with self._database.read() as connection:
            statement = select(func.count()).select_from(users).where(users.c.unit == unit)
            return (await connection.execute(statement)).scalar_one()

    async def first_run(self) -> Sequence[NewAccount]:
        """An administrator for each of the three roles that no account has ever had: all three on a new server."""
        accounts = await self.list()
        names, roles = {account.name for account in accounts}, {account.role for account in accounts}
        return [
            await self.create(_free_name(name, names), role, by=SYSTEM_PRINCIPAL)
            for name, role in FIRST_RUN
            if role not in roles
        ]

    async def demo(self) -> Sequence[NewAccount]:
        """A supervisor, a reviewer and a site admin for `mingjing demo`; those that exist are left alone."""
        known = {account.name for account in await self.list()}
        return [await self.create(name, role, by=SYSTEM_PRINCIPAL) for name, role in DEMO if name not in known]

    async def create(
        self, name: str, role: Role, unit: str | None = None, *, by: str, password: str | None = None
    ) -> NewAccount:
        """Make an account, with a one-time password when none is given.

        Raises:
            AccountInvalid: name, unit or password cannot be.
            AccountExists: the name is taken.
        """
        if not re.fullmatch(NAME_PATTERN, name):
            raise AccountInvalid(
                f"{name!r} is not a user name.",
                field="name",
                fix="Use 1 to 64 of a-z, 0-9, dot, dash and underscore, beginning with a letter or digit.",
            )
        self._check_unit(role, unit)
        if password is not None and (fault := self._profile.fault(password, name)):
            raise AccountInvalid("The password is not strong enough.", field="password", fix=fault)
        chosen = password if password is not None else one_time_password()
        password_hash = await self._hashing.hash(chosen)
        now_utc_ns = self._clock.utc_ns()
        async with self._database.write() as connection:
            if (await connection.execute(select(users.c.name).where(users.c.name == name))).first():
                raise AccountExists(f"There is an account {name} already.", field="name", fix="Choose another name.")
            await connection.execute(
                insert(users).values(
                    name=name,
                    role=role.value,
                    unit=unit,
                    password_hash=password_hash,
                    must_change_password=password is None,
                    password_changed_utc_ns=now_utc_ns,
                    enabled=True,
                    created_utc_ns=now_utc_ns,
                    version=1,
                )
            )
            await self._record(connection, by, Action.USER_CREATE, name, role=role.value, unit=unit)
        return NewAccount(name, role, chosen if password is None else None)

    async def edit(self, name: str, role: Role, unit: str | None, *, version: int, by: str) -> Account:
        """Give the account another role or unit.

        Raises:
            OwnAccount: it is that of who asks.
            AccountChanged: it is no longer at `version`.
            LastAdministrator: nobody of its present role would be left.
        """
        if by == f"user:{name}":
            raise OwnAccount("Nobody changes their own grant.", fix="Ask another security admin.")
        self._check_unit(role, unit)
        async with self._database.write() as connection:
            before = await self._row(connection, name)
            _require_version(before.version, version)
            if before.role != role.value:
                await self._keep_one(connection, before)
            changes = {"role": role.value, "unit": unit}
            await self._change(connection, name, **changes)
            await self._sessions.delete_of_user(connection, name)
            after = _account(await self._row(connection, name))
            await self._record(connection, by, Action.USER_EDIT, name, **changes)
        self._sessions.end_of_user(name)
        return after

    async def disable(self, name: str, *, version: int | None = None, by: str) -> Account:
        """Nobody logs in with it any more, and whoever is logged in is out now.

        Raises:
            AccountChanged: it is no longer at `version`; None overrides.
            LastAdministrator: nobody of its role would be left.
        """

        async def take_away(connection: AsyncConnection) -> None:
            before = await self._row(connection, name)
            _require_version(before.version, version)
            await self._keep_one(connection, before)
            self._sessions.end_of_user(name)  # a ledger that does not answer must not keep them open
            await self._sessions.delete_of_user(connection, name)
            await self._change(connection, name, enabled=False)

        await self._owed.take_away(Act(by, Action.USER_DISABLE.value, name), take_away)
        self._sessions.end_of_user(name)  # a player that came again before the commit found the account enabled
        after = await self.find(name)
        assert after is not None  # accounts are never removed
        return after

    async def enable(self, name: str, *, version: int | None = None, by: str) -> Account:
        """Raises AccountChanged, as `disable`."""
        async with self._database.write() as connection:
            before = await self._row(connection, name)
            _require_version(before.version, version)
            await self._change(connection, name, enabled=True)
            after = _account(await self._row(connection, name))
            await self._record(connection, by, Action.USER_ENABLE, name)
        return after

    async def reset_password(self, name: str, *, version: int | None = None, by: str) -> NewAccount:
        """A new one-time password, returned once. Raises AccountChanged, as `disable`."""
        chosen = one_time_password()
        password_hash = await self._hashing.hash(chosen)
        async with self._database.write() as connection:
            row = await self._row(connection, name)
            _require_version(row.version, version)
            await self._change(
                connection,
                name,
                password_hash=password_hash,
                must_change_password=True,
                password_changed_utc_ns=self._clock.utc_ns(),
            )
            await self._sessions.delete_of_user(connection, name)
            await self._record(connection, by, Action.USER_RESET_PASSWORD, name)
        self._sessions.end_of_user(name)
        return NewAccount(name, Role(row.role), chosen)

    async def revoke_session(self, session_id: str, *, action: Action, by: str) -> None:
        """End one session, whatever the ledger and the database say; its WebSockets close before this returns."""
        session = self._sessions.get(session_id)
        if session is None:
            raise AccountNotFound("There is no such session.", fix="Load the list again.")
        self._sessions.end([session_id])  # its row is deleted here, or behind (Sessions.flush)
        with suppress(SQLAlchemyError):
            await self._owed.take_away(
                Act(by, action.value, session.principal.name, {"session": session_id}),
                lambda connection: self._sessions.delete(connection, [session_id]),
            )

    async def _row(self, connection: AsyncConnection, name: str) -> Row[tuple[object, ...]]:
        row = (await connection.execute(select(users).where(users.c.name == name))).one_or_none()
        if row is None:
            raise AccountNotFound(f"There is no account {name}.", fix="Look it up in the list of users.")
        return row

    async def _change(self, connection: AsyncConnection, name: str, **values: object) -> None:
        await connection.execute(
            update(users).where(users.c.name == name).values(**values, version=users.c.version + 1)
        )

    async def _record(
        self, connection: AsyncConnection, by: str, action: Action, subject: str, **detail: str | None
    ) -> None:
        """The last step before the commit: what is in the ledger happened, or the process died right here."""
        await self._ledger.append(
            principal=by, action=action.value, subject=subject, detail=detail, connection=connection
        )

    async def _keep_one(self, connection: AsyncConnection, row: Row[tuple[object, ...]]) -> None:
        """Refuse to take away the last enabled account of an administrator's role."""
        if Role(row.role) not in ADMINISTRATORS or not row.enabled:
            return
        others = select(func.count()).select_from(users)
        others = others.where(users.c.role == row.role, users.c.enabled, users.c.name != row.name)
        if not (await connection.execute(others)).scalar_one():
            raise LastAdministrator(
                f"{row.name} is the last {row.role}.", fix=f"Give another account the role {row.role} first."
            )

    def _check_unit(self, role: Role, unit: str | None) -> None:
        if unit is None:
            if role is Role.UNIT_USER:
                raise AccountInvalid("A unit user belongs to a unit.", field="unit", fix="Name the unit.")
        elif role in ADMINISTRATORS:
            raise AccountInvalid("An administrator belongs to no unit.", field="unit", fix="Leave the unit empty.")
        elif not self._unit_exists(unit):
            raise AccountInvalid(f"There is no unit {unit}.", field="unit", fix="Choose one of the list of units.")


def _require_version(current: int, expected: int | None) -> None:
    if expected is not None and current != expected:
        raise AccountChanged("Somebody changed this account meanwhile.", fix="Load it again, then repeat.")


def _free_name(name: str, taken: set[str]) -> str:
    return next(one for one in chain([name], (f"{name}{number}" for number in count(2))) if one not in taken)


def _account(row: Row[tuple[object, ...]]) -> Account:
    return Account(
        row.name,
        Role(row.role),
        row.unit,
        row.enabled,
        row.must_change_password,
        row.created_utc_ns,
        row.last_login_utc_ns,
        row.version,
    )
