from __future__ import annotations

from typing import Any

from infra.fleet.orders import DriftedField
from infra.fleet.resource import is_component, resource_name
from infra.fleet.tally import Tally
from infra.fleet.violations import finding_of, plain

SITE = "urn:pulumi:rehearsal.suzhou::suyun::suyun:site:Site"
VIDEO = f"{SITE}$suyun:platform:Workload$kubernetes:apps/v1:Deployment::city/video"
WORKLOAD = f"{SITE}$suyun:platform:Workload::city/video"


def done(urn: str, op: str) -> dict[str, Any]:
    return {"resOutputsEvent": {"metadata": {"urn": urn, "op": op}}}


def begun(urn: str, op: str, **more: object) -> dict[str, Any]:
    return {"resourcePreEvent": {"metadata": {"urn": urn, "op": op, **more}}}


def diagnosed(message: str, severity: str = "error", urn: str = "") -> dict[str, Any]:
    return {"diagnosticEvent": {"message": message, "severity": severity, "urn": urn}}


def violated(message: str, urn: str = VIDEO, level: str = "mandatory") -> dict[str, Any]:
    return {
        "policyEvent": {
            "message": message,
            "policyName": "containers-have-limits",
            "enforcementLevel": level,
            "resourceUrn": urn,
        }
    }


def test_a_resource_is_called_by_kind_and_name() -> None:
    assert resource_name(VIDEO) == "Deployment city/video"
    assert not is_component(VIDEO)
    assert is_component(WORKLOAD)
    assert is_component("urn:pulumi:s::suyun::pulumi:pulumi:Stack::suyun-s")


def test_a_component_that_is_told_twice_counts_once() -> None:
    tally = Tally("suzhou")
    tally.take(done(WORKLOAD, "create"))
    tally.take(done(VIDEO, "create"))
    step = tally.take(done(WORKLOAD, "create"))
    assert step is not None
    assert step.done == 2
    assert tally.end(1.0, failed=None).created == 2


def test_each_kind_of_step_is_counted_as_its_own() -> None:
    tally = Tally("suzhou")
    for number, op in enumerate(["create", "update", "create-replacement", "delete", "same"]):
        tally.take(done(f"{VIDEO}{number}", op))
    assert tally.take(done(f"{VIDEO}9", "refresh")) is None
    end = tally.end(1.0, failed=None)
    assert (end.created, end.updated, end.replaced, end.deleted, end.same) == (1, 1, 1, 1, 1)


def test_rules_are_counted_once_over_all_resources() -> None:
    tally = Tally("suzhou")
    tally.take({"policyAnalyzeSummaryEvent": {"passed": ["a", "b"], "failed": ["c"]}})
    tally.take({"policyAnalyzeSummaryEvent": {"passed": ["b", "c"]}})
    tally.take({"policyAnalyzeStackSummaryEvent": {"passed": ["d"]}})
    assert tally.end(1.0, failed=None).rules == 4


def test_an_error_is_the_first_that_says_something() -> None:
    tally = Tally("suzhou")
    tally.take(diagnosed("a warning", severity="warning"))
    tally.take(diagnosed("<{%fg 1%}>no such kind<{%reset%}>\n", urn=VIDEO))
    tally.take(diagnosed("preview failed"))
    assert tally.end(1.0, failed="code 255").error == "Deployment city/video: no such kind"


def test_without_a_diagnosis_the_caller_knows() -> None:
    assert Tally("suzhou").end(1.0, failed="code 255").error == "code 255"
    assert Tally("suzhou").end(1.0, failed=None).error is None


def test_policy_findings_explain_the_failure() -> None:
    tally = Tally("suzhou")
    tally.take(diagnosed("something that came of it"))
    tally.take(violated("Deployment city/video: no limits\nFix: set limits"))
    end = tally.end(1.0, failed="code 255")
    assert end.error == "stopped by 1 policy findings (containers-have-limits)"


def test_a_violation_becomes_a_finding() -> None:
    message = "<{%bold%}>Deployment city/video: no limits<{%reset%}>\nFix: set limits\n"
    finding = finding_of(violated(message)["policyEvent"], "suzhou")
    assert finding.rule == "containers-have-limits"
    assert finding.subject == "Deployment city/video at suzhou"
    assert (finding.evidence, finding.hint) == ("no limits", "set limits")
    assert finding.severity == "error"


def test_a_violation_of_the_stack_names_its_own_subject() -> None:
    event = violated("Namespace school: no policy\nFix: deny first", urn="", level="advisory")
    finding = finding_of(event["policyEvent"], "suzhou")
    assert finding.subject == "Namespace school at suzhou"
    assert finding.severity == "warning"


def test_a_violation_in_another_form_is_still_a_finding() -> None:
    finding = finding_of(violated("nothing like the contract")["policyEvent"], "suzhou")
    assert finding.evidence == "nothing like the contract"
    assert finding.hint == "./suyun policies explain containers-have-limits"


def test_colours_go() -> None:
    assert plain("<{%fg 1%}>red<{%reset%}> \n") == "red"


def drifted(*steps: dict[str, Any]) -> tuple[DriftedField, ...]:
    tally = Tally("suzhou", sees_drift=True)
    for step in steps:
        tally.take(step)
    return tally.end(1.0, failed=None).drift


def test_drift_names_code_and_live_value() -> None:
    path = 'metadata.labels["a.b/c"]'
    (field,) = drifted(
        begun(
            VIDEO,
            "update",
            detailedDiff={path: {"diffKind": "update"}},
            old={"outputs": {"metadata": {"labels": {"a.b/c": "changed"}}}},
            new={"inputs": {"metadata": {"labels": {"a.b/c": "planned"}}}},
        )
    )
    assert field == DriftedField(
        resource="Deployment city/video", field=path, code="planned", live="changed"
    )


def test_drift_reaches_into_lists_and_tells_what_is_not_there() -> None:
    (field,) = drifted(
        begun(
            VIDEO,
            "update",
            detailedDiff={"spec.containers[1].port": {}},
            old={"outputs": {"spec": {"containers": [{}]}}},
            new={"inputs": {"spec": {"containers": [{}, {"port": 8080}]}}},
        )
    )
    assert (field.code, field.live) == ("8080", None)


def test_an_object_that_is_gone_or_too_many_drifts_as_a_whole() -> None:
    gone, extra = drifted(begun(VIDEO, "create"), begun(VIDEO, "delete"))
    assert (gone.code, gone.live) == ("present", None)
    assert (extra.code, extra.live) == (None, "present")


def test_components_and_what_stays_do_not_drift() -> None:
    assert drifted(begun(WORKLOAD, "create"), begun(VIDEO, "same"), begun(VIDEO, "refresh")) == ()
