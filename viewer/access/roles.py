"""Who somebody is: roles, and the principal a session stands for.

An account has one role. The three administrators exclude one another (三员分立) and belong to no
unit. Not here: what a role may do, which is `policy`.
"""

from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    SUPERVISOR = "supervisor"
    REVIEWER = "reviewer"
    UNIT_USER = "unit_user"
    EXPORTER = "exporter"
    SITE_ADMIN = "site_admin"
    SYSTEM_ADMIN = "system_admin"
    SECURITY_ADMIN = "security_admin"
    AUDITOR = "auditor"


ADMINISTRATORS = frozenset({Role.SYSTEM_ADMIN, Role.SECURITY_ADMIN, Role.AUDITOR})


@dataclass(frozen=True, slots=True)
class Principal:
    """An authenticated person. `unit` None means every unit; else that unit and the units under it.

    The values are those of the moment of login: a change of role, unit or password ends the
    session, so a principal in use is never out of date.
    """

    name: str
    role: Role
    unit: str | None
    session_id: str
    must_change_password: bool = False
