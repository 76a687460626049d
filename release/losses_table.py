"""The table of losses, the same in the report and on the console."""

from __future__ import annotations

from dataclasses import astuple, dataclass

from rich.console import Console
from rich.table import Table

from evidence.records import PlacementRecord
from release.gathered import Gathered
from release.wording import printable, quantity

_NAMES = ("lost", "partner")
_NUMBERS = ("users then", "pods", "then", "pending", "CPU free", "memory", "quota", "disk")
_UNSEEN = "not seen"


@dataclass(frozen=True, kw_only=True, slots=True)
class LossRow:
    """One loss in words, in the order of the columns."""

    lost: str
    partner: str
    users_then: str
    pods_planned: str
    pods_wanted: str
    pods_pending: str
    cpu_free: str
    memory_free: str
    quota_free: str
    disk_free: str
    afterwards: str

    @property
    def is_pending(self) -> bool:
        """Whether a pod found no place, or nobody knows."""
        return self.pods_pending != "0"


def loss_rows(evidence: Gathered) -> tuple[LossRow, ...]:
    """A row for each loss that was acted out, in the order of the province's sites."""
    seen = {record.lost: record for record in evidence.of(PlacementRecord)}
    known = [site.id for site in evidence.province.sites if site.id in seen]
    return tuple(_row(seen[lost]) for lost in known)


def are_simulated(evidence: Gathered) -> bool:
    """Whether any of the nodes that pods were bound to was simulated."""
    return any(record.nodes_simulated for record in evidence.of(PlacementRecord))


def print_losses(evidence: Gathered, console: Console) -> None:
    """Prints the table; nothing where no site was taken away."""
    rows = loss_rows(evidence)
    if not rows:
        return
    table = Table(box=None, pad_edge=False, header_style="bold", title_justify="left")
    nodes = " (simulated nodes)" if are_simulated(evidence) else ""
    table.title = f"without any one site, its users at its partner{nodes}"
    for name in _NAMES:
        table.add_column(name)
    for name in _NUMBERS:
        table.add_column(name, justify="right")
    table.add_column("afterwards", overflow="fold")
    for row in rows:
        table.add_row(*(printable(str(cell)) for cell in astuple(row)))
    console.print(table)
    console.print()


def _row(record: PlacementRecord) -> LossRow:
    looked = record.error is None
    return LossRow(
        lost=record.lost,
        partner=record.partner,
        users_then=f"{record.users_then:,}",
        pods_planned=str(record.pods_planned) if looked else _UNSEEN,
        pods_wanted=str(record.pods_wanted),
        pods_pending=str(record.pods_pending) if looked else _UNSEEN,
        cpu_free=_share(record.cpu_free_ratio),
        memory_free=_share(record.memory_free_ratio),
        quota_free=_share(record.quota_free_ratio),
        disk_free=_share(record.disk_free_ratio),
        afterwards=record.error or ("as planned" if record.restored else "not as planned"),
    )


def _share(ratio: float | None) -> str:
    return _UNSEEN if ratio is None else quantity(ratio, "ratio")
