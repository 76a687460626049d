"""Builds a site's components against Pulumi's mocks and keeps what was registered."""

from __future__ import annotations

import asyncio
import contextvars
import gc
import warnings
from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi.runtime import mocks
from pulumi.runtime.stack import wait_for_rpcs

from infra.components.site import Site
from infra.plan.values import SitePlan


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


def record(plan: SitePlan) -> Recording:
    recorder = Recorder()
    contextvars.copy_context().run(_build, plan, recorder)  # Pulumi keeps its root resource there
    with warnings.catch_warnings():
        # The mock monitor opens an event loop in each of its threads and never closes it.
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()
    return Recording(recorder.seen)


def _build(plan: SitePlan, recorder: Recorder) -> None:
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    try:
        pulumi.runtime.set_mocks(recorder, project="suyun", stack=plan.stack, preview=False)
        Site(plan, "kubeconfig-of-the-test")
        loop.run_until_complete(wait_for_rpcs())
        loop.run_until_complete(loop.shutdown_default_executor())
    finally:
        loop.close()
        asyncio.set_event_loop(None)
