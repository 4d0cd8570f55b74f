"""The parts of access, put together once."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from argon2 import PasswordHasher

from storage import Clock, UlidFactory
from storage.bus import Bus
from storage.database import Database
from storage.ledger import Ledger
from viewer.access.accounts import Accounts
from viewer.access.guard import Guard
from viewer.access.login import Login
from viewer.access.owed import OwedEntries
from viewer.access.passwords import PasswordHashing, PasswordProfile
from viewer.access.sessions import Sessions
from viewer.access.stream_passwords import StreamPasswords


@dataclass(frozen=True, slots=True)
class Access:
    """Who may do what on this server.

    `await open(...)` loads the sessions; the owner then keeps `run()` as a task, and calls
    `close()` when it has ended.
    """

    accounts: Accounts
    guard: Guard
    login: Login
    sessions: Sessions
    hashing: PasswordHashing
    owed: OwedEntries
    stream_passwords: StreamPasswords

    @classmethod
    async def open(
        cls,
        *,
        database: Database,
        ledger: Ledger,
        bus: Bus,
        clock: Clock,
        ids: UlidFactory,
        unit_exists: Callable[[str], bool],
        profile: PasswordProfile = PasswordProfile.ASVS,
        hasher: PasswordHasher | None = None,
    ) -> "Access":
        sessions = Sessions(database, bus, clock, ids)
        hashing = PasswordHashing(hasher)
        owed = OwedEntries(database, ledger, clock)
        accounts = Accounts(database, ledger, clock, sessions, hashing, profile, unit_exists, owed)
        login = Login(database, ledger, clock, sessions, hashing, profile, owed)
        stream_passwords = StreamPasswords(database, ledger, clock, ids)
        sessions.on_user_end(stream_passwords.end_views_of_user)
        await sessions.load()
        await stream_passwords.load()
        return cls(accounts, Guard(ledger), login, sessions, hashing, owed, stream_passwords)

    async def run(self) -> None:
        """End sessions and stream passwords in time, and write what is owed to the ledger, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.sessions.run(), name="access: sessions")
            tasks.create_task(self.stream_passwords.run(), name="access: stream passwords")
            tasks.create_task(self.owed.run(), name="access: owed entries")

    def close(self) -> None:
        self.hashing.close()
