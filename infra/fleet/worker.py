"""One operation on one stack, in a process of its own: `python -m infra.fleet.worker ORDER.json`.

A process of its own because the SDK keeps the running program in module globals. What it tells
goes to standard output as JSON lines (`infra.fleet.orders`); anything that others print there goes
to standard error, which is the worker's log.

SIGTERM and SIGINT reach the whole group: Pulumi cancels in order, and this process stays to
tell how that ended.
"""

from __future__ import annotations

import os
import runpy
import signal
import sys
import time
from pathlib import Path
from typing import IO, Any

from pulumi import automation
from pulumi.automation.errors import CommandError

from infra.fleet import sdk
from infra.fleet.backend import Backend
from infra.fleet.orders import EndTold, NoteTold, StepTold, WorkerOrder
from infra.fleet.tally import Tally

_PROGRAM = "infra.__main__"


def main(order_file: Path) -> int:
    """Does the order; 0 when Pulumi did all of it."""
    for signum in (signal.SIGINT, signal.SIGTERM):
        signal.signal(signum, lambda *_: None)
    teller = _take_stdout()
    sdk.be_patient()
    sdk.keep_raw_events()
    sdk.forget_stack_traces()
    sdk.say_no_debug()
    sdk.remember_types()
    sdk.ask_nothing_afterwards()
    order = WorkerOrder.model_validate_json(order_file.read_text("utf-8"))
    end = Worker(order, teller).work()
    _tell(teller, end)
    return 0 if end.error is None else 1


class Worker:
    """Runs the order through the Automation API and tells each step."""

    def __init__(self, order: WorkerOrder, teller: IO[str]) -> None:
        self._order = order
        self._teller = teller
        self._tally = Tally(order.site, sees_drift=order.operation == "drift")

    def work(self) -> EndTold:
        """The whole operation. Pulumi's failures are told, not raised."""
        started = time.monotonic()
        failed = None
        try:
            self._operate(self._stack())
        except CommandError as error:
            failed = _last_line(str(error))
        return self._tally.end(time.monotonic() - started, failed=failed)

    def _operate(self, stack: automation.Stack) -> None:
        order = self._order
        common: dict[str, Any] = {
            "on_event": self._take,
            "parallel": order.resources_parallel,
            "color": "never",
        }
        if order.policy_pack is not None and order.operation != "destroy":
            common["policy_packs"] = [str(order.policy_pack)]
        match order.operation:
            case "preview" | "second-preview":
                stack.preview(**common)
            case "drift":
                stack.preview(refresh=True, **common)
            case "up":
                stack.up(refresh=True, suppress_progress=True, **common)
            case "destroy":
                stack.destroy(suppress_progress=True, **common)

    def _stack(self) -> automation.Stack:
        backend = Backend.of_workers()
        workspace = sdk.Workspace(
            lock=backend.folder / "create.lock",
            work_dir=str(self._order.folder),
            pulumi_command=sdk.Pulumi(self._order.pulumi_root),
            program=_program,
        )
        if not backend.has(self._order.stack):
            return automation.Stack.create(self._order.stack, workspace)
        stack = automation.Stack.select(self._order.stack, workspace)
        self._forget_pending(backend, stack)
        return stack

    def _forget_pending(self, backend: Backend, stack: automation.Stack) -> None:
        """Operations that a killed run had begun: whether they took place is seen anew.

        Creating again what exists is harmless: server-side apply takes it over.
        """
        pending = backend.pending(self._order.stack)
        if not pending:
            return
        exported = stack.export_stack()
        kept = {**(exported.deployment or {}), "pending_operations": []}
        stack.import_stack(automation.Deployment(version=exported.version, deployment=kept))
        text = f"{len(pending)} operations that an earlier run had begun are done anew"
        _tell(self._teller, NoteTold(text=text))

    def _take(self, event: automation.EngineEvent) -> None:
        step = self._tally.take(event.raw)  # type: ignore[attr-defined]  # a RawEvent
        if step is not None:
            _tell(self._teller, step)


def _program() -> None:
    """The same program that `pulumi up` runs by hand, by the name under which it runs there."""
    runpy.run_module(_PROGRAM, run_name="__main__")


def _take_stdout() -> IO[str]:
    """Keeps standard output for what we tell; everybody else's goes to standard error."""
    teller = os.fdopen(os.dup(1), "w", encoding="utf-8", buffering=1)
    os.dup2(2, 1)
    return teller


def _tell(teller: IO[str], told: StepTold | NoteTold | EndTold) -> None:
    teller.write(told.model_dump_json() + "\n")


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith("error:")]
    return (errors or lines or ["pulumi failed and said nothing"])[-1]


if __name__ == "__main__":
    raise SystemExit(main(Path(sys.argv[1])))
