"""Until when footage is kept: by the policy of its unit, by who keeps it, by the file of its case; the longest wins.

Here: policies by unit, and how they come back from the ledger; in which unit a device was when; why a second is kept
(pure); the time that footage grows old by; what was deleted and its certificate; what will be deleted, and when the
disk will not hold what policies ask for.
Not here: deleting (recorder.ring), clips and holds (recorder.kept), who may decide (viewer.access), which cases there
are (supervision: asked through a callable).

Invariants:
- A policy is a ledger entry before it is a row, with all there is to know.
- A policy that shortens counts seven days later.
- A clock that is ahead frees nothing before it ran for a day, at a start as well.
- What is deleted is written down in the transaction that deletes it.
"""

from recorder.retention.book import PolicyBook, UnitPath
from recorder.retention.case_files import CaseFiles, FindCase, no_cases
from recorder.retention.deletions import FOOTAGE, KEPT, Certificates, Rule, fold
from recorder.retention.forecast import Flow, Forecast, forecast
from recorder.retention.health import Health, HealthWatch, Room
from recorder.retention.keeper import Keeper, WrittenDown
from recorder.retention.outlook import Outlook, Planned
from recorder.retention.places import PlaceBook, Places
from recorder.retention.policies import Policies
from recorder.retention.policy import FOR_EVER, HOUSE, REMORSE_NS, UNTAGGED_DAYS_MIN, Earlier, Policy, Tagged
from recorder.retention.replay import load_retention
from recorder.retention.rules import (
    CaseFile,
    Category,
    Facts,
    KeptFor,
    Reason,
    Why,
    case_until,
    category,
    free_from,
    reasons,
    winner,
)
from recorder.retention.tables import RETENTION_TABLES
from recorder.retention.time_row import read_belief, write_belief
from recorder.retention.trusted_time import Believed, TrustedTime, first_belief

__all__ = [
    "FOOTAGE",
    "FOR_EVER",
    "HOUSE",
    "KEPT",
    "REMORSE_NS",
    "RETENTION_TABLES",
    "UNTAGGED_DAYS_MIN",
    "Believed",
    "CaseFile",
    "CaseFiles",
    "Category",
    "Certificates",
    "Earlier",
    "Facts",
    "FindCase",
    "Flow",
    "Forecast",
    "Health",
    "HealthWatch",
    "Keeper",
    "KeptFor",
    "Outlook",
    "PlaceBook",
    "Places",
    "Planned",
    "Policies",
    "Policy",
    "PolicyBook",
    "Reason",
    "Room",
    "Rule",
    "Tagged",
    "TrustedTime",
    "UnitPath",
    "Why",
    "WrittenDown",
    "case_until",
    "category",
    "first_belief",
    "fold",
    "forecast",
    "free_from",
    "load_retention",
    "no_cases",
    "read_belief",
    "reasons",
    "winner",
    "write_belief",
]
