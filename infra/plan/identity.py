"""Keycloak: where the one realm lives, and how it runs."""

from __future__ import annotations

from infra.plan.realm import REALM, realm_json
from infra.plan.values import MountPlan, ServicePlan, WorkloadPlan
from infra.plan.workloads import priority_of
from province.platform import Tier
from province.province import Province
from province.sites import Site

PATH = "/identity"
_NAME = "keycloak"
_NAMESPACE = "identity"
_SETTINGS = "keycloak-settings"
"""A Secret with `keycloak.conf`: the database's address and password. It is not made here."""
_REALM_FILES = "realm"
_HEALTH_PORT = 9000
"""Keycloak's management port, which no Service leads to."""
_CPU_TARGET_PERCENT = 60


def plan_identity(province: Province, site: Site) -> ServicePlan:
    """The realm as files and Keycloak beside it.

    A realm that is not there is imported at start; one that is there is left as it is, for
    `--import-realm` never overwrites accounts. A changed realm is applied by its administrators'
    own partial import of the same file.
    """
    service = province.center.identity
    return ServicePlan(
        name=_REALM_FILES,
        files=((f"{REALM}-realm.json", realm_json(province)),),
        realm=True,
        workload=WorkloadPlan(
            name=_NAME,
            namespace=_NAMESPACE,
            tier=Tier.PROVINCE,
            image=service.image,
            port=8080,
            service_account=_NAME,
            replicas=service.replicas,
            replicas_max=service.replicas_max,
            available_min=service.replicas - 1,
            cpu_target_percent=_CPU_TARGET_PERCENT,
            requests=service.requests,
            limits=service.limits,
            priority_class=priority_of(Tier.PROVINCE),
            path_prefixes=(PATH,),
            ready_path=f"{PATH}/health/ready",
            live_path=f"{PATH}/health/live",
            health_port=_HEALTH_PORT,
            arguments=_arguments(f"https://{site.id}.{province.platform.domain}{PATH}"),
            mounts=(
                MountPlan(name=_REALM_FILES, path="/opt/keycloak/data/import"),
                MountPlan(name=_SETTINGS, path="/run/keycloak", secret=True),
            ),
        ),
    )


def _arguments(address: str) -> tuple[str, ...]:
    """The edge ends TLS, so Keycloak speaks plain HTTP inside, and believes the edge's headers.

    What is decided when an image is built cannot be said here (`--optimized`): ours is built with
    `--db=postgres --http-relative-path=/identity --health-enabled=true --metrics-enabled=true`.
    """
    return (
        "--config-file=/run/keycloak/keycloak.conf",
        "start",
        "--optimized",
        "--import-realm",
        f"--hostname={address}",
        "--http-enabled=true",
        "--proxy-headers=xforwarded",
    )
