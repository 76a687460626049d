"""Work that makes sense only while something else goes on."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


async def beside(guard: asyncio.Future[None], work: Coroutine[Any, Any, T]) -> T:
    """The work's result. Should the guard fail first, the work ends and its error is raised.

    The guard itself is left alone.
    """
    task = asyncio.ensure_future(work)
    try:
        both: set[asyncio.Future[Any]] = {task, guard}
        await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            guard.result()
        return await task
    finally:
        if not task.done():
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
