"""Replication that is off without a word, as a drill has to find it out.

No server reports an error: whoever leads acknowledges commits alone, and the others, who answer as
ever, are sent nothing. Both are settings that a hand may get wrong.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace

from rehearsal.database.errors import DatabaseError
from rehearsal.database.holders import Holders
from rehearsal.database.server import Server
from rehearsal.database.succession import follow

_SECONDS_MAX = 10.0
_POLL_SECONDS = 0.1


async def stop_copying(holders: Holders) -> None:
    """Nobody confirms the commits of who leads, nor has them. Raises DatabaseError."""
    leader = holders.leader
    await leader.configure(holders.settings(leader.site, is_confirmed=False))
    await asyncio.gather(*(_cut_off(holders, one) for one in _followers(holders)))


async def copy_again(holders: Holders) -> None:
    """The others follow, and then confirm as it is planned. Raises DatabaseError."""
    await asyncio.gather(*(follow(holders, one) for one in _followers(holders)))
    await holders.leader.configure(holders.settings(holders.primary))


def _followers(holders: Holders) -> list[Server]:
    return [one for one in holders.others if one.is_running and one.is_replica]


async def _cut_off(holders: Holders, server: Server) -> None:
    settings = holders.settings(server.site)
    await server.configure(replace(settings, following=None, restore_command=""))
    deadline = asyncio.get_running_loop().time() + _SECONDS_MAX
    while (standing := await holders.ask(server.site)) is None or standing.streams:
        if asyncio.get_running_loop().time() > deadline:
            raise DatabaseError(
                f"{server.site} goes on following {holders.primary}", "see the server's log"
            )
        await asyncio.sleep(_POLL_SECONDS)
