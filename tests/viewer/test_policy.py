"""The policy table, cell by cell. The matrix below is the requirement, written down a second time by hand."""

import pytest

from viewer.access import NOTHING, TABLE, Action, Kind, Object, Principal, Record, Role, Scope, Verdict, may
from viewer.access.policy import BEFORE_PASSWORD_CHANGE, admits, allowed_actions, decide

S, R, U, E = Role.SUPERVISOR, Role.REVIEWER, Role.UNIT_USER, Role.EXPORTER
SITE, SYS, SEC, AUD = Role.SITE_ADMIN, Role.SYSTEM_ADMIN, Role.SECURITY_ADMIN, Role.AUDITOR
ALL = set(Role)
FIELD = {S, R, U, E, SITE}

WHO_MAY = {
    "session.read": ALL,
    "session.close": ALL,
    "session.list_own": ALL,
    "session.revoke_own": ALL,
    "session.keep": ALL,
    "password.change": ALL,
    "stream_password.list_own": {S, SITE},
    "stream_password.create": {S, SITE},
    "stream_password.revoke_own": {S, SITE},
    "overview.read": ALL,
    "user.list": {SEC, AUD},
    "user.read": {SEC, AUD},
    "user.create": {SEC},
    "user.edit": {SEC},
    "user.disable": {SEC},
    "user.enable": {SEC},
    "user.reset_password": {SEC},
    "session.list": {SEC},
    "session.revoke": {SEC},
    "unit.list": FIELD | {SYS, SEC},
    "unit.read": FIELD | {SYS, SEC},
    "unit.create": {SITE},
    "unit.edit": {SITE},
    "unit.remove": {SITE},
    "checkpoint.list": FIELD | {SYS},
    "checkpoint.read": FIELD | {SYS},
    "checkpoint.create": {SITE},
    "checkpoint.edit": {SITE},
    "checkpoint.remove": {SITE},
    "device.list": FIELD | {SYS},
    "device.read": FIELD | {SYS},
    "device.place": {SITE},
    "device.edit": {SITE},
    "device.remove": {SITE},
    "device.rotate_key": {SITE},
    "device.enable": {SITE},
    "device.disable": {SITE},
    "device.read_source": {SITE},
    "device.set_source": {SITE},
    "device.remove_source": {SITE},
    "device.read_officer": {S, R, E, SITE},
    "device.hand_over": {SITE},
    "device.take_back": {SITE},
    "officer.list": {S, R, E, SITE},
    "stream.list": FIELD | {SYS},
    "events.watch": ALL,
    "live.open": {S, SITE},
    "live.control": {S, SITE},
    "talk.open": {S},
    "recording.read": {S, R, E},
    "timeline.read": {S, R, E},
    "playback.open": {S, R, E},
    "playback.read": {S, R, E},
    "backfill.upload": {SITE},
    "backfill.list": {S, R, E, SITE},
    "backfill.read": {S, R, E, SITE},
    "backfill.place": {S, R, SITE},
    "backfill.reject": {S, R, SITE},
    "original.download": {S, R, E},
    "retention.read": {S, R, E},
    "retention.list": {S, R, SYS},
    "retention.read_policy": {S, R, SYS},
    "retention.set": {SYS},
    "retention.plan": {S, R, SYS},
    "certificate.list": {AUD},
    "certificate.read": {AUD},
    "archive.read": {SYS},
    "clip.list": {S, R, E},
    "clip.read": {S, R, E},
    "clip.create": {S, R},
    "clip.edit": {S, R},
    "clip.ask_removal": {S, R},
    "clip.agree_removal": {S, R},
    "clip.withdraw_removal": {S, R},
    "hold.list": {S, R, E},
    "hold.read": {S, R, E},
    "hold.create": {S, R},
    "hold.edit": {S, R},
    "hold.ask_removal": {S, R},
    "hold.agree_removal": {S, R},
    "hold.withdraw_removal": {S, R},
    "export.list": {S, R, E},
    "export.read": {S, R, E},
    "export.create": {S, R, E},
    "export.agree": {S, R, E},
    "export.cancel": {S, R, E},
    "export.download": {S, R, E},
    "audit.read": {AUD},
    "audit.verify": {AUD},
    "scrub.read": {SYS},
    "system.read": {SYS},
    "server_alarm.read": {SYS, S, SITE},
    "alarm.list": FIELD | {SYS},
    "alarm.read": FIELD | {SYS},
    "alarm.acknowledge": {SYS, S, SITE},
    "case.list": {S, R, U},
    "case.read": {S, R, U},
    "case.look_round": {S, R, U},
    "case.read_party": {R, U},
    "case.create": {R, U},
    "case.edit": {R, U},
    "case.close": {R, U},
    "case.reopen": {R, U},
    "case.preview": {R, U},
    "case.import": {R, U},
    "case.export": {S, R, U},
    "metrics.read": {SYS},
}
OPEN_TO_ANYBODY = {
    "health.read",
    "schema.read",
    "app.read",
    "session.open",
    "stream.publish",
    "live.ask",
    "backfill.ask",
    "backfill.send",
}  # the last by a key


def principal(role, unit=None, *, must_change=False):
    return Principal("li.wei", role, unit, "session1", must_change)


def thing(kind, *path, owner="li.wei", exists=True, opened=True):
    return Object(kind, "thing1", path, owner, exists, opened)


