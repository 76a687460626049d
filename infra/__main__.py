"""The Pulumi program: one site's stack, or the one between the sites, from its plan.

`pulumi up` by hand and the fleet engine run this same module. Stack configuration:

    suyun:site          the site's id, as in the province's file; `fleet` for the stack between them
    suyun:environment   `rehearsal` or `production`
    suyun:province      the province's file, relative to the repository unless absolute
    suyun:kubeconfig    path of the kubeconfig; without it, KUBECONFIG and its defaults hold
"""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
if str(ROOT) not in sys.path:
    # `main: infra/` makes Pulumi put this folder on the path, but the rooms are beside it.
    sys.path.insert(0, str(ROOT))

import pulumi  # noqa: E402 - the path has to be set first

from infra.components.clusters import Clusters  # noqa: E402 - the same
from infra.components.site import Site  # noqa: E402 - the same
from infra.plan.clusters import plan_clusters  # noqa: E402 - the same
from infra.plan.fleet import plan_fleet  # noqa: E402 - the same
from infra.plan.labels import FLEET  # noqa: E402 - the same
from infra.plan.site import plan_site  # noqa: E402 - the same
from province.reader import read  # noqa: E402 - the same


def main() -> None:
    """Plans what the stack's configuration names, and builds it."""
    config = pulumi.Config("suyun")
    built = _built(config.require("site"), config.require("environment"), config)
    for name, value in built.outputs.items():
        pulumi.export(name, value)


def _built(site: str, environment: str, config: pulumi.Config) -> Site | Clusters:
    province = read(ROOT / config.require("province"))
    kubeconfig = config.get("kubeconfig")
    if site == FLEET:
        return Clusters(plan_clusters(plan_fleet(province, environment)), kubeconfig)
    return Site(plan_site(province, site, environment), kubeconfig)


main()
