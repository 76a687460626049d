"""Rules about pods where pods hide, and where single values decide."""

from __future__ import annotations

import pytest

from tests.policies.judging import evidence

PINNED = "catalogue@sha256:" + "a" * 64


@pytest.mark.parametrize(
    ("api_version", "kind", "path"),
    [
        ("v1", "Pod", "spec"),
        ("v1", "PodTemplate", "template.spec"),
        ("v1", "ReplicationController", "spec.template.spec"),
        ("apps/v1", "Deployment", "spec.template.spec"),
        ("apps/v1", "StatefulSet", "spec.template.spec"),
        ("apps/v1", "DaemonSet", "spec.template.spec"),
        ("apps/v1", "ReplicaSet", "spec.template.spec"),
        ("batch/v1", "Job", "spec.template.spec"),
        ("batch/v1", "CronJob", "spec.jobTemplate.spec.template.spec"),
    ],
)
def test_pods_are_found_in_every_workload(api_version: str, kind: str, path: str) -> None:
    keys = path.split(".")
    spec = "".join(f"{key}: {{" for key in keys) + "hostNetwork: true" + "}" * len(keys)
    text = f"{{apiVersion: {api_version}, kind: {kind}, {spec}}}"
    assert evidence("no-host-access", text) == [f"{path}.hostNetwork is true"]


def test_a_kind_of_another_api_group_has_no_pod() -> None:
    text = "{apiVersion: example.org/v1, kind: Pod, spec: {hostNetwork: true}}"
    assert evidence("no-host-access", text) == []


@pytest.mark.parametrize("kind", ["initContainers", "containers", "ephemeralContainers"])
def test_every_kind_of_container_needs_a_digest(kind: str) -> None:
    text = f"{{apiVersion: v1, kind: Pod, spec: {{{kind}: [{{image: nginx}}]}}}}"
    assert evidence("images-pinned-by-digest", text) == [f'spec.{kind}[0].image is "nginx"']


@pytest.mark.parametrize(
    ("image", "is_pinned"),
    [
        (PINNED, True),
        (f"registry.example:5000/a/{PINNED}", True),
        (f"catalogue:1.4@{PINNED.partition('@')[2]}", True),
        (PINNED[:-1], False),
        (PINNED.replace("sha256", "sha512"), False),
        (PINNED.upper(), False),
        (f"{PINNED} ", False),
        ("catalogue:latest", False),
        ("", False),
    ],
)
def test_a_digest_is_64_hex_digits_of_sha256(image: str, *, is_pinned: bool) -> None:
    text = f'{{apiVersion: v1, kind: Pod, spec: {{containers: [{{image: "{image}"}}]}}}}'
    assert (evidence("images-pinned-by-digest", text) == []) is is_pinned


def test_an_image_volume_needs_a_digest() -> None:
    text = "{apiVersion: v1, kind: Pod, spec: {volumes: [{image: {reference: books:1}}]}}"
    assert evidence("images-pinned-by-digest", text) == [
        'spec.volumes[0].image.reference is "books:1"'
    ]


@pytest.mark.parametrize(
    ("amount", "is_enough"),
    [
        ("1", True),
        ("0.5", True),
        ("250m", True),
        ("1Gi", True),
        ("1e3", True),
        ('"0"', False),
        ("0", False),
        ('"0.0"', False),
        ("0Mi", False),
        ("-1", False),
        ("much", False),
        ("", False),
        ("true", False),
        ("[1]", False),
    ],
)
def test_a_limit_is_an_amount_above_nothing(amount: str, *, is_enough: bool) -> None:
    text = (
        "{apiVersion: v1, kind: Pod, spec: {containers: [{resources: "
        f"{{requests: {{cpu: 1, memory: 1}}, limits: {{cpu: {amount}, memory: 1}}}}}}]}}}}"
    )
    assert (evidence("containers-have-limits", text) == []) is is_enough


def test_an_ephemeral_container_can_have_no_limits() -> None:
    text = "{apiVersion: v1, kind: Pod, spec: {ephemeralContainers: [{name: debug}]}}"
    assert evidence("containers-have-limits", text) == []


RESTRICTED = """\
apiVersion: v1
kind: Pod
spec:
  securityContext: {{runAsNonRoot: true, seccompProfile: {{type: RuntimeDefault}} {pod}}}
  containers:
    - securityContext:
        allowPrivilegeEscalation: false
        readOnlyRootFilesystem: true
        {container}
"""


