"""Plays Cluster API's controllers for the machine room: watches, boots, keeps, tears down.

Each Cluster has a task of its own that takes a turn whenever something of it has changed. A turn is
decided from what is there now and never from what was done before, so that a change by hand, a
killed run or a lost event is nothing special.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from evidence.records import BootRecord
from infra.plan.cluster_objects import CLUSTER_LABEL
from processes.beside import beside
from rehearsal.clusters import paths
from rehearsal.clusters.desk import Seen
from rehearsal.clusters.seen import of_cluster
from rehearsal.clusters.watching import Watch
from rehearsal.clusters.work import ClusterWork
from rehearsal.machine_room.api import Answer
from rehearsal.machine_room.room import MachineRoom

T = TypeVar("T")


class ClusterProvider:
    """All clusters of one management cluster, whose site is booted already.

    `on_ready` is told of each branch once all of its machines are ready, as a boot is.
    """

    def __init__(
        self, room: MachineRoom, management: str, on_ready: Callable[[BootRecord], None]
    ) -> None:
        self._room = room
        self._management = management
        self._on_ready = on_ready
        self._works: dict[str, ClusterWork] = {}
        self._watches: dict[str, Watch] = {}
        self._group: asyncio.TaskGroup | None = None
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begins to watch."""
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Ends the watching; control planes stay with the room."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def beside(self, work: Coroutine[Any, Any, T]) -> T:
        """That work's result. Should the provider fail first, the work ends and this raises why."""
        assert self._task is not None  # noqa: S101 - started before
        return await beside(self._task, work)

    def require_running(self) -> None:
        """Raises ProcessError when the provider has failed."""
        if self._task is not None and self._task.done():
            self._task.result()

    async def _run(self) -> None:
        door = self._room.door(self._management)
        self._watches = {path: Watch(door, path, self._changed) for path in paths.WATCHED}
        try:
            async with asyncio.TaskGroup() as group:
                self._group = group
                for watch in self._watches.values():
                    group.create_task(watch.run())
        except BaseExceptionGroup as failures:
            raise failures.exceptions[0] from None  # one failure ends the others

    def _changed(self, item: Answer) -> None:
        labels = item["metadata"].get("labels", {})
        cluster = labels.get(CLUSTER_LABEL, item["metadata"]["name"])
        if cluster not in self._works and self._watches[paths.CLUSTERS].objects.get(cluster):
            self._begin(cluster)
        if cluster in self._works:
            self._works[cluster].wake()

    def _begin(self, cluster: str) -> None:
        assert self._group is not None  # noqa: S101 - changes come from its own tasks
        work = ClusterWork(self._room, self._management, cluster, self._seen, self._on_ready)
        self._works[cluster] = work
        self._group.create_task(work.run())

    def _seen(self, cluster: str) -> Seen | None:
        """That cluster's objects as they are now; None when there is no such Cluster."""
        watched = {path: watch.objects for path, watch in self._watches.items()}
        item = watched[paths.CLUSTERS].get(cluster)
        if item is None:
            return None

        def own(path: str) -> list[Answer]:
            return of_cluster(watched[path].values(), cluster)

        return Seen(
            cluster=item,
            infrastructure=watched[paths.INFRASTRUCTURES].get(cluster),
            control_plane=watched[paths.CONTROL_PLANES].get(cluster),
            deployments=own(paths.DEPLOYMENTS),
            checks=own(paths.HEALTH_CHECKS),
            machines=own(paths.MACHINES),
            templates=watched[paths.TEMPLATES],
            is_synced=all(watch.is_synced for watch in self._watches.values()),
        )
