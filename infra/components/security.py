"""What no pod of ours may do: the security contexts of Pod Security's level `restricted`."""

from __future__ import annotations

from pulumi_kubernetes.core import v1 as core

_USER = 65532
"""The usual number of `nonroot` in distroless images."""


def pod_security() -> core.PodSecurityContextArgs:
    """An ordinary user, and only the usual system calls."""
    return core.PodSecurityContextArgs(
        run_as_non_root=True,
        run_as_user=_USER,
        run_as_group=_USER,
        fs_group=_USER,
        seccomp_profile=core.SeccompProfileArgs(type="RuntimeDefault"),
    )


def container_security() -> core.SecurityContextArgs:
    """No privilege to gain, no file system to write to, no capabilities."""
    return core.SecurityContextArgs(
        allow_privilege_escalation=False,
        read_only_root_filesystem=True,
        run_as_non_root=True,
        capabilities=core.CapabilitiesArgs(drop=["ALL"]),
        seccomp_profile=core.SeccompProfileArgs(type="RuntimeDefault"),
    )
