"""What access refuses, each with the word by which clients know it, the field and the fix.

Not here: HTTP status numbers, which are in `viewer.problems`.
"""

from viewer.access.actions import Action
from viewer.access.policy import Verdict


class AccessError(Exception):
    """A request that access does not grant. `fix` says what to do; `field` names the input at fault."""

    def __init__(self, words: str, *, field: str | None = None, fix: str | None = None) -> None:
        super().__init__(words)
        self.words = words
        self.field = field
        self.fix = fix


class Refused(AccessError):
    """The policy said no."""

    def __init__(self, verdict: Verdict, action: Action) -> None:
        super().__init__(_REFUSALS[verdict][0], fix=_REFUSALS[verdict][1])
        self.verdict = verdict
        self.action = action


_REFUSALS = {
    Verdict.UNAUTHENTICATED: ("Nobody is logged in here, or the session has ended.", "Log in."),
    Verdict.MUST_CHANGE_PASSWORD: ("The password must be changed first.", "POST /api/v1/password."),
    Verdict.FORBIDDEN: ("Your role does not include this.", "Ask the security admin."),
    Verdict.HIDDEN: ("There is no such thing, or it is not yours to see.", "Look it up in its list."),
    Verdict.NEEDS_CASE: (
        "Footage is reviewed by the case at hand, and no case that you named opens this.",
        "Open it from its case; if that reaches too short, enter the times of its stages.",
    ),
}


class ForeignOrigin(AccessError):
    """The request did not come from a page of this server (CSRF, cross-site WebSocket)."""


class InsecureTransport(AccessError):
    """A password or a session would travel in the clear."""


class WrongCredentials(AccessError):
    """Name or password, and nobody is told which."""


class WrongStreamPassword(AccessError):
    """What was shown as a bearer opens nothing: there is no such password, or its owner may not watch any more."""

    def __init__(self) -> None:
        super().__init__("This stream password opens nothing.", fix="Make another one.")


class LockedOut(AccessError):
    """Too many failures of this account from this peer."""

    def __init__(self, wait_s: int) -> None:
        super().__init__("Too many failed attempts from here.", fix=f"Try again in {wait_s} seconds.")
        self.wait_s = wait_s


class AccountNotFound(AccessError):
    """No such account or session."""


class AccountExists(AccessError):
    """The name is taken."""


class AccountInvalid(AccessError):
    """A field has a value that cannot be."""


class AccountChanged(AccessError):
    """Somebody else changed the account meanwhile."""


class OwnAccount(AccessError):
    """Rights are given by somebody else."""


class LastAdministrator(AccessError):
    """Without this account nobody of its role would be left."""
