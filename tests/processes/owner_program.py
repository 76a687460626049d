"""An owner in a process of its own, to be killed: `python owner_program.py FOLDER COMMAND...`.

Starts each command through a shell, says `ready` and waits for its end.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from processes.supervisor import Command, Supervisor


async def main(folder: Path, commands: list[str]) -> None:
    async with Supervisor(folder) as supervisor:
        for number, command in enumerate(commands):
            await supervisor.start(
                Command(
                    name=f"child-{number}",
                    argv=("/bin/bash", "-c", command),
                    log=folder / f"child-{number}.log",
                    grace_seconds=1.0,
                )
            )
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        await asyncio.sleep(120)


if __name__ == "__main__":
    try:
        asyncio.run(main(Path(sys.argv[1]), sys.argv[2:]))
    except KeyboardInterrupt:
        raise SystemExit(130) from None
