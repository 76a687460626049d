"""The norms that rules answer to. Clause numbers of GB/T 22239-2019 follow its level-3 items.

Item ids (`CES1-06`) are those of GB/T 28448, taken from public item lists; a reviewer who has the
printed standard corrects a number here or in the rule that cites it.
"""

from __future__ import annotations

from policies.rule import Reference


def gbt(clause: str) -> Reference:
    """A clause of the level-3 baseline (等保三级)."""
    return Reference(norm="GB/T 22239-2019 level 3", clause=clause)


def cis(section: str) -> Reference:
    """A recommendation of the CIS Kubernetes Benchmark v1.12."""
    return Reference(norm="CIS Kubernetes Benchmark v1.12", clause=section)


def pss(control: str) -> Reference:
    """A control of the Kubernetes Pod Security Standards."""
    return Reference(norm="Pod Security Standards", clause=control)


def nsa(section: str) -> Reference:
    """A section of the NSA/CISA Kubernetes Hardening Guide v1.2."""
    return Reference(norm="NSA/CISA Kubernetes Hardening Guide", clause=section)


def k8s(page: str) -> Reference:
    """A page of the Kubernetes documentation, by its title."""
    return Reference(norm="Kubernetes documentation", clause=page)


def kueue(page: str) -> Reference:
    """A page of Kueue's documentation, by its title and section."""
    return Reference(norm="Kueue documentation", clause=page)


def rook(page: str) -> Reference:
    """A page of Rook's documentation, by its title and section."""
    return Reference(norm="Rook documentation", clause=page)
