"""Which cluster is which: by the UID of its namespace `kube-system`, made with the cluster.

Whoever says `up` with another cluster's kubeconfig would make one site in another's place. So the
first `up` of a stack keeps its cluster's identity beside the stack's state, and from then on every
operation wants to see it again; and no two sites may be one cluster.
"""

from __future__ import annotations

from pathlib import Path

from kubernetes import client

from infra.fleet.cluster import TIMEOUT_SECONDS, reached
from infra.fleet.errors import WrongClusterError
from infra.plan.clusters import ClustersPlan
from infra.plan.labels import SITE_LABEL
from infra.plan.values import SitePlan


class Identities:
    """The identities that were kept in one folder, a file for each cluster."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._met: dict[str, str] = {}

    def require(self, plan: SitePlan | ClustersPlan, uid: str) -> None:
        """Raises WrongClusterError when the cluster of that UID is not the plan's."""
        name, file = site_of(plan), self._file(plan)
        kept = file.read_text("utf-8").strip() if file.is_file() else uid
        if kept != uid:
            raise WrongClusterError(
                name,
                f"the kubeconfig of {name} leads to the cluster {uid}, but {plan.stack} was made "
                f"in the cluster {kept}",
                "give the kubeconfig of that cluster; had it been made anew, its stack would have "
                f"to go with it: remove {file} and the stack's state",
            )
        other = self._met.setdefault(uid, name)
        if other != name:
            raise WrongClusterError(
                name,
                f"the kubeconfigs of {other} and {name} lead to one and the same cluster, {uid}",
                "give each site its own kubeconfig",
            )

    def keep(self, plan: SitePlan | ClustersPlan, uid: str) -> None:
        """From now on the plan's cluster is that one."""
        self._folder.mkdir(parents=True, exist_ok=True)
        self._file(plan).write_text(f"{uid}\n", "utf-8")

    def forget(self, plan: SitePlan | ClustersPlan) -> None:
        """The stack is gone, and may be made anywhere."""
        self._file(plan).unlink(missing_ok=True)

    def _file(self, plan: SitePlan | ClustersPlan) -> Path:
        return self._folder / f"{plan.environment}.{site_of(plan)}"


def site_of(plan: SitePlan | ClustersPlan) -> str:
    """The site in whose cluster the plan's stack stands."""
    return plan.management if isinstance(plan, ClustersPlan) else plan.site


def require_site(plan: SitePlan | ClustersPlan, kubeconfig: Path) -> str:
    """The cluster's identity.

    Raises WrongClusterError when its machines are another site's, and FleetError when nobody
    answers.
    """
    site = site_of(plan)
    with reached(site, kubeconfig) as api:
        core = client.CoreV1Api(api)
        nodes = core.list_node(
            label_selector=SITE_LABEL, limit=1, _request_timeout=TIMEOUT_SECONDS
        ).items
        system = core.read_namespace("kube-system", _request_timeout=TIMEOUT_SECONDS)
    for node in nodes:
        found = node.metadata.labels[SITE_LABEL]
        if found != site:
            raise WrongClusterError(
                site,
                f"the kubeconfig of {site} leads to the cluster of {found}",
                "give each site its own kubeconfig",
            )
    return str(system.metadata.uid)