@pytest.mark.parametrize(
    ("pod", "container", "seen"),
    [
        ("", "capabilities: {drop: [ALL], add: [NET_BIND_SERVICE]}", None),
        ("", "capabilities: {drop: [ALL], add: [NET_RAW]}", "capabilities.add[0] is"),
        ("", "capabilities: {drop: [NET_RAW]}", 'capabilities.drop is ["NET_RAW"]'),
        ("", "capabilities: {drop: [ALL]}\n        privileged: true", "privileged is true"),
        ("", "capabilities: {drop: [ALL]}\n        privileged: false", None),
        (", runAsUser: 0", "capabilities: {drop: [ALL]}", "spec.securityContext.runAsUser is 0"),
        (", runAsUser: 0", "capabilities: {drop: [ALL]}\n        runAsUser: 7", None),
        ("", "capabilities: {drop: [ALL]}\n        runAsNonRoot: false", "runAsNonRoot is false"),
        (
            "",
            "capabilities: {drop: [ALL]}\n        seccompProfile: {type: Unconfined}",
            'seccompProfile.type is "Unconfined"',
        ),
    ],
)
def test_a_container_takes_from_its_pod_what_it_does_not_say(
    pod: str, container: str, seen: str | None
) -> None:
    findings = evidence(
        "containers-run-restricted", RESTRICTED.format(pod=pod, container=container)
    )
    assert len(findings) == (seen is not None)
    assert all(seen and seen in finding for finding in findings)


def test_what_two_containers_share_is_said_once() -> None:
    text = RESTRICTED.format(pod=", runAsUser: 0", container="capabilities: {drop: [ALL]}")
    second = text[text.index("    - ") :]
    assert len(evidence("containers-run-restricted", text + second)) == 1


def test_probes_are_for_containers_that_stay() -> None:
    sidecar = "{apiVersion: v1, kind: Pod, spec: {initContainers: [{restartPolicy: Always}]}}"
    assert evidence("containers-have-probes", sidecar) == [
        "spec.initContainers[0].readinessProbe is missing",
        "spec.initContainers[0].livenessProbe is missing",
    ]
    init = "{apiVersion: v1, kind: Pod, spec: {initContainers: [{name: prepare}]}}"
    assert evidence("containers-have-probes", init) == []
    job = "{apiVersion: batch/v1, kind: Job, spec: {template: {spec: {containers: [{name: a}]}}}}"
    assert evidence("containers-have-probes", job) == []


def test_a_probe_has_to_probe_something() -> None:
    text = (
        "{apiVersion: v1, kind: Pod, spec: {containers: "
        "[{readinessProbe: {}, livenessProbe: {tcpSocket: {port: 1}}}]}}"
    )
    assert evidence("containers-have-probes", text) == ["spec.containers[0].readinessProbe is {}"]


def test_host_ports_and_namespaces_are_host_access() -> None:
    text = (
        "{apiVersion: v1, kind: Pod, spec: {hostPID: true, hostIPC: false, containers: "
        "[{ports: [{hostPort: 80}, {hostPort: 0}]}]}}"
    )
    assert evidence("no-host-access", text) == [
        "spec.hostPID is true",
        "spec.containers[0].ports[0].hostPort is 80",
    ]


def test_items_of_a_list_are_judged() -> None:
    text = (
        "{apiVersion: v1, kind: List, items: [{apiVersion: v1, kind: Pod, spec: {hostPID: true}}]}"
    )
    assert evidence("no-host-access", text) == ["spec.hostPID is true"]


def test_a_mounted_token_is_found() -> None:
    text = "{apiVersion: v1, kind: Pod, spec: {serviceAccountName: catalogue}}"
    assert evidence("default-service-account-unused", text) == [
        "spec.automountServiceAccountToken is missing"
    ]


@pytest.mark.parametrize(
    ("rule_id", "rest", "seen"),
    [
        (
            "default-service-account-unused",
            "subjects: [{kind: ServiceAccount, name: default}, {kind: User, name: default}]",
            'subjects[0].name is "default"',
        ),
        (
            "roles-name-what-they-grant",
            "roleRef: {kind: ClusterRole, name: cluster-admin}",
            'roleRef.name is "cluster-admin"',
        ),
    ],
)
def test_bindings_are_judged(rule_id: str, rest: str, seen: str) -> None:
    text = f"{{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRoleBinding, {rest}}}"
    assert evidence(rule_id, text) == [seen]


def test_a_helm_release_cannot_be_seen_into() -> None:
    text = "{apiVersion: helm.sh/v3, kind: Release, metadata: {name: rook}}"
    assert evidence("resources-are-known", text) == [
        "what a Helm Release deploys cannot be seen at preview"
    ]


def test_a_generated_name_is_a_name() -> None:
    assert evidence("resources-are-known", "{apiVersion: v1, kind: Pod, metadata: {}}") == [
        "metadata.name is missing"
    ]
    generated = "{apiVersion: v1, kind: Pod, metadata: {generateName: job-}}"
    assert evidence("resources-are-known", generated) == []
