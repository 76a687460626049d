"""Builds a stack's components against Pulumi's mocks and keeps what was registered."""

from __future__ import annotations

import asyncio
import contextvars
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi.runtime import mocks
from pulumi.runtime.stack import wait_for_rpcs

from infra.components.clusters import Clusters
from infra.components.site import Site
from infra.fleet.looks import StackPlan
from infra.plan.clusters import ClustersPlan


@dataclass(frozen=True, kw_only=True)
class Registered:
    type: str
    name: str
    inputs: dict[str, Any]


class Recorder(mocks.Mocks):
    def __init__(self) -> None:
        self.seen: list[Registered] = []

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        self.seen.append(Registered(type=args.typ, name=args.name, inputs=args.inputs))
        return f"{args.name}-id", args.inputs

    def call(self, args: mocks.MockCallArgs) -> dict[str, Any]:  # noqa: ARG002 - the SDK's name
        return {}


class Recording:
    def __init__(self, seen: list[Registered]) -> None:
        self.all = seen

    def of(self, kind: str) -> dict[str, dict[str, Any]]:
        return {r.name: r.inputs for r in self.all if r.type.endswith(f":{kind}")}


def record(plan: StackPlan) -> Recording:
    recorder = Recorder()
    contextvars.copy_context().run(_build, plan, recorder)  # Pulumi keeps its root resource there
    return Recording(recorder.seen)


def _build(plan: StackPlan, recorder: Recorder) -> None:
    """The mock monitor opens an event loop in each of its threads; here they are closed again."""
    loops = [asyncio.new_event_loop()]

    def begin() -> None:
        loops.append(asyncio.new_event_loop())
        asyncio.set_event_loop(loops[-1])

    loop = loops[0]
    asyncio.set_event_loop(loop)
    loop.set_default_executor(ThreadPoolExecutor(initializer=begin))
    try:
        pulumi.runtime.set_mocks(recorder, project="suyun", stack=plan.stack, preview=False)
        build = Clusters if isinstance(plan, ClustersPlan) else Site
        build(plan, "kubeconfig-of-the-test")  # type: ignore[arg-type]  # each its own
        loop.run_until_complete(wait_for_rpcs())
        loop.run_until_complete(loop.shutdown_default_executor())
    finally:
        for opened in loops:
            opened.close()
        asyncio.set_event_loop(None)
