"""Reads what a failed build wrote and says why, without any secret that stood in it."""

from __future__ import annotations

import re
from pathlib import Path

from rehearsal.toolchain.errors import ToolchainError

_TAIL_LINES = 5
_CREDENTIALS = re.compile(r"(?<=://)[^/@\s]+(?=@)")
_NO_SPACE = re.compile(r"no space left on device|disk quota exceeded", re.IGNORECASE)
_NO_NETWORK = re.compile(
    r"dial tcp|no such host|connection refused|network is unreachable|i/o timeout"
    r"|proxyconnect|TLS handshake timeout|Client\.Timeout|unexpected EOF|50[234] \w+",
    re.IGNORECASE,
)
_OLD_GO = re.compile(r"invalid go version|requires go >= [\d.]+|module requires Go", re.IGNORECASE)
_CHECKSUM = re.compile(r"checksum mismatch|SECURITY ERROR", re.IGNORECASE)
_NO_MEMORY = re.compile(r"signal: killed|cannot allocate memory|out of memory", re.IGNORECASE)

_HINTS = (
    (
        _NO_SPACE,
        "the disk is full",
        "free 12 GB (df -h), then start again: what was compiled is kept",
    ),
    (
        _CHECKSUM,
        "what was downloaded is not what go.sum says",
        "go clean -modcache, then start again; if it stays so, somebody changes your downloads",
    ),
    (
        _NO_NETWORK,
        "the Go module proxy cannot be reached",
        "check the network and GOPROXY, then start again; or put the tool itself on PATH",
    ),
    (_OLD_GO, "Go is too old", "install Go 1.24.7 or later"),
    (
        _NO_MEMORY,
        "memory ran out",
        "free 5 GB of memory, then start again: what was compiled is kept",
    ),
)


def redact(text: str) -> str:
    """The text without user names and passwords in addresses."""
    return _CREDENTIALS.sub("***", text)


def failed_build(what: str, log: Path) -> ToolchainError:
    """The error that says why making `what` failed, from its log."""
    text = redact(log.read_text("utf-8", errors="replace")) if log.is_file() else ""
    tail = "\n".join(text.splitlines()[-_TAIL_LINES:])
    for pattern, cause, hint in _HINTS:
        if pattern.search(tail):
            return ToolchainError(f"{what} could not be built: {cause}\n{tail}", hint)
    return ToolchainError(f"{what} could not be built:\n{tail}", f"the whole log is {log}")
