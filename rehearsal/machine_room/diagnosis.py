"""Why a control plane did not come up, in words: a cause, the log's end, and a hint."""

from __future__ import annotations

from collections.abc import Sequence

from processes.supervisor import ProcessError, Running

_LINES = 4
_LINE_LENGTH_MAX = 300

_HINTS = (
    ("no space left on device", "free some disk space and start again"),
    ("address already in use", "end what holds the address, or ./suyun room stop"),
    ("too many open files", "raise the limit on open files (ulimit -n) and start again"),
    ("cannot allocate memory", "free some memory, or rehearse fewer sites"),
)


def ended(running: Running) -> ProcessError:
    """A program that ended while it was needed."""
    code = running.exit_code
    how = f"was ended by signal {-code}" if code is not None and code < 0 else f"ended ({code})"
    return ProcessError(f"{running.command.name} {how}{_tail(running)}", _hint([running]))


def too_late(site: str, what: str, seconds: float, programs: Sequence[Running]) -> ProcessError:
    """A condition that did not come true in time; the newest program is the likely reason."""
    tail = _tail(programs[-1]) if programs else ""
    return ProcessError(
        f"{site}: after {seconds:.0f} s it is still not so that {what}{tail}", _hint(programs)
    )


def _tail(running: Running) -> str:
    lines = [line[:_LINE_LENGTH_MAX] for line in running.log_tail(_LINES).splitlines()]
    return "; its log ends:\n" + "\n".join(f"    {line}" for line in lines) if lines else ""


def _hint(programs: Sequence[Running]) -> str:
    logs = "\n".join(running.log_tail(50) for running in programs).lower()
    for sign, hint in _HINTS:
        if sign in logs:
            return hint
    folder = programs[-1].command.log.parent if programs else ""
    return f"the whole log is in {folder}; ./suyun doctor checks the machine"
