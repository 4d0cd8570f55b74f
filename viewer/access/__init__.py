"""People and rights: accounts, passwords, sessions, and the one policy table.

Every request passes in this order: authenticate, policy, audit, the room that does it. The table
(`policy.TABLE`) says which role may do what; `doors.DOORS` says which route asks for what.
Not here: resources and their JSON (viewer.api), pictures (viewer.live), what a unit or device is
(gateway.registry).

Invariants (docs/design/access.md):
- Denied unless a row allows it; the app is not built when a door has no row.
- What is foreign and what does not exist look alike.
- No view and no change without its ledger entry, and exactly one for each (I10, I11). A right is taken away at once,
  and its entry comes when the ledger can be written.
- Passwords and tokens are stored hashed, and never in a log, an answer or the ledger.
"""

from viewer.access.access import Access
from viewer.access.accounts import Account, Accounts, NewAccount
from viewer.access.actions import Action
from viewer.access.caller import (
    Caller,
    CallerHere,
    GuardedRoute,
    clear_session_cookie,
    require_private_transport,
    session_token,
    set_session_cookie,
)
from viewer.access.doors import DOORS, MESSAGES, PUSHES, WEBSOCKET, DoorWithoutRow, accepted_messages, accepts
from viewer.access.errors import (
    AccessError,
    AccountChanged,
    AccountExists,
    AccountInvalid,
    AccountNotFound,
    ForeignOrigin,
    InsecureTransport,
    LastAdministrator,
    LockedOut,
    OwnAccount,
    Refused,
    WrongCredentials,
    WrongStreamPassword,
)
from viewer.access.login import Peer
from viewer.access.passwords import HasherBusy, PasswordHashing, PasswordProfile
from viewer.access.peer import (
    ForwardedPeer,
    PlainBindRefused,
    TrustedProxies,
    is_from_this_machine,
    is_secure,
    peer_of,
    refuse_plain_bind,
)
from viewer.access.policy import NOTHING, TABLE, Kind, Object, Record, Scope, Verdict, allowed_actions, may
from viewer.access.roles import Principal, Role
from viewer.access.sessions import ABSOLUTE_S, IDLE_S, EndReason, Session, SessionRevoked, Sessions
from viewer.access.stream_passwords import DAYS_MAX, LABEL_LENGTH_MAX, StreamPassword, StreamPasswords

__all__ = [
    "ABSOLUTE_S",
    "DAYS_MAX",
    "DOORS",
    "IDLE_S",
    "LABEL_LENGTH_MAX",
    "MESSAGES",
    "NOTHING",
    "PUSHES",
    "TABLE",
    "WEBSOCKET",
    "Access",
    "AccessError",
    "Account",
    "AccountChanged",
    "AccountExists",
    "AccountInvalid",
    "AccountNotFound",
    "Accounts",
    "Action",
    "Caller",
    "CallerHere",
    "DoorWithoutRow",
    "EndReason",
    "ForeignOrigin",
    "ForwardedPeer",
    "GuardedRoute",
    "HasherBusy",
    "InsecureTransport",
    "Kind",
    "LastAdministrator",
    "LockedOut",
    "NewAccount",
    "Object",
    "OwnAccount",
    "PasswordHashing",
    "PasswordProfile",
    "Peer",
    "PlainBindRefused",
    "Principal",
    "Record",
    "Refused",
    "Role",
    "Scope",
    "Session",
    "SessionRevoked",
    "Sessions",
    "StreamPassword",
    "StreamPasswords",
    "TrustedProxies",
    "Verdict",
    "WrongCredentials",
    "WrongStreamPassword",
    "accepted_messages",
    "accepts",
    "allowed_actions",
    "clear_session_cookie",
    "is_from_this_machine",
    "is_secure",
    "may",
    "peer_of",
    "refuse_plain_bind",
    "require_private_transport",
    "session_token",
    "set_session_cookie",
]
