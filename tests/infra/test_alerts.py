"""Alerts: their thresholds are the objectives', for every journey and site."""

from __future__ import annotations

import re

from infra.plan.alerts import buckets
from infra.plan.fleet import plan_fleet
from infra.plan.site import plan_site
from infra.plan.values import AlertPlan
from tests import worlds
from tests.infra import example
from tests.infra.recorded import record

OBJECTIVES = worlds.province().objectives


def alerts(site: str) -> dict[str, AlertPlan]:
    planned = plan_site(worlds.province(), site, "rehearsal").monitoring.alerts
    return {alert.name: alert for alert in planned}


def threshold(alert: AlertPlan) -> float:
    return float(alert.expression.rpartition(" > ")[2])


def test_every_threshold_is_the_objective_that_the_gate_judges() -> None:
    for plan in plan_fleet(worlds.province(), "rehearsal").sites:
        by_name = alerts(plan.site)
        for goal in OBJECTIVES.journeys:
            title = goal.journey.capitalize()
            assert threshold(by_name[f"{title}SlowP95"]) * 1000 == goal.response_ms_p95_max
            assert threshold(by_name[f"{title}SlowP99"]) * 1000 == goal.response_ms_p99_max
            assert threshold(by_name[f"{title}Errors"]) == goal.errors_ratio_max


def test_a_changed_objective_changes_its_alert_alone() -> None:
    goals = tuple(
        goal.model_copy(update={"response_ms_p95_max": 640.0}) if goal.journey == "video" else goal
        for goal in OBJECTIVES.journeys
    )
    world = worlds.with_objectives(worlds.province(), journeys=goals)
    changed = plan_site(world, "wuxi", "rehearsal").monitoring
    before = alerts("wuxi")
    assert [a.name for a in changed.alerts if before[a.name] != a] == ["VideoSlowP95"]
    assert 0.64 in changed.bucket_seconds


def test_every_bound_is_a_bucket_so_that_no_quantile_is_interpolated() -> None:
    bounds = {g.response_ms_p95_max for g in OBJECTIVES.journeys}
    bounds |= {g.response_ms_p99_max for g in OBJECTIVES.journeys}
    assert buckets(OBJECTIVES) == tuple(sorted(bound / 1000 for bound in bounds))


def test_each_alert_looks_at_its_own_site_and_silence_alerts_too() -> None:
    for alert in alerts("suzhou").values():
        assert set(re.findall(r'site="([^"]+)"', alert.expression)) == {"suzhou"}
        assert alert.for_seconds >= 60
    assert alerts("suzhou")["NothingMeasured"].expression.startswith("absent(")


def test_only_main_watches_the_internet_access() -> None:
    assert threshold(alerts("main")["InternetNearlyFull"]) == 18e9
    assert "InternetNearlyFull" not in alerts("wuxi")
    assert threshold(alerts("wuxi")["ConnectionsNearlyFull"]) == 0.9 * 28_600


def test_the_rule_object_says_what_the_plan_says() -> None:
    plan = plan_site(example.small(), "suzhou", "rehearsal")
    spec = record(plan).of("PrometheusRule")["city/objectives"]["spec"]
    rules = [rule for group in spec["groups"] for rule in group["rules"]]
    assert [rule["alert"] for rule in rules] == [a.name for a in plan.monitoring.alerts]
    assert [rule["expr"] for rule in rules] == [a.expression for a in plan.monitoring.alerts]
    assert rules[0]["for"] == "300s"
    assert [group["name"] for group in spec["groups"]] == ["login", "edge"]