def test_every_action_is_in_the_matrix():
    assert {action.value for action in Action} == WHO_MAY.keys() | OPEN_TO_ANYBODY
    assert set(TABLE) == set(Action)


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("action", sorted(WHO_MAY))
def test_a_role_may_what_the_matrix_says_and_nothing_else(action, role):
    action = Action(action)
    asked = thing(TABLE[action].kind, "north") if TABLE[action].kind is not Kind.NOTHING else NOTHING
    assert may(principal(role), action, asked) is (role in WHO_MAY[action.value])


@pytest.mark.parametrize("action", Action)
def test_without_a_session_only_the_open_doors_open(action):
    expected = Verdict.ALLOWED if action.value in OPEN_TO_ANYBODY else Verdict.UNAUTHENTICATED
    assert admits(None, action) is expected


def test_the_metrics_are_for_the_machine_itself_and_system_admins():
    assert decide(None, Action.METRICS_READ, NOTHING, on_machine=True) is Verdict.ALLOWED
    assert decide(None, Action.METRICS_READ, NOTHING) is Verdict.UNAUTHENTICATED
    assert not any(
        decide(None, action, NOTHING, on_machine=True) is Verdict.ALLOWED
        for action in Action
        if action.value not in OPEN_TO_ANYBODY | {"metrics.read"}
    )


SCOPED = [action for action, row in TABLE.items() if row.scope is Scope.UNIT and row.kind is not Kind.NOTHING]


@pytest.mark.parametrize("action", SCOPED)
def test_a_unit_sees_itself_and_what_is_under_it(action):
    row = TABLE[action]
    role = min(row.roles)
    of_north = principal(role, "north")
    assert may(of_north, action, thing(row.kind, "north", "city"))
    assert may(of_north, action, thing(row.kind, "north1", "north", "city"))
    foreign = decide(of_north, action, thing(row.kind, "south", "city"))
    above = decide(of_north, action, thing(row.kind, "city"))
    missing = decide(of_north, action, thing(row.kind, exists=False))
    assert foreign is above is missing is Verdict.HIDDEN


BY_CASE = {
    "recording.read",
    "playback.open",
    "original.download",
    "export.create",
    "export.download",
    "clip.create",
    "clip.edit",
}


def test_who_reviews_sees_and_takes_what_the_case_at_hand_opens_and_nothing_else():
    assert {action.value for action, row in TABLE.items() if row.by_case} == BY_CASE
    for action in map(Action, BY_CASE):
        mine, opened = (thing(TABLE[action].kind, "north", opened=opened) for opened in (False, True))
        assert decide(principal(R, "north"), action, mine) is Verdict.NEEDS_CASE
        assert decide(principal(R, "north"), action, opened) is Verdict.ALLOWED
        for role in TABLE[action].roles - {R}:
            assert decide(principal(role, "north"), action, mine) is Verdict.ALLOWED


@pytest.mark.parametrize("action", sorted(BY_CASE))
def test_what_is_foreign_or_missing_stays_hidden_whatever_a_case_opens(action):
    kind = TABLE[Action(action)].kind
    for each in (thing(kind, "south"), thing(kind, "south", opened=False), thing(kind, exists=False, opened=False)):
        assert decide(principal(R, "north"), Action(action), each) is Verdict.HIDDEN
    assert Object(kind).opened is False  # unless somebody has looked


def test_one_may_end_ones_own_session_only():
    mine, foreign = thing(Kind.SESSION), thing(Kind.SESSION, owner="wang")
    assert may(principal(S), Action.SESSION_REVOKE_OWN, mine)
    assert decide(principal(S), Action.SESSION_REVOKE_OWN, foreign) is Verdict.HIDDEN


@pytest.mark.parametrize("role", Role)
def test_a_one_time_password_opens_three_doors(role):
    assert set(allowed_actions(principal(role, must_change=True))) - {
        action for action in Action if action.value in OPEN_TO_ANYBODY
    } == set(BEFORE_PASSWORD_CHANGE)


def test_an_action_without_a_row_and_a_thing_of_another_kind_are_forbidden(monkeypatch):
    assert decide(principal(SITE), Action.DEVICE_EDIT, thing(Kind.UNIT, "north")) is Verdict.FORBIDDEN
    assert decide(principal(SITE), Action.DEVICE_EDIT, NOTHING) is Verdict.FORBIDDEN
    monkeypatch.setattr("viewer.access.policy.TABLE", {})
    for action in Action:
        assert decide(principal(SITE), action, NOTHING) is Verdict.FORBIDDEN


def test_no_two_of_the_three_administrators_share_a_power():
    """三员分立: beyond what everybody may, running, granting and reading the log are apart."""
    shared = {action for action, roles in WHO_MAY.items() if roles == ALL}
    powers = {role: {action for action, roles in WHO_MAY.items() if role in roles} - shared for role in (SYS, SEC, AUD)}
    reading_only = {"unit.list", "unit.read", "user.list", "user.read"}
    assert powers[SYS] & powers[SEC] <= reading_only
    assert powers[SEC] & powers[AUD] <= reading_only
    assert powers[SYS] & powers[AUD] == set()


def test_every_view_of_footage_people_and_the_log_is_recorded_by_the_guard():
    recorded = {action.value for action, row in TABLE.items() if row.record is Record.GUARD}
    assert recorded == {
        "live.open",
        "talk.open",
        "recording.read",
        "playback.open",
        "export.download",
        "original.download",
        "audit.read",
        "audit.verify",
        "certificate.list",
        "certificate.read",
        "user.list",
        "user.read",
        "session.list",
        "case.read",
        "case.export",
    }
