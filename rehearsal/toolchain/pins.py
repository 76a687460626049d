"""The pins: every tool and asset with its version, as data.

A release is pinned only where its SHA-256 is known from its publishers' or packagers' own
records; the other tools go straight from the cache to a build from their Go module, which the
committed go.sum pins just as hard.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

Version = tuple[int, ...]

_DASH_DASH_VERSION = ("--version",)
_KUBERNETES = "k8s.io/component-base/version"
_PULUMI = "github.com/pulumi/pulumi/sdk/v3/go/common/version"
_STRIP = "-s -w"


@dataclass(frozen=True, kw_only=True, slots=True)
class Question:
    """How a tool is asked for its version: arguments, and a pattern whose group 1 is the answer."""

    arguments: tuple[str, ...] = _DASH_DASH_VERSION
    pattern: str = r"v?(\d+\.\d+\.\d+)"
    env: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Acceptable:
    """The versions of a tool on PATH that do as well: `at_least` and later, but before `below`."""

    at_least: Version
    below: Version

    def __contains__(self, version: str) -> bool:
        return self.at_least <= parse(version) < self.below

    def __str__(self) -> str:
        return f"{_dotted(self.at_least)} or later, before {_dotted(self.below)}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Release:
    """An official release: an archive (the binary is its `member`), by URL and SHA-256."""

    url: str
    sha256: str
    member: str


@dataclass(frozen=True, kw_only=True, slots=True)
class GoTool:
    """A tool built from a Go module. `folder` lies in `tools/`.

    `seconds` is the mean of two cold builds on 2 cores, in the order of `GO_TOOLS` (a later one
    reuses what an earlier one compiled). `module_files` are taken from the module cache into the
    source folder before the build, because the module does not embed them itself.
    `releases` go by platform (`linux/amd64`).
    """

    name: str
    version: str
    module: str
    module_version: str
    package: str
    folder: str
    linker_flags: str
    acceptable: Acceptable
    seconds: float
    question: Question = Question()
    releases: Mapping[str, Release] = field(default_factory=dict)
    module_files: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class DebianTool:
    """A tool of a Debian or Ubuntu package.

    `purpose` is what the package is for, said by the doctor. `folder` is where its programs lie
    when it is not on PATH. Where it is not `needed`, a rehearsal goes on without it, and the claims
    that stand on it stay unknown.
    """

    name: str
    package: str
    acceptable: Acceptable
    question: Question
    purpose: str
    folder: Path | None = None
    needed: bool = True
    seconds: float = 15.0

    @property
    def version(self) -> str:
        """What is wanted, for people."""
        return str(self.acceptable)


@dataclass(frozen=True, kw_only=True, slots=True)
class Asset:
    """A folder of a Go module that `tools/crds/go.mod` requires; only `files`, where given.

    Of files with many definitions, only those named in `definitions`, where given.
    """

    name: str
    module: str
    module_version: str
    folder: str
    files: tuple[str, ...] = ()
    definitions: tuple[str, ...] = ()


Pin = GoTool | DebianTool


def parse(version: str) -> Version:
    """`1.34.4` as a tuple that compares. Raises ValueError for anything else."""
    return tuple(int(part) for part in version.split("."))


def _dotted(version: Version) -> str:
    return ".".join(str(part) for part in version)


def _kubernetes(component: str, seconds: float) -> GoTool:
    return GoTool(
        name=f"kube-{component}",
        version="1.34.4",
        module="k8s.io/kubernetes",
        module_version="v1.34.4",
        package=f"k8s.io/kubernetes/cmd/kube-{component}",
        folder="kubernetes",
        linker_flags=f"{_STRIP} -X {_KUBERNETES}.gitVersion=v1.34.4"
        f" -X {_KUBERNETES}.gitMajor=1 -X {_KUBERNETES}.gitMinor=34",
        acceptable=Acceptable(at_least=(1, 34, 0), below=(1, 35, 0)),
        seconds=seconds,
    )


def _etcd_release(architecture: str, sha256: str) -> Release:
    name = f"etcd-v3.6.5-linux-{architecture}"
    return Release(
        url=f"https://github.com/etcd-io/etcd/releases/download/v3.6.5/{name}.tar.gz",
        sha256=sha256,
        member=f"{name}/etcd",
    )


def _provider_release(architecture: str, sha256: str) -> Release:
    name = f"pulumi-resource-kubernetes-v4.25.0-linux-{architecture}.tar.gz"
    return Release(
        url=f"https://api.pulumi.com/releases/plugins/{name}",
        sha256=sha256,
        member="pulumi-resource-kubernetes",
    )


def _of_ceph(name: str, package: str) -> DebianTool:
    """Each package brings what it depends on: ceph-base, ceph-common."""
    return DebianTool(
        name=name,
        package=package,
        acceptable=Acceptable(at_least=(16, 2, 0), below=(19, 0, 0)),
        question=Question(pattern=r"ceph version (\d+\.\d+\.\d+)"),
        purpose="object storage that is really replicated",
        needed=False,
    )


def _of_postgresql(name: str) -> DebianTool:
    """Debian keeps the programs of each major version in a folder of its own, off PATH."""
    return DebianTool(
        name=name,
        package="postgresql-15",
        acceptable=Acceptable(at_least=(15, 0), below=(16, 0)),
        question=Question(pattern=r"\(PostgreSQL\) (\d+\.\d+)"),
        purpose="the base database and its replicas",
        folder=Path("/usr/lib/postgresql/15/bin"),
        needed=False,
    )


GO_TOOLS = (
    GoTool(
        name="etcd",
        version="3.6.5",
        module="go.etcd.io/etcd/server/v3",
        module_version="v3.6.5",
        package=".",
        folder="etcd",
        linker_flags=_STRIP,
        # 3.4, which Debian 12 has, lacks watch progress.
        acceptable=Acceptable(at_least=(3, 6, 0), below=(3, 7, 0)),
        seconds=38,
        # As the release's own SHA256SUMS has them; several distributions record the same.
        releases={
            "linux/amd64": _etcd_release(
                "amd64", "66bad39ed920f6fc15fd74adcb8bfd38ba9a6412f8c7852d09eb11670e88cac3"
            ),
            "linux/arm64": _etcd_release(
                "arm64", "7010161787077b07de29b15b76825ceacbbcedcb77fe2e6832f509be102cab6b"
            ),
        },
    ),
    GoTool(
        name="kwok",
        version="0.7.0",
        module="sigs.k8s.io/kwok",
        module_version="v0.7.0",
        package="sigs.k8s.io/kwok/cmd/kwok",
        folder="kwok",
        linker_flags=f"{_STRIP} -X sigs.k8s.io/kwok/pkg/consts.Version=v0.7.0",
        acceptable=Acceptable(at_least=(0, 7, 0), below=(0, 8, 0)),
        seconds=77,
    ),
    GoTool(
        name="kueue",
        version="0.12.2",
        module="sigs.k8s.io/kueue",
        module_version="v0.12.2",
        package=".",
        folder="kueue",
        linker_flags=f"{_STRIP} -X main.version=v0.12.2",
        # It is our own main package that is asked for its version, so a later one is not ours.
        acceptable=Acceptable(at_least=(0, 12, 2), below=(0, 12, 3)),
        seconds=68,
    ),
    _kubernetes("apiserver", 201),
    _kubernetes("controller-manager", 62),
    _kubernetes("scheduler", 6),
    GoTool(
        name="pulumi",
        version="3.216.0",
        module="github.com/pulumi/pulumi/pkg/v3",
        module_version="v3.216.0",
        package="github.com/pulumi/pulumi/pkg/v3/cmd/pulumi",
        folder="pulumi",
        # Without it the Automation API refuses the program.
        linker_flags=f"{_STRIP} -X {_PULUMI}.Version=v3.216.0",
        # Never older than the Python SDK that drives it.
        acceptable=Acceptable(at_least=(3, 216, 0), below=(4, 0, 0)),
        seconds=118,
        question=Question(arguments=("version",), env={"PULUMI_SKIP_UPDATE_CHECK": "true"}),
    ),
    GoTool(
        name="pulumi-resource-kubernetes",
        version="4.25.0",
        module="github.com/pulumi/pulumi-kubernetes/provider/v4",
        module_version="v4.0.0-20260115033456-f47bc2d6f199",
        package=".",
        folder="pulumi-resource-kubernetes",
        linker_flags=f"{_STRIP} -X main.version=v4.25.0",
        acceptable=Acceptable(at_least=(4, 25, 0), below=(4, 26, 0)),
        seconds=412,
        # As nixpkgs records them for its pulumi-bin package.
        releases={
            "linux/amd64": _provider_release(
                "amd64", "6ea3d53c16a00c4d1017c4d109928d8f4801fd7cd978965cd43917561f3774b0"
            ),
            "linux/arm64": _provider_release(
                "arm64", "e4260240ed14bff6ed1a5a25a362311380ea1c072544fc262532b8197ea0725c"
            ),
        },
        module_files=("cmd/pulumi-resource-kubernetes/schema.json",),
    ),
)

DEBIAN_TOOLS: tuple[DebianTool, ...] = (
    DebianTool(
        name="nginx",
        package="nginx",
        acceptable=Acceptable(at_least=(1, 19, 4), below=(2, 0, 0)),
        question=Question(arguments=("-v",), pattern=r"nginx/(\d+\.\d+\.\d+)"),
        purpose="the edge, in front of the reference platform",
    ),
    *(_of_ceph(name, "ceph-mon") for name in ("ceph-mon", "monmaptool", "osdmaptool")),
    _of_ceph("ceph-osd", "ceph-osd"),
    *(_of_ceph(name, "radosgw") for name in ("radosgw", "radosgw-admin")),
    *(
        _of_postgresql(name)
        for name in (
            "postgres",
            "initdb",
            "pg_basebackup",
            "pg_controldata",
            "pg_ctl",
            "pg_dump",
            "pg_isready",
            "pg_restore",
            "pg_rewind",
            "pg_verifybackup",
            "psql",
        )
    ),
    DebianTool(
        name="ip",
        package="iproute2",
        acceptable=Acceptable(at_least=(5, 10, 0), below=(7, 0, 0)),
        question=Question(arguments=("-V",), pattern=r"iproute2-(\d+\.\d+\.\d+)"),
        purpose="networks of sites whose links can be cut",
        folder=Path("/usr/sbin"),
        needed=False,
    ),
)

_ALL: tuple[Pin, ...] = (*DEBIAN_TOOLS, *GO_TOOLS)
PINS: Mapping[str, Pin] = {pin.name: pin for pin in _ALL}
"""By name, in the order in which missing ones are made."""

_OCM_CLUSTERS = "clusters.open-cluster-management.io"


def _definitions(name: str, module: str, module_version: str, folder: str, *files: str) -> Asset:
    return Asset(
        name=f"{name}-crds",
        module=module,
        module_version=module_version,
        folder=folder,
        files=files,
    )


def _of_kueue(name: str, *kinds: str) -> Asset:
    files = (f"kueue.x-k8s.io_{kind}.yaml" for kind in kinds)
    folder = "config/components/crd/bases"
    return _definitions(name, "sigs.k8s.io/kueue", "v0.12.2", folder, *files)


def _of_rook(*kinds: str) -> Asset:
    """Those that a site has objects of; the one file has 760 KB, and every API server keeps it."""
    return Asset(
        name="rook-crds",
        module="github.com/rook/rook",
        module_version="v1.15.0",
        folder="deploy/examples",
        files=("crds.yaml",),
        definitions=tuple(f"{kind}.ceph.rook.io" for kind in kinds),
    )


def _of_clusters(version: str, *files: str) -> Asset:
    name, module = f"clusters-{version}", "open-cluster-management.io/api"
    return _definitions(name, module, "v1.0.0", f"cluster/{version}", *files)


DEFINITIONS = (
    _definitions("gateway-api", "sigs.k8s.io/gateway-api", "v1.4.0", "config/crd/standard"),
    _of_kueue(
        "kueue",
        "admissionchecks",
        "clusterqueues",
        "cohorts",
        "localqueues",
        "multikueueclusters",
        "multikueueconfigs",
        "resourceflavors",
    ),
    _of_clusters("v1", f"0000_00_{_OCM_CLUSTERS}_managedclusters.crd.yaml"),
    _of_clusters("v1beta1", f"0000_02_{_OCM_CLUSTERS}_placements.crd.yaml"),
    _of_clusters(
        "v1beta2",
        f"0000_00_{_OCM_CLUSTERS}_managedclustersets.crd.yaml",
        f"0000_01_{_OCM_CLUSTERS}_managedclustersetbindings.crd.yaml",
    ),
    _definitions(
        "prometheus-operator",
        "github.com/prometheus-operator/prometheus-operator",
        "v0.83.0",
        "example/prometheus-operator-crd",
        "monitoring.coreos.com_prometheusrules.yaml",
    ),
    _definitions(
        "cloudnative-pg",
        "github.com/cloudnative-pg/cloudnative-pg",
        "v1.27.0",
        "config/crd/bases",
        "postgresql.cnpg.io_clusters.yaml",
        "postgresql.cnpg.io_scheduledbackups.yaml",
    ),
    _definitions(
        "velero",
        "github.com/vmware-tanzu/velero",
        "v1.17.0",
        "config/crd/v1/bases",
        "velero.io_backupstoragelocations.yaml",
        "velero.io_schedules.yaml",
    ),
    _definitions(
        "snapshots",
        "github.com/kubernetes-csi/external-snapshotter/client/v8",
        "v8.2.0",
        "config/crd",
        "snapshot.storage.k8s.io_volumesnapshotclasses.yaml",
    ),
    _of_rook(
        "cephblockpools",
        "cephclusters",
        "cephobjectrealms",
        "cephobjectstores",
        "cephobjectstoreusers",
        "cephobjectzonegroups",
        "cephobjectzones",
    ),
)
"""CustomResourceDefinitions that every site gets, each the project's own."""
CRDS = tuple(asset.name for asset in DEFINITIONS)
"""Their names."""


