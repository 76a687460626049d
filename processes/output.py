"""The pipe through which a child's lines are read."""

from __future__ import annotations

import asyncio
import os

_LINE_BYTES_MAX = 2**24


class Output:
    """A pipe that a child writes and we read.

    Asyncio's own would make waiting for the child wait for whoever else holds its pipe.
    """

    def __init__(
        self, reader: asyncio.StreamReader, transport: asyncio.ReadTransport, write: int
    ) -> None:
        self.reader = reader
        self.write = write
        self._transport = transport

    @classmethod
    async def open(cls) -> Output:
        """A new pipe; its writing end stays open here until `started()` or `close()`."""
        read, write = os.pipe()
        reader = asyncio.StreamReader(limit=_LINE_BYTES_MAX)
        transport, _ = await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(read, "rb", 0)
        )
        return cls(reader, transport, write)

    def started(self) -> None:
        """The child has its copy of the writing end; ours goes, so that its end is seen."""
        if self.write >= 0:
            os.close(self.write)
            self.write = -1

    def close(self) -> None:
        """Both ends."""
        self.started()
        self._transport.close()
