"""What a rule is: the sentence it upholds, why, by which norm, and how it judges."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from policies.field import Problem
from policies.manifest import Manifest, Stack
from province.findings import Finding, Severity

Judge = Callable[[Manifest], Iterable[Problem]]
StackJudge = Callable[[Stack], Iterable[tuple[Manifest, Problem]]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Reference:
    """A norm and the place in it, such as `GB/T 22239-2019` and `8.1.3.2 CES1-06`."""

    norm: str
    clause: str

    def __str__(self) -> str:
        return f"{self.norm}: {self.clause}"


@dataclass(frozen=True, kw_only=True)
class Rule(ABC):
    """A rule. `claim` is the id of the promise that it serves (`province.claims`).

    `keeps` and `breaks` are the smallest YAML manifests that keep and break this rule alone.
    """

    id: str
    sentence: str
    claim: str
    rationale: str
    references: tuple[Reference, ...]
    keeps: str
    breaks: str
    severity: Severity = Severity.ERROR

    @abstractmethod
    def check(self, stack: Stack) -> Iterator[Finding]:
        """What breaks the rule in those manifests."""

    def _finding(self, manifest: Manifest, problem: Problem) -> Finding:
        return Finding(
            rule=self.id,
            severity=self.severity,
            subject=manifest.subject,
            evidence=problem.evidence,
            hint=problem.hint,
            location=manifest.location,
        )


@dataclass(frozen=True, kw_only=True)
class ManifestRule(Rule):
    """A rule that one manifest alone keeps or breaks."""

    judge: Judge

    def check(self, stack: Stack) -> Iterator[Finding]:
        """Judges each manifest by itself; what two containers share is said once."""
        for manifest in stack.manifests:
            for problem in dict.fromkeys(self.judge(manifest)):
                yield self._finding(manifest, problem)


@dataclass(frozen=True, kw_only=True)
class StackRule(Rule):
    """A rule between manifests: what is missing elsewhere is a problem of the one that needs it."""

    judge: StackJudge

    def check(self, stack: Stack) -> Iterator[Finding]:
        """Judges all manifests together."""
        for manifest, problem in self.judge(stack):
            yield self._finding(manifest, problem)
