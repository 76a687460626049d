from __future__ import annotations

from types import SimpleNamespace

from infra.fleet.readiness import missing_of
from infra.plan.site import plan_site
from infra.plan.values import SitePlan
from tests.infra import example


def thing(**fields: object) -> SimpleNamespace:
    return SimpleNamespace(**fields)


def named(namespace: str | None, name: str, **fields: object) -> SimpleNamespace:
    return thing(metadata=thing(namespace=namespace, name=name, generation=1, labels={}), **fields)


class FakeCluster:
    """A cluster in which all that is planned stands, until a test takes something away."""

    def __init__(self, plan: SitePlan) -> None:
        self._namespaces = [
            named(None, n.name, status=thing(phase="Active")) for n in plan.namespaces
        ]
        self._deployments = [_deployment(w.namespace, w.name, w.replicas) for w in plan.workloads]
        self._budgets = [
            named(w.namespace, w.name, status=thing(current_healthy=4, desired_healthy=3))
            for w in plan.workloads
        ]
        self._pods: list[SimpleNamespace] = []

    def namespaces(self) -> list[SimpleNamespace]:
        return self._namespaces

    def deployments(self) -> list[SimpleNamespace]:
        return self._deployments

    def budgets(self) -> list[SimpleNamespace]:
        return self._budgets

    def pods(self, namespace: str) -> list[SimpleNamespace]:
        return [pod for pod in self._pods if pod.metadata.namespace == namespace]


def _deployment(namespace: str, name: str, replicas: int) -> SimpleNamespace:
    status = thing(
        observed_generation=1,
        updated_replicas=replicas,
        available_replicas=replicas,
        replicas=replicas,
        conditions=None,
    )
    selector = thing(match_labels={"app.kubernetes.io/name": name})
    return named(namespace, name, status=status, spec=thing(replicas=replicas, selector=selector))


def suzhou() -> SitePlan:
    return plan_site(example.small(), "suzhou", "rehearsal")


def missing(fake: FakeCluster) -> tuple[str, ...]:
    return missing_of(suzhou(), fake)  # type: ignore[arg-type]  # a fake takes its place


def test_a_site_that_stands_misses_nothing() -> None:
    assert missing(FakeCluster(suzhou())) == ()


def test_more_replicas_than_planned_are_the_autoscalers_affair() -> None:
    fake = FakeCluster(suzhou())
    fake._deployments[0] = _deployment("city", "login", 8)
    assert missing(fake) == ()


def test_fewer_replicas_than_planned_are_not_ready() -> None:
    fake = FakeCluster(suzhou())
    fake._deployments[0] = _deployment("city", "login", 2)
    assert missing(fake) == ("Deployment city/login: 2 of 2 replicas available",)


def test_pods_that_wait_say_why() -> None:
    fake = FakeCluster(suzhou())
    fake._deployments[0].status.available_replicas = 3
    pod = named("city", "login-1")
    pod.metadata.labels = {"app.kubernetes.io/name": "login"}
    condition = thing(
        type="PodScheduled", status="False", reason="Unschedulable", message="0/9 nodes"
    )
    waiting = thing(
        state=thing(waiting=thing(reason="ImagePullBackOff", message=None)), image="login@sha256:a"
    )
    pod.status = thing(conditions=[condition], container_statuses=[waiting])
    fake._pods = [pod, pod]
    (sentence,) = missing(fake)
    said, _, reasons = sentence.partition(" available: ")
    assert said == "Deployment city/login: 3 of 4 replicas"
    assert reasons == "Unschedulable: 0/9 nodes; ImagePullBackOff: login@sha256:a"


def test_pods_that_may_not_be_made_say_why() -> None:
    fake = FakeCluster(suzhou())
    deployment = fake._deployments[0]
    deployment.status.available_replicas = None
    deployment.status.conditions = [
        thing(type="ReplicaFailure", status="True", message="exceeded quota")
    ]
    assert missing(fake) == ("Deployment city/login: 0 of 4 replicas available: exceeded quota",)


def test_an_old_look_at_a_new_version_is_not_ready() -> None:
    fake = FakeCluster(suzhou())
    fake._deployments[0].metadata.generation = 2
    assert len(missing(fake)) == 1


def test_what_is_not_there_is_named() -> None:
    fake = FakeCluster(suzhou())
    fake._namespaces.pop(0)
    fake._namespaces[0].status.phase = "Terminating"
    fake._deployments.pop(0)
    fake._budgets.pop(0)
    assert missing(fake) == (
        "Namespace city: is not there",
        "Namespace county-gusu: Terminating",
        "Deployment city/login: is not there",
        "PodDisruptionBudget city/login: is not there",
    )


def test_a_budget_without_enough_healthy_pods_is_not_ready() -> None:
    fake = FakeCluster(suzhou())
    fake._budgets[0].status = thing(current_healthy=2, desired_healthy=3)
    assert missing(fake) == ("PodDisruptionBudget city/login: 2 healthy of 3 needed",)
