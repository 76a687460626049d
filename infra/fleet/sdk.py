"""Mends seven things of Pulumi's Python SDK 3.216, in the worker's process alone.

1. `wait_for_rpcs` turns the event loop as fast as it can while anything is outstanding, and takes
   a whole core from the engine and the provider that it waits for: 8 s of processor time in an
   `up` of 143 resources, 2 s once `Patience` lets it rest.
2. An event's `detailedDiff` and `policyAnalyzeSummaryEvent` are dropped when the SDK makes its own
   values of Pulumi's JSON. `keep_raw_events` keeps the JSON.
3. Each resource is registered with the whole stack trace that led to it, of this machine's paths:
   a third of the 2 MB of state of 143 resources, which Pulumi writes some 300 times in an `up`
   (two thirds of its processor time). `forget_stack_traces` leaves it out.
4. Selecting a stack writes to a file that all workers share, and every command names its stack
   anyway. `Workspace` leaves it out, and creates stacks one at a time: the file backend is not
   safe for two at once.
5. Each resource is told of in some five debug messages, each a call to the engine of its own that
   everything waits for, and comes back as an event; the engine shows none of them.
   `say_no_debug` sends none.
6. The types of a class's properties are resolved anew for each object, 15,000 annotations in a
   site. `remember_types` resolves them once a class.
7. After an `up` Pulumi is started three times more, after a destroy once, to tell outputs and
   history, which are read from the state itself where they are needed; and before each operation
   to tell its version, which the toolchain has seen to. `ask_nothing_afterwards` and `Pulumi` ask
   for none of it.

The fifth and sixth took 0.6 of 4.9 s of processor time in a preview of 232 resources.
"""

from __future__ import annotations

import asyncio
import fcntl
import functools
from pathlib import Path
from typing import Any

import pulumi.log
import pulumi.runtime.resource
import pulumi.runtime.stack
from pulumi._version import version as sdk_version
from pulumi.automation import EngineEvent, LocalWorkspace, PulumiCommand, Stack
from pulumi.runtime.proto import source_pb2

_NO_SUMMARY = object()
_TURNS_BETWEEN_RESTS = 64
_REST_SECONDS = 0.005
"""Turns drain what is done, so they must not each rest: 143 resources have some 2,000 outputs."""


class Patience:
    """Stands for the `asyncio` module where the SDK waits: every 64th empty sleep is a real one."""

    def __init__(self) -> None:
        self._turns = 0

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever asyncio has
        return getattr(asyncio, name)

    async def sleep(self, seconds: float) -> None:
        """Sleeps as asked, but now and then rests when asked for nothing."""
        self._turns += 1
        rests = seconds == 0 and self._turns % _TURNS_BETWEEN_RESTS == 0
        await asyncio.sleep(_REST_SECONDS if rests else seconds)


class RawEvent(EngineEvent):
    """An engine event with the JSON that it was made of."""

    raw: dict[str, Any]


def be_patient() -> None:
    """Makes the SDK rest while it waits."""
    pulumi.runtime.stack.asyncio = Patience()  # type: ignore[attr-defined, assignment]  # in its place


def keep_raw_events() -> None:
    """Makes every event from now on a RawEvent."""
    parse = EngineEvent.from_json

    def with_raw(data: dict[str, Any]) -> EngineEvent:
        event = parse(data)
        event.raw = data  # type: ignore[attr-defined]  # a RawEvent from now on
        return event

    EngineEvent.from_json = with_raw  # type: ignore[method-assign]  # on purpose


def forget_stack_traces() -> None:
    """Makes every resource from now on bear no stack trace."""
    pulumi.runtime.resource._get_stack_trace = source_pb2.StackTrace  # noqa: SLF001 - no option


def say_no_debug() -> None:
    """Makes the SDK keep its debug messages to itself."""
    pulumi.log.debug = lambda *_, **__: None


def remember_types() -> None:
    """Makes the SDK resolve a class's property types once; nobody changes what it gives out."""
    resolve = pulumi._types._types_from_py_properties  # noqa: SLF001 - no option
    pulumi._types._types_from_py_properties = functools.cache(resolve)  # noqa: SLF001 - the same


def ask_nothing_afterwards() -> None:
    """Makes operations tell nothing but their events; the SDK wants a summary, whichever."""
    Stack.outputs = lambda _: {}  # type: ignore[assignment]  # on purpose
    Stack.info = lambda *_, **__: _NO_SUMMARY  # type: ignore[assignment]  # the same


class Pulumi(PulumiCommand):
    """The command line in `root`/bin, which the toolchain takes in no version below the SDK's."""

    def __init__(self, root: Path) -> None:
        self.command = str(root / "bin" / "pulumi")
        self.version = sdk_version


class Workspace(LocalWorkspace):
    """A workspace whose stack is created when it is not there, and never selected."""

    def __init__(self, *, lock: Path, **options: Any) -> None:  # noqa: ANN401 - the SDK's options
        super().__init__(**options)
        self._lock = lock

    def select_stack(self, stack_name: str) -> None:
        """Nothing to do: every command is given `--stack`."""

    def create_stack(self, stack_name: str) -> None:
        """Creates the stack while no other worker creates one."""
        with self._lock.open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            super().create_stack(stack_name)
