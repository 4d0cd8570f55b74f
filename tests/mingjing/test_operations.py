"""What operators are given agrees with what the server says: metrics, dashboard, alert rules, the page on alarms."""

import json
import re

import httpx
import pytest

from gateway.stream import AlarmKind
from media import GapCause
from tests.house.fixtures import SHARES_THE_HOUSE
from tests.house.process import REPOSITORY

DASHBOARD = REPOSITORY / "deploy/grafana/mingjing.json"
RULES = REPOSITORY / "deploy/prometheus/alerts.yml"
PAGE = REPOSITORY / "docs/guide/alarms.md"
METRIC = re.compile(r"\b((?:mingjing|process)_[a-z0-9_]+)\b")


def expressions() -> dict[str, str]:
    """Every expression that is shown or alerted on, by where it stands."""
    panels = json.loads(DASHBOARD.read_text())["panels"]
    found = {f"panel {panel['title']}: {t['refId']}": t["expr"] for panel in panels for t in panel.get("targets", [])}
    for name, expression in re.findall(r"- alert: (\w+)\n\s+expr: (.+)", RULES.read_text()):
        found[f"alert {name}"] = expression
    return found


async def metrics(house) -> str:
    async with httpx.AsyncClient() as client:
        return (await client.get(f"{house.http_url}/metrics")).text


@SHARES_THE_HOUSE
async def test_dashboard_and_alert_rules_name_only_metrics_that_the_server_has(shared_house):
    device = await shared_house.device("dev12").push(seconds=1)
    await shared_house.archive("dev12").wait_for_unit(20)
    there = set(METRIC.findall(await metrics(shared_house)))
    device.leave()
    assert len(expressions()) > 30
    missing = {where: sorted(set(METRIC.findall(expr)) - there) for where, expr in expressions().items()}
    assert not {where: names for where, names in missing.items() if names}


@SHARES_THE_HOUSE
async def test_a_stream_that_ends_and_a_refused_device_are_counted(shared_house):
    def value(text: str, line: str) -> float:
        return float(next(one for one in text.splitlines() if one.startswith(line)).rsplit(" ", 1)[1])

    stopped, refused = (
        'mingjing_streams_ended_total{cause="device_stopped"}',
        'mingjing_refusals_total{reason="wrong_key"}',
    )
    before = await metrics(shared_house)
    device = await shared_house.device("dev13").push(seconds=1)
    await shared_house.archive("dev13").wait_for_unit(20)
    device.leave()
    with pytest.raises(Exception, match="401"):
        await shared_house.device("dev13", key="wrong").push()
    for line in (stopped, refused):
        for _ in range(400):
            if value(await metrics(shared_house), line) == value(before, line) + 1:
                break
        else:
            pytest.fail(f"{line} did not rise by one")


@pytest.mark.parametrize("language", ["中文", "English"])
def test_every_alarm_cause_and_alert_rule_has_its_row_in_both_languages(language):
    text = PAGE.read_text().split(f"## {language}", 1)[1].split("\n## ", 1)[0]
    rows = re.findall(r"^\| `(\w+)`", text, re.M)
    rules = re.findall(r"- alert: (\w+)", RULES.read_text())
    assert sorted(rows) == sorted([*AlarmKind, *(cause.name.lower() for cause in GapCause), *rules])


def test_an_alert_rule_names_only_alarms_that_there_are():
    named = {kind for kinds in re.findall(r'kind=~?"([\w|]+)"', RULES.read_text()) for kind in kinds.split("|")}
    assert named
    assert named <= set(AlarmKind)
