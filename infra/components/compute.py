"""Amounts of compute as Kubernetes writes them."""

from __future__ import annotations

from province.platform import Compute


def amounts(compute: Compute) -> dict[str, str]:
    """CPU in millis, memory in MiB, as a resource list."""
    return {"cpu": f"{compute.cpu_millis}m", "memory": f"{compute.memory_mib}Mi"}
