"""Rules about alerts: whoever is woken by one knows what is wrong and how bad it is."""

from __future__ import annotations

from collections.abc import Iterator

from policies.field import Field, Problem, equals, require
from policies.manifest import Manifest
from policies.norms import gbt
from policies.rule import ManifestRule


def _can_be_acted_on(manifest: Manifest) -> Iterator[Problem]:
    if not manifest.is_a("PrometheusRule", group="monitoring.coreos.com"):
        return
    groups = manifest.root["spec"]["groups"]
    yield from require(groups, lambda value: value != [], f"list in {groups.path} the alerts")
    for group in groups.each():
        rules = group["rules"]
        yield from require(rules, lambda value: value != [], f"list in {rules.path} the alerts")
        for rule in rules.each():
            if rule["record"].is_missing or rule["record"].is_unknown:
                yield from _alert(rule)


def _alert(rule: Field) -> Iterator[Problem]:
    for field, hint in (
        (rule["expr"], "to a PromQL expression"),
        (rule["for"], "to how long it has to be true, such as 5m"),
        (rule["annotations"]["summary"], "to a sentence that says what is wrong"),
    ):
        yield from require(field, lambda value: value not in ("", "0s"), f"set {field.path} {hint}")
    severity = rule["labels"]["severity"]
    hint = f"set {severity.path} to critical or warning"
    yield from require(severity, equals("critical", "warning"), hint)


RULES = (
    ManifestRule(
        id="alerts-can-be-acted-on",
        sentence="Each alert says how bad it is, how long it has lasted and what is wrong",
        claim="security",
        rationale="An alert without severity reaches nobody, one without duration wakes somebody "
        "for each blip, and both are soon switched off, with those that matter.",
        references=(
            gbt("8.1.3.3 ABS1-13 (alarms at serious intrusions)"),
            gbt("8.1.5.4 SMC1-12 (what happens is recognised and reported)"),
        ),
        judge=_can_be_acted_on,
        keeps="""\
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata: {name: objectives, namespace: city}
spec:
  groups:
    - name: login
      rules:
        - alert: LoginErrors
          expr: failed / requests > 0.001
          for: 5m
          labels: {severity: critical}
          annotations: {summary: logins fail}
""",
        breaks="""\
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata: {name: objectives, namespace: city}
spec:
  groups:
    - name: login
      rules:
        - alert: LoginErrors
          expr: failed / requests > 0.001
          for: 5m
          labels: {severity: loud}
          annotations: {summary: logins fail}
""",
    ),
)