def _of_cluster_api(name: str, folder: str, *files: str) -> Asset:
    return _definitions(name, "sigs.k8s.io/cluster-api", "v1.12.0", folder, *files)


MANAGEMENT_DEFINITIONS = (
    _of_cluster_api(
        "cluster-api",
        "config/crd/bases",
        "cluster.x-k8s.io_clusters.yaml",
        "cluster.x-k8s.io_machinedeployments.yaml",
        "cluster.x-k8s.io_machinehealthchecks.yaml",
        "cluster.x-k8s.io_machines.yaml",
    ),
    _of_cluster_api(
        "cluster-api-control-plane",
        "controlplane/kubeadm/config/crd/bases",
        "controlplane.cluster.x-k8s.io_kubeadmcontrolplanes.yaml",
    ),
    _of_cluster_api(
        "cluster-api-bootstrap",
        "bootstrap/kubeadm/config/crd/bases",
        "bootstrap.cluster.x-k8s.io_kubeadmconfigtemplates.yaml",
    ),
)
"""Those that the cluster which manages the others gets as well: the kinds that are asked for."""
MANAGEMENT_CRDS = tuple(asset.name for asset in MANAGEMENT_DEFINITIONS)
"""Their names."""

QUEUE_DEFINITIONS = _of_kueue("kueue-controller", "workloads")
"""What Kueue's controller makes itself, for sites where it runs: 660 KB, so not for every site."""
QUEUE_ROLE = Asset(
    name="kueue-role",
    module="sigs.k8s.io/kueue",
    module_version="v0.12.2",
    folder="config/components/rbac",
    files=("role.yaml",),
)
"""What that controller may do, as its project has it."""

ASSETS: Mapping[str, Asset] = {
    asset.name: asset
    for asset in (
        *DEFINITIONS,
        *MANAGEMENT_DEFINITIONS,
        QUEUE_DEFINITIONS,
        QUEUE_ROLE,
        Asset(
            name="kwok-stages",
            module="sigs.k8s.io/kwok",
            module_version="v0.7.0",
            folder="kustomize/stage",
        ),
    )
}
