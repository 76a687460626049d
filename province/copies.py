"""Relations between the places of data and of its copies; see `province.relations`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from province.findings import Finding
from province.province import Province


def check_former_partner_is_another_site(province: Province) -> Iterator[Finding]:
    """Whoever has older backups of a site is a site, and neither itself nor its partner."""
    known = {site.id for site in province.sites}
    for site in province.sites:
        former = site.former_partner
        if former is not None and former not in known - {site.id, site.backup_partner}:
            yield Finding(
                rule="former-partner-is-another-site",
                subject=f"sites.{site.id}.former_partner",
                evidence=f"'{former}' is not another site than {site.id} and its partner",
                hint="name the backup_partner that it had before, or remove the line",
            )


def check_database_lies_at_its_holders(province: Province) -> Iterator[Finding]:
    """Sites hold the base database, main among them; it is primary at one, or goes to another."""
    if province.data is None:
        return
    database, known = province.data.database, {site.id for site in province.sites}
    for site in database.holders:
        if site not in known:
            yield _misplaced("holders", f"there is no site '{site}'", f"name {_listed(known)}")
    rest = set(database.holders)
    if province.main.id not in rest:
        yield _misplaced("holders", "main, where it is made first, is not among them", "name it")
    if database.primary not in rest:
        said = f"'{database.primary}' holds none"
        yield _misplaced("primary", said, f"name {_listed(rest)}")
    rest -= {database.primary}
    if database.handover is not None and database.handover.to not in rest:
        said = f"'{database.handover.to}' holds no replica"
        yield _misplaced("handover.to", said, f"name {_listed(rest)}, or take handover away")


def _misplaced(key: str, evidence: str, hint: str) -> Finding:
    return Finding(
        rule="database-lies-at-its-holders",
        subject=f"data.database.{key}",
        evidence=evidence,
        hint=hint,
    )


def _listed(sites: Iterable[str]) -> str:
    return f"one of: {', '.join(sorted(sites))}"
