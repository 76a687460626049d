"""What can go wrong with links, told as cause and hint."""

from __future__ import annotations

from processes.errors import ProcessError


class LinksError(ProcessError):
    """The machine does not let us have networks of our own, or there is no such link."""
